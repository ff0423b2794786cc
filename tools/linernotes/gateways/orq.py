"""Orq.ai's router. It can't be had for this machine, so Portkey's open gateway plays its part.

Model names are `provider/model`, whichever cloud the model is on; `fallbacks` are models to try
next. What the router answers beyond the OpenAI shapes (its `reasoning` fields, say) isn't known
here and isn't made up.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from linernotes.gateways import responses
from linernotes.gateways.relaying import (
    ANTHROPIC,
    CHAT,
    MESSAGES,
    PROVIDER_KEY,
    NotPlayedError,
    Relayed,
    provider_headers,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from linernotes.gateways.relaying import Asked

NOTE = "in place of Orq.ai's router, which can't be run locally"

DEFAULT_MAX_TOKENS = 4096
"""What stands in for a `max_tokens` that the client leaves out: Orq.ai doesn't document its own."""

_ROUTER = "/v3/router"
_NATIVE = "/v3/anthropic"
_ROUTES = {
    f"{_ROUTER}/chat/completions": CHAT,
    f"{_ROUTER}/responses": CHAT,
    f"{_NATIVE}{MESSAGES}": MESSAGES,
    f"{_ROUTER}{MESSAGES}": MESSAGES,
}


def relayed(asked: Asked, upstream: str) -> Relayed:
    """Return what to ask of the open gateway, with the API at `upstream` behind it.

    Raises NotPlayedError.
    """
    path = _ROUTES.get(asked.path)
    if path is None or asked.method != "POST":
        raise NotPlayedError(f"nothing here plays Orq.ai's {asked.method} {asked.path}")
    body = asked.parsed()
    fallbacks = body.pop("fallbacks", None) or []
    headers = {name: asked.headers[name] for name in asked.headers if name.startswith("anthropic-")}
    headers |= provider_headers(upstream)
    if path == MESSAGES:
        return Relayed(path, headers, {**body, "model": _model(body.get("model"))})
    finish: Callable[[dict[str, Any]], tuple[str, bytes]] | None = None
    if asked.path.endswith("/responses"):
        question = body
        body = responses.chat_request(question)

        def finish(answer: dict[str, Any]) -> tuple[str, bytes]:
            return responses.answer(question, answer)

    body.setdefault("max_tokens", DEFAULT_MAX_TOKENS)
    headers["x-portkey-strict-open-ai-compliance"] = "true"
    models = [_model(model) for model in (body.get("model"), *(one["model"] for one in fallbacks))]
    if fallbacks:
        headers["x-portkey-config"] = json.dumps(_config(models, upstream))
    return Relayed(path, headers, {**body, "model": models[0]}, finish)


def _model(name: object) -> str:
    """Return the model's own name: the last part of `anthropic/…`, `aws/anthropic/…`."""
    parts = str(name).split("/")
    if ANTHROPIC not in parts[:-1]:
        raise NotPlayedError(f"only Claude stands behind the router here, not {name}")
    return parts[-1]


def _config(models: list[str], upstream: str) -> dict[str, Any]:
    """Return the configuration of Portkey's that tries one model after the other."""
    host = {"provider": ANTHROPIC, "api_key": PROVIDER_KEY, "custom_host": upstream}
    targets = [{**host, "override_params": {"model": model}} for model in models]
    return {"strategy": {"mode": "fallback"}, "targets": targets}
