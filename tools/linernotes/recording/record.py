"""The record command's work: run snippets with their requests going out, keep what came back."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from linernotes.atomic import write_atomically
from linernotes.cassettes.cassette import CassetteError
from linernotes.cassettes.secrets import ensure_clean
from linernotes.cassettes.store import read_cassette
from linernotes.cassettes.yaml_format import loads
from linernotes.findings import Finding, error, has_errors
from linernotes.running.job import LIVE
from linernotes.running.packages import speaks_http, warm_modules
from linernotes.running.pool import Pool
from linernotes.running.verify import job_of, run_finding, runs
from linernotes.running.world import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Mapping, Sequence
    from pathlib import Path

    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Receive, Scope, Send

    from linernotes.cassettes.cassette import Cassette
    from linernotes.project import Project
    from linernotes.running.job import Job, Outcome
    from linernotes.snippets.collect import Example
    from linernotes.standin.replies import Replies

KEY = "ANTHROPIC_API_KEY"

LIVE_TIMEOUT = 600.0
"""Seconds that a live recording of a snippet may take: as long as the SDK waits for one answer."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of recording one snippet. `path` is None if it made no request or failed."""

    address: str
    path: Path | None = None
    changed: bool = False
    requests: int = 0
    tokens: tuple[int, int] = (0, 0)
    findings: tuple[Finding, ...] = ()


def recordable(
    examples: Sequence[Example], *, missing: bool = False, keep_live: Collection[str] = ()
) -> list[Example]:
    """Return the examples that a recording would run: those that can make HTTP calls.

    With `missing`, only those without a cassette. Those of the addresses in `keep_live` whose
    cassette is a live recording are left alone: a stand-in's answers are no replacement.
    """
    return [
        example
        for example in examples
        if runs(example)
        and example.snippet.named
        and any(speaks_http(snippet.source) for snippet in example.chain)
        and not (missing and example.cassette.exists())
        and not (example.snippet.address in keep_live and _is_live(example.cassette))
    ]


def record(
    project: Project,
    examples: Sequence[Example],
    *,
    key: str | None,
    lanes: int,
    finished: Callable[[Recorded], None] = lambda _: None,
) -> list[Recorded]:
    """Record `examples`: live with `key`, or with None against the stand-in.

    Each cassette is written whole as soon as its snippet has passed; one that fails, or in which a
    credential is found, leaves the old cassette as it is. Raises OSError.
    """
    moment = now()
    variables = environment(project.environment) | ({KEY: key} if key else {})
    known = [key] if key else []
    done: list[Recorded] = []
    with _upstreams(project, examples, live=key is not None) as upstreams:
        done += upstreams.refused
        by_address = {example.snippet.address: example for example in examples}
        jobs = [
            _job(project, by_address[address], place, moment)
            for address, place in upstreams.places.items()
        ]
        sources = [piece.source for job in jobs for piece in job.pieces]
        with Pool(lanes, variables, warm_modules(sources)) as pool:
            for outcome in pool.run(jobs):
                said = upstreams.findings(outcome.address)
                one = _keep(project, by_address[outcome.address], outcome, said, known)
                done.append(one)
                finished(one)
    return done


@dataclass(frozen=True, slots=True)
class _Upstreams:
    """Where each snippet's requests go, by address, and what can't be recorded for a bad script.

    `scripts` are the stand-ins' applications, which know what became of their scripts.
    """

    places: Mapping[str, str]
    refused: Sequence[Recorded] = ()
    scripts: Mapping[str, Starlette] = field(default_factory=dict)

    def findings(self, address: str) -> tuple[Finding, ...]:
        """Return what a run has shown to be wrong with the script of a snippet."""
        if address not in self.scripts:
            return ()
        from linernotes.standin.app import script_findings  # noqa: PLC0415  # there is one

        return script_findings(self.scripts[address])


def _job(project: Project, example: Example, upstream: str, moment: str) -> Job:
    job = replace(job_of(project, example), http=True, upstream=upstream, started_at=moment)
    if upstream == LIVE:
        return replace(job, timeout=max(job.timeout, LIVE_TIMEOUT))
    return job


