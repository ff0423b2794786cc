"""Compaction: summaries, and what of a conversation the model still sees after one.

SDK: types/beta/beta_compaction_config_param.py, types/beta/beta_compaction_block.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linernotes.standin.identity import signature

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMPACTION = "compaction"
"""The type of the block, and the stop reason of an answer that ends with it."""


DEFAULT_TRIGGER = 150_000
"""Tokens. SDK: types/beta/beta_compact_20260112_edit_param.py."""


def is_asked_for(body: Mapping[str, Any]) -> bool:
    """Return whether a Messages request wants its conversation summarized, and no reply."""
    return body.get("compaction") is not None


def signed(text: str) -> dict[str, Any]:
    """Return the block that answers such a request."""
    return {"type": COMPACTION, "content": text, "signature": signature(text, COMPACTION)}


def edit_of(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the edit with which a request lets its history be compacted at a threshold."""
    wanted = (body.get("context_management") or {}).get("edits") or ()
    return next((edit for edit in wanted if edit["type"].startswith("compact_")), None)


def threshold(edit: Mapping[str, Any]) -> int:
    """Return the input tokens from which on an edit compacts."""
    return (edit.get("trigger") or {}).get("value", DEFAULT_TRIGGER)


def in_effect(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the request without what stands before its last summary: nobody reads that.

    Docs: build-with-claude/compaction-threshold, October 2026. A summary without text is one that
    failed, and has no effect.
    """
    if COMPACTION not in _types(body["messages"]):
        return body
    messages: list[Mapping[str, Any]] = []
    for message in body["messages"]:
        content = message["content"]
        blocks = [] if isinstance(content, str) else list(content)
        last = max((i for i, block in enumerate(blocks) if _stands_for_others(block)), default=None)
        if last is None:
            messages.append(message)
        else:
            messages = [{**message, "content": blocks[last:]}]
    return {**body, "messages": messages}


def _types(messages: Sequence[Mapping[str, Any]]) -> set[str]:
    return {
        block["type"]
        for message in messages
        if not isinstance(message["content"], str)
        for block in message["content"]
    }


def _stands_for_others(block: Mapping[str, Any]) -> bool:
    return block["type"] == COMPACTION and block.get("content") is not None
