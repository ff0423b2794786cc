"""What stands behind a gateway in these tests, and what they need."""

from __future__ import annotations

import os
import shutil
from typing import Any

import httpx2
import pytest

from linernotes.standin.app import create_app

NEEDS_NODE = pytest.mark.skipif(
    not os.environ.get("CI") and not (shutil.which("node") and shutil.which("npm")),
    reason="Node.js and npm aren't installed; CI has them",
)


class Behind:
    """What stands behind a gateway: a stand-in that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.url = ""
        self._app = create_app()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"].removeprefix("/0")
        parts = [await receive()]
        while parts[-1].get("more_body"):
            parts.append(await receive())
        content = b"".join(part.get("body", b"") for part in parts)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.asked.append((path, headers, httpx2.Response(200, content=content).json()))

        async def again() -> Any:
            return parts.pop(0) if parts else await receive()

        await self._app({**scope, "path": path, "raw_path": path.encode()}, again, send)

    def post(
        self, path: str, body: dict[str, Any], host: str = "api.portkey.ai", **headers: str
    ) -> httpx2.Response:
        """Ask as a client would whose request was redirected while recording."""
        self.asked.clear()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"{self.url}/0{path}"
        return httpx2.post(url, json=body, headers={"host": host, **named}, timeout=60)
