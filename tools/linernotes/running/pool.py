"""The pool: hosts with their lanes, and the handing out of jobs.

There are two hosts at most: a bare one, which is up at once, for snippets of plain Python, and a
warm one that has imported the HTTP clients and the SDK. So a fork of the one costs 0.4 ms and the
second's import, about a second, is paid once.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from collections import deque
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING

from linernotes.running.job import Failure, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from typing_extensions import Self

    from linernotes.running.job import Job

WARM_MODULES = ("anthropic", "openai", "portkey_ai", "httpx2", "httpx", "requests", "aiohttp")
"""Packages that speak HTTP: what imports one of them runs from the warm host."""

_MOST_BARE = 64
_MOST_WARM = 16

_HTTP = re.compile(
    r"^\s*(?:from|import)\s+(?:[\w.]+\s*,\s*)*("
    + "|".join((*WARM_MODULES, r"urllib3?", r"http"))
    + r")\b",
    re.MULTILINE,
)


def speaks_http(source: str) -> bool:
    """Return whether a snippet's source imports a library that makes HTTP calls."""
    return _HTTP.search(source) is not None


def warm_modules(sources: Sequence[str]) -> tuple[str, ...]:
    """Return the modules worth importing before forking: those that the snippets import."""
    wanted = {match for source in sources for match in _HTTP.findall(source)}
    return tuple(name for name in WARM_MODULES if name in wanted)


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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Run `jobs` and yield their outcomes as they come, in no order."""
        waiting = {warm: deque(job for job in jobs if job.http is warm) for warm in (False, True)}
        for warm in (True, False):  # the warm one first: it needs a second to get ready
            if waiting[warm] and warm not in self._free:
                self._free[warm] = self._start(warm=warm)
        busy: dict[Connection, deque[Job]] = {}
        while any(waiting.values()) or busy:
            for warm, queue in waiting.items():
                while queue and self._free[warm]:
                    connection = self._free[warm].pop()
                    jobs = [queue.popleft() for _ in range(self._share(len(queue), warm=warm))]
                    connection.send(jobs)
                    busy[connection] = deque(jobs)
            for ready in wait(list(busy)):
                assert isinstance(ready, Connection)
                yield self._receive(ready, busy)

    def _share(self, waiting: int, *, warm: bool) -> int:
        """Return how many jobs to give to a lane at once: many while many wait, in the end one."""
        most = _MOST_WARM if warm else _MOST_BARE
        return max(1, min(most, waiting // (2 * self._lanes)))

    def _receive(self, ready: Connection, busy: dict[Connection, deque[Job]]) -> Outcome:
        jobs = busy[ready]
        try:
            outcome = ready.recv()
        except (EOFError, OSError):
            return self._lose(ready, busy)
        done = next(job for job in jobs if job.address == outcome.address)
        jobs.remove(done)
        if not jobs:
            del busy[ready]
            self._free[done.http].append(ready)
        return outcome

    def _lose(self, lost: Connection, busy: dict[Connection, deque[Job]]) -> Outcome:
        """Replace a lane that went away; what it was given but had not begun is given again."""
        first, *rest = busy.pop(lost)
        lost.close()
        self._connections.remove(lost)
        new = self._start(warm=first.http, lanes=1)[0]
        if rest:
            new.send(rest)
            busy[new] = deque(rest)
        else:
            self._free[first.http].append(new)
        failure = Failure(
            "lost",
            first.pieces[-1].line - 1,
            "the process that watched it went away",
            hint="was the machine out of memory?",
        )
        return Outcome(first.address, "failed", failure)

    def close(self) -> None:
        """Hang up: the lanes stop what they run, and the hosts leave."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._free.clear()
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
            )
        )
        for _, theirs_end in pairs:
            theirs_end.close()
        connections = [Connection(own.detach()) for own, _ in pairs]
        self._connections += connections
        return connections
