"""Additions: the files that Linernotes puts among a site's own, in whatever engine."""

from __future__ import annotations

import functools
from importlib.resources import files
from typing import TYPE_CHECKING

from linernotes.rendering.browse import browse_pages, filter_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linernotes.rendering.catalogue import Section

_ASSETS = "assets/linernotes"
STYLES = f"{_ASSETS}/linernotes.css"
SCRIPT = f"{_ASSETS}/linernotes.js"
FILTER_DATA = f"{_ASSETS}/pages.json"


def additions(sections: Sequence[Section], *, directory_urls: bool = True) -> dict[str, str]:
    """Return the text of the generated files by their paths below the docs directory."""
    return {
        **browse_pages(sections),
        STYLES: _asset("linernotes.css"),
        SCRIPT: _asset("linernotes.js"),
        FILTER_DATA: filter_data(sections, directory_urls=directory_urls),
    }


@functools.cache
def _asset(name: str) -> str:
    return (files("linernotes.rendering") / "assets" / name).read_text(encoding="utf-8")
