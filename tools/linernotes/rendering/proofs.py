"""Proofs: what `linernotes verify` knows of each snippet, kept for those who render pages.

A build never runs a snippet. It reads `.linernotes/proofs.json`, which is written here at the end
of a verification. A proof holds for the snippet with its digest and for no other: where a page has
changed since, nothing is claimed.

Reading is on the way of each build and writing at the end of each verification, so nothing heavy
is imported and an unchanged project costs one look at the beginning of the file.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from linernotes.atomic import write_atomically
from linernotes.findings import Finding
from linernotes.rendering.exchanges import Exchange, exchange_of, exchange_read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from linernotes.project import Project
    from linernotes.running.verdicts import Verdict
    from linernotes.running.verify import Report
    from linernotes.snippets.collect import Example, PageExamples
    from linernotes.snippets.snippet import Chain

_FORMAT = 1
_SDK = "anthropic"
_IMPORTS_SDK = re.compile(rf"^[ \t]*(?:from|import)[ \t]+{_SDK}\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a snippet failed.

    `line` is the page's. `detail` is the difference to the recording or to the output, and the
    lines of the reader's code. `command` is what mends it if the snippet is right, `hint` what to
    do where no command does.
    """

    code: str
    line: int | None
    message: str
    detail: str = ""
    hint: str | None = None
    command: str | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of one snippet.

    `verdict`, `reason` and `provenance` are those of `verify --json`. `verified` is the day on which
    it was last run, `sdk` the SDK that was installed then if the snippet imports it; `recorded`,
    `recorded_with` and `api_version` are from the head of its cassette. `module` is its path below
    the directory of modules, None for a snippet that has none.
    """

    address: str
    page: str
    id: str
    line: int
    digest: str
    verdict: str
    reason: str | None = None
    provenance: str | None = None
    verified: str | None = None
    sdk: str | None = None
    recorded: str | None = None
    recorded_with: str | None = None
    api_version: str | None = None
    module: str | None = None
    exchanges: tuple[Exchange, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class PageProofs:
    """The proofs of a page's snippets in their order, and what is wrong with the page itself."""

    proofs: tuple[Proof, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Proofs:
    """All proofs, by page: `docs/guides/streaming.md`."""

    pages: Mapping[str, PageProofs] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Proof]:
        for page in self.pages.values():
            yield from page.proofs

    def find(self, page: str, digest: str) -> Proof | None:
        """Return the proof of the snippet with this digest on `page`."""
        known = self.pages.get(page, _NOTHING).proofs
        return next((proof for proof in known if proof.digest == digest), None)


_NOTHING = PageProofs()


