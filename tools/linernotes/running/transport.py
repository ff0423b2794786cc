"""The transports of httpx2 and httpx, answered by us. The SDK's clients are built on the former.

Only the transport's edge is replaced: what the client does before and after (its retries, hooks,
decoders and time-outs) is the reader's own code and stays.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import sys
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

from linernotes.cassettes.cassette import (
    Request,
    Response,
    event_chunks,
    request_from_http,
    response_from_http,
)

if TYPE_CHECKING:
    import ssl

Exchange = Callable[[Request], Response]

PACKAGES = ("httpx2", "httpx")


class Upstream(Protocol):
    """Where requests go while recording, and who listens."""

    @property
    def context(self) -> ssl.SSLContext:
        """What decides which server is trusted, whatever the snippet says."""

    @property
    def one_at_a_time(self) -> bool:
        """Whether a request waits for the answer to the one before it, so that order is stable."""

    def begin(self) -> int:
        """Note that a request is on its way; return its number, in the order of such calls."""

    def redirect(self, request: Any) -> Any:
        """Return the request of the package to send instead of the client's own."""

    def wait(self, attempt: int, response: Response) -> float | None:
        """Return after how many seconds to ask again, None to take the answer.

        `attempt` counts the answers to one request, from 1.
        """

    def knows(self, stream: Any) -> bool:
        """Return whether a network stream, still open, leads to who is expected there."""

    def keep(self, number: int, request: Request, response: Response, *, known: bool) -> None:
        """Take what went both ways. `number` is what `begin` said of the request.

        `known` is what `knows` said of the connection.
        """

    def end(self, number: int) -> None:
        """Note that nothing more is to come for a request, answered or not."""


class _NoPool:
    """Stands in for a connection pool; building the real one loads every trusted certificate."""

    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...
    def close(self) -> None: ...
    async def __aenter__(self) -> None: ...
    async def __aexit__(self, *_: object) -> None: ...
    async def aclose(self) -> None: ...


def answer_with(exchange: Exchange, imported: Callable[[str], bool]) -> None:
    """Let `exchange` answer every request of the packages that are `imported`."""
    for name in filter(imported, PACKAGES):
        package = importlib.import_module(name)

        def connect(self: Any, *_: object, **__: object) -> None:
            self._pool = _NoPool()

        def handle(_: Any, request: Any, package: Any = package) -> Any:
            request.read()
            return _client_response(package, exchange(recorded_request(request)))

        async def handle_async(_: Any, request: Any, package: Any = package) -> Any:
            await request.aread()
            return _client_response(package, exchange(recorded_request(request)))

        for transport in (package.HTTPTransport, package.AsyncHTTPTransport):
            transport.__init__ = connect
        _replace(package, handle, handle_async)


def forward_with(upstream: Upstream, imported: Callable[[str], bool]) -> None:
    """Send every request to where `upstream` redirects it, and let it keep what went both ways."""
    turns = _Turns(upstream)
    for name in filter(imported, PACKAGES):
        package = importlib.import_module(name)
        send = package.HTTPTransport.handle_request
        send_async = package.AsyncHTTPTransport.handle_async_request
        for transport in (package.HTTPTransport, package.AsyncHTTPTransport):
            transport.__init__ = _trusting(transport.__init__, upstream)

        def handle(self: Any, request: Any, package: Any = package, send: Any = send) -> Any:
            request.read()
            with turns.next_turn() as number:
                for attempt in itertools.count(1):
                    answer = send(self, upstream.redirect(request))
                    known = upstream.knows(answer.extensions.get("network_stream"))
                    try:
                        data = b"".join(answer.stream)
                    finally:
                        answer.close()
                    response = _recorded_response(answer, data)
                    seconds = upstream.wait(attempt, response)
                    if seconds is None:
                        break
                    time.sleep(seconds)
                upstream.keep(number, recorded_request(request), response, known=known)
            return _client_response(package, response)

        async def handle_async(
            self: Any, request: Any, package: Any = package, send: Any = send_async
        ) -> Any:
            await request.aread()
            async with turns.next_turn_of_task() as number:
                for attempt in itertools.count(1):
                    answer = await send(self, upstream.redirect(request))
                    known = upstream.knows(answer.extensions.get("network_stream"))
                    try:
                        data = b"".join([part async for part in answer.stream])
                    finally:
                        await answer.aclose()
                    response = _recorded_response(answer, data)
                    seconds = upstream.wait(attempt, response)
                    if seconds is None:
                        break
                    await asyncio.sleep(seconds)
                upstream.keep(number, recorded_request(request), response, known=known)
            return _client_response(package, response)

        _replace(package, handle, handle_async)


