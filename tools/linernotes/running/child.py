"""Inside a snippet's own process: enter the replay world, run the chain, say what happened."""

from __future__ import annotations

import ast
import atexit
import gc
import io
import os
import sys
import tempfile
import threading
import time
import traceback
import warnings
from dataclasses import asdict
from json import dumps
from typing import TYPE_CHECKING, Any, NoReturn

from linernotes.running import clock, contained, execution, world
from linernotes.running.job import LIVE, Failure, Warned

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from linernotes.running.job import Job
    from linernotes.running.wire import Wire

CONTAINED_OUTPUT_LIMIT = 64 * 1024
"""Characters that a contained snippet may print; one that prints more is run by itself."""

_HTTP_CLIENTS = frozenset({"httpx2", "httpx"})
"""What a cassette answers; if a snippet has brought one along, it should have had one."""

# What a snippet may replace, and we need afterwards.
_exit, _getpid, _write = os._exit, os.getpid, os.write


class ChildResultError(Exception):
    """A failure that ends the run; its `failure` is what gets reported."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def prepare(protected: Collection[int]) -> None:
    """Do in the parent, once, what every child would do first: it costs them page faults.

    `protected` are the processes that children can't send signals to.
    """
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # lives as long as we do
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(  # noqa: SIM115
        2, "w", encoding="utf-8", errors="backslashreplace", closefd=False
    )
    tempfile.tempdir = None  # the snippet's own is found when it asks
    clock.install()
    world.install(protected)
    warnings.resetwarnings()
    for category in (ImportWarning, PendingDeprecationWarning, ResourceWarning):
        warnings.simplefilter("ignore", category)


def run(job: Job, marker: bytes, result: int) -> NoReturn:
    """Run `job` and write what came of it to the file descriptor `result`, as JSON; then exit.

    `marker` is written to stdout where the output of the chain's last snippet begins. Standard
    streams and the working directory are already the snippet's own.
    """
    process = _getpid()

    def mark() -> None:
        _flush()
        _write(1, marker)

    sys.path.insert(0, os.getcwd())  # noqa: PTH109  # as Python does for a script
    try:
        report = _run(job, mark, alone=True)
    except ChildResultError as exc:
        report = {"status": "failed", "failure": asdict(exc.failure)}
    except BaseException:  # noqa: BLE001  # ours, or the snippet has broken what we stand on
        report = {"status": "failed", "failure": asdict(_broken(job))}
    _flush()
    if _getpid() == process:  # and not in a process that the snippet forked
        _send(result, report)
    _exit(0 if report["status"] == "passed" else 1)


def run_contained(jobs: Sequence[Job], result: int) -> NoReturn:
    """Run those of `jobs` that are contained, one after the other, in this one process; then exit.

    For each that passes, its number, what it printed, its report and the seconds it took go to the
    file descriptor `result`, a line of JSON each. Of the others nothing is said: they are run
    again by themselves.
    """
    for number, job in enumerate(jobs):
        started = time.perf_counter()
        printed = _Printed()
        report = _run_if_contained(job, printed)
        if report is not None:
            _send(result, [number, printed.of_last(), report, time.perf_counter() - started])
    _exit(0)


def _broken(job: Job) -> Failure:
    return Failure(
        "harness-error",
        job.pieces[-1].line - 1,
        "the harness failed while it ran this snippet",
        traceback.format_exc(),
        "does the snippet change how Python itself works? If not, please report this",
    )


def _send(result: int, content: Any) -> None:
    # In a line of its own, whatever the snippet has written there.
    line = f"\n{dumps(content, ensure_ascii=False)}\n".encode("utf-8", "replace")
    while line:
        line = line[_write(result, line) :]


class _Printed(io.StringIO):
    """Takes what contained code prints, up to a limit."""

    def __init__(self) -> None:
        super().__init__()
        self._last = 0
        self.full = False

    def write(self, text: str, /) -> int:
        self.full |= self.tell() + len(text) > CONTAINED_OUTPUT_LIMIT
        if self.full:
            return len(text)
        text.encode()  # a real stream would refuse half of a surrogate pair
        return super().write(text)

    def mark(self) -> None:
        """Remember that the output of the chain's last snippet begins here."""
        self._last = self.tell()

    def of_last(self) -> str:
        """Return what the chain's last snippet printed."""
        return self.getvalue()[self._last :]


