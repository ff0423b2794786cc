"""Reviews: a page says when somebody last read it against the facts, and that isn't too long ago."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from linernotes.findings import Finding, warning
from linernotes.pages.front_matter import line_of

if TYPE_CHECKING:
    from datetime import date

    from linernotes.pages.front_matter_model import FrontMatter
    from linernotes.pages.page import Page


def overdue_review(page: Page, front_matter: FrontMatter, today: date) -> tuple[Finding, ...]:
    """Return a warning when the page's review is overdue on `today`, or dated after it."""
    reviewed = front_matter.last_reviewed
    if reviewed is None:
        return ()
    days = (today - reviewed).days - front_matter.review_every_days
    if reviewed > today:
        code = "future-review"
        said = f"`last_reviewed` is {reviewed}, which hasn't come yet"
        hint = f"write the day of the last review, at most {today}"
    elif days > 0:
        code = "overdue-review"
        due = today - timedelta(days=days)
        said = f"the page's review was due on {due}, {days} day{'s' if days > 1 else ''} ago"
        hint = "read the page against the facts, then set `last_reviewed` to today"
    else:
        return ()
    return (
        warning(code, page.path, line_of(page.front_matter or "", "last_reviewed"), said, hint),
    )
