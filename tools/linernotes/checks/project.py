"""Checking a whole project: its pages, and the cassettes of their snippets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linernotes.checks.agent_files import check_agent_files
from linernotes.checks.cassettes import (
    check_cassettes,
    check_scripts,
    owned_cassettes,
    running_examples,
)
from linernotes.checks.facts import check_facts
from linernotes.checks.pages import check_pages
from linernotes.project import page_paths
from linernotes.snippets.collect import collect, project_dialect

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date
    from pathlib import Path

    from linernotes.findings import Finding
    from linernotes.project import Project
    from linernotes.snippets.collect import Example


def check_project(
    project: Project, today: date, known: Collection[str] = ()
) -> tuple[Finding, ...]:
    """Return everything that is wrong in `project`, but for what running its snippets would show.

    `known` are credentials that must not be in any cassette. Raises ConfigurationError.
    """
    pages, dialect = page_paths(project), project_dialect(project)[0]
    found = dict.fromkeys(
        check_pages(project.docs, today, root=project.root, pages=pages, dialect=dialect)
    )
    found |= dict.fromkeys(check_facts(project, pages, dialect, today))
    owned: set[Path] = set()
    running: list[Example] = []
    for page in collect(project):
        found |= dict.fromkeys(page.findings)
        owned |= owned_cassettes(page)
        running += running_examples(page)
    found |= dict.fromkeys(check_agent_files(project))
    return (
        *found,
        *check_cassettes(project, owned, today, known),
        *check_scripts(project, running, known),
    )
