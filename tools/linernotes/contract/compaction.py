"""Rules on compaction: a summary that stands in place of the messages before it.

There are two kinds. At a threshold (`context_management`, beta compact-2026-01-12) the summary
begins an ordinary answer. On demand (`compaction`, beta compact-2026-09-04) it is all of the
answer, and is signed. What the types say of the second is in types/beta/message_create_params.py
and types/beta/beta_compaction_*.py of the SDK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linernotes.contract.rules import Block, Request, Rule, broken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from linernotes.contract.violations import Violation

ON_DEMAND = "compact-2026-09-04"

LEAST_TRIGGER = 50_000
"""Tokens. Docs: build-with-claude/compaction-threshold, October 2026."""


def begins_with_summary(request: Request) -> bool:
    """Return whether a summary stands first, in place of what it summarizes."""
    return bool(request.turns) and request.turns[0].blocks[:1] == tuple(_summaries(request))[:1]


def _summaries(request: Request) -> Iterator[Block]:
    for turn in request.turns:
        yield from (block for block in turn.blocks if block.type == "compaction")


def _edits(request: Request) -> list[Mapping[str, Any]]:
    return list((request.body.get("context_management") or {}).get("edits") or ())


def _on_demand_is_asked_for(request: Request) -> Iterator[Violation]:
    """Tell the two betas apart: the types know only that compaction is in some beta."""
    if request.betas is None or ON_DEMAND in request.betas:
        return
    signed = [f"{one.path}.signature" for one in _summaries(request) if one.value.get("signature")]
    asked = ["compaction"] if request.body.get("compaction") else []
    for path in asked + signed:
        yield broken(
            path,
            f"{path}: Extra inputs are not permitted",
            "",
            f'Compaction on demand is in beta: add `betas=["{ON_DEMAND}"]`.',
        )


def _nothing_shapes_a_reply(request: Request) -> Iterator[Violation]:
    if not request.body.get("compaction"):
        return
    given = {
        "context_management": request.body.get("context_management"),
        "stop_sequences": request.body.get("stop_sequences"),
        "output_config.format": request.output_format,
        "tool_choice": request.body["tool_choice"] if request.forces_tool else None,
    }
    for path, value in given.items():
        if value:
            yield broken(
                path,
                f"{path}: not supported together with `compaction`",
                value,
                f"A compaction request gets no reply: leave `{path}` out.",
            )


def _model_compacts_on_demand(request: Request) -> Iterator[Violation]:
    asked = request.body.get("compaction")
    if asked and request.model is not None and not request.model.compacts:
        yield broken(
            "compaction",
            "compaction: not supported for this model.",
            asked,
            "Choose a model from Claude 4.6 on.",
        )


def _summary_has_text(request: Request) -> Iterator[Violation]:
    for block in _summaries(request):
        if block.value.get("content") == "":
            yield broken(
                f"{block.path}.content",
                f"{block.path}.content: String should have at least 1 character",
                "",
                "Send the block back as it came: a failed compaction has `content: null`.",
            )


def _signed_summary_goes_without_edit(request: Request) -> Iterator[Violation]:
    compacts = [edit for edit in _edits(request) if str(edit.get("type")).startswith("compact_")]
    for block in _summaries(request):
        if compacts and block.value.get("signature"):
            yield broken(
                block.path,
                f"{block.path}: a signed `compaction` block cannot be combined with "
                f"`{compacts[0]['type']}` in `context_management`",
                compacts[0]["type"],
                "Compact in one of the two ways: delete the edit.",
            )


def _trigger_is_high_enough(request: Request) -> Iterator[Violation]:
    for index, edit in enumerate(_edits(request)):
        trigger = edit.get("trigger") or {}
        value = trigger.get("value", LEAST_TRIGGER)
        if str(edit.get("type")).startswith("compact_") and value < LEAST_TRIGGER:
            path = f"context_management.edits.{index}.trigger.value"
            yield broken(
                path,
                f"{path}: Input should be greater than or equal to {LEAST_TRIGGER}",
                value,
                f"Let the history grow to at least {LEAST_TRIGGER:,} tokens.",
            )


_PARAMS = "SDK: types/beta/message_create_params.py"

RULES = (
    Rule(_on_demand_is_asked_for, "docs: build-with-claude/compaction-on-demand, October 2026"),
    Rule(_nothing_shapes_a_reply, f"{_PARAMS}; lib/tools/_beta_runner.py"),
    Rule(_model_compacts_on_demand, "docs: build-with-claude/compaction-on-demand, October 2026"),
    Rule(_summary_has_text, "SDK: types/beta/beta_compaction_block_param.py"),
    Rule(_signed_summary_goes_without_edit, "SDK: lib/tools/_beta_runner.py"),
    Rule(_trigger_is_high_enough, "docs: build-with-claude/compaction-threshold, October 2026"),
)
