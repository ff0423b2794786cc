"""The wire: what is at the other end of a snippet's HTTP clients.

A cassette, or while recording the host that the recording comes from.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linernotes.running.job import Failure, Job


class RefusedRequestError(BaseException):
    """A request that nobody answers: it wasn't recorded, or may not be sent.

    Not an Exception, so that neither the SDK's retries nor a reader's `except Exception` takes it
    for a network fault and hides it.
    """


class Wire(Protocol):
    """One end of the wire, for one run."""

    @property
    def moment(self) -> str | None:
        """When the recording was made, RFC 3339: where the snippet's clock starts."""

    @property
    def hosts(self) -> Iterable[str]:
        """The hosts that may be reached."""

    @property
    def requests(self) -> int:
        """How many requests were answered."""

    @property
    def provenance(self) -> str | None:
        """`live`, `simulated`, or None when nothing was recorded."""

    @property
    def unrecorded(self) -> bool:
        """Whether a request was made for which there is no cassette at all."""

    @property
    def tokens(self) -> tuple[int, int]:
        """The tokens that were used, input and output; none in a replay."""

    def failure(self) -> Failure | None:
        """Return what went wrong on the wire, whatever the client made of it."""

    def recording(self) -> str | None:
        """Return the text of the cassette that was recorded, or None in a replay."""


def connect(job: Job) -> Wire:
    """Put the cassette of `job`, or while recording its upstream, at the end of the wire."""
    if job.upstream is None:
        from linernotes.running import replay  # noqa: PLC0415  # one of the two is needed

        return replay.connect(job, imported)
    from linernotes.running import recording  # noqa: PLC0415

    return recording.connect(job, imported)


def imported(package: str) -> bool:
    """Return whether a package is there to be patched."""
    if package in sys.modules:
        return True
    with contextlib.suppress(ImportError):
        __import__(package)
        return True
    return False


def warm_up() -> None:
    """Let the SDK build, once, what each first call builds: validators, codecs, platform headers.

    A matter of speed alone, so an SDK that doesn't go along is none of our business here.
    """
    import time_machine  # noqa: F401, PLC0415  # the clock of a recording
    import yaml  # noqa: F401, PLC0415  # cassettes are YAML

    from linernotes.cassettes import yaml_format  # noqa: F401, PLC0415
    from linernotes.running import replay  # noqa: F401, PLC0415

    if not {"aiohttp", "requests"}.isdisjoint(sys.modules):
        from linernotes.running import other_clients  # noqa: F401, PLC0415
    if "anthropic" not in sys.modules:
        return
    from linernotes.running import rehearsal  # noqa: PLC0415

    with contextlib.suppress(Exception):
        rehearsal.rehearse()


def page_line(page: str) -> int | None:
    """Return the line of the reader's code that is running, seen from inside a client."""
    frame = sys._getframe(1)  # noqa: SLF001  # there is no other way to see one's callers
    while frame is not None:
        if frame.f_code.co_filename == page:
            return frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return None
