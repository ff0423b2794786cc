"""Calls from web pages: what a browser asks beforehand, and what it has to be told.

The real API lets a page read its answers only if the page says that it knows what it does, with a
header that the TypeScript SDK sends for `dangerouslyAllowBrowser: true`. Its words and its headers
are those that github.com/open-pencil/open-pencil/issues/436 shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response

from linernotes.standin.errors import ApiError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPT_IN = "anthropic-dangerous-direct-browser-access"
_METHODS = "GET, POST, DELETE, OPTIONS"
_AN_HOUR = "3600"


def check_browser(headers: Headers) -> None:
    """Raise ApiError 401 for a call from a page that doesn't opt in."""
    if "origin" in headers and not _opts_in(headers):
        raise ApiError(401, f"CORS requests must set '{OPT_IN}' header")


class Browsers:
    """An application that also talks to web pages."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what a browser asks beforehand; let all else through."""
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        if "origin" not in headers:
            await self.app(scope, receive, send)
        elif scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await Response(status_code=204, headers=_permission(headers))(scope, receive, send)
        else:
            await self.app(scope, receive, _readable(send) if _opts_in(headers) else send)


def _opts_in(headers: Headers) -> bool:
    return headers.get(OPT_IN) == "true"


def _permission(headers: Headers) -> dict[str, str]:
    """Return what a browser may send. Names are repeated: `*` would leave `authorization` out."""
    return {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": _METHODS,
        "access-control-allow-headers": headers.get("access-control-request-headers", "*"),
        "access-control-max-age": _AN_HOUR,
        # A public page may only then reach a server on this machine.
        "access-control-allow-private-network": "true",
    }


def _readable(send: Send) -> Send:
    async def readable(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["access-control-allow-origin"] = "*"
            headers["access-control-expose-headers"] = "*"
        await send(message)

    return readable
