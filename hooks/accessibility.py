"""What Material's templates and its extensions lack, put into each page."""

from __future__ import annotations

from typing import Any

_SEARCH = '<div class="md-search" data-md-component="search" role="dialog"'
_TASK = '<input type="checkbox" disabled'


def on_post_page(output: str, **_: Any) -> str:
    """Name for screen readers what has no name.

    Material 9.8 gives the search dialog a role only; pymdownx.tasklist labels no box.
    """
    named = output.replace(_SEARCH, f'{_SEARCH} aria-label="Search"', 1)
    return named.replace(_TASK, f'{_TASK} aria-label="To do"')


def on_post_template(output_content: str, **_: Any) -> str:
    """Do the same in `404.html`, which is a template and not a page."""
    return on_post_page(output_content)
