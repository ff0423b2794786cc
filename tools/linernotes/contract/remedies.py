"""What to write instead of the mistakes that old pages and other APIs teach.

Light to import: the type checker's messages use it too.
"""

from __future__ import annotations

import difflib
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SAMPLING = (
    "Sampling parameters are gone from API version 2026-10-21: delete `{name}`; steer with the "
    "prompt or `output_config={{'effort': ...}}`."
)

_REMOVED: Mapping[str, str] = MappingProxyType(
    {
        "temperature": _SAMPLING.format(name="temperature"),
        "top_p": _SAMPLING.format(name="top_p"),
        "top_k": _SAMPLING.format(name="top_k"),
        "response_format": (
            "Claude has no `response_format`: use `messages.parse(output_format=Model)`, or "
            "`output_config={'format': {'type': 'json_schema', 'schema': ...}}`."
        ),
        "output_format": (
            "`output_format` belongs to `messages.parse` and `messages.stream` and takes a type: "
            "in `create` write `output_config={'format': {'type': 'json_schema', 'schema': ...}}`."
        ),
        "seed": "There is no `seed`: answers can't be made repeatable, so delete it.",
        "n": "A request gives one answer: delete `n` and send several requests.",
        "stop": "Write `stop_sequences=[...]` instead of `stop`.",
        "user": "Write `metadata={'user_id': ...}` instead of `user`.",
        "functions": "Write `tools=[...]` instead of `functions`.",
        "function_call": "Write `tool_choice={'type': ...}` instead of `function_call`.",
        "max_completion_tokens": "Write `max_tokens` instead of `max_completion_tokens`.",
        "max_tokens_to_sample": "Write `max_tokens` instead of `max_tokens_to_sample`.",
        "prompt": "Text Completions are gone: write `messages=[...]` instead of `prompt`.",
        "betas": "Only `client.beta.messages` takes `betas`: call it there, or delete `betas`.",
    }
)


def removed_parameters() -> Mapping[str, str]:
    """Return, for each parameter that `messages.create` no longer or never had, what to do.

    Sources: docs api/migration-2026-10-21, the SDK's MIGRATION.md, and the parameters of the
    OpenAI API that pages carry over.
    """
    return _REMOVED


_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "parameters": "Write the tool's JSON Schema as `input_schema`, not `parameters`.",
        "function": (
            "Tools have no `function` wrapper: write "
            "`{'name': ..., 'description': ..., 'input_schema': ...}`."
        ),
        "image_url": (
            "Write an image as `{'type': 'image', 'source': {'type': 'url', 'url': ...}}`."
        ),
        "tool_calls": "Tool calls are `tool_use` blocks in the assistant's `content`.",
        "tool_call_id": "Answer a tool with a `tool_result` block that has `tool_use_id`.",
    }
)
"""Keys inside messages, tools and blocks that other APIs have."""

_ROLES: Mapping[str, str] = MappingProxyType(
    {
        "tool": "Send tool results as `tool_result` blocks in a message with the role `user`.",
        "function": "Send tool results as `tool_result` blocks in a message with the role `user`.",
        "developer": "Put instructions into the top-level `system` parameter.",
        "model": "The model's own turns have the role `assistant`.",
    }
)

_MEMBERS: Mapping[str, str] = MappingProxyType(
    {
        "function": _KEYS["function"],
        "image_url": _KEYS["image_url"],
        "input_text": "Write a text block as `{'type': 'text', 'text': ...}`.",
        "json_object": "There is no JSON mode without a schema: use the type `json_schema`.",
    }
)


def remedy_for_extra(name: str, known: Sequence[str], *, at_top: bool) -> str:
    """Say what to do about a key that is not among those known where it stands."""
    if at_top and name in _REMOVED:
        return _REMOVED[name]
    if not at_top and name in _KEYS:
        return _KEYS[name]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    return f"Write `{near[0]}`." if near else f"Delete `{name}`."


def remedy_for_value(key: str, value: object, known: Sequence[str]) -> str:
    """Say what to write instead of a value that is none of the known ones."""
    text = str(value)
    if key == "role" and text in _ROLES:
        return _ROLES[text]
    if key == "type" and text in _MEMBERS:
        return _MEMBERS[text]
    near = difflib.get_close_matches(text, known, n=1, cutoff=0.6)
    if near:
        return f"Write `{near[0]}`."
    return f"Write one of {', '.join(f'`{name}`' for name in known)}."


NEWEST = 5
"""Models that are worth naming to somebody who named one that doesn't exist."""


def remedy_for_model(model_id: str, callable_ids: Sequence[str]) -> str:
    """Say which model to name instead of one that doesn't exist; `callable_ids` newest first."""
    near = difflib.get_close_matches(model_id, callable_ids, n=1, cutoff=0.85)
    if near:
        return f"Write `{near[0]}`."
    newest = ", ".join(f"`{name}`" for name in callable_ids[:NEWEST])
    return f"Name a model that exists, such as {newest}."
