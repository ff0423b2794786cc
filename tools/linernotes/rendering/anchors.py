"""Anchors: an id stands once in a page, so that a link to it means one place."""

from __future__ import annotations

import re

_HEADING = re.compile(r'<h[1-6]\b[^>]*?\bid="([^"]+)"')
_BLOCK = re.compile(r'<(?:div|table|pre|code)\b[^>]*?( id="([^"]+)")[^>]*>')


def with_unique_anchors(html: str) -> str:
    """Return a page's HTML in which no code block has the id of a heading.

    `## Stream text` above a snippet `#stream-text` is the usual case: the heading, a line higher,
    keeps the id, and a link to it shows both.
    """
    headings = set(_HEADING.findall(html))
    if not headings:
        return html

    def without_id(match: re.Match[str]) -> str:
        if match[2] not in headings:
            return match[0]
        return match[0].replace(match[1], "", 1)

    return _BLOCK.sub(without_id, html)
