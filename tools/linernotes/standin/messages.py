"""The body of an answer: a message with its usage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linernotes.contract.lifecycle import snapshot
from linernotes.contract.models import model_facts
from linernotes.standin.caching import CacheUse
from linernotes.standin.tokens import count_request

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
        "usage": _usage(answer, body, _cache_use(body, identity)),
    }
    if answer.container is not None:
        message["container"] = dict(answer.container)
    if "context_management" in body:
        message["context_management"] = {"applied_edits": []}
    if "diagnostics" in body:
        message["diagnostics"] = None
    return message


def _cache_use(body: Mapping[str, Any], identity: Identity) -> CacheUse:
    memory = identity.memory
    return memory.cache.use(body, memory.clock.now()) if memory else CacheUse()


def _usage(answer: Answer, body: Mapping[str, Any], cached: CacheUse) -> dict[str, Any]:
    facts = model_facts(body["model"])
    has_geo = facts is None or facts.context >= FIRST_GEO_CONTEXT
    worked_out = {
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
    return worked_out | dict(answer.usage)
