"""The same message as a stream of server-sent events."""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

WORDS = (1, 6, 4, 9, 3, 7, 5)
"""How many words the deltas of a text have, over and over. Like recorded ones: the first short."""

JSON_CHARACTERS = (11, 5, 8, 3, 12, 4, 9)
"""The same for pieces of JSON, which don't end at words."""

_WORD = re.compile(r"\s*\S+|\s+")

_AT_THE_END = ("container", "context_management")
"""Members of a message that its stream has in `message_delta`, as recorded."""

Event = dict[str, Any]


def events_of(
    message: Mapping[str, Any], break_after: int | None, broken: Event
) -> Iterator[Event]:
    """Yield the events of a message; `broken` ends them after `break_after` deltas, if that is set.

    Docs: build-with-claude/streaming. A ping comes after the first block's start, as recorded.
    """
    deltas = 0
    for event in _all_events(message):
        if event["type"] == "content_block_delta":
            if deltas == break_after:
                yield broken
                return
            deltas += 1
        elif event["type"] == "message_delta" and break_after is not None:
            yield broken
            return
        yield event


def _all_events(message: Mapping[str, Any]) -> Iterator[Event]:
    yield {"type": "message_start", "message": _started(message)}
    for index, block in enumerate(message["content"]):
        yield {"type": "content_block_start", "index": index, "content_block": _empty(block)}
        if index == 0:
            yield {"type": "ping"}
        for delta in _deltas(block):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    yield _message_delta(message)
    yield {"type": "message_stop"}


def _started(message: Mapping[str, Any]) -> dict[str, Any]:
    later = ("iterations", "output_tokens_details", "server_tool_use")
    usage = {key: value for key, value in message["usage"].items() if key not in later}
    return {
        **{key: value for key, value in message.items() if key not in _AT_THE_END},
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
        "usage": usage | {"output_tokens": min(1, usage["output_tokens"])},
    }


def _message_delta(message: Mapping[str, Any]) -> Event:
    usage = message["usage"]
    kept = (
        "input_tokens",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "output_tokens",
        "output_tokens_details",
        "server_tool_use",
        "iterations",
    )
    ends = ("stop_reason", "stop_sequence", "stop_details", "container")
    edits = {key: message[key] for key in ("context_management",) if key in message}
    return {
        "type": "message_delta",
        "delta": {key: message[key] for key in ends if key in message},
        "usage": {key: usage[key] for key in kept if key in usage},
        **edits,
    }


def _empty(block: Mapping[str, Any]) -> dict[str, Any]:
    """Return a block as it starts: what its deltas bring is not there yet."""
    match block["type"]:
        case "text":
            citations = {"citations": []} if block.get("citations") else {}
            return {**citations, "type": "text", "text": ""}
        case "thinking":
            return {"type": "thinking", "thinking": "", "signature": ""}
        case "compaction":
            return {**block, "content": None}
        case _ if "input" in block:
            return {**block, "input": {}}
        case _:
            return dict(block)


def _deltas(block: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    match block["type"]:
        case "text":
            for citation in block.get("citations") or ():
                yield {"type": "citations_delta", "citation": citation}
            for piece in text_pieces(block["text"]):
                yield {"type": "text_delta", "text": piece}
        case "thinking":
            for piece in text_pieces(block["thinking"]):
                yield {"type": "thinking_delta", "thinking": piece}
            yield {"type": "signature_delta", "signature": block["signature"]}
        case "compaction":
            # In one piece: SDK, lib/streaming/_beta_messages.py, sets what a delta has.
            yield {"type": "compaction_delta", "content": block["content"]}
        case _ if "input" in block:
            yield {"type": "input_json_delta", "partial_json": ""}
            for piece in _json_pieces(json.dumps(block["input"], ensure_ascii=False)):
                yield {"type": "input_json_delta", "partial_json": piece}


def text_pieces(text: str) -> Iterator[str]:
    """Yield a text in pieces of a few words; joined, they are the text again."""
    words = iter(_WORD.findall(text))
    for size in itertools.cycle(WORDS):
        piece = "".join(itertools.islice(words, size))
        if not piece:
            return
        yield piece


def _json_pieces(text: str) -> Iterator[str]:
    position = 0
    for size in itertools.cycle(JSON_CHARACTERS):
        if position >= len(text):
            return
        yield text[position : position + size]
        position += size


def encoded(events: Iterable[Event]) -> Iterator[bytes]:
    """Yield each event as it goes over the wire."""
    for event in events:
        data = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        yield f"event: {event['type']}\ndata: {data}\n\n".encode()
