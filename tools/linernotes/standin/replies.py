"""Reply scripts: what the stand-in answers, in order.

A script stands beside the cassette that is recorded with it, `….replies.yaml`. Its form is one
pydantic model, whose JSON Schema editors can use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationError,
    model_validator,
)

from linernotes.findings import Finding, error
from linernotes.standin.script_yaml import ScriptError, read_yaml

if TYPE_CHECKING:
    from linernotes.standin.script_yaml import Place

StopReason = Literal[
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "compaction",
    "refusal",
    "model_context_window_exceeded",
]
_ON_DEMAND = frozenset(get_args(StopReason)) - {
    "compaction",
    "end_turn",
    "stop_sequence",
    "tool_use",
}
"""Stop reasons that a request can't be sure of. `max_tokens` in a script says that the answer is
cut where the page needs it, whatever the length of the model's own words."""

LONGEST_DELAY = 86_400
"""Seconds: a day, after which nothing that the stand-in keeps is left."""

Text = Annotated[str, StringConstraints(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ToolCall(_Part):
    """A `tool_use` block."""

    name: Text = Field(description="A tool that the request offers.")
    input: dict[str, JsonValue] = Field(default={}, description="What the tool is called with.")


class StopDetails(_Part):
    """Why the model refused."""

    category: Text | None = Field(default=None, description="The policy category, or null.")
    explanation: str | None = Field(default=None, description="The explanation, or null.")


class ErrorReply(_Part):
    """An error instead of an answer."""

    status: int = Field(ge=400, le=599, description="The HTTP status.")
    type: Text | None = Field(default=None, description="The error's type; by status if left out.")
    message: Text | None = Field(default=None, description="The message; by status if left out.")
    error_code: Text | None = Field(default=None, description="The code in `error.details`.")
    retry_after: int | None = Field(default=None, ge=0, description="Seconds to wait.")


class Reply(_Part):
    """The answer to one Messages request."""

    text: Text | None = Field(default=None, description="A text block.")
    thinking: Text | None = Field(default=None, description="A thinking block before the rest.")
    tool_calls: tuple[ToolCall, ...] = Field(
        default=(), description="Tool calls, after the text if there is one."
    )
    json_: JsonValue = Field(
        default=None, alias="json", description="A value that is sent as the text block."
    )
    content: tuple[dict[str, JsonValue], ...] | None = Field(
        default=None, description="Content blocks as in the API, in order."
    )
    error: ErrorReply | None = Field(
        default=None, description="An error instead of an answer; with `break_after`, amid it."
    )
    stop_reason: StopReason | None = Field(
        default=None, description="Why the answer ends; worked out if left out."
    )
    stop_sequence: Text | None = Field(default=None, description="The sequence that ended it.")
    stop_details: StopDetails | None = Field(default=None, description="Details of a refusal.")
    container: dict[str, JsonValue] | None = Field(
        default=None, description="The container of code execution; what is left out is filled in."
    )
    context_management: dict[str, JsonValue] | None = Field(
        default=None, description="`applied_edits`: what was cleared from the context."
    )
    usage: dict[str, JsonValue] = Field(
        default={}, description="Members of `usage` that take the place of the worked-out ones."
    )
    when: Text | None = Field(
        default=None,
        description="Text in the last message of the request that takes this reply; for "
        "requests that are sent at the same time.",
    )
    delay: float = Field(
        default=0,
        ge=0,
        le=LONGEST_DELAY,
        description="Seconds that pass before the reply, on the stand-in's own clock: nobody "
        "waits, but what is cached grows older.",
    )
    break_after: int | None = Field(
        default=None,
        ge=0,
        description="In a stream: deltas before the `error`, an `overloaded_error` if left out.",
    )

    @property
    def has_json(self) -> bool:
        """Whether `json` was written: it may be null, which is a value."""
        return "json_" in self.model_fields_set

    @property
    def on_demand(self) -> str | None:
        """What of this reply the real API gives to nobody who asks for it; None if nothing."""
        for name in ("error", "break_after", "stop_details", "stop_reason", "delay"):
            value = getattr(self, name)
            if name in self.model_fields_set and (name != "stop_reason" or value in _ON_DEMAND):
                return f"`stop_reason: {value}`" if name == "stop_reason" else f"`{name}`"
        return None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Reply:
        alone = {"error", "when", "delay"}
        breaks = self.break_after is not None
        if self.error is not None and not breaks and not self.model_fields_set <= alone:
            raise ValueError(
                "an `error` stands alone: move the rest to a reply of its own, or write "
                "`break_after` for an error amid a stream"
            )
        parts = {"text", "thinking", "tool_calls", "json_"} & self.model_fields_set
        if self.content is not None and parts:
            raise ValueError("`content` holds all blocks: put the other parts into it")
        if self.has_json and self.text is not None:
            raise ValueError("`json` is the text: write one of the two")
        empty = self.content is None and self.error is None and not parts
        if empty and self.stop_reason is None:
            raise ValueError(
                "the reply says nothing: write `text`, `tool_calls`, `json` or `error`"
            )
        return self


class Script(_Part):
    """A reply script: each Messages request takes the next reply."""

    simulated_because: Text | None = Field(
        default=None,
        description="Why a live recording leaves this snippet alone, if no reply shows it by "
        "itself, as an error, a refusal or a broken stream do.",
    )
    replies: tuple[Reply, ...] = Field(description="The replies, in the order of the requests.")


@dataclass(frozen=True, slots=True)
class Replies:
    """The replies of one script, with the file and the 1-based lines that they come from.

    `simulated_because` is why the API can't be asked for them, as the script has it.
    """

    page: str
    replies: tuple[Reply, ...]
    lines: tuple[int, ...]
    simulated_because: str | None = None

    @property
    def only_simulated(self) -> str | None:
        """Why only the stand-in gives these replies on demand, with the line; None if it isn't."""
        if self.simulated_because is not None:
            return self.simulated_because
        for reply, line in zip(self.replies, self.lines, strict=True):
            if reply.on_demand is not None:
                return f"{self.page}:{line} scripts {reply.on_demand}"
        return None


def load_replies(text: str, page: str) -> tuple[Replies | None, tuple[Finding, ...]]:
    """Read a reply script; `page` is its file, named in the findings.

    Returns None and the findings when there is an error in it.
    """
    try:
        value, places = read_yaml(text)
    except ScriptError as problem:
        return None, (error("replies-yaml", page, problem.line, problem.message, problem.hint),)
    if not isinstance(value, dict) or "replies" not in value:
        message = "A reply script is a mapping with the key `replies`."
        return None, (error("replies-form", page, 1, message, "Begin it with `replies:`."),)
    try:
        script = Script.model_validate(value)
    except ValidationError as invalid:
        problems = invalid.errors(include_url=False, include_input=False)
        # A misspelt key is also a missing one: say first what the writer can see.
        problems.sort(key=lambda problem: problem["type"] == "missing")
        return None, tuple(_finding(page, places, problem) for problem in problems)
    wrong_blocks = _wrong_blocks(script, places, page)
    if wrong_blocks:
        return None, wrong_blocks
    lines = tuple(places.line_of("replies", index) for index in range(len(script.replies)))
    return Replies(page, script.replies, lines, script.simulated_because), ()


def replies_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of reply scripts, for editors."""
    schema = Script.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema


_MESSAGES = {
    "extra_forbidden": "`{name}` is not a key that a reply script has here.",
    "missing": "`{name}` is missing.",
}


def _finding(page: str, places: Place, problem: Any) -> Finding:
    location = [part for part in problem["loc"] if isinstance(part, int | str)]
    name = str(location[-1]) if location else ""
    line = places.line_of(*location)
    if problem["type"] == "value_error":
        what, _, hint = str(problem["ctx"]["error"]).partition(": ")
        return error("replies-form", page, line, f"{what[:1].upper()}{what[1:]}.", _sentence(hint))
    known = _keys_at(location[:-1])
    hint = f"The keys are {', '.join(known)}." if problem["type"] == "extra_forbidden" else None
    message = _MESSAGES.get(problem["type"], "`{name}`: {msg}.")
    return error(
        "replies-form", page, line, message.format(name=name, msg=problem["msg"].rstrip(".")), hint
    )


def _sentence(hint: str) -> str:
    return f"{hint[:1].upper()}{hint[1:]}."


def _keys_at(location: list[int | str]) -> tuple[str, ...]:
    """Return the keys of the part of a script that stands at a location."""
    parts: dict[str, type[_Part]] = {
        "tool_calls": ToolCall,
        "error": ErrorReply,
        "stop_details": StopDetails,
    }
    named = [parts[part] for part in location if isinstance(part, str) and part in parts]
    model = named[-1] if named else Reply if location else Script
    return tuple(f"`{field.alias or name}`" for name, field in model.model_fields.items())


def _wrong_blocks(script: Script, places: Place, page: str) -> tuple[Finding, ...]:
    """Check what is written in the API's own form against the SDK's types, where there is any."""
    parts = ("content", "container", "context_management")
    if not any(getattr(reply, part) is not None for reply in script.replies for part in parts):
        return ()
    from linernotes.standin.blocks import block_problems, part_problems  # noqa: PLC0415  # the SDK

    blocks = tuple(
        error(
            "replies-block",
            page,
            places.line_of("replies", index, "content", number, *path),
            f"The content block doesn't fit the API: {message}.",
        )
        for index, reply in enumerate(script.replies)
        for number, block in enumerate(reply.content or ())
        for path, message in block_problems(block)
    )
    others = tuple(
        error(
            "replies-block",
            page,
            places.line_of("replies", index, part, *path),
            f"`{part}` doesn't fit the API: {message}.",
        )
        for index, reply in enumerate(script.replies)
        for part in parts[1:]
        if getattr(reply, part) is not None
        for path, message in part_problems(part, getattr(reply, part))
    )
    return blocks + others
