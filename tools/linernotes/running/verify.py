"""Verification: every snippet of the pages asked for gets its verdict, and the count is closed."""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from linernotes.atomic import write_atomically
from linernotes.findings import Finding, error, has_errors, warning
from linernotes.running.counting import Count, PageCount, count_page, total
from linernotes.running.job import Failure, File, Job, Piece
from linernotes.running.local_code import LocalCode
from linernotes.running.packages import speaks_http, warm_modules
from linernotes.running.pool import Pool
from linernotes.running.verdicts import (
    Kept,
    Verdict,
    VerdictCache,
    digest_of,
    installation,
)
from linernotes.running.world import environment
from linernotes.snippets.collect import Example, PageExamples, collect, module_of
from linernotes.snippets.output import output_difference, same_output, with_outputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from linernotes.project import Project
    from linernotes.running.job import Outcome
    from linernotes.running.rendered import Rendering
    from linernotes.running.type_check import TypeCheck, TypeProblem
    from linernotes.snippets.collect import Target
    from linernotes.snippets.modules import Module
    from linernotes.snippets.snippet import Output

_UNEXPECTED = re.compile(r"unexpected keyword argument '(\w+)'")


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found. `duration` is in seconds.

    `examined` are the pages with the examples that the verdicts are of, `whole` says that they are
    all of the project's.
    """

    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    count: Count | None
    duration: float
    examined: tuple[PageExamples, ...] = ()
    whole: bool = False

    @property
    def pages(self) -> int:
        """How many pages were looked at."""
        return len(self.examined)

    @property
    def all_known(self) -> bool:
        """Whether nothing had to be run: every verdict is an earlier one, or the author's wish."""
        return all(one.cached or one.verdict == "skipped" for one in self.verdicts)

    @property
    def good(self) -> bool:
        """Whether nothing fails the command."""
        return not has_errors(self.findings) and all(
            verdict.verdict in ("passed", "skipped") for verdict in self.verdicts
        )

    def number(self, name: str) -> int:
        """Return how many snippets have the verdict `name`."""
        return sum(verdict.verdict == name for verdict in self.verdicts)

    def provenance(self) -> dict[str, int]:
        """Return how many snippets were verified against recordings of each provenance."""
        known = (verdict.provenance for verdict in self.verdicts if verdict.provenance)
        return dict(sorted(Counter(known).items()))


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is known (`verdicts`, pages `rendered` before), and what is to be done.

    `renderer` is a digest of all but the page that rendering depends on.
    """

    renderer: str
    verdicts: dict[str, Verdict]
    examples: list[_Planned]
    rendered: list[PageExamples]
    unrendered: list[PageExamples]


@dataclass(frozen=True, slots=True)
class _Planned:
    """An example that isn't answered from the cache."""

    example: Example
    digest: str
    module: Module | None
    problem: Finding | None


def verify(
    project: Project,
    targets: Sequence[Target] = (),
    *,
    lanes: int,
    use_cache: bool = True,
    update: bool = False,
    started: Callable[[int], None] = lambda _: None,
    finished: Callable[[], None] = lambda: None,
    pool: Pool | None = None,
) -> Report:
    """Verify the snippets that `targets` name, or all of the project's.

    `lanes` is how many run at once. With `update` the output fences are rewritten to what was
    printed. `started` is told how many will be run, `finished` is called after each. A `pool` is
    used instead of a new one and stays open, so that who verifies again and again waits once for
    what it imports. Raises ConfigurationError for a target that doesn't exist, a renderer or a type
    checker that can't be run, OSError for a page that can't be written.
    """
    began = time.perf_counter()
    cache = VerdictCache(project.cache, trusted=use_cache and not update)
    pages = list(collect(project, targets))
    plan = _plan(project, pages, cache)
    with contextlib.ExitStack() as stack:
        rendering = _start_rendering(project, plan, stack)
        beside = stack.enter_context(ThreadPoolExecutor(1))  # its files take as long as the run
        starting = beside.submit(_start_types, plan, stack)
        outcomes = _run(project, plan, pool or lanes, started, finished)
        types = starting.result()
        problems = types.result() if types is not None else {}
        shown = rendering.result() if rendering is not None else {}
    if update:
        _update_outputs(project, plan, outcomes)
    for one in plan.examples:
        address = one.example.snippet.address
        verdict = judge(
            one.example,
            outcomes.get(address),
            problems.get(address, ()),
            one.problem,
            outputs=not update,
        )
        plan.verdicts[address] = verdict
        cache.put(address, _kept(one.digest, verdict) if not update else None)
    counts = _counts(plan, shown, cache)
    if not targets:
        cache.keep_only([*plan.verdicts, *(page.page for page in pages)])
    verdicts = tuple(
        plan.verdicts[example.snippet.address] for page in pages for example in page.examples
    )
    findings = _page_by_page(
        pages,
        *(finding for page in pages for finding in page.findings),
        *(finding for verdict in verdicts for finding in verdict.findings),
        *(finding for count in counts for finding in count.findings),
        *_save(project, cache),
    )
    whole = all(page.python is not None for page in pages)
    count = total(counts, verdicts) if whole else None
    duration = time.perf_counter() - began
    return Report(verdicts, findings, count, duration, tuple(pages), whole=not targets)


