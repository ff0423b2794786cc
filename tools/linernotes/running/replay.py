"""Replaying: the cassette answers, each recording once, and nothing else does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from linernotes.cassettes.cassette import Cassette, CassetteError
from linernotes.cassettes.matching import Player, difference
from linernotes.cassettes.yaml_format import loads
from linernotes.running.child import ChildResultError
from linernotes.running.job import Failure
from linernotes.running.packages import other_clients_in
from linernotes.running.transport import answer_with
from linernotes.running.wire import RefusedRequestError, page_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from linernotes.cassettes.cassette import Provenance, Request, Response
    from linernotes.running.job import Job


class Replay:
    """The cassette of one run, and what was asked of it."""

    hosts = ()
    tokens = (0, 0)

    def __init__(self, job: Job, cassette: Cassette | None) -> None:
        self._job = job
        self._cassette = cassette
        self._player = Player(cassette or Cassette(None, ()))
        self._failure: Failure | None = None
        self.requests = 0
        self.unrecorded = False

    @property
    def moment(self) -> str | None:
        """When the recording was made: a VCR file of other origin doesn't say."""
        known = self._known()
        return known.recorded_at if known else None

    @property
    def provenance(self) -> str | None:
        """Where the recording came from, if there is one and it says so."""
        known = self._known()
        return known.source if known else None

    def _known(self) -> Provenance | None:
        return self._cassette.provenance if self._cassette else None

    def exchange(self, request: Request) -> Response:
        """Return the recorded answer. Raises RefusedRequestError where there is none."""
        response = self._player.play(request)
        if response is None:
            self._failure = self._failure or self._not_recorded(request)
            raise RefusedRequestError(self._failure.message)
        self.requests += 1
        return response

    def failure(self) -> Failure | None:
        """Return the first request that wasn't recorded, or a recording that wasn't asked for."""
        if self._failure is not None:
            return self._failure
        left = self._player.unplayed()
        if not left or self._cassette is None:
            return None
        total = len(self._cassette.interactions)
        first = left[0].request
        return Failure(
            "part-used",
            self._job.pieces[-1].line - 1,
            f"{len(left)} of {total} recordings in its cassette were not asked for",
            f"the first of them: {first.method} {first.url}",
            f"if the snippet is right, record it again: {self._record_again()}",
        )

    def recording(self) -> None:
        """Return nothing: a replay records nothing."""

    def _not_recorded(self, request: Request) -> Failure:
        line = page_line(self._job.page) or self._job.pieces[-1].line
        asked = f"{request.method} {request.url}"
        if self._job.cassette is None:
            return Failure(
                "needs-id",
                line,
                f"it makes an HTTP request ({asked}) and has no id that a cassette could keep to",
                hint="name the snippet: ``` { .python #a-name }",
            )
        if self._cassette is None:
            self.unrecorded = True
            return Failure(
                "unrecorded",
                line,
                f"{asked} was never recorded",
                hint=f"linernotes record {self._job.address} (with a key), or with --simulate",
            )
        recorded = [interaction.request for interaction in self._cassette.interactions]
        return Failure(
            "not-recorded",
            line,
            f"the request isn't the one that was recorded: {asked}",
            difference(request, recorded),
            f"if the snippet is right, record it again: {self._record_again()}",
        )

    def _record_again(self) -> str:
        """Return the command that records the snippet as it was recorded, as its mark shows it."""
        how = "" if self.provenance == "live" else "--simulate "
        return f"linernotes record {how}{self._job.address}"


def connect(job: Job, imported: Callable[[str], bool]) -> Replay:
    """Put the cassette of `job` at the end of the wire. Raises ChildResultError for a bad one."""
    replay = Replay(job, _load(job))
    answer_with(replay.exchange, imported)
    if other_clients_in(job.pieces):
        from linernotes.running import other_clients  # noqa: PLC0415  # heavy, and rarely used

        other_clients.answer_with(replay.exchange)
    return replay


def _load(job: Job) -> Cassette | None:
    if job.cassette is None:
        return None
    path = Path(job.cassette)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise ChildResultError(
            Failure("unreadable-cassette", job.pieces[-1].line - 1, f"{path.name}: {exc.strerror}")
        ) from None
    try:
        return loads(data.decode("utf-8"), job.cassette)
    except UnicodeDecodeError:
        failure = Failure("bad-cassette", job.pieces[-1].line - 1, f"{path.name} isn't UTF-8 text")
    except CassetteError as exc:
        found = exc.finding
        where = path.name if found.line is None else f"{path.name}:{found.line}"
        failure = Failure(
            found.code, job.pieces[-1].line - 1, f"{where}: {found.message}", hint=found.hint
        )
    raise ChildResultError(failure)