@contextlib.contextmanager
def _upstreams(
    project: Project, examples: Sequence[Example], *, live: bool
) -> Generator[_Upstreams]:
    if live or not examples:
        yield _Upstreams({example.snippet.address: LIVE for example in examples})
        return
    from linernotes.standin.app import create_app  # noqa: PLC0415  # not for a live recording
    from linernotes.standin.server import serve  # noqa: PLC0415

    refused: list[Recorded] = []
    scripts: dict[str, Starlette] = {}
    for example in examples:
        address = example.snippet.address
        try:
            scripts[address] = create_app(_replies(project, example))
        except _BadScriptError as exc:
            refused.append(Recorded(address, findings=exc.findings))
    apps = {f"/{number}": app for number, app in enumerate(scripts.values())}
    with serve(_one_of(apps)) as url:
        places = {address: f"{url}{place}" for address, place in zip(scripts, apps, strict=True)}
        yield _Upstreams(places, refused, scripts)


class _BadScriptError(Exception):
    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(*findings)
        self.findings = findings


def _replies(project: Project, example: Example) -> Replies | None:
    """Return the script of a snippet's replies, None if it has none. Raises _BadScriptError."""
    from linernotes.standin.replies import load_replies  # noqa: PLC0415  # not for a live recording

    if not example.replies.is_file():
        return None
    name = project.relative(example.replies)
    try:
        text = example.replies.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        finding = error("replies-yaml", name, None, "not UTF-8", "save the file as UTF-8")
        raise _BadScriptError((finding,)) from None
    replies, findings = load_replies(text, name)
    if replies is None:
        raise _BadScriptError(tuple(findings))
    return replies


def _one_of(apps: Mapping[str, ASGIApp]) -> ASGIApp:
    """Return an application in which each of `apps` believes that it stands at the root.

    Starlette's Mount would leave the prefix in the path that a request's URL shows.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        _, number, path = scope["path"].split("/", 2)
        inner = {**scope, "path": f"/{path}", "raw_path": f"/{path}".encode()}
        await apps[f"/{number}"](inner, receive, send)

    return app


def _keep(
    project: Project,
    example: Example,
    outcome: Outcome,
    said: tuple[Finding, ...],
    known: Sequence[str],
) -> Recorded:
    """Write the cassette if there is one to write; `said` is what is wrong with the script."""
    nothing = Recorded(
        outcome.address, requests=outcome.requests, tokens=outcome.tokens, findings=said
    )
    if outcome.failure is not None:
        failed = run_finding(example.snippet.page, outcome.failure)
        return replace(nothing, findings=(*said, failed))
    if outcome.recording is None or has_errors(said):
        return nothing
    name = project.relative(example.cassette)
    secrets = tuple(ensure_clean(outcome.recording, name, known))
    if secrets:
        return replace(nothing, findings=(*said, *secrets))
    before = _read(example.cassette)
    changed = before is None or not _same(before, loads(outcome.recording, name))
    if changed:
        write_atomically(example.cassette, outcome.recording)
    return replace(nothing, path=example.cassette, changed=changed)


def _same(before: Cassette, after: Cassette) -> bool:
    """Whether a recording says nothing new: all is the same but for when it was made."""
    if before.provenance is None or after.provenance is None:
        return False
    return before.interactions == after.interactions and after.provenance == replace(
        before.provenance, recorded_at=after.provenance.recorded_at
    )


def _is_live(path: Path) -> bool:
    cassette = _read(path)
    return bool(cassette and cassette.provenance and cassette.provenance.source == "live")


def _read(path: Path) -> Cassette | None:
    try:
        return read_cassette(path, path.name)
    except (OSError, CassetteError):
        return None


def now() -> str:
    """Return the time of a recording that begins now, RFC 3339 in UTC, in whole seconds."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def no_key() -> Finding:
    """Return the finding that a live recording was asked for without a key."""
    return error(
        "no-key",
        KEY,
        None,
        "a live recording needs a key, and the environment has none",
        f"set {KEY}, or record against the stand-in: linernotes record --simulate",
    )
