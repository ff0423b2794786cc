"""`linernotes record`."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from linernotes.cli.reporting import (
    counted,
    errors_told,
    json_option,
    print_findings,
    print_json,
    progress,
)
from linernotes.cli.targets import resolve, targets_argument
from linernotes.findings import Finding, has_errors, warning
from linernotes.project import ConfigurationError, Project, find_project
from linernotes.recording import record as recording
from linernotes.snippets.collect import collect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from linernotes.recording.costs import Cost
    from linernotes.snippets.collect import Example, PageExamples, Target


@click.command()
@targets_argument
@json_option
@click.option("--simulate", is_flag=True, help="Record against the stand-in; no key is needed.")
@click.option("--missing", is_flag=True, help="Record only what has no cassette.")
@click.option("--prune", is_flag=True, help="Remove cassettes whose snippet is gone; no recording.")
@click.option("--yes", is_flag=True, help="Don't ask before calling the API.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    help="How many snippets are recorded at once.",
)
def record(
    targets: Sequence[tuple[str, str | None]],
    *,
    as_json: bool,
    simulate: bool,
    missing: bool,
    prune: bool,
    yes: bool,
    jobs: int,
) -> None:
    """Run snippets with their requests going out, and keep what came back as cassettes.

    With ANTHROPIC_API_KEY set, requests go to the API and cost money: what about is told before
    and after. With --simulate they go to the stand-in, a server on this machine that checks each
    request against the SDK's own types; such recordings are labelled `simulated` wherever they
    show. Its answers are scripted in a `.replies.yaml` beside the cassette.

    A live recording leaves a snippet alone whose script has an error, a refusal or the like: no
    API gives those on request. A live recording is replaced by a simulated one only if you name
    its snippet.

    \b
        linernotes record --simulate --missing
        ANTHROPIC_API_KEY=… linernotes record docs/quickstart.md
    """
    if prune and (targets or simulate or missing):
        raise click.UsageError("--prune goes alone: it looks at all cassettes and records nothing")
    with errors_told(as_json=as_json):
        project = find_project(Path.cwd())
        if prune:
            _prune(project, as_json=as_json)
        key = None if simulate else os.environ.get(recording.KEY) or None
        if key is None and not simulate:
            raise ConfigurationError(recording.no_key())
        wanted = resolve(project, targets)
        pages = list(collect(project, wanted))
        examples = _chosen(pages, wanted, missing=missing, live=key is not None)
        estimates = _estimates(project, examples, jobs) if key is not None else []
        if estimates and not yes:
            question = f"Run {counted(len(estimates), 'snippet')} against the API, at your cost?"
            click.confirm(question, abort=True, err=True)
        recorded = _recorded(project, examples, key, jobs)
    findings = [finding for page in pages for finding in page.findings]
    findings += [finding for one in recorded for finding in one.findings]
    findings += _misnamed_scripts(project, examples)
    findings += recording.nothing_recorded(_named(pages, wanted), recorded, missing=missing)
    if as_json:
        print_json(_report(project, recorded, estimates, findings))
    else:
        print_findings(findings)
        print_findings(finding for one in recorded for finding in one.drift)
        for line in _summary(recorded, live=not simulate):
            click.echo(line)
    sys.exit(1 if has_errors(findings) else 0)


def _report(
    project: Project,
    recorded: Sequence[recording.Recorded],
    estimated: Sequence[recording.Estimate],
    findings: Sequence[Finding],
) -> dict[str, Any]:
    """Return what `--json` prints. Of a cassette's provenance only what it has earned is told."""
    before = {one.address: one.cost for one in estimated}
    run = [one for one in recorded if one.left is None]
    tokens = _tokens(run)
    return {
        "recorded": [project.relative(one.path) for one in run if one.path and one.changed],
        "unchanged": sum(one.path is not None and not one.changed for one in run),
        "requests": sum(one.requests for one in run),
        "input_tokens": tokens[0],
        "output_tokens": tokens[1],
        "provenance": Counter(one.provenance for one in run if one.provenance),
        "estimated_usd": round(_total(before.values()).usd, 6) if before else None,
        "usd": round(_total(one.cost for one in run).usd, 6) if before else None,
        "left_simulated": [
            {"id": one.address, "reason": one.left} for one in recorded if one.left is not None
        ],
        "snippets": [
            {
                "id": one.address,
                "provenance": one.provenance,
                "changed": one.changed,
                "requests": one.requests,
                "input_tokens": one.tokens[0],
                "output_tokens": one.tokens[1],
                "estimated_usd": _usd(before.get(one.address)),
                "usd": _usd(one.cost) if before else None,
            }
            for one in run
        ],
        "drift": [finding.to_json() for one in run for finding in one.drift],
        "findings": [finding.to_json() for finding in findings],
    }


