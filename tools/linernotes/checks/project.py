"""Checking a whole project: its pages, and the cassettes of their snippets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linernotes.checks.cassettes import check_cassettes
from linernotes.checks.pages import check_pages
from linernotes.project import page_paths
from linernotes.snippets.collect import collect

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from linernotes.findings import Finding
    from linernotes.project import Project


def check_project(
    project: Project, today: date, known: Collection[str] = ()
) -> tuple[Finding, ...]:
    """Return everything that is wrong in `project`, but for what running its snippets would show.

    `known` are credentials that must not be in any cassette. Raises ConfigurationError.
    """
    pages = list(collect(project))
    on_pages = check_pages(project.docs, today, root=project.root, pages=page_paths(project))
    in_snippets = [finding for page in pages for finding in page.findings]
    new = [finding for finding in in_snippets if finding not in on_pages]
    return (*on_pages, *new, *check_cassettes(project, pages, today, known))