def _page_by_page(pages: Sequence[PageExamples], *findings: Finding) -> tuple[Finding, ...]:
    """Return the findings as an author goes through them: by page, then by line."""
    places = {page.page: number for number, page in enumerate(pages)}
    return tuple(
        sorted(findings, key=lambda one: (places.get(one.page, len(places)), one.line or 0))
    )


def _save(project: Project, cache: VerdictCache) -> Iterable[Finding]:
    """Save the verdicts; where that can't be done they are as good, and have to be found again."""
    try:
        cache.save()
    except OSError as exc:
        yield warning(
            "verdicts-not-kept",
            project.relative(project.cache),
            None,
            f"the verdicts can't be kept for the next time: {exc.strerror or exc}",
            "make the directory writable, or remove the file that is in its place",
        )


def runs(example: Example) -> bool:
    """Return whether an example is one that is executed."""
    return example.snippet.skip is None and example.snippet.norun is None


def job_of(project: Project, example: Example) -> Job:
    """Return the job that runs `example` in replay."""
    snippet = example.snippet
    return Job(
        address=snippet.address,
        page=snippet.page,
        module=example.module.as_posix(),
        pieces=tuple(Piece(one.source, one.line + 1) for one in example.chain),
        timeout=snippet.timeout or project.timeout,
        http=any(speaks_http(one.source) for one in example.chain),
        cassette=str(example.cassette) if snippet.named else None,
        raises=snippet.raises,
        files=tuple(File(str(source), target) for source, target in example.files),
    )


def judge(
    example: Example,
    outcome: Outcome | None,
    problems: Sequence[TypeProblem],
    problem: Finding | None,
    *,
    outputs: bool = True,
) -> Verdict:
    """Return the verdict of `example` from what its run and the type checker said.

    `outcome` is None for an example that isn't run, `problem` why it has no module. `outputs` says
    whether what was printed is compared with what the page shows.
    """
    snippet = example.snippet
    findings: list[Finding] = [] if problem is None else [problem]
    if outcome is not None and outcome.failure is not None:
        findings.append(run_finding(snippet.page, outcome.failure, problems))
    elif snippet.raises is None:
        findings += [
            error("type-error", snippet.page, one.line, one.message, f"ty: {one.rule}")
            for one in problems
            if snippet.line <= one.line <= snippet.end_line
        ]
    if outcome is not None and outcome.failure is None and snippet.output and outputs:
        findings += _output_findings(example, outcome)
    failed = bool(findings)
    for warned in outcome.warnings if outcome else ():
        findings.append(
            warning(
                "python-warning", snippet.page, warned.line, f"{warned.category}: {warned.message}"
            )
        )
    name = "passed" if outcome is not None else "skipped"
    if failed:
        name = outcome.status if outcome and outcome.status == "unrecorded" else "failed"
    return Verdict(
        id=snippet.address,
        page=snippet.page,
        line=snippet.line,
        verdict=name,
        reason=snippet.norun or snippet.skip,
        provenance=outcome.provenance if outcome else None,
        duration=outcome.duration if outcome else 0.0,
        error="\n".join(str(finding) for finding in findings if finding.severity == "error")
        or None,
        findings=tuple(findings),
    )


def _plan(project: Project, pages: Sequence[PageExamples], cache: VerdictCache) -> _Plan:
    """Sort out what is known already and what is to be looked at."""
    installed, local = installation(), LocalCode()
    plan = _Plan(installed + _content(project.configuration), {}, [], [], [])
    for page in pages:
        if page.python is not None:
            known = cache.get(page.page, _page_digest(plan, page))
            (plan.unrendered if known is None else plan.rendered).append(page)
        for example in page.examples:
            snippet = example.snippet
            if snippet.skip is not None:
                plan.verdicts[snippet.address] = judge(example, None, (), None)
                continue
            digest = digest_of(project, installed, local, example)
            kept = cache.get(snippet.address, digest)
            if kept is None:
                module = module_of(project, example)
                failed = isinstance(module, Finding)
                plan.examples.append(
                    _Planned(
                        example, digest, None if failed else module, module if failed else None
                    )
                )
                continue
            plan.verdicts[snippet.address] = replace(
                judge(example, None, (), None),
                verdict=kept.verdict,
                provenance=kept.provenance,
                cached=True,
            )
    return plan


