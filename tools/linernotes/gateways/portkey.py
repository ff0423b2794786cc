"""Portkey's hosts, played by Portkey's own open gateway.

What the hosted product keeps in its control plane isn't part of the open gateway. Here the model
catalogue is one provider, Anthropic, under every name (`@anything/claude-…`), and a configuration
has to be given in full: an id such as `pc-…` means nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from linernotes.gateways.relaying import (
    ANTHROPIC,
    CHAT,
    COUNT_TOKENS,
    MESSAGES,
    PROVIDER_KEY,
    NotPlayedError,
    Relayed,
    provider_headers,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linernotes.gateways.relaying import Asked

NOTE = "every provider of the model catalogue is the stand-in"

_PASSED = (
    "anthropic-beta",
    "anthropic-version",
    "x-portkey-anthropic-beta",
    "x-portkey-anthropic-version",
    "x-portkey-retry-count",
    "x-portkey-strict-open-ai-compliance",
)
_CONFIG = "x-portkey-config"
_PROVIDER = "x-portkey-provider"


def relayed(asked: Asked, upstream: str) -> Relayed:
    """Return what to ask of the open gateway, with the API at `upstream` behind it.

    Raises NotPlayedError.
    """
    if asked.method != "POST" or asked.path not in (CHAT, MESSAGES, COUNT_TOKENS):
        raise NotPlayedError(
            f"the open gateway doesn't have {asked.method} {asked.path} for Claude"
        )
    body = asked.parsed()
    headers = {name: asked.headers[name] for name in _PASSED if name in asked.headers}
    slug, model = _split(body.get("model"))
    body = {**body, **({"model": model} if slug else {})}
    if _CONFIG in asked.headers:
        headers[_CONFIG] = json.dumps(_config(asked.headers[_CONFIG], upstream))
        return Relayed(asked.path, headers, body)
    if not slug and _PROVIDER not in asked.headers:
        raise NotPlayedError(
            "no provider: write the model as `@provider/claude-…`, or set `provider`"
        )
    _check_provider(slug or asked.headers[_PROVIDER])
    return Relayed(asked.path, {**headers, **provider_headers(upstream)}, body)


def _split(model: object) -> tuple[str, object]:
    """Return the provider's name in the catalogue, "" for none, and the model's own."""
    if isinstance(model, str) and model.startswith("@"):
        slug, _, name = model.partition("/")
        return slug, name
    return "", model


def _check_provider(name: str) -> None:
    if not name.startswith("@") and name != ANTHROPIC:
        raise NotPlayedError(f"only Claude stands behind the gateway here, not {name}")


def _config(text: str, upstream: str) -> dict[str, Any]:
    try:
        config = json.loads(text)
    except ValueError:
        config = None
    if not isinstance(config, dict):
        raise NotPlayedError(
            f"the configuration {text!r} lives in Portkey's control plane: give it in full, as JSON"
        )
    return _target(config, upstream)


def _target(target: Mapping[str, Any], upstream: str) -> dict[str, Any]:
    """Return a target of a configuration, those inside it too, with the stand-in behind it."""
    if "targets" in target:
        return {**target, "targets": [_target(one, upstream) for one in target["targets"]]}
    overrides = dict(target.get("override_params") or {})
    slug, overrides["model"] = _split(overrides.get("model"))
    if overrides["model"] is None:
        del overrides["model"]
    _check_provider(target.get("provider") or slug or ANTHROPIC)
    ours = {"provider": ANTHROPIC, "api_key": PROVIDER_KEY, "custom_host": upstream}
    return {**target, **ours, **({"override_params": overrides} if overrides else {})}