def chain_digest(chain: Chain) -> str:
    """Return the digest of what a reader sees of a snippet and of what it goes on from.

    That is the code, the directives and the output that the page shows. It is the same for the page
    on disk and for the page in the renderer, where its lines and unnamed ids may differ.
    """
    last = chain[-1]
    parts = [(one.source, one.norun, one.skip, one.raises, one.timeout) for one in chain]
    output = None if last.output is None else last.output.text.rstrip()
    seen = repr((parts, last.id if last.named else None, output))
    return hashlib.sha256(seen.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def read_proofs(project: Project) -> Proofs:
    """Return what the last verifications left; none where the file is missing or unusable."""
    path = _path(project)
    try:
        status = path.stat()
    except OSError:
        return Proofs()
    return _read(path, status.st_mtime_ns, status.st_size)


def write_proofs(project: Project, report: Report) -> None:
    """Write what `report` says of the snippets that it covers, beside what is known of others.

    A snippet that wasn't run again keeps its proof. Raises OSError where the file can't be written;
    the project then shows its snippets as not verified.
    """
    path = _path(project)
    stamp = _stamp(report)
    begin = f'{{"format": {_FORMAT}, "stamp": "{stamp}", '
    if report.all_known and _head(path, len(begin)) == begin:
        return
    known = read_proofs(project).pages
    today = datetime.now(timezone.utc).date().isoformat()
    verdicts = {verdict.id: verdict for verdict in report.verdicts}
    pages = {} if report.whole else dict(known)
    for page in report.examined:
        pages[page.page] = _page_proofs(page, verdicts, known.get(page.page, _NOTHING), today)
    content = {name: asdict(page) for name, page in sorted(pages.items())}
    if report.whole or content != {name: asdict(page) for name, page in sorted(known.items())}:
        write_atomically(path, f'{begin}"pages": {json.dumps(content)}}}')


def _path(project: Project) -> Path:
    return project.cache / "proofs.json"


def _head(path: Path, length: int) -> str:
    try:
        with path.open("rb") as file:
            return file.read(length).decode("ascii", "replace")
    except OSError:
        return ""


@lru_cache(maxsize=2)
def _read(path: Path, changed: int, size: int) -> Proofs:  # noqa: ARG001  # they tell a new file
    try:
        content = json.loads(path.read_bytes())
        if content["format"] != _FORMAT:
            return Proofs()
        return Proofs({name: _page_read(page) for name, page in content["pages"].items()})
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return Proofs()


def _page_read(page: dict[str, Any]) -> PageProofs:
    proofs = tuple(map(_proof_read, page["proofs"]))
    return PageProofs(proofs, tuple(Finding(**one) for one in page["findings"]))


def _proof_read(content: dict[str, Any]) -> Proof:
    exchanges = tuple(map(exchange_read, content.pop("exchanges")))
    problems = tuple(Problem(**one) for one in content.pop("problems"))
    return Proof(**content, exchanges=exchanges, problems=problems)


def _stamp(report: Report) -> str:
    """Return a digest of all that the proofs of an unchanged project depend on."""
    pages = [(page.page, page.findings) for page in report.examined]
    digests = [chain_digest(one.chain) for page in report.examined for one in page.examples]
    verdicts = [(one.id, one.line, one.verdict, one.provenance) for one in report.verdicts]
    seen = repr((pages, digests, verdicts))
    return hashlib.sha256(seen.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _page_proofs(
    page: PageExamples, verdicts: Mapping[str, Verdict], known: PageProofs, today: str
) -> PageProofs:
    """Return the proofs of `page`; those of its snippets that weren't asked for stay."""
    earlier = {proof.id: proof for proof in known.proofs}
    asked = {
        example.snippet.id: _proof(
            example, verdicts[example.snippet.address], earlier.get(example.snippet.id), today
        )
        for example in page.examples
    }
    if page.python is not None:
        return PageProofs(tuple(asked.values()), page.findings)
    merged = sorted({**earlier, **asked}.values(), key=lambda proof: proof.line)
    return PageProofs(tuple(merged), page.findings)


def _proof(example: Example, verdict: Verdict, earlier: Proof | None, today: str) -> Proof:
    snippet = example.snippet
    digest = chain_digest(example.chain)
    if (
        verdict.cached
        and earlier is not None
        and (earlier.digest, earlier.verdict, earlier.provenance)
        == (digest, verdict.verdict, verdict.provenance)
    ):
        return replace(earlier, line=snippet.line)
    proof = Proof(
        address=snippet.address,
        page=snippet.page,
        id=snippet.id,
        line=snippet.line,
        digest=digest,
        verdict=verdict.verdict,
        reason=verdict.reason,
        provenance=verdict.provenance,
        module=None if snippet.skip is not None else example.module.as_posix(),
        problems=_problems(verdict),
    )
    if snippet.skip is not None:
        return proof
    proof = replace(proof, verified=today, sdk=_sdk(one.source for one in example.chain))
    return proof if verdict.verdict != "passed" else _with_recording(proof, example)


def _with_recording(proof: Proof, example: Example) -> Proof:
    """Return `proof` with what its cassette says, if it has one."""
    if not example.snippet.named or not example.cassette.is_file():
        return proof
    from linernotes.cassettes.cassette import CassetteError  # noqa: PLC0415  # not if unchanged
    from linernotes.cassettes.store import read_cassette  # noqa: PLC0415

    try:
        cassette = read_cassette(example.cassette, example.cassette.name)
    except (OSError, CassetteError):  # it has changed since the run
        return proof
    head = cassette.provenance
    return replace(
        proof,
        recorded=head.recorded_at[:10] if head else None,
        recorded_with=head.sdk if head else None,
        api_version=head.api_version if head else None,
        exchanges=tuple(map(exchange_of, cassette.interactions)),
    )


def _sdk(sources: Iterable[str]) -> str | None:
    if not any(map(_IMPORTS_SDK.search, sources)):
        return None
    return f"{_SDK} {_sdk_version()}"


@lru_cache(maxsize=1)
def _sdk_version() -> str:
    from importlib.metadata import version  # noqa: PLC0415  # not if unchanged

    return version(_SDK)


def _problems(verdict: Verdict) -> tuple[Problem, ...]:
    return tuple(
        _problem(verdict, finding) for finding in verdict.findings if finding.severity == "error"
    )


def _problem(verdict: Verdict, finding: Finding) -> Problem:
    message, _, detail = finding.message.partition("\n")
    command = _command(finding.code, verdict)
    hint = None if command else finding.hint
    return Problem(finding.code, finding.line, message, _dedented(detail), hint, command)


def _command(code: str, verdict: Verdict) -> str | None:
    """Return the command that mends what `code` says, if the snippet itself is right."""
    if code == "output-differs":
        return f"linernotes verify --update {verdict.id}"
    if code in ("unrecorded", "not-recorded", "part-used"):
        how = "" if verdict.provenance == "live" else "--simulate "
        return f"linernotes record {how}{verdict.id}"
    return None


def _dedented(detail: str) -> str:
    return "\n".join(line.removeprefix("    ") for line in detail.split("\n"))
