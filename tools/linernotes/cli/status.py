"""`linernotes status`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linernotes.cli.reporting import errors_told, json_option, print_json
from linernotes.project import find_project
from linernotes.running.status import status_of

if TYPE_CHECKING:
    from linernotes.running.status import Section


@click.command()
@json_option
def status(*, as_json: bool) -> None:
    """Show what the last verification said, by section of the site; runs nothing.

    A snippet that has changed since counts as not verified.
    """
    with errors_told(as_json=as_json):
        sections = status_of(find_project(Path.cwd()))
    if as_json:
        print_json({"sections": [section.to_json() for section in sections]})
        return
    rows: list[tuple[str, ...]] = [
        ("section", "pages", "snippets", "passed", "live", "simulated", "not run", "to verify")
    ]
    rows += [_row(section) for section in sections]
    if sections:
        rows.append(_row(replace(sum(sections[1:], sections[0]), name="all")))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]  # noqa: B905
        click.echo("  ".join(cells).rstrip())


def _row(section: Section) -> tuple[str, ...]:
    numbers = (
        *(section.pages, section.snippets, section.passed, section.live, section.simulated),
        *(section.not_run, section.unverified),
    )
    return (section.name, *map(str, numbers))
