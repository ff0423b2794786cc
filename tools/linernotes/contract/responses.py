"""Checking a response: whether it is what the SDK's types say that the API sends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from anthropic.types import Message, MessageTokensCount, ModelInfo, RawMessageStreamEvent
from anthropic.types.beta import (
    BetaMessage,
    BetaMessageTokensCount,
    BetaModelInfo,
    BetaRawMessageStreamEvent,
)
from anthropic.types.shared import ErrorResponse

from linernotes.contract.schema import COUNT_TOKENS, MESSAGES
from linernotes.contract.shapes import Problem, Tag, problems, shape_of
from linernotes.contract.violations import Violation, shown

MODELS = "/v1/models"

_BODIES: dict[str, tuple[Any, ...]] = {
    MESSAGES: (Message, BetaMessage),
    COUNT_TOKENS: (MessageTokensCount, BetaMessageTokensCount),
    MODELS: (ModelInfo, BetaModelInfo),
}
_EVENTS: dict[str, tuple[Any, ...]] = {MESSAGES: (RawMessageStreamEvent, BetaRawMessageStreamEvent)}
_SOURCE = "the SDK's response types"
_ORDER_SOURCE = "docs: build-with-claude/streaming, August 2026"

KNOWN_DIFFERENCES = {
    ("missing", "usage.server_tool_use.web_fetch_requests"): (
        "the SDK's type requires it; answers from before web fetch, in 2025, don't have it"
    ),
    ("member", "error.type"): (
        "the SDK's union of errors is shorter than the list in docs api/errors, which has "
        "request_too_large and conflict_error"
    ),
}
"""Where real answers are not as the SDK's types say (how, and at the end of which path), and why."""


def check_response(
    path: str, body: Mapping[str, Any] | Sequence[Mapping[str, Any]]
) -> tuple[Violation, ...]:
    """Return what in the answer of `path` is not as the SDK's types say.

    `body` is the JSON of the answer, or the list of a stream's events, each with its `type`. A
    list of models is checked model by model. A path whose answer has no type yields nothing.
    """
    if isinstance(body, Mapping):
        if body.get("type") == "error":
            return _misread((ErrorResponse,), body)
        if path == MODELS and "data" in body:
            models = [_misread(_BODIES[path], model, ("data",)) for model in body["data"]]
            return tuple(violation for found in models for violation in found)
        return _misread(_BODIES.get(path, ()), body)
    strange = next((number for number, one in enumerate(body) if not _is_object(one)), None)
    if strange is not None:
        said = f"{strange}: Input should be a valid dictionary"
        remedy = "A list of events has objects alone: record it again."
        found = Violation(str(strange), said, shown(body[strange]), (), remedy, _SOURCE)
        return (found,)
    return (*_misread_events(path, body), *_out_of_order(body))


def _is_object(value: object) -> bool:
    return isinstance(value, Mapping)


def _misread_events(path: str, events: Sequence[Mapping[str, Any]]) -> Iterator[Violation]:
    for index, event in enumerate(events):
        if event.get("type") == "error":
            yield from _misread((ErrorResponse,), event, (index,))
        elif event.get("type") != "ping":  # The SDK has no type for it and swallows it.
            yield from _misread(_EVENTS.get(path, ()), event, (index,))


def _misread(
    types: tuple[Any, ...], value: object, where: tuple[int | str, ...] = ()
) -> tuple[Violation, ...]:
    """Return nothing if one of the types fits the value, else what keeps the closest from it."""
    readings = (tuple(_violations(problems(shape_of(type_), value, where))) for type_ in types)
    return min(readings, key=len, default=())


def _violations(found: Iterator[Problem]) -> Iterator[Violation]:
    for problem in found:
        path = ".".join(str(part) for part in problem.path if not isinstance(part, Tag))
        if any(problem.kind == kind and path.endswith(end) for kind, end in KNOWN_DIFFERENCES):
            continue
        yield Violation(
            path,
            f"{path}: {problem.message}",
            shown(problem.found),
            problem.wanted,
            "Record it again, or update the SDK.",
            _SOURCE,
        )


def _out_of_order(events: Sequence[Mapping[str, Any]]) -> Iterator[Violation]:
    """Yield events that come where a client doesn't expect them.

    A stream is `message_start`, then blocks one after another, each with its start, deltas and
    stop, then `message_delta` and `message_stop`. `ping` may come anywhere; `error` ends it.
    """
    kinds = [event.get("type") for event in events if event.get("type") != "ping"]
    if kinds[:1] not in ([], ["message_start"], ["error"]):
        yield _misplaced(0, kinds[0], "message_start")
    if kinds and kinds[-1] not in ("message_stop", "error"):
        yield _misplaced(len(events) - 1, kinds[-1], "message_stop")
    open_block: int | None = None
    for index, event in enumerate(events):
        kind = event.get("type")
        if kind == "content_block_start":
            if open_block is not None:
                yield _misplaced(index, kind, "content_block_stop")
            open_block = event.get("index")
        elif kind in ("content_block_delta", "content_block_stop"):
            if event.get("index") != open_block:
                yield _misplaced(index, kind, "content_block_start")
            if kind == "content_block_stop":
                open_block = None
        elif kind in ("message_delta", "message_stop") and open_block is not None:
            yield _misplaced(index, kind, "content_block_stop")


def _misplaced(index: int, found: object, wanted: str) -> Violation:
    return Violation(
        str(index),
        f"the event {found} comes where {wanted} is due",
        shown(found),
        (wanted,),
        "Record it again.",
        _ORDER_SOURCE,
    )
