"""The pool: hosts with their lanes, and the handing out of jobs.

There are two hosts at most: a bare one, which is up at once, for snippets of plain Python, and a
warm one that has imported the HTTP clients and the SDK. So a fork of the one costs 0.4 ms and the
second's import, about a second, is paid once.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections import deque
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING

from linernotes.running.job import Failure, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from typing_extensions import Self

    from linernotes.running.job import Job

_MOST_BARE = 64
_MOST_WARM = 16


class Pool:
    """Runs jobs, a process each, on as many lanes as asked for. Use it as a context manager."""

    def __init__(
        self, lanes: int, environment: Mapping[str, str], modules: Sequence[str] = ()
    ) -> None:
        """Make a pool that starts nothing yet.

        `environment` is that of the snippets, `modules` are imported before the first of those
        that speak HTTP.
        """
        self._lanes = lanes
        self._environment = dict(environment)
        self._modules = tuple(modules)
        self._hosts: list[subprocess.Popen[bytes]] = []
        self._connections: list[Connection] = []
        self._free: dict[bool, list[Connection]] = {}
        self._waiting: dict[bool, deque[Job]] = {False: deque(), True: deque()}
        self._busy: dict[Connection, list[Job]] = {}
        self._suspects: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Run `jobs` and yield their outcomes as they come, in no order."""
        for job in jobs:
            self._waiting[job.http].append(job)
        while any(self._waiting.values()) or self._busy:
            for warm in (True, False):  # the warm one first: it needs a second to get ready
                self._hand_out(warm=warm)
            for ready in wait(list(self._busy)):
                assert isinstance(ready, Connection)
                outcome = self._receive(ready)
                if outcome is not None:
                    yield outcome

    def _hand_out(self, *, warm: bool) -> None:
        """Give the lanes that are free what waits for them."""
        waiting = self._waiting[warm]
        if waiting and warm not in self._free:
            self._free[warm] = self._start(warm=warm)
        while waiting and self._free[warm]:
            connection = self._free[warm].pop()
            jobs = self._batch(warm=warm)
            self._busy[connection] = jobs
            with contextlib.suppress(OSError):  # a lane that is gone shows when we listen to it
                connection.send(list(jobs))

    def _batch(self, *, warm: bool) -> list[Job]:
        """Take jobs for one lane: many while many wait, in the end one. A suspect goes alone."""
        waiting = self._waiting[warm]
        most = min(_MOST_WARM if warm else _MOST_BARE, len(waiting) // (2 * self._lanes))
        jobs = [waiting.popleft()]
        while len(jobs) < most and not self._suspects & {jobs[0].address, waiting[0].address}:
            jobs.append(waiting.popleft())
        return jobs

    def _receive(self, ready: Connection) -> Outcome | None:
        jobs = self._busy[ready]
        try:
            outcome = ready.recv()
        except (EOFError, OSError):
            return self._lose(ready)
        done = next(job for job in jobs if job.address == outcome.address)
        jobs.remove(done)
        if not jobs:
            del self._busy[ready]
            self._free[done.http].append(ready)
        if outcome.status == "needs-http":
            self._waiting[True].append(replace(done, http=True))
            return None
        return outcome

    def _lose(self, lost: Connection) -> Outcome | None:
        """Replace a lane that went away.

        Any of the jobs that it was given may be why, so they are given again one by one.
        """
        first, *rest = jobs = self._busy.pop(lost)
        lost.close()
        self._connections.remove(lost)
        self._free[first.http] += self._start(warm=first.http, lanes=1)
        if rest or first.address not in self._suspects:
            self._suspects |= {job.address for job in jobs}
            self._waiting[first.http].extendleft(reversed(jobs))
            return None
        failure = Failure(
            "lost",
            first.pieces[-1].line - 1,
            "the process that watched it went away, twice",
            hint="was the machine out of memory?",
        )
        return Outcome(first.address, "failed", failure)

    def close(self) -> None:
        """Hang up: the lanes stop what they run, and the hosts leave."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._free.clear()
        self._busy.clear()
        for host in self._hosts:
            try:
                host.wait(timeout=5)
            except subprocess.TimeoutExpired:
                host.kill()
                host.wait()
        self._hosts.clear()

    def _start(self, *, warm: bool, lanes: int | None = None) -> list[Connection]:
        pairs = [socket.socketpair() for _ in range(lanes or self._lanes)]
        theirs = [pair[1].fileno() for pair in pairs]
        modules = self._modules if warm else ()
        # The import path goes along in the code: the environment is the snippets' own by now.
        code = (
            f"import sys; sys.path[:] = {sys.path!r}; from linernotes.running.host import main; "
            f"main({theirs!r}, {modules!r})"
        )
        self._hosts.append(
            subprocess.Popen(  # noqa: S603  # ourselves
                [sys.executable, "-c", code],
                pass_fds=theirs,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=self._environment,
                start_new_session=True,  # Ctrl-C in the terminal is ours alone
            )
        )
        for _, theirs_end in pairs:
            theirs_end.close()
        connections = [Connection(own.detach()) for own, _ in pairs]
        self._connections += connections
        return connections
