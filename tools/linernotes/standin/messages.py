"""The body of an answer: a message with its usage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linernotes.contract.lifecycle import snapshot
from linernotes.contract.models import model_facts
from linernotes.standin.caching import CacheUse
from linernotes.standin.compacting import COMPACTION, in_effect
from linernotes.standin.tokens import count, count_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linernotes.standin.answers import Answer
    from linernotes.standin.identity import Identity

FIRST_GEO_CONTEXT = 1_000_000
"""Models with a smaller window answer `inference_geo: not_available`, as recorded."""


def message_of(answer: Answer, body: Mapping[str, Any], identity: Identity) -> dict[str, Any]:
    """Return the message that answers the request `body`."""
    message: dict[str, Any] = {
        "model": snapshot(body["model"]),
        "id": identity.id("msg"),
        "type": "message",
        "role": "assistant",
        "content": list(answer.content),
        "stop_reason": answer.stop_reason,
        "stop_sequence": answer.stop_sequence,
        "stop_details": answer.stop_details,
        "usage": _usage(answer, in_effect(body), identity),
    }
    if answer.container is not None:
        message["container"] = dict(answer.container)
    if body.get("context_management") is not None:
        message["context_management"] = dict(answer.context_management or {"applied_edits": []})
    if body.get("diagnostics") is not None:
        memory = identity.memory
        message["diagnostics"] = memory.diagnostics.of(body, message["id"]) if memory else None
    return message


def _cache_use(body: Mapping[str, Any], identity: Identity) -> CacheUse:
    memory = identity.memory
    return memory.cache.use(body, memory.clock.now()) if memory else CacheUse()


def _usage(answer: Answer, body: Mapping[str, Any], identity: Identity) -> dict[str, Any]:
    """Return the usage; where the answer begins with a summary, by its two runs of the model.

    The first run reads the conversation and writes the summary, which the second goes on from. Only
    the second is in the sums. SDK: types/beta/beta_usage.py.
    """
    summaries = [
        block
        for block in answer.content
        if block["type"] == COMPACTION and "signature" not in block and block["content"]
    ]
    if not summaries:
        return _usage_of_one(answer, body, _cache_use(body, identity)) | dict(answer.usage)
    before = _usage_of_one(answer, body, _cache_use(body, identity))
    before["output_tokens"] = count(summaries[-1]["content"], body["model"])
    messages = [{"role": "assistant", "content": summaries[-1:]}, body["messages"][-1]]
    after = _usage_of_one(answer, {**body, "messages": messages}, CacheUse())
    runs = ((COMPACTION, before), ("message", after))
    after["iterations"] = [
        {"type": type_, **{key: usage[key] for key in _OF_A_RUN}} for type_, usage in runs
    ]
    return after | dict(answer.usage)


_OF_A_RUN = (
    "input_tokens",
    "output_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "cache_creation",
)


def _usage_of_one(answer: Answer, body: Mapping[str, Any], cached: CacheUse) -> dict[str, Any]:
    facts = model_facts(body["model"])
    has_geo = facts is None or facts.context >= FIRST_GEO_CONTEXT
    return {
        "input_tokens": count_request(body) - cached.tokens,
        "cache_creation_input_tokens": cached.written_5m + cached.written_1h,
        "cache_read_input_tokens": cached.read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": cached.written_5m,
            "ephemeral_1h_input_tokens": cached.written_1h,
        },
        "output_tokens": answer.output_tokens,
        "service_tier": "standard",
        "inference_geo": (body.get("inference_geo") or "global") if has_geo else "not_available",
        "output_tokens_details": {"thinking_tokens": answer.thinking_tokens},
    }
