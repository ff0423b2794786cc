"""`llms.txt`, the index of a site for agents, and `llms-full.txt`, all of it in one file.

The form is that of llmstxt.org, version 2 of August 2026: an H1, a blockquote, any text without
headings, then sections of links, each with a note. A section `Optional` is a convention for what
may be left out; version 2 gives it no other meaning.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from linernotes.findings import Finding, warning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linernotes.publishing.published import PublishedPage, PublishedSite

FULL = "llms-full.txt"
SNIPPETS = "snippets.json"
BUDGET = 50_000
"""Characters of llms.txt, or of a page's twin, that agents read without cutting anything off: the
passing mark of the Agent-Friendly Documentation Spec 0.6 (`llms-txt-size`, `page-size-markdown`)."""

_READING = (
    "Links lead to Markdown. The page at an address with `.html` or a slash at its end has its"
    " Markdown at the same address with `.md` instead. Every Python example that was run is in"
    " `{snippets}`, with its code, imports and provenance."
)
_BRACKETS = re.compile(r"([\\\[\]])")


def llms_txt(site: PublishedSite) -> str:
    """Return the site's `llms.txt`, with links to the pages' Markdown twins."""
    lines = [f"# {_line(site.name)}", "", f"> {_summary(site)}", ""]
    lines += [_READING.format(snippets=site.links.file(SNIPPETS)), ""]
    for section in site.sections:
        lines += [f"## {_heading(section.title)}", ""]
        lines += [_entry(site, page) for page in section.pages]
        lines.append("")
    lines += ["## Optional", ""]
    lines += [_entry(site, page) for page in site.browse]
    lines.append(
        f"- [All pages in one file]({site.links.file(FULL)}): the text of every page above"
    )
    return "\n".join(lines) + "\n"


def llms_full_txt(site: PublishedSite, twins: Mapping[str, str]) -> str:
    """Return the twins of the site's pages (by path) in one file, in the navigation's order."""
    parts = [f"# {_line(site.name)}\n\n> {_summary(site)}\n"]
    parts += [
        f"---\n\nSource: {site.links.twin(page.path)}\n\n{without_pointer(twins[page.path])}"
        for section in site.sections
        for page in section.pages
        if page.path in twins
    ]
    return "\n".join(parts)


def without_pointer(twin: str) -> str:
    """Return a twin without its first line, which points to the index."""
    return twin.partition("\n")[2].lstrip("\n")


def too_large(text: str, page: str, what: str) -> tuple[Finding, ...]:
    """Return a warning about a text of more characters than agents take in one piece."""
    if len(text) <= BUDGET:
        return ()
    return (
        warning(
            "agent-file-too-large",
            page,
            None,
            f"{what} has {len(text):,} characters, and agents cut off what is beyond {BUDGET:,}",
            "shorten descriptions, or split the site into several"
            if what == "llms.txt"
            else "split the page",
        ),
    )


def _summary(site: PublishedSite) -> str:
    home = next((page for page in site.pages if page.twin == "index.md"), None)
    said = site.description or (home.summary.description if home else "")
    return _line(said or f"The documentation of {site.name}.")


def _entry(site: PublishedSite, page: PublishedPage) -> str:
    title = _BRACKETS.sub(r"\\\1", _line(page.summary.title))
    about = _line(page.summary.description)
    return f"- [{title}]({site.links.twin(page.path)})" + (f": {about}" if about else "")


def _heading(text: str) -> str:
    return _line(text) or "Docs"


def _line(text: str) -> str:
    return " ".join(text.split())
