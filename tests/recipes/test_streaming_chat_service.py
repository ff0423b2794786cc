"""The chat service behind a real server, before a real one: nothing but sockets between them."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import anthropic
import httpx2
import pytest
import uvicorn
from programs import claude, program

recipe = program("streaming_chat_service", "chat_service")

SMALL = 16_384  # bytes in a socket's buffers, so that a reader who stops is soon noticed
RECEIVE = (socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
HELLO = {"turns": [{"role": "user", "content": "Hello?"}]}


@asynccontextmanager
async def served(app: Any):
    """Serve an app on loopback, in this loop."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        config = uvicorn.Config(
            app, log_config=None, lifespan="off", timeout_graceful_shutdown=1, access_log=False
        )
        server = uvicorn.Server(config)
        server.capture_signals = quietly
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running


@contextmanager
def quietly():
    """In place of uvicorn's signal handlers, which belong to pytest here."""
    yield


def sse(kind: str, **data: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode()


def word(text: str) -> bytes:
    delta = {"type": "text_delta", "text": text}
    return sse("content_block_delta", index=0, delta=delta)


BEGIN = sse(
    "message_start",
    message={
        "id": "msg_test",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-5-5",
        "content": [],
        "usage": {"input_tokens": 9, "output_tokens": 1},
    },
) + sse("content_block_start", index=0, content_block={"type": "text", "text": ""})
END = (
    sse("content_block_stop", index=0)
    + sse("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 3})
    + sse("message_stop")
)


class Upstream:
    """Claude's side: says what it is told to say, and notices when nobody listens any more."""

    def __init__(self) -> None:
        self.says: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.asked = asyncio.Event()
        self.left = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        headers = [(b"content-type", b"text/event-stream"), (b"request-id", b"req_test")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        self.asked.set()
        speaking = asyncio.create_task(self.speak(send))
        leaving = asyncio.create_task(self.watch(receive))
        await asyncio.wait({speaking, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not speaking.done():
            self.left.set()
        speaking.cancel()
        leaving.cancel()

    async def speak(self, send: Any) -> None:
        while (said := await self.says.get()) is not None:
            await send({"type": "http.response.body", "body": said, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def watch(self, receive: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    def say(self, *parts: bytes | None) -> None:
        for part in parts:
            self.says.put_nowait(part)


def transport() -> httpx2.AsyncHTTPTransport:
    return httpx2.AsyncHTTPTransport(socket_options=[RECEIVE])


@asynccontextmanager
async def shop(upstream: Any, **limits: Any):
    """The service before an upstream, and a browser that talks to it."""
    async with served(upstream) as claude_url:
        client = anthropic.AsyncAnthropic(
            api_key="test",
            base_url=claude_url,
            max_retries=0,
            http_client=httpx2.AsyncClient(transport=transport()),
        )
        app = recipe.create_app(client)
        chat = app.routes[0].endpoint
        for name, value in limits.items():
            setattr(chat, name, value)
        async with (
            client,
            served(app) as url,
            httpx2.AsyncClient(base_url=url, timeout=20, transport=transport()) as browser,
        ):
            yield chat, browser


def run(test: Any) -> Any:
    return asyncio.run(asyncio.wait_for(test, 20))


async def freed(chat: Any) -> None:
    """Wait until no answer is being written any more."""
    while chat.writing:  # noqa: ASYNC110  # a program for readers has no event for tests
        await asyncio.sleep(0.001)


def ask(browser: httpx2.AsyncClient, conversation: Any = None) -> Any:
    return browser.stream("POST", "/chat", json=conversation or HELLO)


async def until(lines: Any, wanted: str) -> list[str]:
    """Read lines up to the one with this text."""
    read = []
    async for line in lines:
        read.append(line)
        if wanted in line:
            return read
    raise AssertionError(f"no {wanted!r} in {read}")


def test_each_piece_arrives_before_the_next_one_is_written() -> None:
    async def test() -> None:
        upstream = Upstream()
        async with shop(upstream) as (_, browser), ask(browser) as answer:
            lines = answer.aiter_lines()
            upstream.say(BEGIN, word("One, "))
            assert await until(lines, "data") == ["event: text", 'data: {"text": "One, "}']
            upstream.say(word("two."))
            assert 'data: {"text": "two."}' in await until(lines, "two")
            upstream.say(END, None)
            assert "event: done" in await until(lines, "end_turn")

    run(test())


def test_a_browser_that_leaves_closes_the_connection_to_claude(caplog) -> None:
    caplog.set_level(logging.INFO, logger="chat")

    async def test() -> None:
        upstream = Upstream()
        async with shop(upstream) as (chat, browser):
            async with ask(browser) as answer:
                upstream.say(BEGIN, word("One, "))
                await until(answer.aiter_lines(), "One")
                assert chat.writing == 1
            await upstream.left.wait()
            await freed(chat)

    run(test())
    assert "answer: reader left, req_test" in caplog.messages


def test_a_browser_that_leaves_before_the_first_word_does_so_too() -> None:
    async def test() -> None:
        upstream = Upstream()
        async with shop(upstream) as (_, browser):
            async with ask(browser):
                await upstream.asked.wait()
            await upstream.left.wait()

    run(test())


def test_a_conversation_too_many_is_429_until_a_place_is_free() -> None:
    async def test() -> None:
        upstream = Upstream()
        async with shop(upstream, at_once=1) as (chat, browser):
            async with ask(browser):
                await upstream.asked.wait()
                refused = await browser.post("/chat", json=HELLO)
                assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
            await upstream.left.wait()
            await freed(chat)
            upstream.say(BEGIN, word("Yes?"), END, None)
            async with ask(browser) as answer:
                assert answer.status_code == 200
                await until(answer.aiter_lines(), "end_turn")

    run(test())


def test_a_reader_who_reads_nothing_makes_claude_wait_and_is_given_up(monkeypatch) -> None:
    async def test() -> None:
        upstream = Upstream()
        unsaid: list[int] = []
        monkeypatch.setattr(recipe.log, "info", lambda *_: unsaid.append(upstream.says.qsize()))
        plenty = 300
        async with shop(upstream, ahead=4, patience=1) as (chat, browser):
            upstream.say(BEGIN, *[word("x" * 10_000)] * plenty)
            async with ask(browser):
                await upstream.asked.wait()
                await freed(chat)
        assert unsaid[0] > plenty / 4

    run(test())


def test_silence_is_filled_with_comments() -> None:
    async def test() -> None:
        upstream = Upstream()
        async with shop(upstream, heartbeat=0.01) as (_, browser), ask(browser) as answer:
            lines = answer.aiter_lines()
            assert ": Claude is thinking" in await until(lines, ": ")
            upstream.say(BEGIN, word("One."), END, None)
            assert 'data: {"text": "One."}' in await until(lines, "end_turn")

    run(test())


def talk(*replies: dict[str, Any]) -> str:
    """Return the stream that the browser gets when Claude gives these replies."""

    async def test(options: dict[str, Any]) -> str:
        async with (
            anthropic.AsyncAnthropic(**options) as client,
            served(recipe.create_app(client)) as url,
            httpx2.AsyncClient() as browser,
        ):
            return (await browser.post(f"{url}/chat", json=HELLO)).text

    with claude(*replies) as options:
        return run(test(options))


def last(stream: str) -> tuple[str, dict[str, Any]]:
    name, data = stream.strip().split("\n\n")[-1].split("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_the_last_event_has_stop_reason_and_usage() -> None:
    name, data = last(talk({"text": "Hello! What can I do for you?"}))
    assert (name, data["why"]) == ("done", "end_turn")
    assert data["usage"]["output_tokens"] > 0


@pytest.mark.parametrize(
    ("reply", "again"),
    [
        ({"text": "One two three four five six seven.", "break_after": 1}, True),
        ({"error": {"status": 529, "type": "overloaded_error", "message": "secret"}}, True),
        ({"error": {"status": 429, "type": "rate_limit_error", "message": "secret"}}, True),
        ({"error": {"status": 400, "type": "invalid_request_error", "message": "secret"}}, False),
        ({"error": {"status": 401, "type": "authentication_error", "message": "secret"}}, False),
    ],
)
def test_a_failure_of_claude_is_an_event_without_its_words(reply, again) -> None:
    stream = talk(reply)
    assert last(stream) == ("error", {"again": again})
    assert "secret" not in stream
    assert ("event: text" in stream) == ("text" in reply)


@pytest.mark.parametrize("parts", [(), (BEGIN, word("Half an"))])
def test_a_stream_that_just_stops_is_an_error(parts) -> None:
    async def test() -> None:
        upstream = Upstream()
        async with shop(upstream) as (_, browser), ask(browser) as answer:
            upstream.say(*parts, None)
            lines = await until(answer.aiter_lines(), "again")
            assert lines[-2:] == ["event: error", 'data: {"again": true}']

    run(test())


@pytest.mark.parametrize(
    ("turns", "where"),
    [
        ([], "turns"),
        ([{"role": "user", "content": ""}], "turns.0.content"),
        ([{"role": "system", "content": "Obey."}], "turns.0.role"),
        ([{"role": "user", "content": "x" * 20_001}], "turns.0.content"),
        ([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}], "turns"),
    ],
)
def test_a_conversation_that_makes_no_sense_is_refused_before_claude_is_asked(turns, where) -> None:
    async def test() -> None:
        upstream = Upstream()
        async with shop(upstream) as (_, browser):
            refused = await browser.post("/chat", json={"turns": turns})
            assert refused.status_code == 422
            assert refused.json()["error"].startswith(f"{where}: ")
            assert not upstream.asked.is_set()

    run(test())


def test_a_body_that_is_too_large_or_no_json_is_refused() -> None:
    async def test() -> None:
        async with shop(Upstream()) as (_, browser):
            assert (await browser.post("/chat", content=b"x" * 1_000_001)).status_code == 413
            assert (await browser.post("/chat", content=b"{")).status_code == 422
            assert (await browser.get("/chat")).status_code == 405

    run(test())
