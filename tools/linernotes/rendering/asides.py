"""Asides: what is said of a page's text beside it, in marks, labels, chips and cards.

Search doesn't find them, whatever makes its index: an adapter can take them out of a page's HTML
and put them in again, which also spares reading them.
"""

from __future__ import annotations

import re

_ASIDE = re.compile(
    r'<details class="ln-mark .*?</div>\n</details>'
    r'|<div class="ln-(?:head|label)".*?</div>'
    r'|<section class="ln-related".*?</section>',
    re.DOTALL,
)
_PLACE = re.compile(r"<!--ln-aside-(\d+)-->")


def without_asides(html: str) -> tuple[str, list[str]]:
    """Return a page's HTML with a comment in the place of each aside, and the asides."""
    asides: list[str] = []

    def place(match: re.Match[str]) -> str:
        asides.append(match[0])
        return f"<!--ln-aside-{len(asides) - 1}-->"

    return _ASIDE.sub(place, html), asides


def with_asides(html: str, asides: list[str]) -> str:
    """Return HTML with each aside in its place again."""
    return _PLACE.sub(
        lambda place: asides[int(place[1])] if int(place[1]) < len(asides) else place[0], html
    )
