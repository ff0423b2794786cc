"""Twins of pages that are written in a test."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from linernotes.pages.dialect import HOUSE, Dialect
from linernotes.pages.facts import Facts
from linernotes.pages.fences import scan
from linernotes.pages.front_matter import split
from linernotes.pages.page import Page
from linernotes.publishing.links import Links
from linernotes.publishing.twin import Surroundings, surroundings, twin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linernotes.findings import Finding

BASE = "https://docs.example/"
POINTER = f"> Fetch the complete documentation index at: {BASE}llms.txt"
PAGES = frozenset({"index.md", "guides/here.md", "guides/tools.md", "setup/index.md"})


@lru_cache(maxsize=4)
def around(dialect: Dialect = HOUSE) -> Surroundings:
    return surroundings(f"{BASE}llms.txt", dialect, Facts())


def page_of(text: str, dialect: Dialect = HOUSE) -> Page:
    block, body, line = split(text)
    fences, findings = scan(body, "docs/guides/here.md", line, dialect)
    return Page("docs/guides/here.md", block, body, line, fences, findings)


def twin_and_findings(
    text: str,
    *,
    outputs: Mapping[int, str] | None = None,
    dialect: Dialect = HOUSE,
    facts: Facts | None = None,
    title: str = "",
    description: str = "",
) -> tuple[str, tuple[Finding, ...]]:
    links = Links(BASE, PAGES)
    where = around(dialect)
    if facts is not None:
        where = surroundings(where.index, dialect, facts)
    return twin(
        page_of(text, dialect),
        where,
        lambda target: links.resolve(target, "guides/here.md"),
        links.page("guides/here.md"),
        title=title,
        description=description,
        outputs=outputs or {},
    )


def twin_of(text: str) -> str:
    """Return the twin of `text` below its first line, which is the same in all."""
    made, findings = twin_and_findings(text)
    assert not findings
    return below_pointer(made)


def below_pointer(made: str) -> str:
    assert made.startswith(f"{POINTER}\n\n")
    return made.removeprefix(f"{POINTER}\n\n")
