"""What is to be run, and what came of it: the data between the runner and the processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["passed", "failed", "unrecorded", "needs-http"]
"""`needs-http` is for the pool alone: run it again, with a cassette at the end of the wire."""


LIVE = "live"
"""The upstream of a live recording: the host that the snippet itself names."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The source of one snippet of a chain; its first line is page line `line`."""

    source: str
    line: int


@dataclass(frozen=True, slots=True)
class File:
    """A file that a page declares: where it is, and its path in the scratch directory."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Job:
    """One chain to run.

    `cassette` is the recording's path, whether it exists or not; None for a snippet that can't
    have one. `timeout` is in seconds of real time. `http` says whether the chain imports an HTTP
    client or a library built on one. `upstream` is None to replay; while recording it is the base
    URL that requests go to, or `LIVE`.
    """

    address: str
    page: str
    module: str
    pieces: tuple[Piece, ...]
    timeout: float
    http: bool = False
    cassette: str | None = None
    raises: str | None = None
    files: tuple[File, ...] = ()
    upstream: str | None = None
    started_at: str | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """A line of the reader's code that was running when a snippet failed."""

    line: int
    function: str
    code: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a snippet didn't pass. `line` is the page's; `detail` may have several lines."""

    code: str
    line: int
    message: str
    detail: str = ""
    hint: str | None = None
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class Warned:
    """A Python warning that the reader's code gave rise to, at the page's line."""

    line: int
    category: str
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did. `stdout` is what the chain's last snippet printed.

    `recording` is the text of the cassette that was recorded, None in a replay, and `tokens` what
    the API said that it used (input, output). `requests` counts the HTTP requests that were
    answered; `duration` is in seconds of real time.
    """

    address: str
    status: Status
    failure: Failure | None = None
    stdout: str = ""
    warnings: tuple[Warned, ...] = ()
    requests: int = 0
    provenance: str | None = None
    recording: str | None = None
    tokens: tuple[int, int] = (0, 0)
    duration: float = 0.0
