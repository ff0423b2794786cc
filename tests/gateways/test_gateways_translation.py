"""What the open gateway makes of a request, measured: the table in docs/harness/gateways.md."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from behind_gateways import NEEDS_NODE, Behind

from linernotes.gateways.dropped import CHAT_FIELDS, MESSAGES_FIELDS
from linernotes.gateways.front import behind
from linernotes.gateways.open_gateway import OpenGateway
from linernotes.gateways.relaying import CHAT, MESSAGES, provider_headers
from linernotes.standin.server import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = NEEDS_NODE

MODEL = "@anthropic/claude-sonnet-5-5"
HELLO = [{"role": "user", "content": "Hello"}]
CHATTING: dict[str, Any] = {"model": MODEL, "max_tokens": 300, "messages": HELLO}
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
WEATHER = {
    "name": "get_weather",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
FIELDS: dict[str, Any] = {
    "cache_control": {"type": "ephemeral"},
    "container": "container_1",
    "diagnostics": {"previous_message_id": None},
    "inference_geo": "us",
    "max_completion_tokens": 300,
    "mcp_servers": [],
    "metadata": {"user_id": "u"},
    "output_config": {"effort": "low"},
    "reasoning_effort": "low",
    "response_format": {"type": "json_object"},
    "service_tier": "auto",
    "speed": "standard",
    "stop": ["END"],
    "stop_sequences": ["END"],
    "stream": False,
    "system": "Be brief.",
    "temperature": 0.5,
    "thinking": {"type": "adaptive"},
    "tool_choice": "auto",
    "tools": [{"type": "function", "function": WEATHER}],
    "top_k": 5,
    "top_p": 0.5,
    "user": "u",
}


@pytest.fixture(scope="module")
def gateways() -> Iterator[Behind]:
    """The gateways' hosts, one stand-in behind them."""
    app = Behind()
    hosts = {"api.portkey.ai": "portkey", "api.orq.ai": "orq"}
    with behind(hosts, app, ["portkey"]) as front, serve(front) as url:
        app.url = url
        yield app


@pytest.fixture(scope="module")
def open_gateway() -> Iterator[OpenGateway]:
    gateway = OpenGateway()
    yield gateway
    gateway.stop()


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
@pytest.mark.parametrize("name", sorted(FIELDS))
def test_the_open_gateway_drops_exactly_what_recording_refuses(
    gateways: Behind, open_gateway: OpenGateway, path: str, name: str
) -> None:
    kept = CHAT_FIELDS if path == CHAT else MESSAGES_FIELDS
    body = CHATTING | {"model": "claude-sonnet-5-5"}
    if name == "max_completion_tokens":
        del body["max_tokens"]
    gateways.asked.clear()
    open_gateway.ask(path, provider_headers(f"{gateways.url}/0/v1"), body)
    open_gateway.ask(path, provider_headers(f"{gateways.url}/0/v1"), body | {name: FIELDS[name]})

    without, with_it = (body for _, _, body in gateways.asked)
    assert (with_it != without) == (name in kept)


def test_the_catalogues_names_become_models(gateways: Behind) -> None:
    gateways.post(CHAT, CHATTING | {"model": "@anyone/claude-opus-5-5"})
    [(path, headers, body)] = gateways.asked
    assert (path, body["model"]) == ("/v1/messages", "claude-opus-5-5")
    assert headers["anthropic-version"] == "2023-06-01"
    assert headers["x-api-key"] == "stand-in"


def test_the_native_route_passes_version_and_betas_on(gateways: Behind) -> None:
    answer = gateways.post(
        MESSAGES,
        CHATTING,
        anthropic_version="2026-10-21",
        anthropic_beta="context-management-2025-06-27",
    )
    [(_, headers, body)] = gateways.asked
    assert answer.json()["type"] == "message"
    assert headers["anthropic-version"] == "2026-10-21"
    assert headers["anthropic-beta"] == "context-management-2025-06-27"
    assert body["messages"] == HELLO


