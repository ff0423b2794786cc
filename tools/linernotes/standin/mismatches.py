"""Where a scripted reply and its request don't go together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from linernotes.contract.models import model_facts
from linernotes.standin.compacting import COMPACTION, edit_of, is_asked_for
from linernotes.standin.schema_fit import problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from linernotes.standin.replies import Reply


def mismatches(reply: Reply, body: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the model could not do: a tool it wasn't offered, JSON that breaks the schema."""
    if is_asked_for(body):
        yield from _summary_mismatches(reply)
        return
    yield from _unasked(reply, body)
    if reply.content is None:
        yield from _tool_mismatches(reply, body)
    if reply.thinking is not None and not _may_think(body):
        yield (
            "the reply thinks, but thinking is off in this request: set "
            "`thinking={'type': 'adaptive'}`, or delete `thinking` from the reply"
        )
    output_format = (body.get("output_config") or {}).get("format")
    if output_format and reply.stop_reason is None and not reply.tool_calls:
        yield from _format_mismatches(reply, output_format["schema"])


def _summary_mismatches(reply: Reply) -> Iterator[str]:
    """Yield why a reply is no summary, where the request asks for one and nothing else."""
    if reply.stop_reason not in (None, COMPACTION):
        return
    types = [block.get("type") for block in reply.content or ()]
    if reply.text is None and types != [COMPACTION]:
        yield "the request asks for a summary (`compaction`): write it as `text`"
    elif reply.thinking is not None or reply.tool_calls:
        yield "the request asks for a summary (`compaction`) and gets nothing else: keep the `text`"


def _unasked(reply: Reply, body: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a message only has if its request asks for it."""
    types = [block.get("type") for block in reply.content or ()]
    if (COMPACTION in types or reply.stop_reason == COMPACTION) and not edit_of(body):
        yield (
            "the reply compacts the conversation, but the request has neither `compaction` nor a "
            "`compact_…` edit in `context_management`"
        )
    if reply.context_management is not None and not body.get("context_management"):
        yield "the reply has `context_management`, but the request doesn't"
    kinds = [str(tool.get("type")) for tool in body.get("tools") or ()]
    runs_code = any(kind.startswith("code_execution_") for kind in kinds)
    if reply.container is not None and not (runs_code or body.get("container")):
        yield "the reply has a `container`, but the request neither names one nor runs code"


def _may_think(body: Mapping[str, Any]) -> bool:
    asked = (body.get("thinking") or {}).get("type")
    facts = model_facts(body["model"])
    return asked != "disabled" if asked else facts is None or facts.thinks


def _tool_mismatches(reply: Reply, body: Mapping[str, Any]) -> Iterator[str]:
    choice = body.get("tool_choice") or {"type": "auto"}
    tools = {tool["name"]: tool for tool in body.get("tools") or () if "name" in tool}
    toolsets = any("name" not in tool for tool in body.get("tools") or ())
    names = [call.name for call in reply.tool_calls]
    if choice["type"] in ("any", "tool") and not names and reply.stop_reason is None:
        yield "the reply calls no tool, but `tool_choice` asks for one"
    if choice["type"] == "none" and names:
        yield "the reply calls a tool, but `tool_choice` is `none`"
    if choice["type"] == "tool" and any(name != choice["name"] for name in names):
        yield f"the reply calls another tool than `tool_choice` names, {choice['name']}"
    if choice.get("disable_parallel_tool_use") and len(names) > 1:
        yield "the reply calls several tools, but `disable_parallel_tool_use` is set"
    for call in reply.tool_calls:
        if call.name in tools:
            schema = tools[call.name].get("input_schema") or {}
            for problem in problems(call.input, schema):
                yield f"the input of {call.name} doesn't fit the tool's schema: {problem}"
        elif not toolsets:
            offered = ", ".join(tools) or "none"
            yield f"the reply calls {call.name}, which the request doesn't offer ({offered})"


def _format_mismatches(reply: Reply, schema: Mapping[str, Any]) -> Iterator[str]:
    value: Any = reply.json_
    if not reply.has_json:
        try:
            value = json.loads(reply.text or "")
        except ValueError:
            yield "the reply's text is not JSON, but the request asks for a schema: write `json`"
            return
    for problem in problems(value, schema):
        yield f"the reply's JSON doesn't fit the request's schema: {problem}"
