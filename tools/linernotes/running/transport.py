"""The transports of httpx2 and httpx, answered by us. The SDK's clients are built on the former.

Only the transport's edge is replaced: what the client does before and after (its retries, hooks,
decoders and time-outs) is the reader's own code and stays.
"""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from linernotes.cassettes.cassette import (
    Request,
    Response,
    event_chunks,
    request_from_http,
    response_from_http,
)

Exchange = Callable[[Request], Response]
Forward = Callable[[Any], Any]
"""Takes a request of the package that is sent instead of the client's own; see `forward_with`."""

PACKAGES = ("httpx2", "httpx")


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

        package.HTTPTransport.__init__ = connect
        package.HTTPTransport.handle_request = handle
        package.AsyncHTTPTransport.__init__ = connect
        package.AsyncHTTPTransport.handle_async_request = handle_async


def forward_with(
    redirect: Forward,
    keep: Callable[[Request, Response, Any], None],
    imported: Callable[[str], bool],
) -> None:
    """Send every request to where `redirect` points it, and hand `keep` what went both ways.

    `keep` also gets the network stream of the connection, to see who really answered.
    """
    for name in filter(imported, PACKAGES):
        package = importlib.import_module(name)
        send = package.HTTPTransport.handle_request
        send_async = package.AsyncHTTPTransport.handle_async_request

        def handle(self: Any, request: Any, package: Any = package, send: Any = send) -> Any:
            request.read()
            answer = send(self, redirect(request))
            try:
                data = b"".join(answer.stream)
            finally:
                answer.close()
            response = _recorded_response(answer, data)
            keep(recorded_request(request), response, answer.extensions.get("network_stream"))
            return _client_response(package, response)

        async def handle_async(
            self: Any, request: Any, package: Any = package, send: Any = send_async
        ) -> Any:
            await request.aread()
            answer = await send(self, redirect(request))
            try:
                data = b"".join([part async for part in answer.stream])
            finally:
                await answer.aclose()
            response = _recorded_response(answer, data)
            keep(recorded_request(request), response, answer.extensions.get("network_stream"))
            return _client_response(package, response)

        package.HTTPTransport.handle_request = handle
        package.AsyncHTTPTransport.handle_async_request = handle_async


def recorded_request(request: Any) -> Request:
    """Return a request of httpx or httpx2, whose body was read, as cassettes know it."""
    headers = tuple(request.headers.items())
    return request_from_http(request.method, str(request.url), headers, request.content)


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