def _summary(recorded: Sequence[recording.Recorded], *, live: bool) -> Iterator[str]:
    """Yield the closing lines, for people."""
    left = [one for one in recorded if one.left is not None]
    for one in left:
        yield f"Left simulated: {one.address} ({one.left})."
    run = [one for one in recorded if one.left is None]
    written = sum(one.changed for one in run)
    requests = sum(one.requests for one in run)
    yield (
        f"{counted(len(run), 'snippet')} run ({'live' if live else 'simulated'}):"
        f" {counted(requests, 'request')}, {_said(_tokens(run))};"
        f" {counted(written, 'cassette')} written."
    )
    if not live:
        return
    changes = counted(sum(len(one.drift) for one in run), "change of form", "changes of form")
    drifted = counted(sum(bool(one.drift) for one in run), "cassette")
    cost = _total(one.cost for one in run)
    unknown = sum(one.cost is None and bool(one.requests) for one in run) + cost.unpriced
    more = f", and {unknown} answers or snippets of unknown cost" if unknown else ""
    yield f"It cost about {_money(cost.usd)}{more}."
    yield f"{changes} in {drifted} since the recordings before."


def _estimates(
    project: Project, examples: Sequence[Example], jobs: int
) -> list[recording.Estimate]:
    """Say on stderr what a live recording will cost: by snippet, if it costs anything, and in all.

    What is unknown isn't in the sum.
    """
    live, _ = recording.divided(project, examples)
    estimated = recording.estimates(project, live, lanes=jobs)
    unknown = 0
    for one in estimated:
        if one.cost is None or one.cost.unpriced:
            unknown += 1
            click.echo(f"{'cost unknown':>30}  {one.address}", err=True)
        elif one.cost.at_most:
            click.echo(f"{_estimated(one.cost):>30}  {one.address}", err=True)
    if estimated:
        total = _estimated(_total(one.cost for one in estimated))
        more = f", without the {unknown} unknown" if unknown else ""
        click.echo(f"{total:>30}  in all, by the tokens of earlier runs{more}", err=True)
    return estimated


def _estimated(cost: Cost) -> str:
    return f"about {_money(cost.usd)}, at most {_money(cost.at_most)}"


def _money(dollars: float) -> str:
    return f"${dollars:,.2f}" if dollars >= 1 else f"${dollars:.4f}"


def _usd(cost: Cost | None) -> float | None:
    return None if cost is None or cost.unpriced else round(cost.usd, 6)


def _total(costs: Iterable[Cost | None]) -> Cost:
    return sum((cost for cost in costs if cost is not None), start=recording.Cost())


def _chosen(
    pages: Sequence[PageExamples], wanted: Sequence[Target], *, missing: bool, live: bool
) -> list[Example]:
    """Return what is to be recorded: a live recording only live, or if its snippet is named."""
    examples = [example for page in pages for example in page.examples]
    named = {example.snippet.address for example in _named(pages, wanted)}
    addresses = {example.snippet.address for example in examples}
    kept = () if live else addresses - named
    return recording.recordable(examples, missing=missing, keep_live=kept)


def _named(pages: Sequence[PageExamples], wanted: Sequence[Target]) -> list[Example]:
    """Return the examples that were asked for by their ids."""
    named = {f"{target.page}#{target.id}" for target in wanted if target.id is not None}
    examples = (example for page in pages for example in page.examples)
    return [example for example in examples if example.snippet.address in named]


def _misnamed_scripts(project: Project, examples: Sequence[Example]) -> Iterator[Finding]:
    """Warn of scripts that a snippet's author seems to have meant, and that it doesn't take."""
    from linernotes.checks.cassettes import misnamed_script  # noqa: PLC0415  # as with --prune

    for example in examples:
        script = misnamed_script(example)
        if script is not None:
            yield warning(
                "replies-misnamed",
                project.relative(script),
                None,
                f"{example.snippet.address} doesn't take its replies from here",
                f"rename it to {project.relative(example.replies)}",
            )


def _recorded(
    project: Project, examples: Sequence[Example], key: str | None, jobs: int
) -> list[recording.Recorded]:
    """Record with a progress bar that also counts tokens."""
    done: list[recording.Recorded] = []
    with progress("Recording") as (started, finished):

        def one_more(recorded: recording.Recorded) -> None:
            done.append(recorded)
            finished(_said(_tokens(done)))

        started(len(examples))
        return recording.record(project, examples, key=key, lanes=jobs, finished=one_more)


def _tokens(recorded: Sequence[recording.Recorded]) -> tuple[int, int]:
    return sum(one.tokens[0] for one in recorded), sum(one.tokens[1] for one in recorded)


def _said(tokens: tuple[int, int]) -> str:
    return f"{tokens[0]:,} tokens in, {tokens[1]:,} out"


def _prune(project: Project, *, as_json: bool) -> NoReturn:
    """Remove the cassettes that no snippet owns, if all snippets can be known; then exit."""
    from linernotes.checks.cassettes import orphans, owned_cassettes  # noqa: PLC0415

    owned: set[Path] = set()
    findings: list[Finding] = []
    for page in collect(project):
        owned |= owned_cassettes(page)
        findings += page.findings
    failed = has_errors(findings)
    gone = () if failed else orphans(project, owned)
    for path in gone:
        path.unlink()
    names = [project.relative(path) for path in gone]
    if as_json:
        print_json({"removed": names, "findings": [finding.to_json() for finding in findings]})
        sys.exit(1 if failed else 0)
    print_findings(findings)
    for name in names:
        click.echo(f"removed {name}")
    click.echo(
        "Nothing removed: mend the pages first, to be sure whose each cassette is."
        if failed
        else f"{counted(len(names), 'cassette')} removed."
    )
    sys.exit(1 if failed else 0)
