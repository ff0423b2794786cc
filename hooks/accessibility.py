"""What Material's templates lack, put into each page."""

from __future__ import annotations

from typing import Any

_SEARCH = '<div class="md-search" data-md-component="search" role="dialog"'


def on_post_page(output: str, **_: Any) -> str:
    """Name the search dialog for screen readers: Material 9.8 gives it a role, but no name."""
    return output.replace(_SEARCH, f'{_SEARCH} aria-label="Search"', 1)


def on_post_template(output_content: str, **_: Any) -> str:
    """Do the same in `404.html`, which is a template and not a page."""
    return on_post_page(output_content)
