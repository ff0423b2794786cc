"""What the model says: from the script, or, where there is none, always the same."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from linernotes.contract.models import model_facts
from linernotes.standin import tokens
from linernotes.standin.binding import prefix_of
from linernotes.standin.blocks import filled
from linernotes.standin.citing import best_passage
from linernotes.standin.compacting import (
    COMPACTION,
    edit_of,
    in_effect,
    is_asked_for,
    signed,
    threshold,
)
from linernotes.standin.identity import signature
from linernotes.standin.mismatches import mismatches
from linernotes.standin.schema_example import example
from linernotes.standin.server_tools import NO_TIME, served

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linernotes.standin.identity import Identity
    from linernotes.standin.replies import ErrorReply, Reply

SHOWN_WORDS = 12
"""Words of the request that an unscripted answer quotes."""

UNSCRIPTED_THOUGHT = "The request is simulated, so a short thought will do before the answer."

SIMULATED = "This is a simulated answer: the Linernotes stand-in wrote it, not Claude."

_WORD = re.compile(r"[^\W\d_]{4,}")
_ANY = {"type": "object"}

PER_ANSWER = 3
PER_TOOL_CALL = 35
"""Output tokens that come on top of what can be read. Fitted to recorded answers."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Content blocks as the API sends them, why they end, and what they cost in tokens.

    `usage` takes the place of what would be worked out. `break_after` is the number of deltas
    after which a stream breaks, `broken_by` the error that does it, if not an overload.
    """

    content: tuple[Mapping[str, Any], ...]
    stop_reason: str
    stop_sequence: str | None = None
    stop_details: Mapping[str, Any] | None = None
    output_tokens: int = 0
    thinking_tokens: int = 0
    usage: Mapping[str, Any] = field(default_factory=dict)
    break_after: int | None = None
    broken_by: ErrorReply | None = None
    container: Mapping[str, Any] | None = None
    context_management: Mapping[str, Any] | None = None


class MismatchError(Exception):
    """A scripted reply that the model could not give to this request."""


def unscripted(body: Mapping[str, Any], identity: Identity) -> Answer:
    """Return the answer that needs no script: it fits the request's tools and schemas.

    Where the request's history has reached the threshold for it, a summary comes first. Raises
    BadSchemaError.
    """
    edit = edit_of(body)
    if edit is None or tokens.count_request(in_effect(body)) < threshold(edit):
        return _made_up(body, identity)
    summary = {"type": COMPACTION, "content": _summary(body)}
    if edit.get("pause_after_compaction"):
        return _whole(body, None, [summary], COMPACTION)
    answer = _made_up(body, identity)
    return replace(answer, content=(summary, *answer.content))


def _summary(body: Mapping[str, Any]) -> str:
    count = len(body["messages"])
    return f"{SIMULATED} The conversation had {count} message{'s'[: count > 1]}."


def _made_up(body: Mapping[str, Any], identity: Identity) -> Answer:
    if body["max_tokens"] == 0:
        return Answer((), "max_tokens")
    if is_asked_for(body):
        return _whole(body, None, [signed(_summary(body))], COMPACTION)
    thinks = (body.get("thinking") or {}).get("type") in ("adaptive", "enabled")
    tools = _tools_to_call(body)
    thought = UNSCRIPTED_THOUGHT if thinks else None
    result = served(tools[0], asked_text(body), identity) if tools else None
    if result is not None:
        answer = _within_limits(body, thought, [_text_block(SIMULATED), *result.blocks])
        return replace(answer, usage=result.usage, container=result.container)
    output_format = (body.get("output_config") or {}).get("format")
    calls = [tool for tool in tools if not _runs_on_the_server(tool)]
    if calls:
        parts = [
            _tool_use(tool["name"], example(tool.get("input_schema") or _ANY), identity, index)
            for index, tool in enumerate(calls)
        ]
    elif output_format:
        parts = [_text_block(_json_text(example(output_format["schema"])))]
    else:
        parts = _cited_text(body) or [_text_block(_plain_text(body))]
    return _within_limits(body, thought, parts)


def scripted(reply: Reply, body: Mapping[str, Any], identity: Identity) -> Answer:
    """Return the answer that the script gives. Raises MismatchError or BadSchemaError.

    Stop sequences and `max_tokens` cut what the script says, unless it says itself why it ends.
    """
    for mismatch in mismatches(reply, body):
        raise MismatchError(mismatch)
    if is_asked_for(body):
        return replace(
            _compacted(reply, body),
            usage=reply.usage,
            break_after=reply.break_after,
            broken_by=reply.error,
        )
    if reply.content is not None:
        bound = prefix_of(body)
        content = enumerate(reply.content)
        parts = [filled(block, identity, index, bound) for index, block in content]
    else:
        parts = _parts(reply, identity)
    if reply.content is not None or reply.stop_reason is not None:
        stop_reason = reply.stop_reason or _natural_end(parts)
        answer = _whole(body, reply.thinking, parts, stop_reason)
    else:
        answer = _within_limits(body, reply.thinking, parts)
    return replace(
        answer,
        stop_sequence=reply.stop_sequence or answer.stop_sequence,
        stop_details=_stop_details(reply),
        usage=reply.usage,
        break_after=reply.break_after,
        broken_by=reply.error,
        container=_container(reply, identity),
        context_management=reply.context_management,
    )


def _compacted(reply: Reply, body: Mapping[str, Any]) -> Answer:
    """Return the scripted text, or block, as a signed summary; none if the reply ends otherwise."""
    if reply.stop_reason not in (None, COMPACTION):
        return replace(_whole(body, None, (), reply.stop_reason), stop_details=_stop_details(reply))
    if reply.content is None:
        return _whole(body, None, [signed(reply.text or "")], COMPACTION)
    (block,) = reply.content
    return _whole(body, None, [signed(str(block["content"])) | block], COMPACTION)


def _container(reply: Reply, identity: Identity) -> Mapping[str, Any] | None:
    """Return the scripted container with what the script left out."""
    if reply.container is None:
        return None
    return {"id": identity.id("container"), "expires_at": NO_TIME, **reply.container}


def _parts(reply: Reply, identity: Identity) -> list[dict[str, Any]]:
    said = _json_text(reply.json_) if reply.has_json else reply.text
    text = [] if said is None else [_text_block(said)]
    return text + [
        _tool_use(call.name, call.input, identity, index)
        for index, call in enumerate(reply.tool_calls)
    ]


def _stop_details(reply: Reply) -> dict[str, Any] | None:
    if reply.stop_reason != "refusal":
        return None
    details = reply.stop_details
    return {
        "type": "refusal",
        "category": details.category if details else None,
        "explanation": details.explanation if details else None,
    }


def _whole(
    body: Mapping[str, Any],
    thought: str | None,
    parts: Sequence[Mapping[str, Any]],
    stop_reason: str,
) -> Answer:
    """Return the thought and the parts as they are."""
    model = body["model"]
    thinking_tokens = tokens.count(thought, model) if thought else 0
    spent = thinking_tokens + _cost(parts, model) + PER_ANSWER
    return Answer(
        tuple(parts) if thought is None else (_thinking_block(thought, body), *parts),
        stop_reason,
        output_tokens=body["max_tokens"] if stop_reason == "max_tokens" else spent,
        thinking_tokens=thinking_tokens,
    )


def _within_limits(
    body: Mapping[str, Any], thought: str | None, parts: Sequence[Mapping[str, Any]]
) -> Answer:
    """Return the thought and the parts as far as stop sequences and `max_tokens` let them go."""
    model = body["model"]
    left = body["max_tokens"] - (tokens.count(thought, model) if thought else 0)
    kept: list[Mapping[str, Any]] = []
    for part in parts:
        if part["type"] == "text":
            wanted, stop_sequence = _until_stop_sequence(part["text"], body)
            text = tokens.cut(wanted, max(left, 0), model)
            kept += [{**part, "text": text}] if text else []
            if text != wanted:
                return _whole(body, thought, kept, "max_tokens")
            if stop_sequence:
                ended = _whole(body, thought, kept, "stop_sequence")
                return replace(ended, stop_sequence=stop_sequence)
        elif _cost((part,), model) > left:
            return _whole(body, thought, kept, "max_tokens")
        else:
            kept.append(part)
        left -= _cost((part,), model)
    return _whole(body, thought, kept, _natural_end(kept))


def _until_stop_sequence(text: str, body: Mapping[str, Any]) -> tuple[str, str | None]:
    found = [
        (text.index(sequence), sequence)
        for sequence in body.get("stop_sequences") or ()
        if sequence and sequence in text
    ]
    if not found:
        return text, None
    position, sequence = min(found)
    return text[:position], sequence


def _natural_end(content: Sequence[Mapping[str, Any]]) -> str:
    if content and all(block["type"] == COMPACTION for block in content):
        return COMPACTION
    return "tool_use" if any(block["type"] == "tool_use" for block in content) else "end_turn"


def _cost(content: Sequence[Mapping[str, Any]], model: str) -> int:
    """Return the output tokens of blocks, without what is thought."""
    total = 0
    for block in content:
        if block["type"] == "text":
            total += tokens.count(block["text"], model)
        elif block["type"] == COMPACTION and "signature" in block:
            total += tokens.count(block["content"], model)
        elif "input" in block:
            total += PER_TOOL_CALL + tokens.count(_json_text(block["input"]), model)
    return total


def _json_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _text_block(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _thinking_block(thought: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Show the thought, or only its signature, as the request and the model's default have it."""
    facts = model_facts(body["model"])
    by_default = "summarized" if facts and facts.shows_thinking else "omitted"
    display = (body.get("thinking") or {}).get("display") or by_default
    shown = "" if display == "omitted" else thought
    return {"type": "thinking", "thinking": shown, "signature": signature(shown, prefix_of(body))}


