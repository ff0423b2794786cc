"""Lines of code that know where in the page they are from, and edits that don't lose this."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a module, and the line of the page that it was taken from, if any."""

    text: str
    page_line: int | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """A stretch of code and what takes its place.

    Positions are those of `ast`: the line, from 1, and the column in bytes of UTF-8.
    """

    start: tuple[int, int]
    end: tuple[int, int]
    text: str


def joined(lines: Iterable[Line]) -> str:
    """Return the lines as one text, without a last line feed."""
    return "\n".join(line.text for line in lines)


def syntax_tree(lines: Iterable[Line]) -> ast.Module:
    """Return the syntax tree of `lines`, top-level `await` allowed. Raises SyntaxError."""
    return compiled(joined(lines), ast.PyCF_ONLY_AST)


def compiled(source: str, flags: int = 0) -> Any:
    """Return what `compile` makes of `source`, top-level `await` allowed.

    Raises SyntaxError for whatever Python objects to.
    """
    try:
        flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        return compile(source, "<module>", "exec", flags, dont_inherit=True)
    except ValueError as exc:  # a null byte, before Python 3.12
        raise SyntaxError(str(exc)) from None
    except (RecursionError, MemoryError):
        raise SyntaxError("too deeply nested") from None


def edited(lines: Sequence[Line], edits: Iterable[Edit]) -> list[Line]:
    """Return `lines` with `edits` made. Their number stays: what is cut leaves blank lines."""
    result = list(lines)
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        (first, left), (last, right) = edit.start, edit.end
        before = result[first - 1].text.encode()[:left].decode()
        after = result[last - 1].text.encode()[right:].decode()
        result[first - 1] = Line(before + edit.text + after, result[first - 1].page_line)
        for number in range(first, last):
            result[number] = Line("", result[number].page_line)
    return result


def replacing(node: ast.stmt | ast.expr, text: str) -> Edit:
    """Return the edit that puts `text` in the place of `node`."""
    return Edit((node.lineno, node.col_offset), _end(node), text)


def cutting(before: ast.expr, last: ast.expr) -> Edit:
    """Return the edit that cuts what follows `before`, up to and with `last`."""
    return Edit(_end(before), _end(last), "")


def taken_out(
    lines: Sequence[Line], statements: Sequence[ast.stmt]
) -> tuple[list[Line], list[Line]]:
    """Return `statements` of `lines`, a line each, and the lines without them."""
    taken = [Line(ast.unparse(one), lines[one.lineno - 1].page_line) for one in statements]
    edits = [replacing(one, "" if _is_alone(one, lines) else "pass") for one in statements]
    return taken, edited(lines, edits)


def _end(node: ast.stmt | ast.expr) -> tuple[int, int]:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return node.end_lineno, node.end_col_offset


def _is_alone(statement: ast.stmt, lines: Sequence[Line]) -> bool:
    """Return whether no other statement is on the lines of this one."""
    last, column = _end(statement)
    after = lines[last - 1].text.encode()[column:].decode().strip()
    return statement.col_offset == 0 and after[:1] in ("", "#")
