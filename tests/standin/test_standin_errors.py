from __future__ import annotations

import asyncio
import json
import tracemalloc

import anthropic
import pytest
from asking import HELLO, WEATHER
from starlette.requests import Request

from linernotes.standin.bodies import read_body
from linernotes.standin.errors import ApiError


def error_of(response):
    body = response.json()
    assert body["type"] == "error"
    assert body["request_id"] == response.headers["request-id"]
    return response.status_code, body["error"]["type"], body["error"]["message"]


def test_credentials_are_asked_for(standin):
    missing = (401, "authentication_error", "x-api-key header is required")
    assert error_of(standin.post(HELLO, authorization="")) == missing
    assert error_of(standin.post(HELLO, authorization="Basic abc")) == missing
    headers = {"authorization": "", "x-api-key": "sk-ant-test"}
    assert standin.post(HELLO, **headers).status_code == 200


def test_the_version_is_asked_for(standin):
    status, type_, message = error_of(standin.post(HELLO, **{"anthropic-version": ""}))
    assert (status, type_) == (400, "invalid_request_error")
    assert message == "anthropic-version: header is required"
    response = standin.post(HELLO, **{"anthropic-version": "2024-10-22"})
    assert error_of(response)[2] == 'anthropic-version: "2024-10-22" is not a valid version'
    response = standin.http.get("/v1/models", headers={"anthropic-version": ""})
    assert error_of(response)[2] == "anthropic-version: header is required"


@pytest.mark.parametrize("raw", [b"{", b"", b"\xff\xfe", b"[" * 100_000, b'"text"', b"[]"])
def test_what_is_no_json_object_is_refused(standin, raw):
    response = standin.http.post("/v1/messages", content=raw)
    assert error_of(response)[:2] == (400, "invalid_request_error")


def test_a_body_that_is_too_large_is_refused_with_and_without_a_declared_length(standin):
    too_much = 32 * 1024 * 1024 + 1
    response = standin.http.post("/v1/messages", content=b" " * too_much)
    assert error_of(response)[:2] == (413, "request_too_large")
    pieces = (b" " * 1024 * 1024 for _ in range(33))
    response = standin.http.post("/v1/messages", content=pieces)
    assert error_of(response)[:2] == (413, "request_too_large")


