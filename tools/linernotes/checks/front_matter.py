"""Front matter: it has an end, and says the least it has to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from linernotes.findings import Finding, error, warning

if TYPE_CHECKING:
    from linernotes.pages.front_matter_model import FrontMatter
    from linernotes.pages.page import Page

_BEGUN = re.compile(r"-{3}[ \t]*\n[A-Za-z_]+:(?:\s|$)")


def unclosed_front_matter(page: Page) -> tuple[Finding, ...]:
    """Return a finding for front matter that has no end, which MkDocs prints as text."""
    if page.front_matter is not None or not _BEGUN.match(page.body):
        return ()
    return (
        error(
            "unclosed-front-matter",
            page.path,
            page.body_line,
            "the front matter has no end, so it would be printed as text",
            "end it with a line `---` and begin the page's text in the line after it",
        ),
    )


def missing_keys(
    page: Page, front_matter: FrontMatter, *, required: bool = False
) -> tuple[Finding, ...]:
    """Return a warning when the front matter has no title or no description.

    A page without any front matter gets it only when the project asks for it (`required`): pages
    of other people's projects often have none, and MkDocs shows their first heading instead.
    """
    if page.front_matter is None and not required:
        return ()
    missing = [key for key in ("title", "description") if not getattr(front_matter, key)]
    if not missing:
        return ()
    return (
        warning(
            "missing-front-matter-key",
            page.path,
            1,
            f"the page's front matter has no {' and no '.join(missing)}",
            "search results, link previews and agents show them",
        ),
    )
