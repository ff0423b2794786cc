"""Addresses of pages in a built site, as both engines make them."""

from __future__ import annotations

import posixpath
from functools import lru_cache
from pathlib import PurePosixPath
from urllib.parse import quote

_INDEXES = ("index", "README")


@lru_cache(maxsize=8192)
def page_url(path: str, *, directory_urls: bool = True) -> str:
    """Return the address of the page `path` (below the docs directory) from the site's root.

    It is quoted, and "" for the home page. See mkdocs/structure/files.py, `_get_url` (1.6.1).
    """
    page = PurePosixPath(path)
    parent = page.parent.as_posix()
    directory = "" if parent == "." else f"{parent}/"
    if page.stem in _INDEXES:
        return quote(directory if directory_urls else f"{directory}index.html")
    return quote(f"{directory}{page.stem}/" if directory_urls else f"{directory}{page.stem}.html")


def relative_url(target: str, page: str) -> str:
    """Return the address `target` as a link on the page with the address `page` has it."""
    # From the root, so that nobody has to ask for the current directory.
    where = posixpath.relpath(f"/{target}", posixpath.dirname(f"/{page}"))
    return f"{where}/" if (target.endswith("/") or not target) else where
