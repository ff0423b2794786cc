"""Related pages: what `related` names exists."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from linernotes.findings import Finding, error
from linernotes.pages.front_matter import line_of
from linernotes.pages.related import path_of, related_path

if TYPE_CHECKING:
    from linernotes.checks.site import Site
    from linernotes.pages.front_matter_model import FrontMatter
    from linernotes.pages.page import Page


def related_page(entry: str, file: str, site: Site) -> str | None:
    """Return the page of `site` that an entry of `related` on the page `file` names, or None."""
    return related_path(entry, file, site.docs.name, site.files.__contains__)


def dead_related(
    page: Page, front_matter: FrontMatter, file: str, site: Site
) -> tuple[Finding, ...]:
    """Return a finding for each entry of `related` that is neither a page nor a URL."""
    findings = []
    for position, entry in enumerate(front_matter.related):
        if _is_url(entry) or related_page(entry, file, site) is not None:
            continue
        wanted = path_of(entry).strip("/").removeprefix(f"{site.docs.name}/")
        near = site.nearest(posixpath.normpath(wanted))
        findings.append(
            error(
                "dead-related",
                page.path,
                line_of(page.front_matter or "", "related", position),
                f"`related` names {entry}, which isn't a page of these docs",
                f"did you mean /{near}?" if near else "write its path below the docs directory",
            )
        )
    return tuple(findings)


def _is_url(entry: str) -> bool:
    return entry.startswith(("https://", "http://"))
