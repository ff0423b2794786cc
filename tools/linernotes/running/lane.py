"""A lane: forks a process for each chain, watches it, and says how it ended.

Whatever a snippet does to its process (`os._exit`, a signal, an endless loop, endless output), the
lane lives on and reports it. Each chain is a process group of its own, killed whole afterwards.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import secrets
import select
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from linernotes.running import child, strays
from linernotes.running.job import Failure, Frame, Outcome, Warned

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from multiprocessing.connection import Connection

    from linernotes.running.job import Job

MEMORY_LIMIT = 4 * 1024**3  # bytes of data
FILE_LIMIT = 1024**3  # bytes in one file
OUTPUT_LIMIT = 1024 * 1024  # bytes of stdout, and of stderr, before a snippet is stopped
_RESULT_LIMIT = 64 * 1024 * 1024
_READ = 65536
_CONTAINED_TIMEOUT = 3.0  # seconds for all of them; what isn't done then is run by itself
_GLANCE = 5  # milliseconds between looks at a child where the system has no pidfd
_STDERR_SHOWN = 2000


class RunnerGoneError(Exception):
    """The process that asked for the run went away."""


@dataclass(slots=True)
class _Pipe:
    """One end of a pipe that a child writes to, and what it wrote."""

    reader: int
    limit: int
    data: bytearray = field(default_factory=bytearray)

    def drain(self) -> bool:
        """Read what is there; return whether the other end is closed."""
        while True:
            try:
                chunk = os.read(self.reader, _READ)
            except BlockingIOError:
                return False
            if not chunk:
                return True
            self.data += chunk
            if len(self.data) > self.limit:
                return False

    @property
    def full(self) -> bool:
        return len(self.data) > self.limit


@dataclass(frozen=True, slots=True)
class _End:
    """How a child ended: `reason` is None if it exited by itself, with wait status `status`."""

    status: int
    reason: str | None


def serve(connection: Connection, room: str) -> None:
    """Run each job that comes through `connection` and send its outcome, until it is closed.

    `room` is the directory below which each run gets a scratch directory.
    """
    strays.adopt()
    _limit()
    child.prepare({os.getpid(), os.getppid(), os.getpgid(os.getppid())})
    gc.collect()
    gc.freeze()  # children share these pages with us as long as nobody counts through them
    try:
        while True:
            for outcome in _run_all(connection.recv(), room, connection):
                connection.send(outcome)
    except (EOFError, OSError, RunnerGoneError):
        return  # whoever asked has hung up


def _limit() -> None:
    """Set what a snippet may use at most, so that a runaway one can't take the machine along."""
    limits = (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_DATA, MEMORY_LIMIT),
        (resource.RLIMIT_FSIZE, FILE_LIMIT),
    )
    for kind, wanted in limits:
        _, hard = resource.getrlimit(kind)
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(OSError, ValueError):  # macOS has limits of its own to limits
            resource.setrlimit(kind, (soft, hard))


@contextlib.contextmanager
def _scratch(room: str) -> Generator[str]:
    """Yield a new directory in `room`, which is also the home and holds temporary files."""
    os.makedirs(room, mode=0o700, exist_ok=True)  # noqa: PTH103  # the last snippet may have removed it
    directory = tempfile.mkdtemp(dir=room)
    os.environ.update({"HOME": directory, "TMPDIR": directory})
    try:
        yield directory
    finally:
        _remove(directory)


def _remove(directory: str) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    left = Path(directory)
    if left.is_symlink():
        left.unlink()
    elif left.exists():  # something in it was made inaccessible
        left.chmod(0o700)
        for place, names, _ in os.walk(left):
            for name in names:
                inner = Path(place, name)
                if not inner.is_symlink():
                    inner.chmod(0o700)
        shutil.rmtree(left, ignore_errors=True)


def _run_all(jobs: Sequence[Job], room: str, connection: Connection) -> Iterator[Outcome]:
    """Run `jobs`, those that are contained in one process, each of the others in its own."""
    done: dict[int, Outcome] = {}
    candidates = [job for job in jobs if _may_be_contained(job)]
    if len(candidates) > 1:
        done = _run_contained(candidates, room, connection)
    for number, job in enumerate(candidates):
        yield done.get(number) or _run(job, room, connection)
    for job in jobs:
        if not _may_be_contained(job):
            yield _run(job, room, connection)