def _tool_use(name: str, input_: object, identity: Identity, index: int) -> dict[str, Any]:
    return {
        "type": "tool_use",
        "id": identity.id("toolu", str(index)),
        "name": name,
        "input": input_,
        "caller": {"type": "direct"},
    }


def _tools_to_call(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the tools that an unscripted answer calls, none if one just answered.

    Those are the request's own tools that the question names, together if it may be, else the
    first of them, else the first of those that run on the server.
    """
    choice = body.get("tool_choice") or {"type": "auto"}
    offered = [tool for tool in body.get("tools") or () if "name" in tool]
    own = [tool for tool in offered if "input_schema" in tool and not tool.get("defer_loading")]
    if choice["type"] == "tool":
        return [tool for tool in offered if tool["name"] == choice["name"]][:1]
    named = _named(own, asked_text(body)) or own[:1]
    if choice.get("disable_parallel_tool_use"):
        named = named[:1]
    if choice["type"] == "any":
        return named or offered[:1]
    if choice["type"] == "none" or _tool_results(body):
        return []
    if named or body["messages"][-1]["role"] == "assistant":  # A paused turn that goes on.
        return named
    return [tool for tool in offered if _runs_on_the_server(tool)][:1]


def _named(tools: Sequence[Mapping[str, Any]], asked: str) -> list[Mapping[str, Any]]:
    """Return the tools of whose names a word stands in the question, short words aside."""
    words = set(_WORD.findall(asked.lower()))
    return [tool for tool in tools if words & set(_WORD.findall(tool["name"].lower()))]


def _runs_on_the_server(tool: Mapping[str, Any]) -> bool:
    return (tool.get("type") or "").startswith(("web_search_", "web_fetch_", "code_execution_"))


def _cited_text(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return an answer that cites the request's documents; nothing where none can be cited."""
    passage = best_passage(body, asked_text(body))
    if passage is None:
        return []
    cited = _text_block(passage.text) | {"citations": [passage.citation]}
    return [_text_block(f"{SIMULATED} The document says: "), cited]


def _plain_text(body: Mapping[str, Any]) -> str:
    results = _tool_results(body)
    quoted = " ".join(" ".join(results or _user_texts(body)).split()[:SHOWN_WORDS])
    subject = "The tool returned" if results else "The message begins"
    return f"{SIMULATED} {subject}: {quoted or '(no text)'}"


def _last_content(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    content = body["messages"][-1]["content"]
    return [_text_block(content)] if isinstance(content, str) else content


def asked_text(body: Mapping[str, Any]) -> str:
    """Return the text of the last message: what was written, and what tools returned."""
    return "\n".join((*_user_texts(body), *_tool_results(body)))


def _user_texts(body: Mapping[str, Any]) -> list[str]:
    return [block["text"] for block in _last_content(body) if block["type"] == "text"]


def _tool_results(body: Mapping[str, Any]) -> list[str]:
    """Return the texts of the tool results in the last message."""
    texts: list[str] = []
    for block in _last_content(body):
        if block["type"] == "tool_result":
            content = block.get("content") or ""
            parts = [_text_block(content)] if isinstance(content, str) else content
            texts.append(" ".join(part["text"] for part in parts if part["type"] == "text"))
    return texts
