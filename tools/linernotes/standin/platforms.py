"""The API as cloud platforms serve it: under other paths, partly with other bodies.

Requests are turned into those of the API itself before anything looks at them. Paths and bodies are
those that the SDK's platform clients send (anthropic/lib/bedrock, lib/foundry.py, lib/google_cloud,
lib/vertex of 2.11.0). AWS's event stream, which `AnthropicBedrock` reads, isn't spoken here.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PREFIX = re.compile(
    r"^(?:/anthropic|/v1/projects/[^/]+/locations/[^/]+/(?:workspaces/[^/]+|claudeOrganization)/invoke)(?=/v1/)"
)
_MODEL = re.compile(
    r"^(?:/model/(?P<bedrock>[^/]+)/invoke"
    r"|/v1/projects/[^/]+/locations/[^/]+/publishers/anthropic/models/(?P<vertex>[^/]+):(?:stream)?[rR]awPredict)$"
)
_VENDOR = "anthropic."


class Platforms:
    """An application that also answers as the cloud platforms do."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the API's own requests through, and turn a platform's into one of them."""
        path: str = scope.get("path", "")
        prefix, model = _PREFIX.match(path), _MODEL.match(path)
        if scope["type"] != "http" or not (prefix or model):
            await self.app(scope, receive, send)
            return
        body = await _body_of(receive)
        scope = {**scope, "headers": list(scope["headers"])}
        headers = MutableHeaders(scope=scope)
        if prefix:
            scope["path"] = path[prefix.end() :]
            body = _without_vendor(body)
        elif model:
            named = model["bedrock"] or model["vertex"]
            counts = named == "count-tokens"
            scope["path"] = "/v1/messages/count_tokens" if counts else "/v1/messages"
            fields = _object(body)
            headers["anthropic-version"] = str(fields.pop("anthropic_version", ""))
            if betas := fields.pop("anthropic_beta", None):
                headers["anthropic-beta"] = ",".join(betas)
            if not counts:
                fields["model"] = named.removeprefix(_VENDOR).replace("@", "-")
            body = json.dumps(fields).encode()
        scope["raw_path"] = scope["path"].encode()
        headers["content-length"] = str(len(body))
        await self.app(scope, _again(body, receive), send)


async def _body_of(receive: Receive) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def again() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _object(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(body)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _without_vendor(body: bytes) -> bytes:
    """Return the body with Bedrock's `anthropic.` taken off its model."""
    fields = _object(body)
    model = fields.get("model")
    if not isinstance(model, str) or not model.startswith(_VENDOR):
        return body
    return json.dumps(fields | {"model": model.removeprefix(_VENDOR)}).encode()
