"""What a thinking block is bound to: all that came before it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from linernotes.contract.models import model_facts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MOVING = "cache_control"
"""A breakpoint moves as the conversation grows; it says nothing."""


def prefix_of(body: Mapping[str, Any]) -> str:
    """Return the digest of a request's tools, system prompt and messages.

    It is "" for a model that takes thoughts back after any other beginning as well.
    """
    if not _binds(body):
        return ""
    pairs = _pairs(body)
    return _digest(body, pairs)


def prefixes_before(body: Mapping[str, Any], message: int, block: int) -> Iterator[str]:
    """Yield what may have come before a block of an assistant's message, when it was written.

    The blocks right before it may be from the same answer or, after a pause, from the one before.
    """
    if not _binds(body):
        yield ""
        return
    until = [*body["messages"][:message]]
    content = body["messages"][message]["content"]
    until.append({"role": "assistant", "content": content[:block]})
    pairs = _pairs({**body, "messages": until})
    yield _digest(body, pairs)
    while pairs and pairs[-1][0] == "assistant":
        pairs.pop()
        yield _digest(body, pairs)


def _binds(body: Mapping[str, Any]) -> bool:
    facts = model_facts(body["model"])
    return facts is not None and facts.binds_prefix


def _pairs(body: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return roles and blocks: neighbours of one role are one turn, a string is a text block."""
    pairs: list[tuple[str, Any]] = []
    for message in body["messages"]:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        pairs += [(message["role"], _bare(block)) for block in blocks]
    return pairs


def _digest(body: Mapping[str, Any], pairs: list[tuple[str, Any]]) -> str:
    system = body.get("system") or []
    blocks = [{"type": "text", "text": system}] if isinstance(system, str) else system
    tools = body.get("tools") or []
    whole = [[_bare(tool) for tool in tools], [_bare(block) for block in blocks], pairs]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _bare(inner) for name, inner in value.items() if name != _MOVING}
    return [_bare(inner) for inner in value] if isinstance(value, list) else value