def _may_be_contained(job: Job) -> bool:
    return job.upstream is None and not job.files


def _run_contained(jobs: Sequence[Job], room: str, connection: Connection) -> dict[int, Outcome]:
    """Return the outcomes of those jobs that were contained and passed, by their number."""

    def become(writers: list[int]) -> NoReturn:
        child.run_contained(jobs, writers[2])

    timeout = min(_CONTAINED_TIMEOUT, *(job.timeout for job in jobs))
    try:
        with _scratch(room) as scratch:
            _, _, _, result = _supervise(become, scratch, timeout, connection)
    except OSError:  # each of them alone will say what is wrong
        return {}
    outcomes = {}
    for line in result.splitlines(keepends=True):
        if len(line) > 1 and line.endswith(b"\n"):
            number, printed, report, duration = json.loads(line)
            outcome = _reported(jobs[number], report, printed, b"")
            outcomes[number] = replace(outcome, duration=duration)
    return outcomes


def _run(job: Job, room: str, connection: Connection) -> Outcome:
    started = time.perf_counter()
    try:
        with _scratch(room) as scratch:
            for file in job.files:
                target = Path(scratch, file.target)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.source, target)
            outcome = _run_alone(job, scratch, connection)
    except OSError as exc:
        failure = Failure("cannot-run", job.pieces[-1].line - 1, f"it can't be run: {exc}")
        outcome = Outcome(job.address, "failed", failure)
    return replace(outcome, duration=time.perf_counter() - started)


def _run_alone(job: Job, scratch: str, connection: Connection) -> Outcome:
    marker = f"\0{secrets.token_hex(8)}\0".encode()

    def become(writers: list[int]) -> NoReturn:
        child.run(job, marker, writers[2])

    end, stdout, stderr, result = _supervise(become, scratch, job.timeout, connection)
    return _outcome(job, end, marker, stdout, stderr, result)


def _supervise(
    become: Callable[[list[int]], NoReturn], scratch: str, timeout: float, connection: Connection
) -> tuple[_End, bytes, bytes, bytes]:
    """Fork a child in `scratch` that does `become`; return its end, stdout, stderr and result."""
    pairs = [os.pipe() for _ in range(3)]
    own = os.getpid()
    process = os.fork()
    if process == 0:
        strays.die_with(own)
        connection.close()  # or we would look alive to the runner when we aren't
        for reader, _ in pairs:
            os.close(reader)
        _start(become, scratch, [writer for _, writer in pairs])
    limits = (OUTPUT_LIMIT, OUTPUT_LIMIT, _RESULT_LIMIT)
    pipes = []
    for (reader, writer), limit in zip(pairs, limits):  # noqa: B905  # both are three
        os.close(writer)
        os.set_blocking(reader, False)
        pipes.append(_Pipe(reader, limit))
    try:
        end = _watch(process, pipes, timeout, connection)
    finally:
        for pipe in pipes:
            os.close(pipe.reader)
    stdout, stderr, result = (bytes(pipe.data) for pipe in pipes)
    return end, stdout, stderr, result


def _start(become: Callable[[list[int]], NoReturn], scratch: str, writers: list[int]) -> NoReturn:
    """In the child: take its streams and directory, and go."""
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        null = os.open(os.devnull, os.O_RDONLY)
        for wanted, descriptor in enumerate((null, writers[0], writers[1])):
            os.dup2(descriptor, wanted)
        os.chdir(scratch)
        become(writers)
    finally:
        os._exit(70)


def _watch(process: int, pipes: list[_Pipe], timeout: float, connection: Connection) -> _End:
    """Wait for the child to exit, reading its pipes, and stop it where it goes too far."""
    pidfd = _pidfd(process)
    try:
        reason, status = _read_until_it_ends(process, pidfd, pipes, timeout, connection)
    finally:
        if pidfd is not None:
            os.close(pidfd)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process, signal.SIGKILL)  # what the snippet started and left behind
    if reason is not None:
        os.kill(process, signal.SIGKILL)  # it isn't reaped yet, so the number is still its own
        _, status = os.waitpid(process, 0)
    strays.end()
    for pipe in pipes:
        if not pipe.full:
            pipe.drain()
    if reason == "runner-gone":
        raise RunnerGoneError
    return _End(status, reason)


