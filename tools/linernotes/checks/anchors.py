"""Anchors: the ids of a page that a link can point to."""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape
from typing import TYPE_CHECKING

from linernotes.checks.headings import headings

if TYPE_CHECKING:
    from markdown import Markdown

    from linernotes.checks.prose import Prose
    from linernotes.pages.page import Page

# What puts text into a page that isn't in its file: pymdownx.snippets, mkdocstrings, mkdocs-macros.
# Facts don't stand in headings (pages/facts.py), so they bring no anchors.
_INCLUDES = re.compile(r"--8<--|^[ ]*:::[ ]|\{\{(?! facts?\.)|\{%", re.MULTILINE)
_ATTRIBUTE_ID = re.compile(r"\{:?[^{}\n]*?#([^\s{}#.=]+)[^{}\n]*\}")
_HTML_ID = re.compile(r"<[a-z][^>]*?\s(?:id|name)=[\"']?([^\s\"'>]+)", re.IGNORECASE)
_TAB = re.compile(r"^[ >]*===[!+]*[ ]+\"([^\"\n]*)\"", re.MULTILINE)
_RENDERED_ID = re.compile(r"\sid=\"([^\"]*)\"")
_SHORTCODE = re.compile(r":[\w+-]+:")


def anchors(page: Page, prose: Prose) -> frozenset[str] | None:
    """Return every id that the page may have once rendered, or None when its file can't tell.

    Which ids headings get is a setting of the `toc` extension, so the result holds what each usual
    setting gives: an id that isn't in it is missing under all of them. The ids of fences are in it
    too, which MkDocs' own check of anchors doesn't see (they are in raw HTML by then).
    """
    if _INCLUDES.search(prose.text):
        return None
    ids = set(_ATTRIBUTE_ID.findall(prose.text))
    ids.update(_HTML_ID.findall(prose.text))
    ids.update(fence.header.id for fence in page.fences if fence.header.id)
    marked = (*headings(prose), *(f"# {label}" for label in _TAB.findall(prose.text)))
    if marked:
        ids |= _heading_ids("\n\n".join(marked))
    return frozenset(ids)


def _heading_ids(text: str) -> set[str]:
    """Return the ids that the headings in `text`, and nothing else, can have."""
    markdown, slugs = _converter()
    html = markdown.reset().convert(text)
    ids = {unescape(value) for value in _RENDERED_ID.findall(html)}
    for found in slugs.values():
        ids |= found
    slugs.clear()
    return ids


@lru_cache(maxsize=1)
def _converter() -> tuple[Markdown, dict[int, set[str]]]:
    """Return a converter of headings, and where it leaves the ids they get from each slugifier."""
    from markdown import Markdown  # noqa: PLC0415  # 40 ms, and most pages don't need it
    from markdown.extensions.toc import slugify, slugify_unicode, unique  # noqa: PLC0415
    from pymdownx import slugs as pymdownx  # noqa: PLC0415

    # The default, its Unicode variant, and the two that Material's documentation recommends.
    slugifiers = (
        slugify,
        slugify_unicode,
        pymdownx.slugify(case="lower"),
        pymdownx.slugify(),
    )
    slugs: dict[int, set[str]] = {}

    def remember(text: str, separator: str) -> str:
        # Material's emoji are images, of which no slug keeps anything.
        for offset, value in enumerate((text, _SHORTCODE.sub("", text).strip())):
            for number, make in enumerate(slugifiers):
                seen = slugs.setdefault(2 * number + offset, set())
                unique(make(value, separator), seen)
        return slugify(text, separator)

    converter = Markdown(
        extensions=["toc", "attr_list"], extension_configs={"toc": {"slugify": remember}}
    )
    return converter, slugs
