"""Inside a snippet's own process: enter the replay world, run the chain, say what happened."""

from __future__ import annotations

import ast
import atexit
import io
import json
import os
import sys
import threading
import time
import warnings
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NoReturn

from linernotes.running import clock, contained, execution, world
from linernotes.running.job import Failure, Warned

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from linernotes.running.job import Job
    from linernotes.running.wire import Wire

CONTAINED_OUTPUT_LIMIT = 64 * 1024
"""Characters that a contained snippet may print; one that prints more is run by itself."""


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

    def mark() -> None:
        sys.stdout.flush()
        os.write(1, marker)

    try:
        sys.path.insert(0, os.getcwd())  # noqa: PTH109  # as Python does for a script
        report = _run(job, mark)
    except ChildResultError as exc:
        report = {"status": "failed", "failure": asdict(exc.failure)}
    finally:
        _flush()
        os.write(result, json.dumps(report).encode())
        os._exit(0)


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
            said = [number, printed.of_last(), report, time.perf_counter() - started]
            os.write(result, f"{json.dumps(said)}\n".encode())
    os._exit(0)


class _Printed(io.StringIO):
    """Takes what contained code prints, up to a limit."""

    def __init__(self) -> None:
        super().__init__()
        self._last = 0

    def write(self, text: str, /) -> int:
        if self.tell() > CONTAINED_OUTPUT_LIMIT:
            raise ChildResultError(Failure("too-much-output", 0, "printed too much"))
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
        report = _run(job, printed.mark)
    except ChildResultError:
        return None
    finally:
        sys.stdout = before
        clock.reset()
    return report if report["status"] == "passed" and not report["warnings"] else None


def _is_contained(job: Job) -> bool:
    source = "\n".join(piece.source for piece in job.pieces)
    try:
        tree = compile(source, job.page, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError, RecursionError):
        return False
    assert isinstance(tree, ast.Module)
    return contained.is_contained(tree)


def _run(job: Job, mark: Callable[[], None]) -> dict[str, Any]:
    sys.argv = [job.module]
    wire = _wire(job)
    if wire is not None and wire.moment is not None:
        clock.set_to(wire.moment)
    world.close_network(wire.hosts if wire else ())
    warned: list[Warned] = []
    _listen_to_warnings(job.page, warned)
    failure = execution.execute(job, mark)
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
        threading._shutdown()  # noqa: SLF001  # ty: ignore[missing-attribute]  # as Py_Finalize does
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
