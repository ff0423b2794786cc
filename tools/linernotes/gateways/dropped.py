"""What the open gateway leaves out of a request to Claude without a word.

A recording of such a request would show an answer to another one. Read in `@portkey-ai/gateway`
1.15.2 (src/providers/anthropic/chatComplete.ts, messages.ts) and measured; the table is in
docs/harness/gateways.md, and tests/gateways holds the gateway against these sets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linernotes.gateways.relaying import CHAT, NotPlayedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MESSAGES_FIELDS = frozenset(
    {
        "container",
        "max_tokens",
        "mcp_servers",
        "messages",
        "metadata",
        "model",
        "service_tier",
        "stop_sequences",
        "stream",
        "system",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
    }
)
CHAT_FIELDS = frozenset(
    {
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "model",
        "stop",
        "stream",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
        "user",
    }
)
_HARMLESS = frozenset({"parallel_tool_calls", "stream_options"})
"""Fields whose loss shows in no answer: usage is always there, and parallel calls are the default."""

_FILE_SOURCES = {"file_data", "file_url"}


def check_nothing_dropped(path: str, body: Mapping[str, Any]) -> None:
    """Raise NotPlayedError if the open gateway would forget a part of this request."""
    known = CHAT_FIELDS | _HARMLESS if path == CHAT else MESSAGES_FIELDS
    for name in sorted(body.keys() - known):
        raise NotPlayedError(f"the open gateway drops `{name}` on its way to Claude")
    if body.get("parallel_tool_calls") is False:
        raise NotPlayedError("the open gateway drops `parallel_tool_calls` on its way to Claude")
    if path == CHAT:
        for what in _dropped_in_chat(body):
            raise NotPlayedError(f"the open gateway drops {what} on its way to Claude")


def _dropped_in_chat(body: Mapping[str, Any]) -> Iterator[str]:
    for tool in body.get("tools") or ():
        if (tool.get("function") or {}).get("strict"):
            yield "`strict` of a tool"
    for message in body.get("messages") or ():
        parts = message.get("content") if message.get("role") != "assistant" else None
        for part in parts if isinstance(parts, list) else ():
            file = part.get("file") or {}
            known = part.get("type") in ("text", "image_url") or file.keys() & _FILE_SOURCES
            if not known and message.get("role") != "tool":
                yield f"a content part of type `{part.get('type')}`" if not file else "a `file_id`"
            if (part.get("cache_control") or {}).get("ttl"):
                yield "`ttl` of a `cache_control`"