def test_system_images_and_tools_are_translated(gateways: Behind) -> None:
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    marked = {"type": "text", "text": "S", "cache_control": {"type": "ephemeral"}}
    messages = [
        {"role": "system", "content": [marked]},
        {"role": "user", "content": [picture, {"type": "text", "text": "What is this?"}]},
    ]
    tools = [{"type": "function", "function": WEATHER}]
    answer = gateways.post(CHAT, CHATTING | {"messages": messages, "tools": tools})

    [(_, _, body)] = gateways.asked
    assert body["system"] == [marked]
    assert body["messages"][0]["content"][0]["source"]["media_type"] == "image/png"
    assert body["tools"][0]["input_schema"]["required"] == ["city"]
    [call] = answer.json()["choices"][0]["message"]["tool_calls"]
    assert call["function"]["name"] == "get_weather"


def test_thinking_is_shown_only_outside_strict_compliance(gateways: Behind) -> None:
    body = CHATTING | {"thinking": {"type": "adaptive", "display": "summarized"}}
    shown = gateways.post(CHAT, body, x_portkey_strict_open_ai_compliance="false").json()
    hidden = gateways.post(CHAT, body, x_portkey_strict_open_ai_compliance="true").json()

    blocks = shown["choices"][0]["message"]["content_blocks"]
    assert [block["type"] for block in blocks] == ["thinking", "text"]
    assert "content_blocks" not in hidden["choices"][0]["message"]


@pytest.mark.parametrize(
    ("host", "path", "body", "said"),
    [
        ("api.portkey.ai", "/v1/files", {}, "doesn't have POST /v1/files"),
        ("api.portkey.ai", CHAT, CHATTING | {"model": "claude-sonnet-5-5"}, "no provider"),
        ("api.orq.ai", "/v3/router/embeddings", {}, "nothing here plays"),
        ("api.orq.ai", "/v3/router/chat/completions", {"model": "openai/gpt-5"}, "only Claude"),
        ("api.orq.ai", "/v3/router/responses", {"text": {}}, "`text`"),
    ],
)
def test_what_nothing_here_can_play_says_so(
    gateways: Behind, host: str, path: str, body: dict[str, Any], said: str
) -> None:
    answer = gateways.post(path, body, host)
    assert answer.status_code == 501
    assert said in unquote(answer.headers["x-linernotes-refused"])


@pytest.mark.parametrize("config", ["pc-123", '{"provider": "openai"}'])
def test_only_a_configuration_of_claude_in_full_is_played(gateways: Behind, config: str) -> None:
    assert gateways.post(CHAT, CHATTING, x_portkey_config=config).status_code == 501


def test_orqs_fallbacks_are_tried_in_turn(gateways: Behind) -> None:
    body = CHATTING | {
        "model": "anthropic/claude-gone",
        "fallbacks": [{"model": "aws/anthropic/claude-opus-5-5"}],
    }
    answer = gateways.post("/v3/router/chat/completions", body, "api.orq.ai")
    assert answer.json()["model"] == "claude-opus-5-5"
    assert [body["model"] for _, _, body in gateways.asked] == ["claude-gone", "claude-opus-5-5"]


@pytest.mark.parametrize("stream", [False, True])
def test_responses_have_the_shape_of_openais_own_types(gateways: Behind, stream: bool) -> None:
    from openai.types.responses import Response, ResponseStreamEvent  # noqa: PLC0415
    from pydantic import TypeAdapter  # noqa: PLC0415

    tool = {"type": "function", "strict": False, **WEATHER}
    for given in ({}, {"tools": [tool]}):
        body = {"model": "anthropic/claude-sonnet-5-5", "input": "Hi", "stream": stream, **given}
        answer = gateways.post("/v3/router/responses", body, "api.orq.ai")
        if not stream:
            Response.model_validate_json(answer.content)
            continue
        events = [
            TypeAdapter(ResponseStreamEvent).validate_python(json.loads(line[len("data: ") :]))
            for line in answer.text.splitlines()
            if line.startswith("data: ")
        ]
        assert events[0].type == "response.created"
        assert events[-1].type == "response.completed"
        assert [event.sequence_number for event in events] == list(range(len(events)))
