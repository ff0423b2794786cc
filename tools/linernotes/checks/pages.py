"""All checks of a page, and of all pages of a docs directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linernotes.checks.front_matter import missing_keys, unclosed_front_matter
from linernotes.checks.headings import several_titles
from linernotes.checks.links import dead_links
from linernotes.checks.prose import prose
from linernotes.checks.related import dead_related
from linernotes.checks.reviews import overdue_review
from linernotes.checks.site import Site, pages_of, site_of
from linernotes.findings import Finding, error
from linernotes.pages.dialect import HOUSE, Dialect
from linernotes.pages.front_matter import load
from linernotes.pages.page import read_page

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path


def check_pages(
    docs_dir: Path,
    today: date,
    *,
    root: Path | None = None,
    pages: Iterable[Path] | None = None,
    dialect: Dialect = HOUSE,
    front_matter_required: bool = False,
) -> tuple[Finding, ...]:
    """Return what is wrong with the pages below `docs_dir`, page after page, by line.

    Findings name pages relative to `root`, by default the parent of `docs_dir`. `pages` are the
    paths to check, by default all; links may lead to any file. `dialect` is the Markdown they are
    written in. `front_matter_required` warns of pages without any front matter too. Pages are read
    one at a time, so time grows linearly with their number, and memory by little more than their
    anchors.
    """
    if not docs_dir.is_dir():
        return (
            error(
                "no-docs-directory",
                docs_dir.as_posix(),
                None,
                "the docs directory doesn't exist",
                "create it, or set `docs_dir` in mkdocs.yml",
            ),
        )
    site = site_of(docs_dir, root, dialect)
    wanted = pages_of(site) if pages is None else [path.absolute() for path in pages]
    return tuple(
        finding
        for path in wanted
        for finding in check_page(path, site, today, front_matter_required=front_matter_required)
    )


def check_page(
    path: Path, site: Site, today: date, *, front_matter_required: bool = False
) -> tuple[Finding, ...]:
    """Return what is wrong with one page of `site` (checks.site.site_of), by line.

    These are the findings of reading it (encoding, fences) and of every check of this package.
    """
    file = site.name_of(path)
    page = read_page(path, site.page_name(file), site.dialect)
    if page.findings and not page.body:
        return page.findings
    front_matter, findings = load(page.front_matter, page.path)
    findings = (*page.findings, *findings, *unclosed_front_matter(page))
    if front_matter is not None:
        findings += (
            *missing_keys(page, front_matter, required=front_matter_required),
            *dead_related(page, front_matter, file, site),
            *overdue_review(page, front_matter, today),
        )
    text = prose(page)
    findings += (*several_titles(page, text), *dead_links(page, text, file, site))
    return tuple(sorted(findings, key=lambda finding: finding.line or 0))
