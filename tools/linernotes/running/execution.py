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
    from collections.abc import Callable, Iterator, Sequence

    from linernotes.running.job import Job

_FUTURES = 0x1FE0000  # the co_flags of `from __future__ import …` (Include/cpython/code.h)
_MOST_FRAMES = 12
_MOST_CAUSES = 4
_MOST_SAID = 4000  # characters of what an exception says


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
    except (ValueError, RecursionError, MemoryError) as exc:  # null bytes, code nested too deep
        return Failure("syntax-error", job.pieces[-1].line, f"it can't be compiled: {exc}")
    names, modules = dict(vars(builtins)), dict(sys.modules)
    raised: BaseException | None = None
    try:
        _run_codes(codes, module.__dict__, mark)
    except BaseException as exc:  # noqa: BLE001  # whatever the reader's code raises is reported
        raised = exc
    vars(builtins).update(names)  # the snippet may have put anything there, and we go on
    sys.modules.update(modules)
    if raised is not None:
        return _judge(raised, job, module.__dict__)
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
    last = len(codes) - 1
    first_async = next(
        (n for n, code in enumerate(codes) if code.co_flags & inspect.CO_COROUTINE), last + 1
    )
    for number, code in enumerate(codes[:first_async]):
        if number == last:
            mark()
        exec(code, namespace)  # noqa: S102  # what this process is for
    if first_async > last:
        return

    async def rest() -> None:
        for number, code in enumerate(codes[first_async:], first_async):
            if number == last:
                mark()
            pending = eval(code, namespace)  # noqa: S307  # runs code that has top-level await
            if pending is not None:
                await pending

    import asyncio  # noqa: PLC0415  # 30 ms that a synchronous snippet needn't pay

    asyncio.run(rest())


def exception_failure(
    exc: BaseException, job: Job, code: str = "exception", message: str | None = None
) -> Failure:
    """Return an exception of the reader's code as a failure; `message` instead of its own words."""
    frames = _frames(exc, job)
    line = frames[-1].line if frames else job.pieces[-1].line
    said = _cut("\n".join((*_said(exc), *_causes(exc))))
    head, _, rest = said.partition("\n")
    if message is not None:
        head, rest = message, said
    return Failure(code, line, head, rest, _hint(exc), _shown(frames))


def _said(exc: BaseException) -> Iterator[str]:
    """Yield what an exception says, the kind and message of it first; of a group also its parts."""
    lines = "".join(traceback.format_exception_only(type(exc), exc)).strip().split("\n")
    if isinstance(exc, SystemExit):
        lines = [f"it exits with {exc.code!r}, which is a failure"]
    elif isinstance(exc, SyntaxError):  # Python puts the place first
        lines = [f"{type(exc).__name__}: {exc.msg}", *lines[:-1]]
    yield from lines
    for part in getattr(exc, "exceptions", ()):
        if isinstance(part, BaseException):
            yield from (f"| {line}" for line in _said(part))


def _causes(exc: BaseException) -> Iterator[str]:
    """Yield what exceptions were behind it: clients hide the interesting ones."""
    seen: set[str] = set()
    cause = exc.__cause__
    while cause is not None and len(seen) < _MOST_CAUSES:
        lines = traceback.format_exception_only(type(cause), cause)
        text = lines[-1].strip()
        if text not in seen:
            seen.add(text)
            yield f"because of {text}"
        cause = cause.__cause__ or cause.__context__


def _judge(exc: BaseException, job: Job, namespace: dict[str, Any]) -> Failure | None:
    if isinstance(exc, SystemExit) and job.raises is None and exc.code in (None, 0):
        return None
    frames = _frames(exc, job)
    in_last = bool(frames) and frames[0].line >= job.pieces[-1].line
    if job.raises is None or not in_last:
        return exception_failure(exc, job)
    if type(exc) is _resolve(job.raises, namespace):
        return None
    named = f"{type(exc).__module__}.{type(exc).__qualname__}".removeprefix("builtins.")
    wanted = f"it should raise {job.raises}, and raised {named}"
    return exception_failure(exc, job, "raised-another", wanted)


def _resolve(dotted: str, namespace: dict[str, Any]) -> object:
    """Return what `raises` names: a builtin, something of the snippet's own, or of a module."""
    first, *rest = dotted.split(".")
    found = namespace.get(first, getattr(builtins, first, None))
    for name in rest:
        found = getattr(found, name, None)
    if found is not None or not rest:
        return found
    try:
        return getattr(importlib.import_module(".".join([first, *rest[:-1]])), rest[-1], None)
    except ImportError:
        return None


def _hint(exc: BaseException) -> str | None:
    if isinstance(exc, EOFError):
        return "a snippet has no standard input"
    if isinstance(exc, MemoryError):
        return "a snippet may use 4 GiB"
    return None


def _cut(said: str) -> str:
    return said if len(said) <= _MOST_SAID else f"{said[:_MOST_SAID]}…"


def _shown(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """Return the frames worth showing: of a deep recursion only its ends."""
    if len(frames) <= _MOST_FRAMES:
        return frames
    return (*frames[: _MOST_FRAMES // 2], *frames[-_MOST_FRAMES // 2 :])


def _frames(exc: BaseException, job: Job) -> tuple[Frame, ...]:
    """Return the frames of `exc` that are the reader's; a syntax error's place counts as one."""
    if isinstance(exc, SyntaxError) and exc.filename == job.page and exc.lineno:
        return (Frame(exc.lineno, "<module>", _cut((exc.text or "").strip())),)
    return tuple(
        Frame(frame.lineno or 0, frame.name, _cut((frame.line or "").strip()))
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
