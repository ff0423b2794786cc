"""From the bytes on the wire to a body and back."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from itertools import chain

import pytest
from anthropic._streaming import SSEDecoder
from hypothesis import example, given
from hypothesis import strategies as st

from linernotes.cassettes.cassette import (
    BOUNDARY,
    BytesBody,
    Comment,
    Event,
    EventsBody,
    JsonBody,
    TextBody,
    body_from_bytes,
    body_to_bytes,
    event_chunks,
    header,
    request_from_http,
    response_from_http,
)

from .strategies import bare_deflate, event_bodies, json_values, texts

JSON = "application/json"
STREAM = "text/event-stream; charset=utf-8"


def decoded(*chunks):
    """Return the events that the SDK sees, their data parsed where it is an object or a list."""

    def meaning(data):
        try:
            parsed = json.loads(data)
        except (ValueError, RecursionError):
            return data
        return json.dumps(parsed, sort_keys=True) if isinstance(parsed, dict | list) else data

    return [(sse.event, meaning(sse.data)) for sse in SSEDecoder().iter_bytes(iter(chunks))]


def same(left, right):
    """Compare JSON by its text: in Python `1 == True == 1.0`."""
    return json.dumps(left) == json.dumps(right)


@given(json_values)
def test_json_means_the_same_after_its_round_trip(value):
    body = body_from_bytes(JSON, json.dumps(value).encode())
    assert isinstance(body, JsonBody)
    assert same(body.value, value)
    assert same(json.loads(body_to_bytes(body)), value)
    assert list(event_chunks(body)) == [body_to_bytes(body)]


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        "[1e999]",
        "[-1e999]",
        "NaN",
        "[Infinity]",
        '["\\ud800"]',
        '{"a": 1} trailing',
        "{",
        "[" * 101 + "]" * 101,
        "[" * 100_000,
        "1" * 5000,
        "\ufeff{}",
    ],
)
def test_json_that_would_lose_something_stays_text(text):
    body = body_from_bytes(JSON, text.encode())
    assert body == TextBody(text)
    assert body_to_bytes(body) == text.encode()


def test_json_keeps_the_order_that_was_sent_and_a_lone_null():
    body = body_from_bytes("application/problem+json; charset=utf-8", b'{"b": 1, "a": 2}')
    assert body_to_bytes(body) == b'{"b":1,"a":2}'
    assert body_from_bytes(JSON, b"null") == JsonBody(None)
    assert body_to_bytes(JsonBody(None)) == b"null"


@given(st.binary())
@example(b"\xff\xfe")
def test_bytes_of_no_known_type_come_back_as_they_were(data):
    for content_type in (None, "application/pdf", "text/plain"):
        assert body_to_bytes(body_from_bytes(content_type, data)) == data


def test_bytes_that_are_not_utf8_are_kept_as_bytes_whatever_they_are_called():
    assert body_from_bytes(JSON, b'{"a": "\xff"}') == BytesBody(b'{"a": "\xff"}')
    assert body_from_bytes(STREAM, b"data: \xff\n\n") == BytesBody(b"data: \xff\n\n")


def test_no_bytes_are_no_body():
    assert body_from_bytes(JSON, b"") is None
    assert body_to_bytes(None) == b""
    assert list(event_chunks(None)) == []


def test_a_stream_becomes_events_pings_and_comments_included():
    data = (
        b": one moment\r\n\r\n"
        b'event: message_start\ndata: {"type": "message_start"}\n\n'
        b'data:{"type":"ping"}   \nevent:ping\n\n\n'
        b"data: [DONE]\n\n"
    )
    body = body_from_bytes(STREAM, data)
    assert body == EventsBody(
        (
            Comment("one moment"),
            Event("message_start", {"type": "message_start"}),
            Event("ping", {"type": "ping"}),
            Event(None, "[DONE]"),
        )
    )
    assert decoded(body_to_bytes(body)) == decoded(data)


@given(event_bodies)
def test_events_survive_the_wire_and_arrive_one_at_a_time(body):
    assert body_from_bytes(STREAM, body_to_bytes(body)) == body
    chunks = list(event_chunks(body))
    assert len(chunks) == len(body.events)
    for event, chunk in zip(body.events, chunks, strict=True):
        assert len(decoded(chunk)) == isinstance(event, Event)


ODD_LINES = (
    "", "data: {}", "data: [1, 2]", "data", "data:", "data:  x", 'data: {"a":', "event: ping",
    "event:", "id: 1", "id", "retry: 5", ": comment", ":", "unknown: 1", "\ufeffdata: x",
)  # fmt: skip
stream_lines = st.sampled_from(ODD_LINES) | st.just("") | texts.map(lambda text: f"data: {text}")


@given(
    st.lists(
        st.tuples(stream_lines, st.sampled_from(["\n", "\r\n", "\r"])).map("".join), max_size=12
    ).map("".join)
)
@example("data: cut off")
@example("data: cut off\n")
@example("event: only\n\n")
@example("id: 1\ndata: x\n\n")
def test_the_sdk_reads_the_same_events_from_any_stream(text):
    data = text.encode()
    body = body_from_bytes(STREAM, data)
    assert decoded(*event_chunks(body)) == decoded(data)


@pytest.mark.parametrize(
    "text",
    [
        "data: cut off\n",
        "data: {}\n\ndata: cut off\n",
        "event: only a name\n\n",
        "id: 1\ndata: x\n\n",
        "retry: 5\n\n",
        ": a comment\ndata: x\n\n",
        "event: a\nevent: b\ndata: x\n\n",
        "\n\n",
    ],
)
def test_unusual_framing_is_kept_as_text(text):
    body = body_from_bytes(STREAM, text.encode())
    assert body == TextBody(text)
    assert body_to_bytes(body) == text.encode()


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", bare_deflate),
    ],
)
def test_compressed_bodies_are_stored_plain(encoding, compress):
    data = compress(b'{"a": 1}')
    headers = (
        ("Content-Type", JSON),
        ("Content-Encoding", encoding),
        ("Content-Length", str(len(data))),
    )
    response = response_from_http(200, "OK", headers, data)
    assert response.body == JsonBody({"a": 1})
    assert response.headers == (("content-type", JSON),)
    assert request_from_http("post", "https://x/", headers, data).body == JsonBody({"a": 1})


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("br", b"\x8b\x01\x80{}\x03"),
        ("gzip", b"not gzip \xff"),
        ("gzip", gzip.compress(b"{}")[:-4]),
        ("gzip", gzip.compress(b"{}") * 2),
        ("gzip, br", b"\xff"),
        ("gzip", gzip.compress(bytes(70_000_000), 9)),
    ],
    ids=["unknown", "not gzip", "cut off", "two members", "two encodings", "a bomb"],
)
def test_a_body_that_cannot_be_decompressed_stays_as_it_was_sent(encoding, data):
    headers = (("content-type", JSON), ("content-encoding", encoding))
    response = response_from_http(200, "OK", headers, data)
    assert response.headers == headers
    assert response.body == BytesBody(data)


def test_a_multipart_body_gets_a_boundary_that_does_not_change():
    def sent(boundary):
        part = 'Content-Disposition: form-data; name="a"\r\n\r\nb'
        data = f"--{boundary}\r\n{part}\r\n--{boundary}--\r\n"
        content_type = f'multipart/form-data; boundary="{boundary}"; x=y'
        headers = (("Content-Type", content_type),)
        return request_from_http("POST", "https://x/", headers, data.encode())

    first = sent("0a1b")
    assert first == sent("ffff")
    assert f"--{BOUNDARY}--" in first.body.text
    assert first.headers == (("content-type", f'multipart/form-data; boundary="{BOUNDARY}"; x=y'),)


def test_a_multipart_body_that_already_has_our_boundary_in_a_file_is_left_alone():
    data = f"--abc\r\n\r\n--{BOUNDARY}\r\n--abc--\r\n".encode()
    headers = (("content-type", "multipart/form-data; boundary=abc"),)
    assert body_to_bytes(request_from_http("POST", "https://x/", headers, data).body) == data


def test_repeated_headers_are_joined_and_names_have_no_case():
    headers = (("anthropic-beta", "a"), ("Anthropic-Beta", "b"))
    assert header(headers, "ANTHROPIC-BETA") == "a, b"
    assert header(headers, "retry-after") is None


def test_the_async_decoder_of_the_sdk_sees_events_as_they_arrive():
    body = EventsBody((Event("a", {"n": 1}), Comment("wait"), Event("b", "x\ny")))

    async def chunks():
        for chunk in chain(event_chunks(body)):
            yield chunk

    async def read():
        return [(sse.event, sse.data) async for sse in SSEDecoder().aiter_bytes(chunks())]

    assert asyncio.run(read()) == [("a", '{"n":1}'), ("b", "x\ny")]