def _run_if_contained(job: Job, printed: _Printed) -> dict[str, Any] | None:
    """Return the report of contained code that passes without a warning, and None of all else."""
    if not _is_contained(job):
        return None
    before, sys.stdout = sys.stdout, printed
    try:
        report = _run(job, printed.mark, alone=False)
    except ChildResultError:
        return None
    finally:
        sys.stdout = before
        clock.reset()
    good = report["status"] == "passed" and not report["warnings"] and not printed.full
    return report if good else None


def _is_contained(job: Job) -> bool:
    source = "\n".join(piece.source for piece in job.pieces)
    try:
        tree = compile(source, job.page, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        assert isinstance(tree, ast.Module)
        return contained.is_contained(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _run(job: Job, mark: Callable[[], None], *, alone: bool) -> dict[str, Any]:
    sys.argv = [job.module]
    wire = _wire(job)
    if wire is not None and wire.moment is not None:
        clock.set_to(wire.moment)
    if job.upstream == LIVE:
        clock.uninstall()
    world.close(wire.hosts if wire else ())
    warned: list[Warned] = []
    _listen_to_warnings(job.page, warned)
    unhandled: list[Failure] = []
    _listen_to_threads(job, unhandled)
    failure = execution.execute(job, mark)
    if failure is None and alone:
        _finish(job, unhandled)
    _forget(alone=alone)
    if failure is None and unhandled:
        failure = unhandled[0]
    if wire is None and _HTTP_CLIENTS & sys.modules.keys():
        return {"status": "needs-http"}
    failure = _other_failure(job, wire, failure) or failure
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


def _listen_to_warnings(page: str, warned: list[Warned]) -> None:
    def note(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: object = None,  # noqa: ARG001  # its signature is Python's
        line: object = None,  # noqa: ARG001
    ) -> None:
        if filename == page:
            warned.append(Warned(lineno, category.__name__, str(message)))
        else:
            sys.stderr.write(warnings.formatwarning(message, category, filename, lineno))

    setattr(warnings, "showwarning", note)  # noqa: B010  # its type wants the very signature


def _other_failure(job: Job, wire: Wire | None, own: Failure | None) -> Failure | None:
    """Return the failure that the snippet's own one hides or that it swallowed.

    That it left recordings unused isn't one, if it failed before it could ask for them.
    """
    failure = wire.failure() if wire is not None else None
    if failure is not None and (own is None or failure.code != "part-used"):
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


def _listen_to_threads(job: Job, unhandled: list[Failure]) -> None:
    """Note what ends a thread: Python prints it and exits with 0, a page can't let it pass."""

    def note(what: threading.ExceptHookArgs, /) -> None:
        if what.exc_value is not None and not isinstance(what.exc_value, SystemExit):
            unhandled.append(execution.exception_failure(what.exc_value, job))

    threading.excepthook = note


def _finish(job: Job, unhandled: list[Failure]) -> None:
    """End as a script ends: wait for threads, run exit handlers; note those that fail."""

    def note(what: sys.UnraisableHookArgs, /) -> None:
        if what.exc_value is not None:
            unhandled.append(execution.exception_failure(what.exc_value, job))

    threading._shutdown()  # noqa: SLF001  # ty: ignore[missing-attribute]  # as Py_Finalize does
    before, sys.unraisablehook = sys.unraisablehook, note
    atexit._run_exitfuncs()  # noqa: SLF001
    sys.unraisablehook = before


def _forget(*, alone: bool) -> None:
    """Let go of what the snippet made, as the end of Python does, for what happens then.

    Contained code has no finalizers and its generators clean nothing up, so nothing does then.
    """
    main = sys.modules.get("__main__")
    if main is not None:
        vars(main).clear()
    if alone:
        gc.collect()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue
