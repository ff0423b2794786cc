"""The transports of httpx2 and httpx, answered by us. The SDK's clients are built on the former.

Only the transport's edge is replaced: what the client does before and after (its retries, hooks,
decoders and time-outs) is the reader's own code and stays.
"""

from __future__ import annotations

import importlib
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

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

    def redirect(self, request: Any) -> Any:
        """Return the request of the package to send instead of the client's own."""

    def knows(self, stream: Any) -> bool:
        """Return whether a network stream, still open, leads to who is expected there."""

    def keep(self, number: int, request: Request, response: Response, *, known: bool) -> None:
        """Take what went both ways. `number` counts requests in the order in which they were sent.

        `known` is what `knows` said of the connection.
        """


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
        package.HTTPTransport.handle_request = handle
        package.AsyncHTTPTransport.handle_async_request = handle_async


def forward_with(upstream: Upstream, imported: Callable[[str], bool]) -> None:
    """Send every request to where `upstream` redirects it, and let it keep what went both ways."""
    numbers = itertools.count()
    for name in filter(imported, PACKAGES):
        package = importlib.import_module(name)
        send = package.HTTPTransport.handle_request
        send_async = package.AsyncHTTPTransport.handle_async_request
        for transport in (package.HTTPTransport, package.AsyncHTTPTransport):
            transport.__init__ = _trusting(transport.__init__, upstream)

        def handle(self: Any, request: Any, package: Any = package, send: Any = send) -> Any:
            request.read()
            number = next(numbers)
            answer = send(self, upstream.redirect(request))
            known = upstream.knows(answer.extensions.get("network_stream"))
            try:
                data = b"".join(answer.stream)
            finally:
                answer.close()
            response = _recorded_response(answer, data)
            upstream.keep(number, recorded_request(request), response, known=known)
            return _client_response(package, response)

        async def handle_async(
            self: Any, request: Any, package: Any = package, send: Any = send_async
        ) -> Any:
            await request.aread()
            number = next(numbers)
            answer = await send(self, upstream.redirect(request))
            known = upstream.knows(answer.extensions.get("network_stream"))
            try:
                data = b"".join([part async for part in answer.stream])
            finally:
                await answer.aclose()
            response = _recorded_response(answer, data)
            upstream.keep(number, recorded_request(request), response, known=known)
            return _client_response(package, response)

        package.HTTPTransport.handle_request = handle
        package.AsyncHTTPTransport.handle_async_request = handle_async


def recorded_request(request: Any) -> Request:
    """Return a request of httpx or httpx2, whose body was read, as cassettes know it."""
    headers = tuple(request.headers.items())
    return request_from_http(request.method, str(request.url), headers, request.content)


def _trusting(connect: Callable[..., None], upstream: Upstream) -> Callable[..., None]:
    """Return what opens a transport, with the upstream's idea of whom to trust."""

    def connect_trusting(
        self: Any,
        verify: object = True,  # noqa: ARG001, FBT002  # their signature, not our idea
        cert: object = None,  # noqa: ARG001
        trust_env: object = True,  # noqa: ARG001, FBT002
        **others: Any,
    ) -> None:
        connect(self, verify=upstream.context, trust_env=False, **others)

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
