"""`linernotes drift`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linernotes.cli.reporting import counted, errors_told, json_option, print_findings, print_json
from linernotes.cli.targets import resolve, targets_argument
from linernotes.project import find_project
from linernotes.recording.drift import drift as run
from linernotes.snippets.collect import collect

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command()
@targets_argument
@json_option
@click.option(
    "--since",
    default="HEAD",
    show_default=True,
    help="The revision to compare with.",
    metavar="REV",
)
def drift(targets: Sequence[tuple[str, str | None]], *, as_json: bool, since: str) -> None:
    """Compare cassettes with those of an earlier revision, by the form of the answers.

    Run it after a recording and before the commit. It tells what changed in the API's behaviour:
    statuses, headers, keys and their types, kinds of events and their order. Wording doesn't
    count. Exit code 1 when anything did change.

    \b
        ANTHROPIC_API_KEY=… linernotes record --yes
        linernotes drift
    """
    with errors_told(as_json=as_json):
        project = find_project(Path.cwd())
        pages = collect(project, resolve(project, targets))
        examples = [example for page in pages for example in page.examples]
        findings = run(project, examples, since)
    if as_json:
        print_json({"findings": [finding.to_json() for finding in findings]})
    else:
        print_findings(findings)
        cassettes = len({finding.page for finding in findings})
        changes = counted(len(findings), "change of form", "changes of form")
        click.echo(f"{changes} in {counted(cassettes, 'cassette')} since {since}.")
    sys.exit(1 if findings else 0)
