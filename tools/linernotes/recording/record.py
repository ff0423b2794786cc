"""The record command's work: run snippets with their requests going out, keep what came back."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from linernotes.atomic import write_atomically
from linernotes.cassettes.cassette import CassetteError
from linernotes.cassettes.matching import match_key
from linernotes.cassettes.secrets import credentials_in, ensure_clean, hiding
from linernotes.cassettes.store import read_cassette
from linernotes.cassettes.yaml_format import loads
from linernotes.findings import Finding, error, has_errors
from linernotes.recording.costs import Cost, cost_of
from linernotes.recording.drift import compare
from linernotes.running.job import LIVE
from linernotes.running.packages import speaks_http, warm_modules
from linernotes.running.pool import Pool
from linernotes.running.recording import VENDOR_HOST
from linernotes.running.verify import job_of, run_finding, runs
from linernotes.running.world import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
    from pathlib import Path

    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Receive, Scope, Send

    from linernotes.cassettes.cassette import Cassette, Interaction
    from linernotes.project import Project
    from linernotes.running.job import Failure, Job, Outcome
    from linernotes.snippets.collect import Example
    from linernotes.standin.replies import Replies

KEY = "ANTHROPIC_API_KEY"

LIVE_TIMEOUT = 600.0
"""Seconds that a live recording of a snippet may take: as long as the SDK waits for one answer."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of recording one snippet. `path` is None if it made no request or failed.

    `provenance` is what the recording earned. `left` says why the snippet was not run: only the
    stand-in can give it its answers. `cost` is None where it isn't known what the answers cost.
    `drift` is how their form differs from that of the recording before.
    """

    address: str
    path: Path | None = None
    changed: bool = False
    provenance: str | None = None
    requests: int = 0
    tokens: tuple[int, int] = (0, 0)
    cost: Cost | None = None
    left: str | None = None
    drift: tuple[Finding, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a live recording of a snippet will cost; `cost` is None where that isn't known."""

    address: str
    cost: Cost | None


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


def nothing_recorded(
    named: Sequence[Example], recorded: Sequence[Recorded], *, missing: bool = False
) -> Iterator[Finding]:
    """Yield an error for each example that was named and has no recording now: why it has none."""
    done = {one.address: one for one in recorded}
    for example in named:
        snippet = example.snippet
        one = done.get(snippet.address)
        if one is None:
            if missing and example.cassette.exists():
                continue
            why, hint = _why_not_run(example)
        elif one.requests or one.findings or one.left is not None:
            continue
        else:
            why = "it ran and made no HTTP request, so there is nothing to record"
            hint = "it needs no cassette: linernotes verify runs it as it is"
        yield error("nothing-recorded", snippet.page, snippet.line, why, hint)


def _why_not_run(example: Example) -> tuple[str, str]:
    """Return why an example isn't recorded, and what to do about it."""
    snippet = example.snippet
    if not runs(example):
        attribute = ".skip" if snippet.skip is not None else ".norun"
        return f"`{attribute}` keeps it from being run, so it isn't recorded", (
            f"take `{attribute}` off the fence"
        )
    return "it imports no HTTP client, nor does what it continues: there is nothing to record", (
        "it needs no cassette: linernotes verify runs it as it is"
    )


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
    credential is found, leaves the old cassette as it is. A live recording leaves those alone
    whose answers only the stand-in gives on request. Raises OSError.
    """
    done: list[Recorded] = []

    def keep(run: _Run) -> None:
        done.append(_keep(project, run))
        finished(done[-1])

    wanted = list(examples)
    if key is not None:
        wanted, left = divided(project, examples)
        for one in left:
            done.append(one)
            finished(one)
    else:
        # The clock begins as it did when the cassette was made: a request with a date in it is
        # the same again. Only where something else is new does the recording get a new date.
        moments = {one.snippet.address: moment for one in examples if (moment := _moment(one))}
        known = [one for one in examples if one.snippet.address in moments]
        wanted = [one for one in examples if one.snippet.address not in moments]
        for run in _runs(project, known, moments, None, lanes):
            new = run.recording is not None and not _same(_read(run.example.cassette), run.cassette)
            if new and not has_errors(run.said):
                wanted.append(run.example)
            else:
                keep(run)
    moment = now()
    moments = {one.snippet.address: moment for one in wanted}
    for run in _runs(project, wanted, moments, key, lanes):
        keep(run)
    return done


def divided(
    project: Project, examples: Sequence[Example]
) -> tuple[list[Example], tuple[Recorded, ...]]:
    """Return what a live recording runs, and what it leaves alone or can't run, with the reason.

    Left alone is what only the stand-in answers as the page needs it: the script says so, or the
    cassette shows that the requests go to another host than the vendor's.
    """
    live: list[Example] = []
    others: list[Recorded] = []
    for example in examples:
        try:
            replies = _replies(project, example)
        except _BadScriptError as exc:
            others.append(Recorded(example.snippet.address, findings=exc.findings))
            continue
        reason = replies.only_simulated if replies is not None else None
        reason = reason or _elsewhere(example)
        if reason is None:
            live.append(example)
        else:
            others.append(Recorded(example.snippet.address, left=reason))
    return live, tuple(others)


def estimates(project: Project, examples: Sequence[Example], *, lanes: int) -> list[Estimate]:
    """Return what a live recording of `examples` will about cost, in their order.

    The tokens are those of the cassette. Where there is none the snippet is rehearsed against the
    stand-in, and nothing is kept.
    """
    costs: dict[str, Cost | None] = {}
    new: list[Example] = []
    for example in examples:
        before = _read(example.cassette)
        if before is None:
            new.append(example)
        else:
            costs[example.snippet.address] = cost_of(before)
    moment = now()
    moments = {one.snippet.address: moment for one in new}
    for run in _runs(project, new, moments, None, lanes):
        cassette = run.cassette
        silent = run.outcome is not None and run.failure is None
        costs[run.example.snippet.address] = (
            cost_of(cassette) if cassette is not None else Cost() if silent else None
        )
    return [Estimate(one.snippet.address, costs.get(one.snippet.address)) for one in examples]


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of a snippet with its requests going out. `said` is what is wrong with its script."""

    example: Example
    outcome: Outcome | None
    said: tuple[Finding, ...]
    known: Sequence[str]

    @property
    def failure(self) -> Failure | None:
        return self.outcome.failure if self.outcome is not None else None

    @property
    def recording(self) -> str | None:
        return self.outcome.recording if self.outcome is not None else None

    @property
    def cassette(self) -> Cassette | None:
        return loads(self.recording, "") if self.recording is not None else None


