"""What the tests of the snippets room share: chains, pages, and code for snippets to use."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import re
import sys
import types
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from linernotes.pages.page import read_page
from linernotes.snippets.modules import Module, compose
from linernotes.snippets.snippet import Snippet, snippets_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence

    from linernotes.findings import Finding
    from linernotes.pages.page import Page
    from linernotes.snippets.snippet import Chain

PATH = PurePosixPath("guides/page/last.py")
RUN = f"snippets/{PATH}"


def chain(*sources: str, **directives: Any) -> Chain:
    """Return a chain of `sources`, a few lines apart in its page; `directives` are the last's."""
    snippets: list[Snippet] = []
    line = 10
    for number, source in enumerate(sources):
        end = line + source.count("\n") + 2
        extra = directives if number == len(sources) - 1 else {}
        snippets.append(
            Snippet(
                page="docs/guides/page.md",
                id=f"part-{number}",
                named=True,
                line=line,
                end_line=end,
                source=source,
                source_lines=range(line + 1, end),
                **extra,
            )
        )
        line = end + 4
    return tuple(snippets)


def module_of(*sources: str, **directives: Any) -> Module:
    """Return the module of a chain, which there has to be."""
    module = compose(chain(*sources, **directives), PATH, RUN)
    assert isinstance(module, Module), module
    return module


def finding_of(*sources: str, **directives: Any) -> Finding:
    """Return the finding that there can't be a module of a chain."""
    finding = compose(chain(*sources, **directives), PATH, RUN)
    assert not isinstance(finding, Module), finding.text
    return finding


def code_of(*sources: str) -> str:
    """Return the module of a chain without its docstring and without blank lines."""
    _, _, code = module_of(*sources).text.partition('\n"""\n')
    return "".join(f"{line}\n" for line in code.split("\n") if line.strip())


def read(directory: Path, text: str | bytes) -> Page:
    """Return the page with this text."""
    file = directory / "page.md"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_page(file, "docs/page.md")


def snippets_in(directory: Path, text: str) -> tuple[tuple[Snippet, ...], tuple[Finding, ...]]:
    return snippets_of(read(directory, text))


def printed_by_page(sources: Sequence[str]) -> tuple[str, str]:
    """Run a chain as `linernotes verify` does; return what it prints and the exception it ends in."""

    def run(namespace: dict[str, Any]) -> None:
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        futures = 0
        codes = []
        for source in sources:
            codes.append(compile(source, "page", "exec", flags | futures, dont_inherit=True))
            futures |= codes[-1].co_flags & 0x1FE0000
        while codes and not codes[0].co_flags & inspect.CO_COROUTINE:
            exec(codes.pop(0), namespace)

        async def rest() -> None:
            for code in codes:
                pending = eval(code, namespace)
                if pending is not None:
                    await pending

        asyncio.run(rest())

    return _printed(run)


def printed_by_module(module: Module) -> tuple[str, str]:
    """Run a module as a script; return what it prints and the exception it ends in."""
    code = compile(module.text, "module", "exec", dont_inherit=True)
    return _printed(lambda namespace: exec(code, namespace))


def _printed(run: Callable[[dict[str, Any]], None]) -> tuple[str, str]:
    before = sys.modules["__main__"]
    sys.modules["__main__"] = main = types.ModuleType("__main__")
    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output):
            run(main.__dict__)
    except NameError:  # an UnboundLocalError is one
        return _steady(output.getvalue()), "NameError"
    except Exception as exc:  # noqa: BLE001  # whatever the code raises
        return _steady(output.getvalue()), type(exc).__name__
    finally:
        sys.modules["__main__"] = before
    return _steady(output.getvalue()), ""


def _steady(printed: str) -> str:
    """Return what was printed without the addresses of functions, which are never the same."""
    return re.sub(r"<(\w+) .* at 0x\w+>", r"<\1>", printed)


async def echo(value: Any) -> Any:
    """What snippets await."""
    await asyncio.sleep(0)
    return value


async def several(*values: Any) -> AsyncIterator[Any]:
    for value in values:
        yield await echo(value)


@contextlib.asynccontextmanager
async def lent(value: Any) -> AsyncGenerator[Any]:
    yield await echo(value)
