"""Headings: a page has one title."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from linernotes.findings import Finding, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linernotes.checks.prose import Prose
    from linernotes.pages.page import Page

# markdown/blockprocessors.py, HashHeaderProcessor and SetextHeaderProcessor (3.11): no blank is
# needed after the `#`. Here also behind the prefixes of quotes, lists and indented blocks.
_HEADING = re.compile(
    r"^[ >]*(?:(?:[-*+]|\d+\.)[ ]+)?(?P<atx>\#{1,6}[^#\n].*)$"
    r"|^[ >]*(?P<setext>[^\s>][^\n]*\n)[ >]*(?P<rule>=+|-+)[ ]*$",
    re.MULTILINE,
)
_FIRST_LEVEL = re.compile(
    r"^(?:\#[^#\n]|[^\s\n][^\n]*\n=+[ ]*$|<h1\b)", re.MULTILINE | re.IGNORECASE
)


def headings(prose: Prose) -> Iterator[str]:
    """Yield the Markdown of each heading of a page, wherever it stands, without its prefix."""
    for match in _HEADING.finditer(prose.with_code):
        yield match["atx"] or match["setext"] + match["rule"]


def several_titles(page: Page, prose: Prose) -> tuple[Finding, ...]:
    """Return a warning for a second first-level heading: only the first names the page."""
    found = _FIRST_LEVEL.finditer(prose.text)
    next(found, None)
    second = next(found, None)
    if second is None:
        return ()
    return (
        warning(
            "several-titles",
            page.path,
            page.body_line + prose.text.count("\n", 0, second.start()),
            "the page has a second first-level heading",
            "use ## for it: the first one is the page's title",
        ),
    )