def _read_until_it_ends(
    process: int,
    pidfd: int | None,
    pipes: list[_Pipe],
    timeout: float,
    connection: Connection,
) -> tuple[str | None, int]:
    """Return why the child has to be stopped, or None and its wait status when it has exited."""
    deadline = time.monotonic() + timeout
    by_reader = {pipe.reader: pipe for pipe in pipes}
    poll = select.poll()
    poll.register(connection.fileno(), 0)  # only its end is of interest now
    for descriptor in (*by_reader, *([] if pidfd is None else [pidfd])):
        poll.register(descriptor, select.POLLIN)
    while (left := (deadline - time.monotonic()) * 1000) > 0:
        for descriptor, event in poll.poll(left if pidfd is not None else min(left, _GLANCE)):
            if descriptor == connection.fileno() and event & (select.POLLHUP | select.POLLERR):
                return "runner-gone", 0
            pipe = by_reader.get(descriptor)
            if pipe is not None and pipe.drain():
                poll.unregister(descriptor)
        if any(pipe.full for pipe in pipes):
            return "too-much-output", 0
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return None, status
    return "timeout", 0


def _pidfd(process: int) -> int | None:
    try:
        return os.pidfd_open(process)
    except (AttributeError, OSError):  # not Linux, or an old kernel
        return None


def _outcome(
    job: Job, end: _End, marker: bytes, stdout: bytes, stderr: bytes, result: bytes
) -> Outcome:
    _, _, printed = stdout.rpartition(marker)
    text = printed.decode("utf-8", "replace")
    report: Any = None
    if end.reason is None:
        with contextlib.suppress(ValueError):
            report = json.loads(result.strip().rpartition(b"\n")[2])
    if not isinstance(report, dict) or "status" not in report:
        return Outcome(job.address, "failed", _died(job, end, stderr), text)
    return _reported(job, report, text, stderr)


def _reported(job: Job, report: dict[str, Any], stdout: str, stderr: bytes) -> Outcome:
    failure = report.get("failure")
    return Outcome(
        job.address,
        report["status"],
        None if failure is None else _failure(failure, stderr),
        stdout,
        tuple(Warned(**warning) for warning in report.get("warnings", ())),
        report.get("requests", 0),
        report.get("provenance"),
        report.get("recording"),
        tuple(report.get("tokens", (0, 0))),
    )


def _failure(report: dict[str, Any], stderr: bytes) -> Failure:
    frames = tuple(Frame(**frame) for frame in report.pop("frames", ()))
    said = stderr[-_STDERR_SHOWN:].decode("utf-8", "replace").strip()
    if said:
        report["detail"] = f"{report['detail']}\nstderr:\n{said}".lstrip("\n")
    return Failure(**report, frames=frames)


def _died(job: Job, end: _End, stderr: bytes) -> Failure:
    line = job.pieces[-1].line - 1
    said = stderr[-_STDERR_SHOWN:].decode("utf-8", "replace").strip()
    if end.reason == "timeout":
        return Failure(
            "timeout",
            line,
            f"still running after {job.timeout:g} s, so it was stopped",
            said,
            'an endless loop? A snippet that needs longer says so: timeout="60"',
        )
    if end.reason == "too-much-output":
        return Failure(
            "too-much-output",
            line,
            f"printed more than {OUTPUT_LIMIT // 1024} KiB, so it was stopped",
            hint="print what a reader would want to read",
        )
    if os.WIFSIGNALED(end.status):
        name = signal.Signals(os.WTERMSIG(end.status)).name
        return Failure("died", line, f"its process was ended by {name}", said)
    return Failure(
        "left-early",
        line,
        f"its process left with exit code {os.WEXITSTATUS(end.status)} before its end",
        said,
        "os._exit() leaves without a word; let the snippet end, or raise SystemExit",
    )
