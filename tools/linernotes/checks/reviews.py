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
    line = line_of(page.front_matter or "", "last_reviewed")
    if reviewed > today:
        return (
            warning(
                "future-review",
                page.path,
                line,
                f"`last_reviewed` is {reviewed}, which hasn't come yet",
                f"write the day of the last review, at most {today}",
            ),
        )
    days = (today - reviewed).days - front_matter.review_every_days
    if days <= 0:
        return ()
    due = reviewed + timedelta(days=front_matter.review_every_days)
    return (
        warning(
            "overdue-review",
            page.path,
            line,
            f"the page's review was due on {due}, {days} day{'s' if days > 1 else ''} ago",
            "read the page against the facts, then set `last_reviewed` to today",
        ),
    )