def _run(
    project: Project,
    plan: _Plan,
    pool: Pool | int,
    started: Callable[[int], None],
    finished: Callable[[], None],
) -> dict[str, Outcome]:
    jobs = [
        job_of(project, one.example)
        for one in plan.examples
        if one.problem is None and runs(one.example)
    ]
    started(len(jobs))
    outcomes: dict[str, Outcome] = {}
    if not jobs:
        return outcomes
    with contextlib.ExitStack() as stack:
        if isinstance(pool, int):  # as many lanes, for this time
            sources = [piece.source for job in jobs for piece in job.pieces]
            modules = warm_modules(sources)
            pool = stack.enter_context(Pool(pool, environment(project.environment), modules))
        for outcome in pool.run(jobs):
            outcomes[outcome.address] = outcome
            finished()
    return outcomes


def _start_types(plan: _Plan, stack: contextlib.ExitStack) -> TypeCheck | None:
    modules = [one.module for one in plan.examples if one.module is not None]
    if not modules:
        return None
    from linernotes.contract.remedies import removed_parameters  # noqa: PLC0415  # not if cached
    from linernotes.running.type_check import TypeCheck  # noqa: PLC0415

    return stack.enter_context(TypeCheck(modules, removed_parameters()))


def _start_rendering(
    project: Project, plan: _Plan, stack: contextlib.ExitStack
) -> Rendering | None:
    if not plan.unrendered:
        return None
    from linernotes.running.rendered import Rendering  # noqa: PLC0415  # not if cached

    files = [page.file for page in plan.unrendered]
    return stack.enter_context(Rendering(project.configuration, files))


def _counts(
    plan: _Plan, shown: Mapping[Path, Counter[str] | str], cache: VerdictCache
) -> list[PageCount]:
    """Return the count of each page. One that agrees with the renderer is remembered."""
    counts = [PageCount(len(page.python or ()), 0) for page in plan.rendered]
    for page in plan.unrendered:
        count = count_page(page, shown[page.file])
        counts.append(count)
        agrees = not count.findings
        cache.put(page.page, Kept(_page_digest(plan, page), "passed", None) if agrees else None)
    return counts


def _page_digest(plan: _Plan, page: PageExamples) -> str:
    return f"{page.digest[:16]}{plan.renderer[:16]}"


def _content(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _kept(digest: str, verdict: Verdict) -> Kept | None:
    if verdict.findings or verdict.verdict not in ("passed", "skipped"):
        return None
    return Kept(digest, verdict.verdict, verdict.provenance)


def _update_outputs(project: Project, plan: _Plan, outcomes: Mapping[str, Outcome]) -> None:
    """Write into the pages what their snippets printed. Raises OSError."""
    printed: dict[Path, dict[Output, str]] = {}
    for one in plan.examples:
        snippet = one.example.snippet
        outcome = outcomes.get(snippet.address)
        if outcome is not None and outcome.failure is None and snippet.output is not None:
            page = project.root / snippet.page
            printed.setdefault(page, {})[snippet.output] = outcome.stdout
    for page, outputs in printed.items():
        with page.open(encoding="utf-8", newline="") as file:
            text = file.read()
        new = with_outputs(text, outputs)
        if new != text:
            write_atomically(page, new)


def _output_findings(example: Example, outcome: Outcome) -> Iterable[Finding]:
    output = example.snippet.output
    assert output is not None
    if same_output(output.text, outcome.stdout):
        return
    yield error(
        "output-differs",
        example.snippet.page,
        output.line,
        "the snippet prints something else than the page shows\n"
        + _indented(output_difference(output.text, outcome.stdout)),
        f"linernotes verify --update {example.snippet.address} writes what it prints",
    )


def run_finding(page: str, failure: Failure, problems: Sequence[TypeProblem] = ()) -> Finding:
    """Return what a run failed of as a finding, with the reader's code.

    Where the type checker names the parameter that Python refused, its words are the hint.
    """
    line, hint = failure.line, failure.hint
    unexpected = _UNEXPECTED.search(failure.message)
    for problem in problems:
        if unexpected is not None and f"`{unexpected.group(1)}`" in problem.message:
            line, hint = problem.line, problem.message
    parts = [failure.message]
    if failure.detail:
        parts.append(_indented(failure.detail))
    for frame in failure.frames:
        where = "" if frame.function == "<module>" else f"  (in {frame.function})"
        parts.append(f"    {frame.line} │ {frame.code}{where}")
    return error(failure.code, page, line, "\n".join(parts), hint)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.split("\n"))
