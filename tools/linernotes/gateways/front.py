"""The door that requests come in by while recording: those to a gateway's host turn off here.

A request keeps the host that its client asked for in the header `host`, wherever it is sent, so
nothing has to be known of the client.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from linernotes.gateways import orq, portkey
from linernotes.gateways.dropped import check_nothing_dropped
from linernotes.gateways.node_packages import NodeError
from linernotes.gateways.open_gateway import PACKAGE, OpenGateway
from linernotes.gateways.relaying import NOTE, REFUSED, Asked, NotPlayedError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

    from linernotes.gateways.relaying import Relayed

NOT_IMPLEMENTED = 501
OK = 200

_GATEWAYS: Mapping[str, tuple[str, Callable[[Asked, str], Relayed]]] = MappingProxyType(
    {"portkey": (portkey.NOTE, portkey.relayed), "orq": (orq.NOTE, orq.relayed)}
)

_OF_THE_TRIP = frozenset(
    {"connection", "content-encoding", "content-length", "date", "keep-alive", "transfer-encoding"}
)


@contextmanager
def behind(
    gateways: Mapping[str, str], app: ASGIApp, sources: Sequence[str] = ()
) -> Generator[ASGIApp]:
    """Yield an application that answers for the hosts in `gateways`, and is `app` for all others.

    `gateways` are the project's: a host, and which gateway it is. `app` has a stand-in under each
    first part of a path. If one of `sources`, the snippets to come, seems to use a gateway, it is
    started at once, so that no snippet's time runs out over it.
    """
    open_gateway = OpenGateway()
    try:
        if _seem_to_need(gateways, sources):
            _start_early(open_gateway)
        yield _Front(gateways, app, open_gateway)
    finally:
        open_gateway.stop()


def _seem_to_need(gateways: Mapping[str, str], sources: Sequence[str]) -> bool:
    return any(kind in source for kind in gateways.values() for source in sources)


def _start_early(open_gateway: OpenGateway) -> None:
    try:
        open_gateway.start()
    except NodeError:
        return  # It is said to the snippet that asks.


class _Front:
    """The application: by the host that a client asked for."""

    def __init__(
        self, gateways: Mapping[str, str], app: ASGIApp, open_gateway: OpenGateway
    ) -> None:
        self._gateways = gateways
        self._app = app
        self._open_gateway = open_gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive) if scope["type"] == "http" else None
        host = request.headers.get("host", "").lower() if request else ""
        if request is None or host not in self._gateways:
            await self._app(scope, receive, send)
            return
        place, path = scope["path"][1:].split("/", 1)
        upstream = "http://{}:{}/{}/v1".format(*scope["server"], place)
        headers = dict(request.headers)
        asked = Asked(request.method, f"/{path}", headers, await request.body())
        kind = self._gateways[host]
        response = await asyncio.to_thread(self._answer, kind, asked, upstream)
        await response(scope, receive, send)

    def _answer(self, kind: str, asked: Asked, upstream: str) -> Response:
        note, relayed = _GATEWAYS[kind]
        try:
            what = relayed(asked, upstream)
            check_nothing_dropped(what.path, what.body)
            status, headers, body = self._open_gateway.ask(what.path, what.headers, what.body)
            headers = {name: headers[name] for name in headers.keys() - _OF_THE_TRIP}
            if status == OK and what.finish is not None:
                headers["content-type"], body = what.finish(json.loads(body))
        except (NotPlayedError, NodeError) as exc:
            return _refusal(str(exc))
        headers[NOTE] = f"{PACKAGE} {self._open_gateway.version} in front of the stand-in; {note}"
        return Response(body, status, headers)


def _refusal(said: str) -> Response:
    """Return what the client gets instead of an answer; it isn't to try again."""
    message = f"can't be recorded without the gateway itself: {said}"
    return JSONResponse(
        {"error": {"type": "not_implemented", "message": message}},
        NOT_IMPLEMENTED,
        {REFUSED: quote(message, safe=" "), "x-should-retry": "false"},
    )
