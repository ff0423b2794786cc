"""Rules on the order of messages and blocks: who speaks, which tool is answered, what is cached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linernotes.contract.compaction import begins_with_summary
from linernotes.contract.rules import Block, Request, Rule, Turn, blocks_of, broken
from linernotes.contract.versions import NEW

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from linernotes.contract.violations import Violation

MOST_BREAKPOINTS = 4


def _starts_with_user(request: Request) -> Iterator[Violation]:
    if not request.body["messages"]:
        yield broken(
            "messages",
            "messages: at least one message is required",
            [],
            "Add a message: `{'role': 'user', 'content': ...}`.",
        )
    elif begins_with_summary(request) or request.continues_thread:
        return
    elif request.turns and request.turns[0].role != "user":
        yield broken(
            "messages.0.role",
            'messages: first message must use the "user" role',
            request.turns[0].role,
            "Put the user's message first; instructions go into `system`.",
            ("user",),
        )


def _text_is_not_empty(request: Request) -> Iterator[Violation]:
    for turn in request.turns:
        for block in turn.blocks:
            if block.type == "text" and not block.value["text"]:
                yield broken(
                    block.path,
                    "messages: text content blocks must be non-empty",
                    "",
                    "Write a text, or leave the block out.",
                )


def _system_role_is_supported(request: Request) -> Iterator[Violation]:
    if request.model is None or request.model.system_messages:
        return
    for index, message in enumerate(request.body["messages"]):
        if message["role"] == "system":
            yield broken(
                f"messages.{index}.role",
                "role 'system' is not supported on this model",
                "system",
                "Put instructions into the top-level `system` parameter.",
                ("user", "assistant"),
            )


def _ids(blocks: tuple[Block, ...], type_: str, key: str) -> tuple[str, ...]:
    return tuple(block.value[key] for block in blocks if block.type == type_)


def _answered_ids(turn: Turn) -> frozenset[str]:
    """Return the tools that a turn answers: a result after another block of its message is late."""
    answered = set()
    late: set[str] = set()
    for block in turn.blocks:
        message = block.path.partition(".content")[0]
        if block.type != "tool_result":
            late.add(message)
        elif message not in late:
            answered.add(block.value["tool_use_id"])
    return frozenset(answered)


def _tool_uses_are_answered(request: Request) -> Iterator[Violation]:
    followers = (*request.turns[1:], None)[: len(request.turns)]
    for turn, following in zip(request.turns, followers, strict=True):
        if turn.role != "assistant":
            continue
        called = _ids(turn.blocks, "tool_use", "id")
        answered = _answered_ids(following) if following else frozenset()
        missing = [tool_id for tool_id in called if tool_id not in answered]
        if missing:
            listed = ", ".join(missing)
            yield broken(
                turn.path,
                f"{turn.path}: `tool_use` ids were found without `tool_result` blocks immediately "
                f"after: {listed}. Each `tool_use` block must have a corresponding `tool_result` "
                "block in the next message.",
                missing,
                "Follow the assistant's message with one user message that begins with a "
                "`tool_result` for every `tool_use`.",
            )


def _tool_results_answer(request: Request) -> Iterator[Violation]:
    if request.continues_thread:
        return
    before: Turn | None = None
    for turn in request.turns:
        called = _ids(before.blocks, "tool_use", "id") if before else ()
        for block in turn.blocks:
            if block.type == "tool_result" and block.value["tool_use_id"] not in called:
                yield broken(
                    block.path,
                    f"{block.path}: unexpected `tool_use_id` found in `tool_result` blocks: "
                    f"{block.value['tool_use_id']}. Each `tool_result` block must have a "
                    "corresponding `tool_use` block in the previous message.",
                    block.value["tool_use_id"],
                    "Send the assistant's message with the `tool_use` block, unchanged, just "
                    "before this one.",
                    called,
                )
        before = turn


def _ends_with_user(request: Request) -> Iterator[Violation]:
    if not request.turns or request.turns[-1].role != "assistant" or request.continues_thread:
        return
    if request.body.get("compaction"):
        return  # Nothing is said after the conversation: it is summarized.
    last = request.turns[-1]
    if any(block.type not in ("text", "thinking", "redacted_thinking") for block in last.blocks):
        return  # A paused turn that goes on, or a tool call that another rule asks an answer for.
    if request.model is not None and not request.model.prefill:
        yield broken(
            last.path,
            "This model does not support assistant message prefill. The conversation must end "
            "with a user message.",
            "assistant",
            "End with a user message; use `output_config={'format': ...}` to fix the form of the "
            "answer.",
            ("user",),
        )
    elif request.thinking == "enabled":
        yield broken(
            last.path,
            "The conversation must end with a user message when thinking is enabled.",
            "assistant",
            "End with a user message, or turn thinking off.",
            ("user",),
        )


def _cache_controls(request: Request) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each breakpoint and its place, in the order of the prefix: tools, system, messages."""
    places: list[Block] = []
    for index, tool in enumerate(request.body.get("tools") or ()):
        places.append(Block(f"tools.{index}", "tool", tool))
    places += blocks_of(request.body.get("system") or [], "system")
    for index, message in enumerate(request.body["messages"]):
        places += blocks_of(message["content"], f"messages.{index}.content")
    for place in places:
        yield from _own_and_nested(place)
    if request.body.get("cache_control"):
        yield "cache_control", request.body["cache_control"]


