"""The real SDK, recorded and replayed by the real vcrpy and pytest-recording."""

from __future__ import annotations

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anthropic
import pytest
import vcr
import yaml
from vcr.request import Request as VcrRequest
from vcr.serialize import serialize as vcr_serialize

from linernotes.cassettes import vcr as serializer
from linernotes.cassettes.cassette import CassetteError, Event, EventsBody, JsonBody
from linernotes.cassettes.matching import Player
from linernotes.cassettes.secrets import ensure_clean
from linernotes.cassettes.yaml_format import dumps, loads

pytest_plugins = ["pytester"]

KEY = "sk-ant-" + "api03-" + "q7Zr2mXc9LbT4vKe8WjN1pYs6HdG3fUa5oRi0xBn"
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-5-5",
    "content": [{"type": "text", "text": "Hello 👋\nthere"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 9, "output_tokens": 4},
}
EVENTS: tuple[dict[str, Any], ...] = (
    {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " 👋"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}},
    {"type": "message_stop"},
)


class MessagesHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        sent = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if sent.get("stream"):
            lines = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in EVENTS)
            content_type, data = "text/event-stream; charset=utf-8", "".join(lines).encode()
        else:
            content_type, data = "application/json", json.dumps(MESSAGE).encode()
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Request-Id", "req_1")
        self.send_header("Set-Cookie", "session=a1b2c3d4e5f6")
        self.send_header("Anthropic-Organization-Id", "7f3c1a52-9b4e-4d11-8c6f-0e2d5a7b9c31")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format, *args):  # noqa: A002  (the name it has in the base class)
        """Say nothing."""


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), MessagesHandler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_address[1]}"
        http.shutdown()


def talk(base_url):
    """Call the API in all three ways; return what each said."""
    arguments: dict[str, Any] = {
        "model": "claude-opus-5-5",
        "max_tokens": 300,
        "messages": [{"role": "user", "content": "Hello, Claude"}],
    }
    client = anthropic.Anthropic(api_key=KEY, base_url=base_url, max_retries=0)
    message = client.messages.create(**arguments)
    with client.messages.stream(**arguments) as stream:
        streamed = "".join(stream.text_stream)

    async def talk_async():
        async with anthropic.AsyncAnthropic(
            api_key=KEY, base_url=base_url, max_retries=0
        ) as async_client:
            return await async_client.messages.create(**arguments)

    return message.content[0].text, message._request_id, streamed, asyncio.run(talk_async()).id


SAID = ("Hello 👋\nthere", "req_1", "Hello 👋", "msg_1")


def recorder(**options):
    recorder = vcr.VCR(serializer="linernotes", **options)
    recorder.register_serializer("linernotes", serializer)
    return recorder


def test_the_sdk_is_recorded_and_replayed_by_vcrpy(server, tmp_path):
    path = tmp_path / "talk.yaml"
    with recorder().use_cassette(path):
        assert talk(server) == SAID
    text = path.read_text(encoding="utf-8")
    assert ensure_clean(text, "talk.yaml", [KEY]) == ()
    assert "authorization" not in text.lower()
    assert "a1b2c3d4e5f6" not in text
    cassette = loads(text, "talk.yaml")
    assert cassette.provenance is None
    created, streamed, created_async = (each.response.body for each in cassette.interactions)
    assert created == created_async == JsonBody(MESSAGE)
    assert streamed == EventsBody(tuple(Event(event["type"], event) for event in EVENTS))

    with recorder(record_mode="none").use_cassette(path) as played:
        assert talk(server) == SAID
    assert played.all_played
    assert path.read_text(encoding="utf-8") == text


def test_a_cassette_of_vcrpys_own_loads_and_plays_here(server, tmp_path):
    path = tmp_path / "standard.yaml"
    ours = tmp_path / "ours.yaml"
    with vcr.VCR().use_cassette(path):
        talk(server)
    with recorder().use_cassette(ours):
        talk(server)
    standard = loads(path.read_text(encoding="utf-8"), "standard.yaml")
    player = Player(standard)
    for interaction in loads(ours.read_text(encoding="utf-8"), "ours.yaml").interactions:
        response = player.play(interaction.request)
        assert response is not None
        assert response.body == interaction.response.body
    assert player.unplayed() == ()
    findings = ensure_clean(path.read_text(encoding="utf-8"), "standard.yaml")
    kinds = " ".join(finding.message for finding in findings)
    assert "Anthropic API key" in kinds
    assert "set-cookie" in kinds
    assert "organization" in kinds


def test_a_standard_cassette_is_replayed_through_our_serializer(server, tmp_path):
    for own in ("yaml", "json"):
        path = tmp_path / f"standard.{own}"
        with vcr.VCR(serializer=own).use_cassette(path):
            talk(server)
        with recorder(record_mode="none").use_cassette(path) as played:
            assert talk(server) == SAID
        assert played.all_played


