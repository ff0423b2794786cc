"""Execution: the pieces of a chain, compiled under the page's name and at the page's lines.

So every traceback points into the Markdown by itself, and shows the reader's code.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import linecache
import sys
import traceback
import types
from typing import TYPE_CHECKING, Any

from linernotes.running.job import Failure, Frame

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from linernotes.running.job import Job

_FUTURES = 0x1FE0000  # the co_flags of `from __future__ import …` (Include/cpython/code.h)


def execute(job: Job, mark: Callable[[], None]) -> Failure | None:
    """Run the chain of `job` in this process and return why it fails, or None.

    `mark` is called where the output of the chain's last snippet begins.
    """
    module = types.ModuleType("__main__")
    module.__file__ = job.module
    sys.modules["__main__"] = module
    _show_page_lines(job)
    try:
        codes = _compile(job)
    except SyntaxError as exc:
        line = exc.lineno or job.pieces[-1].line
        return Failure("syntax-error", line, f"SyntaxError: {exc.msg}")
    try:
        _run_codes(codes, module.__dict__, mark)
    except BaseException as exc:  # noqa: BLE001  # whatever the reader's code raises is reported
        return _judge(exc, job, module.__dict__)
    if job.raises is not None:
        return Failure(
            "did-not-raise",
            job.pieces[-1].line - 1,
            f"it should raise {job.raises}, and raised nothing",
            hint="remove `raises=…`, or show what does raise",
        )
    return None


def _compile(job: Job) -> list[types.CodeType]:
    codes = []
    futures = 0
    for piece in job.pieces:
        source = "\n" * (piece.line - 1) + piece.source
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | futures
        code = compile(source, job.page, "exec", flags, dont_inherit=True)
        futures |= code.co_flags & _FUTURES
        codes.append(code)
    return codes


def _run_codes(
    codes: Sequence[types.CodeType], namespace: dict[str, Any], mark: Callable[[], None]
) -> None:
    first_async = next(
        (n for n, code in enumerate(codes) if code.co_flags & inspect.CO_COROUTINE), len(codes)
    )
    for number, code in enumerate(codes[:first_async]):
        if number == len(codes) - 1:
            mark()
        exec(code, namespace)  # noqa: S102  # what this process is for
    if first_async == len(codes):
        return

    async def rest() -> None:
        for number, code in enumerate(codes[first_async:], first_async):
            if number == len(codes) - 1:
                mark()
            pending = eval(code, namespace)  # noqa: S307  # runs code that has top-level await
            if pending is not None:
                await pending

    import asyncio  # noqa: PLC0415  # 30 ms that a synchronous snippet needn't pay

    asyncio.run(rest())


def _judge(exc: BaseException, job: Job, namespace: dict[str, Any]) -> Failure | None:
    if isinstance(exc, SystemExit) and job.raises is None and exc.code in (None, 0):
        return None
    frames = _frames(exc, job)
    in_last = frames and frames[0].line >= job.pieces[-1].line
    if job.raises is not None and in_last:
        wanted = _resolve(job.raises, namespace)
        if type(exc) is wanted:
            return None
        named = f"{type(exc).__module__}.{type(exc).__qualname__}".removeprefix("builtins.")
        return _failure(
            "raised-another", exc, frames, job, f"it should raise {job.raises}, and raised {named}"
        )
    return _failure("exception", exc, frames, job)


def _resolve(dotted: str, namespace: dict[str, Any]) -> object:
    """Return what `raises` names: a builtin, a name of the snippet's own, or one of a module."""
    module, _, name = dotted.rpartition(".")
    if not module:
        return namespace.get(name, getattr(builtins, name, None))
    try:
        return getattr(importlib.import_module(module), name, None)
    except ImportError:
        return None


def _failure(
    code: str,
    exc: BaseException,
    frames: tuple[Frame, ...],
    job: Job,
    message: str | None = None,
) -> Failure:
    said = "".join(traceback.format_exception_only(type(exc), exc)).strip()
    line = frames[-1].line if frames else job.pieces[-1].line
    if isinstance(exc, EOFError):
        return Failure(code, line, said, hint="a snippet has no standard input", frames=frames)
    if message is not None:
        return Failure(code, line, message, detail=said, frames=frames)
    head, _, rest = said.partition("\n")
    return Failure(code, line, head, detail=rest, frames=frames)


def _frames(exc: BaseException, job: Job) -> tuple[Frame, ...]:
    """Return the frames of `exc` that are the reader's; a syntax error's place counts as one."""
    if isinstance(exc, SyntaxError) and exc.filename == job.page and exc.lineno:
        return (Frame(exc.lineno, "<module>", (exc.text or "").strip()),)
    return tuple(
        Frame(frame.lineno or 0, frame.name, (frame.line or "").strip())
        for frame in traceback.extract_tb(exc.__traceback__)
        if frame.filename == job.page
    )


def _show_page_lines(job: Job) -> None:
    """Let linecache, and so tracebacks and inspect, find the reader's lines under the page."""
    lines: list[str] = []
    for piece in job.pieces:
        lines += ["\n"] * (piece.line - 1 - len(lines))
        lines += [f"{line}\n" for line in piece.source.split("\n")]
    linecache.cache[job.page] = (sum(map(len, lines)), None, lines, job.page)
