"""`linernotes record`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linernotes.cli.reporting import errors_told, json_option, print_findings, print_json, progress
from linernotes.cli.targets import resolve, targets_argument
from linernotes.findings import has_errors
from linernotes.project import ConfigurationError, Project, find_project
from linernotes.recording import record as recording
from linernotes.snippets.collect import collect

if TYPE_CHECKING:
    from collections.abc import Sequence


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

    With ANTHROPIC_API_KEY set, requests go to the API and cost money. With --simulate they go to
    the stand-in, a server on this machine that checks each request against the SDK's own types;
    such recordings are labelled `simulated` wherever they show. Its answers are scripted in a
    `.replies.yaml` beside the cassette. A live recording is replaced by a simulated one only if
    you name its snippet.

    \b
        linernotes record --simulate --missing
        ANTHROPIC_API_KEY=… linernotes record docs/quickstart.md
    """
    with errors_told(as_json=as_json):
        project = find_project(Path.cwd())
        if prune:
            _prune(project, as_json=as_json)
            return
        key = None if simulate else os.environ.get(recording.KEY) or None
        if key is None and not simulate:
            raise ConfigurationError(recording.no_key())
        pages = list(collect(project, resolve(project, targets)))
        examples = recording.recordable(
            [example for page in pages for example in page.examples],
            missing=missing,
            overwrite_live=key is not None or bool(targets),
        )
        if key is not None and examples and not yes:
            question = f"Run {len(examples)} snippets against the API, at your cost?"
            click.confirm(question, abort=True, err=True)
        with progress("Recording") as (started, finished):
            started(len(examples))
            recorded = recording.record(
                project, examples, key=key, lanes=jobs, finished=lambda _: finished()
            )
    findings = [finding for page in pages for finding in page.findings]
    findings += [finding for one in recorded for finding in one.findings]
    failed = has_errors(findings)
    written = [project.relative(one.path) for one in recorded if one.path and one.changed]
    tokens = [sum(one.tokens[n] for one in recorded) for n in (0, 1)]
    requests = sum(one.requests for one in recorded)
    if as_json:
        print_json(
            {
                "recorded": written,
                "unchanged": sum(one.path is not None and not one.changed for one in recorded),
                "requests": requests,
                "input_tokens": tokens[0],
                "output_tokens": tokens[1],
                "provenance": "simulated" if simulate else "live",
                "findings": [finding.to_json() for finding in findings],
            }
        )
    else:
        print_findings(findings)
        click.echo(
            f"{len(examples)} snippets recorded ({'simulated' if simulate else 'live'}): {requests}"
            f" requests, {tokens[0]:,} tokens in, {tokens[1]:,} out; {len(written)} cassettes written."
        )
    sys.exit(1 if failed else 0)


def _prune(project: Project, *, as_json: bool) -> None:
    """Remove the cassettes that no snippet owns."""
    from linernotes.checks.cassettes import orphans, owned_cassettes  # noqa: PLC0415

    owned = {path for page in collect(project) for path in owned_cassettes(page)}
    gone = orphans(project, owned)
    for path in gone:
        path.unlink()
    names = [project.relative(path) for path in gone]
    if as_json:
        print_json({"removed": names})
        return
    for name in names:
        click.echo(f"removed {name}")
    click.echo(f"{len(names)} cassettes removed.")
