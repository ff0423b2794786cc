"""A server that answers the examples of the other languages from the Python one's cassette."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response

from linernotes.cassettes.cassette import body_to_bytes, request_from_http
from linernotes.cassettes.matching import Player, difference
from linernotes.cassettes.secrets import scrub_request

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from linernotes.cassettes.cassette import Cassette, Request

HOSTS = ("api.anthropic.com", "api.portkey.ai", "api.orq.ai")
"""Hosts that examples name. In a URL of this server the host follows the example's number."""


def redirected(source: str, url: str) -> str:
    """Return an example with each of the hosts replaced by its place below `url`."""
    for host in HOSTS:
        source = source.replace(f"https://{host}", f"{url}/{host}")
    return source


class Answers:
    """One example's part of the server: what it asked in vain, and what it should have asked."""

    def __init__(self, cassette: Cassette) -> None:
        self._requests = [one.request for one in cassette.interactions]
        self.failing = any(one.response.status >= 400 for one in cassette.interactions)
        self._player = Player(cassette)
        self._differences: list[str] = []

    def to(self, request: Request) -> Response:
        """Return the recorded answer, or note how the request differs from the recorded ones."""
        answer = self._player.play(request)
        if answer is None:
            said = difference(request, self._requests)
            self._differences.append(f"{request.method} {request.url}\n{said}")
            error = {"type": "invalid_request_error", "message": "another request than Python's"}
            return JSONResponse({"type": "error", "error": error}, 400)
        headers = {name: value for name, value in answer.headers if name != "content-encoding"}
        return Response(body_to_bytes(answer.body), answer.status, headers)

    def problems(self) -> list[str]:
        """Return the differences to what the Python example asks."""
        left = [
            f"never asked: {one.request.method} {one.request.url}"
            for one in self._player.unplayed()
        ]
        return self._differences or left


class Server:
    """An application in which the first part of a path is an example's number."""

    def __init__(self) -> None:
        self.examples: list[Answers] = []

    def add(self, cassette: Cassette) -> tuple[str, Answers]:
        """Return the path and the answers of one more example."""
        self.examples.append(Answers(cassette))
        return f"/{len(self.examples) - 1}", self.examples[-1]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http = HttpRequest(scope, receive)
        _, number, place = http.url.path.split("/", 2)
        url = f"https://{place}" + (f"?{http.url.query}" if http.url.query else "")
        headers = tuple(http.headers.items())
        asked = request_from_http(http.method, url, headers, await http.body())
        await self.examples[int(number)].to(scrub_request(asked))(scope, receive, send)
