"""What a rule is, and a request as the rules see it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from linernotes.contract.violations import Violation, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from linernotes.contract.models import Model


@dataclass(frozen=True)
class Block:
    """A content block and where it stands."""

    path: str
    type: str
    value: Mapping[str, Any]


@dataclass(frozen=True)
class Turn:
    """One or more messages in a row by the same role: the API merges them.

    Messages with the role `system` stand between turns without parting them.
    """

    role: str
    path: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Request:
    """A body whose shape is right, and what is known about who it is for.

    `betas` is None where the `anthropic-beta` header is unknown, as in recordings that dropped it.
    `counting` is set for token counting, which takes no `max_tokens`.
    """

    body: Mapping[str, Any]
    model: Model | None
    api_version: str
    betas: frozenset[str] | None
    counting: bool

    def has_beta(self, prefix: str) -> bool:
        """Return whether a beta whose name starts so was asked for, or may have been."""
        return self.betas is None or any(beta.startswith(prefix) for beta in self.betas)

    @property
    def thinking(self) -> str | None:
        """The type of thinking that is asked for, None when it is left to the model."""
        thinking = self.body.get("thinking")
        return thinking["type"] if thinking else None

    @property
    def effort(self) -> str | None:
        """The effort level that is asked for."""
        return (self.body.get("output_config") or {}).get("effort")

    @property
    def output_format(self) -> Mapping[str, Any] | None:
        """The format that the answer is held to: `{"type": "json_schema", "schema": ...}`."""
        return (self.body.get("output_config") or {}).get("format")

    @property
    def forces_tool(self) -> bool:
        """Whether the model must call a tool."""
        return (self.body.get("tool_choice") or {}).get("type") in ("any", "tool")

    @property
    def continues_thread(self) -> bool:
        """Whether earlier messages are on the server and not in the body."""
        thread = self.body.get("thread")  # Token counting has no such field, of any shape.
        return isinstance(thread, dict) and thread.get("type") == "continue"

    @cached_property
    def turns(self) -> tuple[Turn, ...]:
        """The conversation, without its system messages."""
        turns: list[Turn] = []
        for index, message in enumerate(self.body["messages"]):
            if message["role"] == "system":
                continue
            path = f"messages.{index}"
            blocks = blocks_of(message["content"], f"{path}.content")
            if turns and turns[-1].role == message["role"]:
                last = turns[-1]
                turns[-1] = Turn(last.role, path, last.blocks + blocks)
            else:
                turns.append(Turn(message["role"], path, blocks))
        return tuple(turns)


def blocks_of(content: str | list[Mapping[str, Any]], path: str) -> tuple[Block, ...]:
    """Return content as blocks: a string stands for one text block."""
    if isinstance(content, str):
        return (Block(path, "text", {"type": "text", "text": content}),)
    return tuple(
        Block(f"{path}.{index}", str(value.get("type")), value)
        for index, value in enumerate(content)
    )


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that the API refuses and the types can't say; `source` is where that is said."""

    check: Callable[[Request], Iterator[Violation]]
    source: str


def broken(
    path: str, message: str, found: object, remedy: str, allowed: tuple[str, ...] = ()
) -> Violation:
    """Return a violation of a rule; whoever runs the rule adds its source."""
    return Violation(path, message, shown(found), allowed, remedy, "")
