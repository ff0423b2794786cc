"""Related pages: what `related` names exists."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from linernotes.findings import Finding, error
from linernotes.pages.front_matter import line_of

if TYPE_CHECKING:
    from linernotes.checks.site import Site
    from linernotes.pages.front_matter_model import FrontMatter
    from linernotes.pages.page import Page


def related_page(entry: str, file: str, site: Site) -> str | None:
    """Return the page that an entry of `related` names, below the docs directory, or None.

    `/docs/guides/x.md`, `/guides/x.md` and `guides/x.md` are below the docs directory, `./x.md`
    and `../x.md` beside the page `file`; a plain path that isn't below the docs directory is looked
    for beside the page too. The ending `.md` may be left out, and an anchor follow.
    """
    path = _path(entry)
    beside = posixpath.join(posixpath.dirname(file), path)
    below = path.strip("/").removeprefix(f"{site.docs.name}/")
    if path.startswith("/"):
        places = [below]
    elif path.startswith("."):
        places = [beside]
    else:
        places = [below, beside]
    for place in map(posixpath.normpath, places):
        for guess in (place, f"{place}.md", posixpath.normpath(f"{place}/index.md")):
            if guess in site.files:
                return guess
    return None


def dead_related(
    page: Page, front_matter: FrontMatter, file: str, site: Site
) -> tuple[Finding, ...]:
    """Return a finding for each entry of `related` that is neither a page nor a URL."""
    findings = []
    for position, entry in enumerate(front_matter.related):
        if _is_url(entry) or related_page(entry, file, site) is not None:
            continue
        wanted = _path(entry).strip("/").removeprefix(f"{site.docs.name}/")
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


def _path(entry: str) -> str:
    return re.split("[?#]", entry, maxsplit=1)[0]


def _is_url(entry: str) -> bool:
    return entry.startswith(("https://", "http://"))
