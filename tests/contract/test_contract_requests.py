from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from requests_to_check import MODEL, TOOL, body, check, only

from linernotes.contract.betas import NEEDED
from linernotes.contract.features import known_betas
from linernotes.contract.remedies import removed_parameters


def test_a_plain_request_is_taken():
    assert check(body()) == ()


def test_a_request_with_every_kind_of_block_is_taken():
    image = {"type": "base64", "media_type": "image/png", "data": "aGk="}
    pdf = {"type": "url", "url": "https://example.com/a.pdf"}
    content = [
        {"type": "text", "text": "Look", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"type": "image", "source": image},
        {"type": "document", "source": pdf, "citations": {"enabled": True}},
        {
            "type": "search_result",
            "source": "https://example.com",
            "title": "t",
            "content": [{"type": "text", "text": "found"}],
        },
    ]
    request = body(
        messages=[{"role": "user", "content": content}],
        system=[{"type": "text", "text": "Be brief."}],
        tools=[TOOL, {"type": "web_search_20260318", "name": "web_search", "max_uses": 2}],
        tool_choice={"type": "auto", "disable_parallel_tool_use": True},
        thinking={"type": "adaptive", "display": "summarized"},
        output_config={"effort": "low"},
        metadata={"user_id": "u1"},
        stop_sequences=["END"],
        stream=True,
    )
    assert check(request) == ()


@pytest.mark.parametrize("name", ["temperature", "top_p", "top_k"])
def test_sampling_is_refused_from_the_new_version_on_in_words_for_a_writer(name):
    violation = only(check(body(**{name: 1})))
    assert violation.path == name
    assert violation.message == f"{name}: Extra inputs are not permitted"
    assert violation.remedy == removed_parameters()[name]
    assert violation.remedy.startswith("Sampling parameters are gone from API version 2026-10-21")


def test_sampling_is_taken_under_the_old_version_by_old_models_only():
    assert check(body(model="claude-haiku-4-5", temperature=0.2), version="2023-06-01") == ()
    violation = only(check(body(temperature=0.2), version="2023-06-01"))
    assert violation.message == "`temperature` is deprecated for this model."


def test_token_counting_takes_no_generation_parameters():
    path = "/v1/messages/count_tokens"
    assert check(body(max_tokens=None, tools=[TOOL]), path) == ()
    assert only(check(body(), path)).path == "max_tokens"


@pytest.mark.parametrize("missing", ["model", "max_tokens", "messages"])
def test_a_missing_parameter_is_named(missing):
    violation = only(check(body(**{missing: None})))
    assert violation.path == missing
    assert violation.message == f"{missing}: Field required"
    assert violation.remedy == f"Add `{missing}`."


def test_an_unknown_key_deep_inside_is_refused_where_it_stands():
    text = {"type": "text", "text": "Hi", "cache_contrl": {"type": "ephemeral"}}
    violation = only(check(body(messages=[{"role": "user", "content": [text]}])))
    assert violation.path == "messages.0.content.0.cache_contrl"
    assert violation.message == (
        "messages.0.content.0.text.cache_contrl: Extra inputs are not permitted"
    )
    assert violation.remedy == "Write `cache_control`."
    assert "cache_control" in violation.allowed


def test_an_unknown_block_is_refused_with_the_known_ones():
    block = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    violation = only(check(body(messages=[{"role": "user", "content": [block]}])))
    assert violation.path == "messages.0.content.0.type"
    assert violation.found == '"image_url"'
    assert {"text", "image", "document"} <= set(violation.allowed)
    assert "'type': 'image'" in violation.remedy


def test_the_role_tool_is_refused_in_the_words_of_the_api():
    violation = only(check(body(messages=[{"role": "tool", "content": "18"}])))
    assert violation.path == "messages.0.role"
    assert violation.message.startswith('messages: Unexpected role "tool". Allowed roles are')
    assert "tool_result" in violation.remedy


def test_a_tool_in_the_form_of_another_api_is_refused():
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    violation = only(check(body(tools=[tool])))
    assert violation.path == "tools.0.type"
    assert "input_schema" in violation.remedy


def test_a_wrong_kind_of_value_is_refused():
    assert only(check(body(max_tokens="1024"))).message == (
        "max_tokens: Input should be a valid integer"
    )
    assert only(check(body(max_tokens=True))).path == "max_tokens"
    assert only(check(body(system=3))).message == ("system: Input should be a valid string or list")


def test_a_wrong_constant_is_refused_with_the_nearest_one():
    violation = only(check(body(output_config={"effort": "hgih"})))
    assert violation.path == "output_config.effort"
    assert violation.allowed == ("low", "medium", "high", "xhigh", "max")
    assert violation.remedy == "Write `high`."


def test_what_the_sdk_sends_as_a_header_is_not_taken_in_the_body():
    violation = only(check(body(betas=["compact-2026-09-04"])))
    assert violation.path == "betas"
    assert "client.beta.messages" in violation.remedy