def _own_and_nested(block: Block) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if block.type == "tool_result" and isinstance(block.value.get("content"), list):
        for nested in blocks_of(block.value["content"], f"{block.path}.content"):
            yield from _own_and_nested(nested)
    if block.value.get("cache_control"):
        yield f"{block.path}.cache_control", block.value["cache_control"]


def _few_breakpoints(request: Request) -> Iterator[Violation]:
    found = list(_cache_controls(request))
    if len(found) > MOST_BREAKPOINTS:
        yield broken(
            found[MOST_BREAKPOINTS][0],
            f"A maximum of {MOST_BREAKPOINTS} blocks with cache_control may be provided. Found "
            f"{len(found)}.",
            len(found),
            f"Keep {MOST_BREAKPOINTS} `cache_control` marks: the last stable block of each part "
            "is enough.",
        )


def _long_lived_first(request: Request) -> Iterator[Violation]:
    short = None
    for path, control in _cache_controls(request):
        if control.get("ttl") == "1h" and short:
            yield broken(
                path,
                f"{path}.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' "
                "cache_control block.",
                "1h",
                f"Give `{short}` the longer life, or this one the shorter.",
            )
        elif control.get("ttl") != "1h":
            short = path


def _no_document_from_assistant(request: Request) -> Iterator[Violation]:
    if request.api_version != NEW:
        return
    for turn in request.turns:
        for block in turn.blocks if turn.role == "assistant" else ():
            if block.type == "document":
                yield broken(
                    block.path,
                    f"{block.path}: `document` blocks are not permitted in assistant messages",
                    "document",
                    "From API version 2026-10-21 documents belong in user messages: move it there.",
                )


def _no_citations_from_user(request: Request) -> Iterator[Violation]:
    if request.api_version != NEW:
        return
    for turn in request.turns:
        for block in turn.blocks if turn.role == "user" else ():
            nested = (
                blocks_of(block.value.get("content") or [], f"{block.path}.content")
                if block.type in ("search_result", "tool_result")
                else ()
            )
            for text in (block, *nested):
                if text.type == "text" and text.value.get("citations"):
                    yield broken(
                        f"{text.path}.citations",
                        f"{text.path}.citations: citations are not permitted on text in user "
                        "messages",
                        text.value["citations"],
                        "From API version 2026-10-21 only the assistant cites: delete "
                        "`citations` from the user's text.",
                    )


RULES = (
    Rule(
        _starts_with_user, "the API's answer in public issue threads; SDK: types/message_param.py"
    ),
    Rule(_text_is_not_empty, "the API's answer in public issue threads"),
    Rule(_system_role_is_supported, "docs: build-with-claude, August 2026; the API's answer"),
    Rule(_tool_uses_are_answered, "docs: tool-use troubleshooting, August 2026"),
    Rule(_tool_results_answer, "docs: tool-use troubleshooting, August 2026"),
    Rule(_ends_with_user, "docs: api/errors (prefill not supported), August to October 2026"),
    Rule(_few_breakpoints, "docs: build-with-claude/prompt-caching, August 2026"),
    Rule(_long_lived_first, "docs: build-with-claude/prompt-caching, August 2026"),
    Rule(_no_document_from_assistant, "docs: api/migration-2026-10-21, October 2026"),
    Rule(_no_citations_from_user, "docs: api/migration-2026-10-21, October 2026"),
)
