"""`linernotes verify`."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from linernotes.project import find_project
from linernotes.rendering.proofs import write_proofs
from linernotes.running.verify import verify as run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linernotes.running.verify import Report


@click.command()
@targets_argument
@json_option
@click.option("--no-cache", is_flag=True, help="Run every snippet, also unchanged ones.")
@click.option("--update", is_flag=True, help="Write what snippets print into their .output fences.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    default=None,
    help="How many snippets run at once.  [default: one per core]",
)
def verify(
    targets: Sequence[tuple[str, str | None]],
    *,
    as_json: bool,
    no_cache: bool,
    update: bool,
    jobs: int | None,
) -> None:
    """Run snippets against their cassettes and type-check them.

    Without targets, all of the project's. A snippet that hasn't changed since it last passed is
    not run again.

    \b
        linernotes verify                                     # everything
        linernotes verify docs/quickstart.md                  # a page
        linernotes verify docs/quickstart.md#first-message    # a snippet
    """
    with errors_told(as_json=as_json):
        project = find_project(Path.cwd())
        with progress("Verifying") as (started, finished):
            report = run(
                project,
                resolve(project, targets),
                lanes=jobs or os.cpu_count() or 1,
                use_cache=not no_cache,
                update=update,
                started=started,
                finished=finished,
            )
        # Where they can't be kept, no verdict could be, and `report` says so.
        with contextlib.suppress(OSError):
            write_proofs(project, report)
    if as_json:
        print_json(_report_json(report))
    else:
        print_findings(report.findings)
        click.echo(_summary(report))
    sys.exit(0 if report.good else 1)


def _report_json(report: Report) -> dict[str, Any]:
    count = report.count
    return {
        "snippets": [verdict.to_json() for verdict in report.verdicts],
        "findings": [finding.to_json() for finding in report.findings],
        "summary": {
            "pages": report.pages,
            "total": len(report.verdicts),
            **{name: report.number(name) for name in ("passed", "failed", "unrecorded", "skipped")},
            "cached": sum(verdict.cached for verdict in report.verdicts),
            "rendered": count.rendered if count else None,
            "executed": count.executed if count else None,
            "unaccounted": count.unaccounted if count else None,
            "provenance": report.provenance(),
            "duration_s": round(report.duration, 3),
        },
    }


def _summary(report: Report) -> str:
    passed = report.number("passed")
    verdicts = [f"{passed} passed"]
    verdicts += [
        f"{number} {name}"
        for name in ("failed", "unrecorded", "skipped")
        if (number := report.number(name))
    ]
    cached = sum(verdict.cached for verdict in report.verdicts)
    recorded = ", ".join(f"{number} {source}" for source, number in report.provenance().items())
    total = f"{counted(report.pages, 'page')}, {counted(len(report.verdicts), 'snippet')}"
    lines = [f"{total}: {', '.join(verdicts)} in {report.duration:.1f} s ({cached} unchanged)."]
    if recorded:
        lines.append(f"Recordings: {recorded}.")
    if report.count is not None:
        count = report.count
        lines.append(
            f"Rendered {count.rendered}, executed {count.executed}, skipped {count.skipped},"
            f" unaccounted {count.unaccounted}."
        )
    return "\n".join(lines)
