"""Top-level `await`: what awaits is put into a function that `asyncio.run` runs.

A page runs in one namespace, and all of its names are global. In a function they are local, which
reads better and is the same to most code; the names to which it isn't are declared global.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from itertools import chain, count
from typing import TYPE_CHECKING

from linernotes.snippets.lines import (
    Line,
    cutting,
    edited,
    joined,
    replacing,
    syntax_tree,
    taken_out,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable, Iterator, Sequence

    from linernotes.snippets.lines import Edit

_INDENT = "    "
_DRAFT = "_linernotes_main"
_STRINGS = (ast.Constant, ast.JoinedStr, getattr(ast, "TemplateStr", ast.JoinedStr))
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

# Code that looks names up while it runs finds only global ones.
_LOOKS_UP = frozenset({"eval", "exec", "globals"})

# Making an object needs no event loop, except for this one (aiohttp/client.py, ClientSession).
_NEEDS_LOOP = frozenset({"ClientSession"})


def wrapped(lines: Sequence[Line], earliest: int) -> list[Line]:
    """Return `lines` with what awaits, and all that follows it, in an `async def main()`.

    Before line `earliest` (from 1) nothing awaits. No line is lost. Raises SyntaxError for code
    that can't be in a function.
    """
    body = syntax_tree(lines).body
    first = _first_inside(body, earliest)
    start = _start(body, first, lines)
    imports_asyncio = any(map(_imports_asyncio, body[:first]))
    lines = edited(lines, _without_globals(body[first:]))
    stars = [node for node in syntax_tree(lines).body[first:] if _imports_all(node)]
    imported, lines = taken_out(lines, stars)
    head = [*lines[: start - 1], *imported]
    inside = syntax_tree(lines).body[first:]
    top = symtable.symtable(
        joined([*head, *_function(_DRAFT, lines[start - 1 :], start, inside)]), "<module>", "exec"
    )
    shared = _shared(top, inside, everything=bool(stars))
    lines = edited(lines, _without_annotations(inside, shared))
    inside = syntax_tree(lines).body[first:]
    name = _free_name(top)
    return [
        *([] if imports_asyncio else [Line("import asyncio")]),
        *head,
        *_function(name, lines[start - 1 :], start, inside, shared),
        Line(""),
        Line('if __name__ == "__main__":'),
        Line(f"{_INDENT}asyncio.run({name}())"),
    ]


def _function(
    name: str,
    lines: Sequence[Line],
    start: int,
    inside: Iterable[ast.stmt],
    shared: Collection[str] = (),
) -> Iterator[Line]:
    """Yield the function of `lines`, the first of which has the number `start` in `inside`."""
    yield Line("")
    yield Line(f"async def {name}() -> None:")
    if shared:
        yield Line(f"{_INDENT}global {', '.join(sorted(shared))}")
    in_strings = _in_strings(inside)
    for number, line in enumerate(lines, start):
        if number in in_strings or not line.text.strip():
            yield line
        else:
            yield Line(_INDENT + _from_margin(line.text), line.page_line)


def _from_margin(text: str) -> str:
    """Return a line without what is before a form feed: that sets the indentation to nothing."""
    margin = text[: len(text) - len(text.lstrip())]
    return text[margin.rfind("\f") + 1 :]


def _in_strings(inside: Iterable[ast.AST]) -> frozenset[int]:
    """Return the lines that begin inside a string: to indent them would change it."""
    found: set[int] = set()
    pending = list(inside)
    while pending:
        node = pending.pop()
        # What is in an f-string has no reliable position before Python 3.12.
        if isinstance(node, _STRINGS):
            found.update(range(node.lineno + 1, (node.end_lineno or node.lineno) + 1))
        else:
            pending.extend(ast.iter_child_nodes(node))
    return frozenset(found)


def _first_inside(body: Sequence[ast.stmt], earliest: int) -> int:
    """Return the place of the first statement that goes into the function."""
    first = next(
        number for number, node in enumerate(body) if node.lineno >= earliest and _needs_loop(node)
    )
    while first and body[first - 1].end_lineno == _first_line(body[first]):
        first -= 1
    return first


def _start(body: Sequence[ast.stmt], first: int, lines: Sequence[Line]) -> int:
    """Return the line in which the function's code begins: comments right above belong to it."""
    above = (body[first - 1].end_lineno or 0) if first else 0
    start = _first_line(body[first])
    while start - 1 > above and lines[start - 2].text.strip():
        start -= 1
    return start


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _needs_loop(statement: ast.stmt) -> bool:
    """Return whether a statement awaits, or may call what asks for the running event loop.

    Definitions don't, and a name like `AsyncAnthropic` makes an object, which rarely does: clients
    at the top of a module are what people write.
    """
    for node in _running(statement):
        if isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith)):
            return True
        if isinstance(node, ast.comprehension) and node.is_async:
            return True
        if isinstance(node, ast.Call) and not isinstance(statement, _DEFINITIONS):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if not name[:1].isupper() or name in _NEEDS_LOOP:
                return True
    return False


