"""Cache diagnostics: where a request's prompt parts from that of the request before.

SDK: types/diagnostics.py, types/message.py and types/cache_miss_*.py. What is compared is what was
sent, whether anything was cached or not. Breakpoints move, and don't count.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from linernotes.standin.prompt import prompt_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linernotes.standin.prompt import Part

MOST_KEPT = 1_000
"""Requests; the oldest is forgotten, so that memory stays bounded."""

_ASIDE = frozenset(
    {"cache_control", "diagnostics", "max_tokens", "messages", "metadata", "model", "speed"}
    | {"stop_sequences", "stream", "system", "tools"}
)
"""Fields that don't shape the prompt, or that have a reason of their own."""


@dataclass(frozen=True, slots=True)
class _Sent:
    """The parts of one prompt as digests, each with its tokens, and what else shapes it."""

    model: str
    parts: Mapping[str, tuple[tuple[str, int], ...]]
    others: str

    def tokens(self, *sections: str) -> int:
        return sum(tokens for name in sections for _, tokens in self.parts[name])


@dataclass(slots=True)
class Diagnostics:
    """The requests of one run that asked for diagnostics, by the ids of their answers."""

    kept: OrderedDict[str, _Sent] = field(default_factory=OrderedDict)

    def of(self, body: Mapping[str, Any], message_id: str) -> dict[str, Any] | None:
        """Return the `diagnostics` of an answer, None if nothing parts it; keep the request."""
        asked = body.get("diagnostics")
        if asked is None:
            return None
        sent = _sent(body)
        previous_id = asked.get("previous_message_id")
        previous = self.kept.get(previous_id) if previous_id else None
        self.kept[message_id] = sent
        if len(self.kept) > MOST_KEPT:
            self.kept.popitem(last=False)
        if previous_id is None:
            return None
        if previous is None:
            return {"cache_miss_reason": {"type": "previous_message_not_found"}}
        reason = _reason(previous, sent)
        return reason and {"cache_miss_reason": reason}


def _reason(previous: _Sent, sent: _Sent) -> dict[str, Any] | None:
    """Return why `sent` doesn't go on from `previous`: where the prefix parts first."""
    missed = previous.tokens("tools", "system", "messages")
    if previous.model != sent.model:
        return {"type": "model_changed", "cache_missed_input_tokens": missed}
    if previous.parts["tools"] != sent.parts["tools"]:
        return {"type": "tools_changed", "cache_missed_input_tokens": missed}
    if previous.parts["system"] != sent.parts["system"]:
        missed = previous.tokens("system", "messages")
        return {"type": "system_changed", "cache_missed_input_tokens": missed}
    before, after = previous.parts["messages"], sent.parts["messages"]
    same = sum(one[0] == other[0] for one, other in _until_they_part(before, after))
    if same < len(before):
        missed = sum(tokens for _, tokens in before[same:])
        return {"type": "messages_changed", "cache_missed_input_tokens": missed}
    return None if previous.others == sent.others else {"type": "unavailable"}


def _until_they_part(
    before: tuple[tuple[str, int], ...], after: tuple[tuple[str, int], ...]
) -> list[tuple[tuple[str, int], tuple[str, int]]]:
    pairs = list(zip(before, after, strict=False))
    parted = (index for index, (one, other) in enumerate(pairs) if one[0] != other[0])
    return pairs[: next(parted, len(pairs))]


def _sent(body: Mapping[str, Any]) -> _Sent:
    parts: dict[str, list[tuple[str, int]]] = {"tools": [], "system": [], "messages": []}
    output_format = (body.get("output_config") or {}).get("format")
    for part in prompt_parts(body):
        if part.value is output_format:
            continue  # It is no part of `system`, though it is read there.
        parts[part.section].append((_digest(_said(part)), part.tokens))
    others = {name: value for name, value in body.items() if name not in _ASIDE}
    return _Sent(
        f"{body['model']} {body.get('speed') or 'standard'}",
        {name: tuple(found) for name, found in parts.items()},
        _digest(others),
    )


def _said(part: Part) -> list[object]:
    value = {name: item for name, item in part.value.items() if name != "cache_control"}
    return [part.role, value]


def _digest(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:24]