def test_a_beta_field_needs_a_beta_header():
    servers = [{"type": "url", "url": "https://example.com/mcp", "name": "docs"}]
    violation = only(check(body(mcp_servers=servers)))
    assert violation.path == "mcp_servers"
    assert "client.beta.messages" in violation.remedy
    assert check(body(mcp_servers=servers), betas=["mcp-client-2025-11-20"]) == ()
    assert check(body(mcp_servers=servers), betas=None) == ()


@pytest.mark.parametrize(
    ("change", "beta"),
    [
        ({"fallbacks": [{"model": "claude-opus-4-8"}]}, "server-side-fallback-2026-07-01"),
        ({"tools": [{"type": "bash_20241022", "name": "bash"}]}, "computer-use-2024-10-22"),
        (
            {"thinking": {"type": "adaptive", "display": "updates"}},
            "thinking-display-updates-2026-08-18",
        ),
    ],
)
def test_another_beta_does_not_let_a_beta_field_in(change, beta):
    violation = only(check(body(**change), betas=["mcp-client-2025-11-20"]))
    assert beta in violation.remedy
    assert check(body(**change), betas=[beta, "mcp-client-2025-11-20"]) == ()


def test_every_needed_beta_is_one_that_the_sdk_knows():
    assert {beta for betas in NEEDED.values() for beta in betas} <= set(known_betas())


def test_a_beta_value_deep_inside_is_said_to_be_one():
    violation = only(check(body(tools=[{"type": "bash_20241022", "name": "bash"}])))
    assert violation.path == "tools.0.type"
    assert violation.remedy.startswith("`bash_20241022` is in beta")


def test_an_unknown_beta_is_refused_with_the_nearest_one():
    violation = only(check(body(), betas=["mcp-client-2025-11-21"]))
    assert violation.path == "anthropic-beta"
    assert "Unexpected value(s) `mcp-client-2025-11-21`" in violation.message
    assert violation.remedy == "Write `mcp-client-2025-11-20`."


def test_an_unknown_model_is_not_found():
    violation = only(check(body(model="claude-does-not-exist")))
    assert (violation.status, violation.message) == (404, "model: claude-does-not-exist")
    assert f"`{MODEL}`" in violation.remedy


def test_a_model_is_gone_on_the_day_of_its_retirement():
    violation = only(check(body(model="claude-3-5-haiku-latest")))
    assert violation.status == 404
    assert "2026-02-19" in violation.remedy


def test_an_unknown_version_is_refused():
    violation = only(check(body(), version="2024-10-22"))
    assert violation.message == 'anthropic-version: "2024-10-22" is not a valid version'
    assert violation.allowed == ("2023-06-01", "2026-10-21")


def test_unknown_keys_do_not_hide_broken_rules():
    request = body(temperature=1, messages=[{"role": "assistant", "content": "Hi"}])
    assert [violation.path for violation in check(request)] == [
        "temperature",
        "messages.0.role",
        "messages.0",
    ]


def test_every_violation_says_where_it_comes_from_and_what_to_do():
    request = body(model="claude-x", temperature=1, tools=[TOOL, TOOL], max_tokens=-1)
    for violation in check(request):
        assert violation.source
        assert violation.remedy.endswith(".")


def test_a_path_without_a_schema_is_let_through():
    assert check({"anything": 1}, "/v1/files") == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
KEYS = st.sampled_from(
    ["messages", "tools", "system", "thinking", "output_config", "tool_choice", "max_tokens"]
)


@given(st.dictionaries(KEYS, JSON))
@example({"messages": [{"role": "user", "content": [{"type": []}]}]})
@example({"messages": [{"role": {}, "content": None}]})
@example({"thinking": {"type": "enabled"}})
def test_no_json_makes_the_check_fail(changes):
    for violation in check(body() | changes):
        json.dumps(violation.found)


BETA_KEYS = st.sampled_from(
    ["context_management", "compaction", "thread", "mcp_servers", "fallbacks"]
)


@given(st.dictionaries(BETA_KEYS, JSON), st.sampled_from(["", "/count_tokens"]))
@example({"context_management": True}, "")
@example({"thread": True}, "/count_tokens")
def test_no_json_in_a_beta_field_makes_the_check_fail(changes, endpoint):
    betas = ("compact-2026-09-04", "compact-2026-01-12", "message-threads-2026-08-12")
    check(body() | changes, f"/v1/messages{endpoint}", betas=betas)
    check(body() | changes, f"/v1/messages{endpoint}", betas=None)


@given(
    st.dictionaries(
        st.sampled_from(
            ["type", "properties", "required", "items", "anyOf", "$defs", "$ref", "minItems"]
        ),
        JSON,
    )
)
def test_no_output_schema_makes_the_check_fail(schema):
    config = {"format": {"type": "json_schema", "schema": schema}}
    check(body(output_config=config, tools=[TOOL | {"strict": True}]))


def test_a_body_nested_beyond_all_measure_is_refused():
    schema: dict = {"type": "string"}
    for _ in range(5000):
        schema = {"type": "object", "properties": {"a": schema}, "additionalProperties": False}
    request = body(output_config={"format": {"type": "json_schema", "schema": schema}})
    assert only(check(request)).message == "The request body is nested too deeply."
