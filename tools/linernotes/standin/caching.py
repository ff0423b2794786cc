"""Prompt caching: which part of a prompt was seen before, and what `usage` says of it.

Docs: build-with-claude/prompt-caching, August 2026. A breakpoint (`cache_control`) asks for the
prompt up to its block to be kept. A later request with a breakpoint finds what was kept if all
that comes before is the same, and if the kept part ends at most 20 blocks before that breakpoint.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from linernotes.contract.lifecycle import snapshot
from linernotes.contract.models import model_facts
from linernotes.standin.prompt import prompt_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from linernotes.standin.prompt import Part

LOOKBACK = 20
"""Blocks that a breakpoint looks at, itself among them."""

LIFETIMES = {"5m": 300, "1h": 3600}
"""Seconds, by `ttl`. A read starts them anew."""

MOST_KEPT = 10_000
"""Prefixes; the one that was used longest ago is forgotten, so that memory stays bounded."""


@dataclass(frozen=True, slots=True)
class CacheUse:
    """Input tokens of one request that were read from the cache, or written to it, by lifetime."""

    read: int = 0
    written_5m: int = 0
    written_1h: int = 0

    @property
    def tokens(self) -> int:
        """Tokens that are not in `input_tokens`."""
        return self.read + self.written_5m + self.written_1h


@dataclass(slots=True)
class _Kept:
    lifetime: int
    until: float


@dataclass(frozen=True, slots=True)
class _Position:
    """The prompt up to and with one block."""

    digest: str
    tokens: int
    ttl: str | None


@dataclass(slots=True)
class PromptCache:
    """The prefixes that one run keeps."""

    kept: OrderedDict[str, _Kept] = field(default_factory=OrderedDict)

    def use(self, body: Mapping[str, Any], now: float) -> CacheUse:
        """Look the prompt up, keep what its breakpoints ask for, and say what that comes to.

        `now` is in seconds, from any start. Below the model's minimum nothing is kept, and that is
        no error.
        """
        parts = tuple(prompt_parts(body))
        if all(part.cache_control is None for part in parts):
            return CacheUse()
        positions = tuple(_positions(body, parts))
        facts = model_facts(body["model"])
        minimum = facts.cache_minimum if facts else 0
        marked = [
            index
            for index, position in enumerate(positions)
            if position.ttl and position.tokens >= minimum
        ]
        found = max((self._found(positions, index, now) for index in marked), default=-1)
        for index in marked:
            self._keep(positions[index], now)
        read = positions[found].tokens if found >= 0 else 0
        written = {"5m": 0, "1h": 0}
        done = read
        for index in marked:
            if index > found:
                written[positions[index].ttl or "5m"] += positions[index].tokens - done
                done = positions[index].tokens
        return CacheUse(read, written["5m"], written["1h"])

    def _found(self, positions: Sequence[_Position], breakpoint_: int, now: float) -> int:
        """Return the last kept position that a breakpoint finds, -1 if there is none."""
        for index in range(breakpoint_, max(breakpoint_ - LOOKBACK, -1), -1):
            kept = self.kept.get(positions[index].digest)
            if kept is not None and kept.until > now:
                kept.until = now + kept.lifetime
                self.kept.move_to_end(positions[index].digest)
                return index
        return -1

    def _keep(self, position: _Position, now: float) -> None:
        kept = self.kept.pop(position.digest, None)
        wanted = LIFETIMES[position.ttl or "5m"]
        lifetime = max(wanted, kept.lifetime) if kept and kept.until > now else wanted
        self.kept[position.digest] = _Kept(lifetime, now + lifetime)
        if len(self.kept) > MOST_KEPT:
            self.kept.popitem(last=False)


def _positions(body: Mapping[str, Any], parts: Sequence[Part]) -> Iterator[_Position]:
    """Yield the prompt's prefixes, from the first block to the last."""
    digest = hashlib.sha256(snapshot(body["model"]).encode())
    section = "tools"
    totals = accumulate(part.tokens for part in parts)
    for part, tokens in zip(parts, totals, strict=True):
        if part.section != section:
            if section == "tools":
                digest.update(_text(_system_settings(body)))
            if part.section == "messages":
                digest.update(_text(_message_settings(body)))
            section = part.section
        digest.update(_text([part.section, part.role, _without_mark(part.value)]))
        ttl = (part.cache_control.get("ttl") or "5m") if part.cache_control else None
        yield _Position(digest.hexdigest(), tokens, ttl)


def _system_settings(body: Mapping[str, Any]) -> list[object]:
    """Return what changes the system prompt, and with it all that follows."""
    return [_mentions_citations(body), body.get("speed") or "standard"]


def _message_settings(body: Mapping[str, Any]) -> list[object]:
    """Return what leaves tools and system prompt cached, but not the messages."""
    return [
        body.get("tool_choice") or {"type": "auto"},
        body.get("thinking"),
        (body.get("output_config") or {}).get("effort"),
        any(_has_image(message["content"]) for message in body["messages"]),
    ]


def _mentions_citations(body: Mapping[str, Any]) -> bool:
    return any(
        (block.get("citations") or {}).get("enabled")
        for message in body["messages"]
        if not isinstance(message["content"], str)
        for block in message["content"]
        if block.get("type") in ("document", "search_result")
    )


def _has_image(content: Any) -> bool:
    if not isinstance(content, list):
        return False
    return any(
        block.get("type") == "image" or _has_image(block.get("content"))
        for block in content
        if isinstance(block, dict)
    )


def _without_mark(value: Any) -> Any:
    """Return a block without its breakpoints, which move from request to request."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if key != "cache_control"}
        if kept.get("type") == "tool_result" and isinstance(kept.get("content"), list):
            kept["content"] = [_without_mark(item) for item in kept["content"]]
        return dict(sorted(kept.items()))
    return value


def _text(value: object) -> bytes:
    """Return JSON in the order that it came in: the order of keys in a tool's input counts."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
