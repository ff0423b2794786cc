"""Clients that aren't built on httpx: http.client, urllib3, requests, aiohttp and the like.

vcrpy knows how each of them is patched, and asks a cassette for every answer. Here the cassette is
whatever is at the end of our wire.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from vcr.patch import CassettePatcherBuilder

from linernotes.cassettes.cassette import Response, body_to_bytes, request_from_http

if TYPE_CHECKING:
    from collections.abc import Callable

    from linernotes.cassettes.cassette import Headers, Request
    from linernotes.running.transport import Exchange

_FORM = "application/x-www-form-urlencoded"


def answer_with(exchange: Exchange) -> None:
    """Let `exchange` answer every request of the clients that are installed."""
    for patcher in CassettePatcherBuilder(_Answers(exchange)).build():
        patcher.__enter__()
    if "aiohttp" in sys.modules:
        session = sys.modules["aiohttp"].ClientSession
        session._request = _with_json_as_text(session._request)  # noqa: SLF001  # as vcrpy does


def _with_json_as_text(request: Callable[..., Any]) -> Callable[..., Any]:
    """Return aiohttp's stub, which can't tell JSON from a form, for requests of either kind."""

    async def send(self: Any, method: str, url: Any, **given: Any) -> Any:
        form = given.get("data") if isinstance(given.get("data"), dict) else None
        if form is not None or given.get("json") is not None:
            headers = self._prepare_headers(given.get("headers"))
            headers.setdefault("content-type", "application/json" if form is None else _FORM)
            text = json.dumps(given.pop("json")) if form is None else urlencode(form)
            given |= {"data": text.encode(), "headers": headers}
        return await request(self, method, url, **given)

    return send


class _Answers:
    """What vcrpy's stubs need of a cassette (vcr/patch.py, vcr/stubs): it has every answer."""

    skip_patchers = ("httpx", "httpx2")  # they are ours
    custom_patches = ()
    _path = ""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def can_play_response_for(self, _: Any) -> bool:
        return True

    def find_requests_with_most_matches(self, request: Any) -> list[tuple[Any]]:
        """Return the request that follows a redirect: aiohttp's stub looks for it this way."""
        return [(request,)]

    def play_response(self, request: Any) -> dict[str, Any]:
        return _response_for_vcr(self._exchange(_request_from_vcr(request)))


def _request_from_vcr(request: Any) -> Request:
    headers: Headers = tuple(
        (name, value.decode("latin-1") if isinstance(value, bytes) else str(value))
        for name, values in request.headers.items()
        for value in (values if isinstance(values, (list, tuple)) else [values])
    )
    return request_from_http(request.method, request.uri, headers, request.body_bytes or b"")


def _response_for_vcr(response: Response) -> dict[str, Any]:
    headers: dict[str, list[str]] = {}
    for name, value in response.headers:
        headers.setdefault(name, []).append(value)
    return {
        "status": {"code": response.status, "message": response.reason},
        "headers": headers,
        "body": {"string": body_to_bytes(response.body)},
    }
