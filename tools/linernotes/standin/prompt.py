"""The prompt of a request, part by part, in the order in which the model reads it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from linernotes.standin import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Section = Literal["tools", "system", "messages"]

UNCACHEABLE = ("thinking", "redacted_thinking")
"""Blocks that can't carry a breakpoint. Docs: build-with-claude/prompt-caching, August 2026."""


@dataclass(frozen=True, slots=True)
class Part:
    """One tool or block, who says it, its input tokens, and the breakpoint that it carries."""

    section: Section
    role: str
    value: Mapping[str, Any]
    tokens: int
    cache_control: Mapping[str, Any] | None


def prompt_parts(body: Mapping[str, Any]) -> Iterator[Part]:
    """Yield the parts of a Messages request: tools, system, messages.

    The top-level `cache_control` stands on the last part that can carry one. Tokens add up to
    `tokens.count_request`, but for those of the request itself, which no breakpoint covers.
    """
    parts = [*_tools(body), *_system(body), *_messages(body)]
    if body.get("cache_control"):
        for index in range(len(parts) - 1, -1, -1):
            if parts[index].value.get("type") not in UNCACHEABLE:
                mark = parts[index].cache_control or body["cache_control"]
                parts[index] = replace(parts[index], cache_control=mark)
                break
    yield from parts


def _tools(body: Mapping[str, Any]) -> Iterator[Part]:
    for index, tool in enumerate(tokens.loaded_tools(body)):
        more = 0 if index else tokens.TOOLS
        counted = more + tokens.count_tool(tool, body["model"])
        yield Part("tools", "", tool, counted, tool.get("cache_control"))


def _system(body: Mapping[str, Any]) -> Iterator[Part]:
    """Yield the system prompt: before it what the API adds to hold the answer to a format."""
    format_tokens = tokens.count_format(body)
    if format_tokens:
        yield Part("system", "", body["output_config"]["format"], format_tokens, None)
    for block in _blocks(body.get("system") or []):
        counted = tokens.count(block.get("text", ""), body["model"])
        yield Part("system", "", block, counted, block.get("cache_control"))


def _messages(body: Mapping[str, Any]) -> Iterator[Part]:
    more = tokens.count_settings(body)
    for message in body["messages"]:
        more += tokens.PER_MESSAGE
        for block in _blocks(message["content"]):
            counted = more + tokens.count_block(block, body["model"])
            yield Part("messages", message["role"], block, counted, _mark(block))
            more = 0


def _mark(block: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the breakpoint on a block; one inside a tool result stands at the result's end."""
    own = block.get("cache_control")
    if own or block.get("type") != "tool_result" or not isinstance(block.get("content"), list):
        return own
    marks = [nested["cache_control"] for nested in block["content"] if nested.get("cache_control")]
    return marks[-1] if marks else None


def _blocks(content: str | list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