def _replace(package: Any, handle: Callable[..., Any], handle_async: Callable[..., Any]) -> None:
    """Let the transports of `package` be answered by these.

    vcrpy notes on import what it takes for the originals, and a snippet may use it: whether it was
    imported by then must make no difference.
    """
    package.HTTPTransport.handle_request = handle
    package.AsyncHTTPTransport.handle_async_request = handle_async
    patch = sys.modules.get("vcr.patch")
    if patch is not None:
        name = package.__name__.capitalize()
        setattr(patch, f"_{name}HttpTransport_handle_request", handle)
        setattr(patch, f"_{name}AsyncHttpTransport_handle_async_request", handle_async)


class _Turns:
    """Who may send: while simulating, one request at a time.

    A script's replies then go to requests in the order in which these began.
    """

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._threads = threading.Lock()
        self._tasks: WeakKeyDictionary[Any, asyncio.Lock] = WeakKeyDictionary()

    @contextmanager
    def next_turn(self) -> Generator[int]:
        """Wait for the turn of a thread; yield its request's number."""
        number = self._upstream.begin()
        try:
            with self._threads if self._upstream.one_at_a_time else nullcontext():
                yield number
        finally:
            self._upstream.end(number)

    @asynccontextmanager
    async def next_turn_of_task(self) -> AsyncGenerator[int]:
        """Wait for the turn of a task among those of its loop; yield its request's number."""
        number = self._upstream.begin()
        try:
            async with self._lock():
                yield number
        finally:
            self._upstream.end(number)

    def _lock(self) -> asyncio.Lock | nullcontext[None]:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # trio's tasks, which have no such loop, take their turns as they come
            return nullcontext()
        if not self._upstream.one_at_a_time:
            return nullcontext()
        return self._tasks.setdefault(loop, asyncio.Lock())


def recorded_request(request: Any) -> Request:
    """Return a request of httpx or httpx2, whose body was read, as cassettes know it."""
    headers = tuple(request.headers.items())
    return request_from_http(request.method, str(request.url), headers, request.content)


_DETOURS = frozenset({"proxy", "uds", "local_address", "socket_options"})
"""Settings of a transport that lead elsewhere than to the upstream, or by another way."""


def _trusting(connect: Callable[..., None], upstream: Upstream) -> Callable[..., None]:
    """Return what opens a transport, with the upstream's idea of whom to trust.

    Nobody stands between: a snippet may show a proxy, and is recorded without it.
    """

    def connect_trusting(
        self: Any,
        verify: object = True,  # noqa: ARG001, FBT002  # their signature, not our idea
        cert: object = None,  # noqa: ARG001
        trust_env: object = True,  # noqa: ARG001, FBT002
        **others: Any,
    ) -> None:
        direct = {name: value for name, value in others.items() if name not in _DETOURS}
        connect(self, verify=upstream.context, trust_env=False, **direct)

    return connect_trusting


def _recorded_response(answer: Any, data: bytes) -> Response:
    reason = answer.extensions.get("reason_phrase", b"").decode("ascii", "replace")
    headers = tuple(answer.headers.items())
    return response_from_http(answer.status_code, reason, headers, data)


def _client_response(package: Any, response: Response) -> Any:
    """Return a response whose body arrives as it was recorded: a stream event by event."""

    class Stream(package.SyncByteStream, package.AsyncByteStream):  # type: ignore[misc]
        def __iter__(self) -> Iterator[bytes]:
            yield from event_chunks(response.body)

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for chunk in event_chunks(response.body):
                yield chunk

    return package.Response(
        response.status,
        headers=list(response.headers),
        stream=Stream(),
        extensions={"http_version": b"HTTP/1.1", "reason_phrase": response.reason.encode()},
    )
