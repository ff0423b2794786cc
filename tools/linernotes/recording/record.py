"""The record command's work: run snippets with their requests going out, keep what came back."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from linernotes.atomic import write_atomically
from linernotes.cassettes.cassette import CassetteError
from linernotes.cassettes.secrets import ensure_clean
from linernotes.cassettes.store import read_cassette
from linernotes.cassettes.yaml_format import loads
from linernotes.findings import Finding, error
from linernotes.running.job import LIVE
from linernotes.running.packages import speaks_http, warm_modules
from linernotes.running.pool import Pool
from linernotes.running.verify import job_of, run_finding, runs
from linernotes.running.world import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

    from linernotes.cassettes.cassette import Cassette
    from linernotes.project import Project
    from linernotes.running.job import Outcome
    from linernotes.snippets.collect import Example

KEY = "ANTHROPIC_API_KEY"


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
    examples: Sequence[Example], *, missing: bool, overwrite_live: bool
) -> list[Example]:
    """Return the examples that a recording would run: those that can make HTTP calls.

    With `missing`, only those without a cassette. Unless `overwrite_live`, those whose cassette
    is a live recording are left alone: a stand-in's answers are no replacement.
    """
    return [
        example
        for example in examples
        if runs(example)
        and example.snippet.named
        and any(speaks_http(snippet.source) for snippet in example.chain)
        and not (missing and example.cassette.exists())
        and (overwrite_live or not _is_live(example.cassette))
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
    with _upstreams(project, examples, live=key is not None) as (upstreams, refused):
        done += refused
        by_address = {example.snippet.address: example for example in examples}
        jobs = [
            replace(job_of(project, by_address[address]), upstream=upstream, started_at=moment)
            for address, upstream in upstreams.items()
        ]
        sources = [piece.source for job in jobs for piece in job.pieces]
        with Pool(lanes, variables, warm_modules(sources)) as pool:
            for outcome in pool.run(jobs):
                one = _keep(project, by_address[outcome.address], outcome, known)
                done.append(one)
                finished(one)
    return done


@contextlib.contextmanager
def _upstreams(
    project: Project, examples: Sequence[Example], *, live: bool
) -> Generator[tuple[dict[str, str], list[Recorded]]]:
    """Yield where each snippet's requests go, and what can't be recorded for a bad script."""
    if live or not examples:
        yield {example.snippet.address: LIVE for example in examples}, []
        return
    from linernotes.standin.app import create_app  # noqa: PLC0415  # not for a live recording
    from linernotes.standin.replies import load_replies  # noqa: PLC0415
    from linernotes.standin.server import serve  # noqa: PLC0415

    refused: list[Recorded] = []
    places: dict[str, str] = {}
    apps: dict[str, ASGIApp] = {}
    for number, example in enumerate(examples):
        replies, findings = None, ()
        if example.replies.is_file():
            name = project.relative(example.replies)
            replies, findings = load_replies(example.replies.read_text(encoding="utf-8"), name)
        address = example.snippet.address
        if replies is None and findings:
            refused.append(Recorded(address, findings=tuple(findings)))
            continue
        places[address] = f"/{number}"
        apps[f"/{number}"] = create_app(replies)
    with serve(_one_of(apps)) as url:
        yield {address: f"{url}{place}" for address, place in places.items()}, refused


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


def _keep(project: Project, example: Example, outcome: Outcome, known: Sequence[str]) -> Recorded:
    nothing = Recorded(outcome.address, requests=outcome.requests, tokens=outcome.tokens)
    if outcome.failure is not None:
        return replace(nothing, findings=(run_finding(example.snippet.page, outcome.failure),))
    if outcome.recording is None:
        return nothing
    name = project.relative(example.cassette)
    secrets = tuple(ensure_clean(outcome.recording, name, known))
    if secrets:
        return replace(nothing, findings=secrets)
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
