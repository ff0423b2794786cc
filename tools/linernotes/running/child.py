"""Inside a snippet's own process: enter the replay world, run the chain, say what happened.

The pieces of a chain are compiled under the page's name and at the page's lines, so that every
traceback points into the Markdown by itself.
"""

from __future__ import annotations

import ast
import atexit
import builtins
import importlib
import inspect
import io
import json
import linecache
import os
import sys
import threading
import time
import traceback
import types
import warnings
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NoReturn

from linernotes.running import clock, contained, world
from linernotes.running.job import Failure, Frame, Warned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linernotes.running.job import Job
    from linernotes.running.wire import Wire

CONTAINED_OUTPUT_LIMIT = 64 * 1024
"""Characters that a contained snippet may print; one that prints more is run by itself."""

_FUTURES = 0x1FE0000  # the co_flags of `from __future__ import …` (Include/cpython/code.h)


class ChildResultError(Exception):
    """A failure that ends the run; its `failure` is what gets reported."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def prepare() -> None:
    """Do in the parent, once, what every child would do first: it costs them page faults."""
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # lives as long as we do
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(  # noqa: SIM115
        2, "w", encoding="utf-8", errors="backslashreplace", closefd=False
    )
    clock.install()
    world.install()
    warnings.resetwarnings()
    for category in (ImportWarning, PendingDeprecationWarning, ResourceWarning):
        warnings.simplefilter("ignore", category)


def run(job: Job, marker: bytes, result: int) -> NoReturn:
    """Run `job` and write what came of it to the file descriptor `result`, as JSON; then exit.

    `marker` is written to stdout where the output of the chain's last snippet begins. Standard
    streams and the working directory are already the snippet's own.
    """
    report: dict[str, Any] = {}
    try:
        report = _run(job, marker)
    except ChildResultError as exc:
        report = {"status": "failed", "failure": asdict(exc.failure)}
    finally:
        _flush()
        os.write(result, json.dumps(report).encode())
        os._exit(0)


def run_contained(jobs: Sequence[Job], result: int) -> NoReturn:
    """Run those of `jobs` that are contained, one after the other, in this one process; then exit.

    For each that passes, its number and what it printed go to the file descriptor `result`, a line
    of JSON each. Of the others nothing is said: they are run again by themselves.
    """
    world.close_network()
    for number, job in enumerate(jobs):
        started = time.perf_counter()
        printed = _printed_by(job)
        if printed is not None:
            line = json.dumps([number, printed, time.perf_counter() - started])
            os.write(result, f"{line}\n".encode())
    os._exit(0)


class _Printed(io.StringIO):
    """Takes what contained code prints, up to a limit."""

    def write(self, text: str) -> int:
        if self.tell() > CONTAINED_OUTPUT_LIMIT:
            raise ChildResultError(Failure("too-much-output", 0, ""))
        return super().write(text)


def _printed_by(job: Job) -> str | None:
    """Run contained code and return what it printed; None if it isn't contained or fails."""
    try:
        tree = ast.parse(job.pieces[0].source)
        if not contained.is_contained(tree):
            return None
        code = compile(tree, job.page, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError):
        return None
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    before, sys.stdout = sys.stdout, _Printed()
    try:
        exec(code, module.__dict__)  # noqa: S102  # what this process is for
        return sys.stdout.getvalue()
    except BaseException:  # noqa: BLE001  # it is run again, and then told
        return None
    finally:
        sys.stdout = before


def _run(job: Job, marker: bytes) -> dict[str, Any]:
    sys.argv = [job.module]
    sys.path.insert(0, os.getcwd())  # noqa: PTH109  # as Python does for a script
    wire = _wire(job)
    moment = wire.moment if wire else None
    if moment is not None:
        clock.set_to(moment)
    world.close_network(wire.hosts if wire else ())
    warned: list[Warned] = []
    _listen_to_warnings(job.page, warned)
    failure = _execute(job, marker)
    failure = _other_failure(job, wire) or failure or _finish()
    unrecorded = wire is not None and wire.unrecorded
    return {
        "status": "passed" if failure is None else "unrecorded" if unrecorded else "failed",
        "failure": None if failure is None else asdict(failure),
        "warnings": [asdict(warning) for warning in warned],
        "requests": wire.requests if wire else 0,
        "provenance": wire.provenance if wire else None,
        "recording": wire.recording() if wire and failure is None else None,
        "tokens": wire.tokens if wire else (0, 0),
    }


def _wire(job: Job) -> Wire | None:
    if not job.http:
        return None
    from linernotes.running import wire  # noqa: PLC0415  # 1 s, for snippets with HTTP only

    return wire.connect(job)


def _execute(job: Job, marker: bytes) -> Failure | None:
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
        _run_codes(codes, module.__dict__, marker)
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


def _run_codes(codes: Sequence[types.CodeType], namespace: dict[str, Any], marker: bytes) -> None:
    first_async = next(
        (n for n, code in enumerate(codes) if code.co_flags & inspect.CO_COROUTINE), len(codes)
    )
    for number, code in enumerate(codes[:first_async]):
        if number == len(codes) - 1:
            _mark(marker)
        exec(code, namespace)  # noqa: S102  # what this process is for
    if first_async == len(codes):
        return

    async def rest() -> None:
        for number, code in enumerate(codes[first_async:], first_async):
            if number == len(codes) - 1:
                _mark(marker)
            pending = eval(code, namespace)  # noqa: S307  # runs code that has top-level await
            if pending is not None:
                await pending

    import asyncio  # noqa: PLC0415  # 30 ms that a synchronous snippet needn't pay

    asyncio.run(rest())


def _mark(marker: bytes) -> None:
    sys.stdout.flush()
    os.write(1, marker)


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


def _listen_to_warnings(page: str, warned: list[Warned]) -> None:
    def note(
        message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: object
    ) -> None:
        if filename == page:
            warned.append(Warned(lineno, category.__name__, str(message)))
        else:
            sys.stderr.write(warnings.formatwarning(message, category, filename, lineno))

    warnings.showwarning = note  # type: ignore[assignment]


def _other_failure(job: Job, wire: Wire | None) -> Failure | None:
    """Return the failure that the snippet's own exception hides or that it swallowed."""
    if wire is not None and (failure := wire.failure()) is not None:
        return failure
    if (attempt := world.network_attempt()) is not None:
        return Failure(
            "network-closed",
            job.pieces[-1].line,
            f"it tried to reach {attempt}, and the network is closed while snippets run",
            hint="use an HTTP client that a cassette can answer, or mark the snippet"
            ' `.norun reason="…"`',
        )
    return None


def _finish() -> Failure | None:
    """End as a script ends: wait for threads, run exit handlers, flush."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001  # as Py_Finalize does
        atexit._run_exitfuncs()  # noqa: SLF001
    except Exception as exc:  # noqa: BLE001  # an exit handler of the reader's
        return Failure("exception", 1, f"at exit: {type(exc).__name__}: {exc}")
    return None


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue
