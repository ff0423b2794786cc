"""Content blocks that a script writes in full: what is left out is filled in, the rest checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anthropic.types import ContentBlock
from anthropic.types.beta import (
    BetaContainer,
    BetaContentBlock,
    BetaContextManagementResponse,
)

from linernotes.contract.shapes import Tag, problems, shape_of
from linernotes.standin.identity import Identity, signature
from linernotes.standin.server_tools import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ID_PREFIXES = {"tool_use": "toolu", "server_tool_use": "srvtoolu", "mcp_tool_use": "mcptoolu"}


def filled(
    block: Mapping[str, Any], identity: Identity, index: int, prefix: str = ""
) -> dict[str, Any]:
    """Return a block with its id, caller or signature if the script left them out.

    `prefix` is what a signature is bound to.
    """
    type_ = block.get("type")
    defaults: dict[str, Any] = {}
    if type_ in _ID_PREFIXES:
        defaults["id"] = identity.id(_ID_PREFIXES[type_], str(index))
    if type_ == "tool_use":
        defaults["caller"] = {"type": "direct"}
    if type_ == "thinking":
        defaults["signature"] = signature(block.get("thinking", ""), prefix)
    return {**block, **{key: value for key, value in defaults.items() if key not in block}}


def block_problems(block: Mapping[str, Any]) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """Yield the path inside a block, and what doesn't fit the SDK's response types there."""
    whole = filled(block, Identity("", 0), 0)
    yield from _told((ContentBlock, BetaContentBlock), whole)


def part_problems(
    part: str, value: Mapping[str, Any]
) -> Iterator[tuple[tuple[int | str, ...], str]]:
    """Yield the same for a message's `container` or `context_management`."""
    if part == "container":
        value = {"id": "", "expires_at": NO_TIME, **value}
    yield from _told((_PARTS[part],), value)


_PARTS = {"container": BetaContainer, "context_management": BetaContextManagementResponse}


def _told(types: tuple[Any, ...], value: Any) -> Iterator[tuple[tuple[int | str, ...], str]]:
    readings = [tuple(problems(shape_of(type_), value)) for type_ in types]
    for problem in min(readings, key=len):
        path = tuple(part for part in problem.path if not isinstance(part, Tag))
        yield path, f"{'.'.join(str(part) for part in path)}: {problem.message}"
