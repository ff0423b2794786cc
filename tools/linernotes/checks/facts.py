"""Facts: each one that a page names exists, each that exists is named, and none is stale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linernotes.findings import Finding, warning
from linernotes.pages.facts import read_facts, stale_facts, unknown_facts, used_facts
from linernotes.pages.front_matter import split

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path

    from linernotes.pages.dialect import Dialect
    from linernotes.project import Project


def check_facts(
    project: Project, pages: Iterable[Path], dialect: Dialect, today: date
) -> tuple[Finding, ...]:
    """Return what is wrong with `facts.yml` and with what `pages` make of it.

    `dialect` is the Markdown of the pages. Without the file, nothing is.
    """
    facts, wrong = read_facts(project.root)
    if not facts.by_name:
        return wrong
    findings = [*wrong, *stale_facts(facts, today)]
    used: set[str] = set()
    for path in pages:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            continue  # reading the page for its own checks says so
        if "{{" not in text:
            continue
        _, body, line = split(text)
        findings += unknown_facts(body, project.relative(path), line, facts, dialect)
        used |= used_facts(body, facts)
    findings += [
        warning(
            "unused-fact",
            facts.file,
            fact.line,
            f"no page uses the fact `{fact.name}`",
            "remove it, or use it where its value is written out",
        )
        for fact in facts.by_name.values()
        if fact.name not in used
    ]
    return tuple(findings)