def _runs(
    project: Project,
    examples: Sequence[Example],
    moments: Mapping[str, str],
    key: str | None,
    lanes: int,
) -> Iterator[_Run]:
    """Run `examples`, each from its own moment on: live with `key`, else against the stand-in."""
    if not examples:
        return
    variables = environment(project.environment) | ({KEY: key} if key else {})
    known = credentials_in(os.environ | variables)
    by_address = {example.snippet.address: example for example in examples}
    with _upstreams(project, examples, live=key is not None) as upstreams:
        for refused in upstreams.refused:
            yield _Run(by_address[refused.address], None, refused.findings, known)
        jobs = [
            _job(project, by_address[address], place, moments[address])
            for address, place in upstreams.places.items()
        ]
        sources = [piece.source for job in jobs for piece in job.pieces]
        with Pool(lanes, variables, warm_modules(sources)) as pool:
            for outcome in pool.run(jobs):
                said = upstreams.findings(outcome.address)
                yield _Run(by_address[outcome.address], outcome, said, known)


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
    if live:
        yield _Upstreams({example.snippet.address: LIVE for example in examples})
        return
    from linernotes.gateways.front import behind  # noqa: PLC0415  # not for a live recording
    from linernotes.standin.app import create_app  # noqa: PLC0415
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
    sources = [snippet.source for example in examples for snippet in example.chain]
    with behind(project.gateways, _one_of(apps), sources) as app, serve(app) as url:
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


def _keep(project: Project, run: _Run) -> Recorded:
    """Write the cassette if there is one to write."""
    outcome, example, said = run.outcome, run.example, run.said
    if outcome is None:
        return Recorded(example.snippet.address, findings=said)
    nothing = Recorded(
        outcome.address, requests=outcome.requests, tokens=outcome.tokens, findings=said
    )
    if outcome.failure is not None:
        hide = hiding("", run.known)  # A traceback may show the very key that was used.
        failed = run_finding(example.snippet.page, outcome.failure)
        failed = replace(
            failed, message=hide(failed.message), hint=failed.hint and hide(failed.hint)
        )
        return replace(nothing, findings=(*said, failed))
    after = run.cassette
    if outcome.recording is None or after is None:
        return replace(nothing, cost=Cost())
    nothing = replace(nothing, cost=cost_of(after))
    if has_errors(said):
        return nothing
    name = project.relative(example.cassette)
    secrets = tuple(ensure_clean(outcome.recording, name, run.known))
    if secrets:
        return replace(nothing, findings=(*said, *secrets))
    before = _read(example.cassette)
    changed = not _same(before, after)
    if changed:
        write_atomically(example.cassette, outcome.recording)
    live = outcome.provenance == "live"
    return replace(
        nothing,
        path=example.cassette,
        changed=changed,
        provenance=outcome.provenance,
        drift=tuple(compare(before, after, name)) if live and before is not None else (),
    )


def _same(before: Cassette | None, after: Cassette | None) -> bool:
    """Whether a recording says nothing new: all is the same but for when it was made.

    Nor does it count in which order different requests were sent: a recording is found by what it
    answers, and threads take turns as they like.
    """
    if before is None or after is None or before.provenance is None or after.provenance is None:
        return False
    if after.provenance != replace(before.provenance, recorded_at=after.provenance.recorded_at):
        return False
    return _sorted(before) == _sorted(after)


def _sorted(cassette: Cassette) -> list[Interaction]:
    return sorted(cassette.interactions, key=lambda one: match_key(one.request))


def _moment(example: Example) -> str | None:
    """Return when the simulated cassette of an example was made, None if it has none."""
    cassette = _read(example.cassette)
    if cassette is None or cassette.provenance is None or cassette.provenance.source == "live":
        return None
    return cassette.provenance.recorded_at


def _elsewhere(example: Example) -> str | None:
    """Return that the requests of an example go to others than the vendor, if they do."""
    cassette = _read(example.cassette)
    urls = [one.request.url for one in cassette.interactions] if cassette else []
    hosts = {urlsplit(url).hostname or "" for url in urls} - {VENDOR_HOST}
    return f"its requests go to {', '.join(sorted(hosts))}" if hosts else None


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