def _running(statement: ast.stmt) -> Iterator[ast.AST]:
    """Yield what runs when `statement` does: all but the bodies of functions."""
    pending: list[ast.AST | None] = [statement]
    while pending:
        node = pending.pop()
        if node is None:
            continue
        yield node
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            pending += [*node.decorator_list, node.args, node.returns]
        elif isinstance(node, ast.Lambda):
            pending.append(node.args)
        else:
            pending += ast.iter_child_nodes(node)


def _own_statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of `body` and of the blocks in it, not of functions and classes."""
    pending: list[ast.AST] = list(body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, (*_DEFINITIONS, ast.expr)):
            pending += ast.iter_child_nodes(node)


def _imports_asyncio(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import) and any(
        name.asname is None and name.name.partition(".")[0] == "asyncio" for name in node.names
    )


def _imports_all(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.names[0].name == "*"


def _without_globals(inside: Iterable[ast.stmt]) -> Iterator[Edit]:
    """Yield the edits that take out `global`: on the page's own level it says nothing."""
    for node in _own_statements(inside):
        if isinstance(node, ast.Global):
            yield replacing(node, "pass")


def _without_annotations(inside: Iterable[ast.stmt], names: Container[str]) -> Iterator[Edit]:
    """Yield the edits that take the annotations from `names`: what is global can't have one."""
    for node in _own_statements(inside):
        if not isinstance(node, ast.AnnAssign) or not node.simple:
            continue
        assert isinstance(node.target, ast.Name)
        if node.target.id not in names:
            continue
        if node.value is None:
            yield replacing(node, "pass")
        else:
            yield cutting(node.target, node.annotation)


def _shared(
    top: symtable.SymbolTable, inside: Iterable[ast.stmt], *, everything: bool
) -> frozenset[str]:
    """Return the function's names that have to be global for the code to do what the page does."""
    main = next(table for table in top.get_children() if table.get_name() == _DRAFT)
    names = {symbol.get_name() for symbol in main.get_symbols() if symbol.is_local()}
    tables = list(_tables(top))
    if everything or any(_LOOKS_UP.intersection(table.get_identifiers()) for table in tables):
        return frozenset(names)
    # `id = id(x)` reads the one and binds the other.
    needed = set(dir(builtins)) | {one.get_name() for one in top.get_symbols() if one.is_local()}
    # Classes show where they are defined (`__qualname__`), and are looked up by name, as is all
    # that annotations mention (`typing.get_type_hints`).
    needed |= {node.name for node in _own_statements(inside) if isinstance(node, ast.ClassDef)}
    needed |= set(_annotating(inside))
    within = {table.get_id() for table in _tables(main)}
    for table in tables:
        if table is not main:
            needed |= set(_seen_as_global(table, inside=table.get_id() in within))
    return frozenset(names & needed)


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)


def _seen_as_global(table: symtable.SymbolTable, *, inside: bool) -> Iterator[str]:
    """Yield the names that the code of `table` takes for global ones."""
    for symbol in table.get_symbols():
        if inside and table.get_type() == "class":
            # What a class both binds and reads is looked for in itself, then among globals.
            seen = symbol.is_local() and symbol.is_referenced()
        elif inside:
            seen = symbol.is_declared_global()
        else:
            seen = symbol.is_global()
        if seen:
            yield symbol.get_name()


def _annotating(inside: Iterable[ast.stmt]) -> Iterator[str]:
    """Yield the names in the annotations of functions and classes."""
    for node in (node for statement in inside for node in ast.walk(statement)):
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if annotation is not None:
                yield from (one.id for one in ast.walk(annotation) if isinstance(one, ast.Name))


def _free_name(top: symtable.SymbolTable) -> str:
    """Return a name for the function that the code doesn't use."""
    used = {name for table in _tables(top) for name in table.get_identifiers()}
    names = chain(("main", "run_example"), (f"run_example_{n}" for n in count(2)))
    return next(name for name in names if name not in used)