TEST_FILE = """
import anthropic
import pytest

@pytest.mark.vcr
def test_hello():
    client = anthropic.Anthropic(api_key={key!r}, base_url={url!r}, max_retries=0)
    arguments = dict(model="claude-opus-5-5", max_tokens=300,
                     messages=[dict(role="user", content="Hello, Claude")])
    assert client.messages.create(**arguments).content[0].text.startswith("Hello")
    with client.messages.stream(**arguments) as stream:
        assert stream.get_final_text() == "Hello 👋"
"""
CONFTEST = """
import pytest
import vcr as vcrpy
from linernotes.cassettes import vcr as serializer

@pytest.fixture(scope="module")
def vcr_config():
    return {"serializer": "linernotes", "path_transformer": vcrpy.VCR.ensure_suffix(".yaml")}

def pytest_recording_configure(config, vcr):
    vcr.register_serializer("linernotes", serializer)
"""


def test_pytest_recording_records_and_replays_through_our_serializer(server, pytester):
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_hello=TEST_FILE.format(key=KEY, url=server))
    run = ("-p", "no:cacheprovider", "-p", "no:linernotes")
    pytester.runpytest_inprocess(*run, "--record-mode=once").assert_outcomes(passed=1)
    path = pytester.path / "cassettes" / "test_hello" / "test_hello.yaml"
    text = path.read_text(encoding="utf-8")
    assert len(loads(text, "test_hello.yaml").interactions) == 2
    assert ensure_clean(text, "test_hello.yaml", [KEY]) == ()
    replayed = pytester.runpytest_inprocess(*run, "--record-mode=none", "--block-network")
    replayed.assert_outcomes(passed=1)
    assert path.read_text(encoding="utf-8") == text

    # One that Linernotes wrote, with provenance, plays there just as well.
    cassette = loads(text, "test_hello.yaml")
    head = "linernotes:\n  format: 1\n"
    provenance = '  source: simulated\n  recorded_at: "2026-11-21T08:00:00Z"\n'
    ours = loads(text.replace(head, head + provenance), "test_hello.yaml")
    assert ours.interactions == cassette.interactions
    path.write_text(dumps(ours), encoding="utf-8")
    pytester.runpytest_inprocess(*run, "--block-network").assert_outcomes(passed=1)


def test_vcrpy_gets_what_its_own_serializer_would_give_it():
    request = VcrRequest("POST", "http://x/", b'{"a": 1}', {"Content-Type": "application/json"})
    response = {
        "status": {"code": 200, "message": "OK"},
        "headers": {"Content-Type": ["application/json"], "Retry-After": ["1", "2"]},
        "body": {"string": b'{"b": 2}'},
    }
    text = vcr_serialize({"requests": [request], "responses": [response]}, serializer)
    assert yaml.safe_load(text)["interactions"][0]["request"]["body"] == {"json": {"a": 1}}
    [interaction] = serializer.deserialize(text)["interactions"]
    assert interaction["request"] == {
        "method": "POST",
        "uri": "http://x/",
        "body": b'{"a":1}',
        "headers": {"content-type": ["application/json"]},
    }
    assert interaction["response"] == {
        "status": {"code": 200, "message": "OK"},
        "headers": {"content-type": ["application/json"], "retry-after": ["1", "2"]},
        "body": {"string": b'{"b":2}'},
    }


@pytest.mark.parametrize("body", [None, "é", b"\xff", iter([b"a", "b"]), [b"ab"]])
def test_every_form_of_body_that_vcrpy_has_is_written(body, tmp_path):
    request = VcrRequest("POST", "http://x/", body, {})
    response = {"status": {"code": 200, "message": None}, "headers": {}, "body": {"string": b""}}
    text = vcr_serialize({"requests": [request], "responses": [response]}, serializer)
    [interaction] = serializer.deserialize(text)["interactions"]
    expected = {None: None, "é": "é".encode(), b"\xff": b"\xff"}
    assert interaction["request"]["body"] == (
        expected[body] if body is None or isinstance(body, str | bytes) else b"ab"
    )


def test_an_open_file_as_a_body_is_written(tmp_path):
    (tmp_path / "upload").write_bytes(b"content")
    with (tmp_path / "upload").open("rb") as file:
        request = VcrRequest("POST", "http://x/", file, {})
    response = {"status": {"code": 200, "message": None}, "headers": {}, "body": {"string": b""}}
    text = vcr_serialize({"requests": [request], "responses": [response]}, serializer)
    assert "text: content" in text


def test_metadata_is_refused_rather_than_lost():
    with pytest.raises(ValueError, match="metadata"):
        serializer.serialize({"version": 1, "interactions": [], "metadata": {"now": 1}})


def test_a_broken_cassette_tells_vcrpy_why():
    with pytest.raises(CassetteError, match="cut off"):
        serializer.deserialize("linernotes:\n  format: 1\nversion: 1\ninteractions: []\n")


def test_what_cannot_be_searched_for_credentials_is_not_written():
    response = {
        "status": {"code": 200, "message": "OK"},
        "headers": {"content-encoding": ["br"]},
        "body": {"string": b"\x8b\x01\x80{}\x03"},
    }
    request = VcrRequest("GET", "http://x/", None, {})
    with pytest.raises(CassetteError, match="compressed with `br`"):
        vcr_serialize({"requests": [request], "responses": [response]}, serializer)