def test_what_is_too_large_is_not_kept_in_memory():
    async def receive():
        return {"type": "http.request", "body": bytes(1000), "more_body": next(left) > 0}

    left = iter(range(5000, -1, -1))
    request = Request({"type": "http", "headers": []}, receive)
    tracemalloc.start()
    with pytest.raises(ApiError) as refused:
        asyncio.run(read_body(request, 10_000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.value.status == 413
    assert next(left, None) is None
    assert peak < 1_000_000


def test_unknown_paths_and_methods_are_answered_in_the_apis_shape(standin):
    assert error_of(standin.http.get("/v1/nothing")) == (404, "not_found_error", "Not found")
    assert error_of(standin.http.get("/v1/messages"))[0] == 405


def test_the_sdk_raises_its_own_classes(standin):
    client = standin.client
    with pytest.raises(anthropic.NotFoundError, match="model: claude-x"):
        client.messages.create(**HELLO | {"model": "claude-x"})
    with pytest.raises(anthropic.BadRequestError, match="temperature: Extra inputs"):
        client.messages.create(**HELLO, extra_body={"temperature": 0.2})
    with pytest.raises(anthropic.BadRequestError, match='Unexpected role "tool"'):
        client.messages.create(**HELLO | {"messages": [{"role": "tool", "content": "18"}]})
    with pytest.raises(anthropic.BadRequestError):
        client.messages.count_tokens(model=HELLO["model"], messages=[])


def test_the_old_version_takes_what_the_new_one_refuses(standin):
    message = standin.client.messages.create(
        **HELLO | {"model": "claude-haiku-4-5"},
        extra_body={"temperature": 0.2},
        extra_headers={"anthropic-version": "2023-06-01"},
    )
    assert message.stop_reason == "end_turn"


def test_beta_fields_are_taken_with_a_beta_header(standin):
    message = standin.client.beta.messages.create(
        **HELLO,
        betas=["context-management-2025-06-27"],
        context_management={"edits": [{"type": "clear_tool_uses_20250919"}]},
    )
    assert message.stop_reason == "end_turn"


def test_a_schema_that_is_none_is_refused_not_a_crash(standin):
    broken = {"type": "object", "properties": {"a": {"type": "array", "minItems": "many"}}}
    with pytest.raises(anthropic.BadRequestError, match="JSON schema is invalid"):
        standin.client.messages.create(**HELLO, tools=[WEATHER | {"input_schema": broken}])
    config = {"format": {"type": "json_schema", "schema": {"enum": 3}}}
    assert error_of(standin.post(HELLO | {"output_config": config}))[0] == 400


def test_answers_have_the_headers_of_the_real_ones(standin):
    headers = standin.post(HELLO).headers
    assert headers["anthropic-organization-id"] == "00000000-0000-0000-0000-000000000000"
    for kind in ("requests", "tokens", "input-tokens", "output-tokens"):
        for what in ("limit", "remaining"):
            assert headers[f"anthropic-ratelimit-{kind}-{what}"].isdecimal()
        assert headers[f"anthropic-ratelimit-{kind}-reset"].endswith("Z")
    assert "date" not in headers
    assert "server" not in headers


def test_models_are_listed_in_pages_and_retrieved(standin):
    client = standin.client
    listed = [model.id for model in client.models.list(limit=5)]
    assert len(listed) == 18
    assert listed[0] == "claude-fable-5-2"
    created = [client.models.retrieve(id_).created_at for id_ in listed]
    assert created == sorted(created, reverse=True), "newest first"
    assert created[-1].year == 2025
    assert "claude-haiku-4-5-20251001" in listed
    before = client.models.list(limit=1, before_id=listed[2])
    assert ([model.id for model in before.data], before.has_more) == ([listed[1]], True)
    model = client.models.retrieve("claude-sonnet-4-5")
    assert model.lifecycle == "deprecated"
    assert model.retires_at.date().isoformat() == "2026-11-30"
    assert not model.capabilities.effort.supported
    assert client.models.retrieve("claude-opus-5-5").capabilities.thinking.types.adaptive.supported
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("claude-2.1")
    with pytest.raises(anthropic.BadRequestError):
        client.models.list(limit=0)


def test_models_are_listed_by_their_lifecycle(standin):
    def listed(*stages):
        return [model.id for model in standin.client.models.list(lifecycle=list(stages))]

    assert listed("deprecated") == ["claude-sonnet-4-5-20250929"]
    assert len(listed("active")) == 17
    assert len(listed("active", "deprecated")) == 18
    assert listed("retired") == []
    with pytest.raises(anthropic.BadRequestError, match="lifecycle"):
        listed("new")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'{"a": "\\ud83d"}', "no low surrogate in string: line 1 column 14 (char 13)"),
        (b'{"a": "\\ude00"}', "no low surrogate in string"),
        (b'{"a": NaN}', "unexpected token NaN"),
        (b'{"a": -Infinity}', "unexpected token -Infinity"),
        ('{"model": "é"}'.encode("latin-1"), "codec can't decode"),
        ('{"model": "a"}'.encode("utf-16"), "codec can't decode"),
        (b"\xef\xbb\xbf{}", "unexpected UTF-8 BOM"),
        (b"", "expecting value"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/batches"])
def test_what_is_no_json_is_refused_as_such(standin, path, raw, said):
    response = standin.http.post(path, content=raw)
    assert response.status_code == 400
    message = response.json()["error"]["message"]
    assert message.startswith("The request body is not valid JSON: ")
    assert said in message


def test_an_emoji_may_be_escaped_and_a_backslash_too(standin):
    for text in ("\\ud83d\\ude00", "C:\\\\ud83d"):
        raw = json.dumps(HELLO).replace("Hello", text).encode()
        assert standin.http.post("/v1/messages", content=raw).status_code == 200


def test_a_wrong_method_is_told_which_there_are(standin):
    response = standin.http.put("/v1/messages/batches")
    assert response.status_code == 405
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert response.headers["allow"] == "GET, HEAD, POST"


def test_a_path_with_a_slash_at_its_end_is_unknown(standin):
    assert standin.post(HELLO, "/v1/messages/").json()["error"]["type"] == "not_found_error"


def test_a_limit_is_written_in_plain_digits(standin):
    assert standin.http.get("/v1/models?limit=٣").status_code == 400
