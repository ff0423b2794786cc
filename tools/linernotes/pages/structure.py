"""A proof that candidates are rendered, for pages that are written plainly.

SuperFences gives a fence back where it stands in an indented code block, and a fence in an HTML
comment isn't seen. To know, one has to parse the page as Python-Markdown does, which takes a
hundred times as long as scanning it. This module knows just enough of that parser (version 3.11,
`markdown/blockprocessors.py` and the extensions in `dialect.py`) to say of most pages: every
candidate is in a paragraph, an item of a list, an admonition, a details block or a tab. It never
says so wrongly; in all doubt it says no, and the renderer is asked. Tests hold the two together.

What it relies on:
- Text is parsed in blocks that blank lines separate. A block that is indented by four columns
  belongs to the container that is the last child of its parent, or it is code.
- So a line at column `4 * n + r`, with r below 4, is in n containers when each of them was opened
  above it and no line since was indented less than its content.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from linernotes.pages.candidates import TAB

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from linernotes.pages.candidates import Candidate
    from linernotes.pages.dialect import Dialect

_DEEPEST = 8
"""Containers in each other; SuperFences' neighbours stop near Python's recursion limit."""

_BLANKS = re.compile(r"\n*[ ]+\n")
_ITEM = re.compile(r"(?:\d+\.|[*+-]) +(?=\S)")
# Lines that make the lines above them a heading or a table, or that are a rule.
_UNDERLINE = re.compile(r"[-=_*:|+ ]+")
# Inline markup that is complete, and the beginnings of markup that could swallow what follows.
_CODE = re.compile(r"(?<![\\`])(`{1,2})[^`]+\1(?!`)")
_LINK = re.compile(r"!?\[[^][()<>\\`]*\]\([^][()<>\s\\`]*\)")
_DOUBTFUL = re.compile(r"[`<\[\\${]")

# Elements that may stand anywhere (`BLOCK_LEVEL_ELEMENTS` in markdown/util.py has none of them).
_INLINE = frozenset(
    {
        *("a", "abbr", "b", "bdi", "bdo", "big", "br", "button", "cite", "code", "data", "del"),
        *("dfn", "em", "font", "i", "img", "input", "ins", "kbd", "label", "mark", "q", "s"),
        *("samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr"),
    }
)
_TAG = re.compile(
    r"""<(?:
        (?![a-zA-Z/!?])
      | /?(?P<name>[a-zA-Z][a-zA-Z0-9_.:-]*)
        (?:\ +[a-zA-Z_:@][a-zA-Z0-9_.:@-]*(?:="[^"\n<>`]*"|='[^'\n<>`]*')?)*\ */?>
      | (?P<link>[a-zA-Z][a-zA-Z0-9+.-]*:[^\s<>"'`]*|[^\s<>"'`@/!?]+@[^\s<>"'`]+)>
      | (?P<comment>!--(?!-?>)(?:(?!--)[^\n])*-->)
    )""",
    re.VERBOSE,
)
_ENDS = re.compile(r" *(?:\n|\Z)")
# Elements whose content is text to some or all versions of html.parser.
_RAW = frozenset(
    {
        *("iframe", "noembed", "noframes", "noscript", "plaintext", "script", "style"),
        *("textarea", "title", "xmp"),
    }
)


def all_rendered(text: str, found: Sequence[Candidate], dialect: Dialect) -> bool:
    """Return whether every candidate of `text` is certainly shown to readers of the page.

    For a candidate that isn't closed, or has a header the renderer refuses, the question is
    whether its line is prose: not code, and not in a comment.
    """
    if not dialect.understood or dialect.appended or (dialect.includes and "8<" in text):
        return False
    if _BLANKS.match(text):  # the only line of blanks that the renderer doesn't empty
        return False
    if "<" in text and not all(map(is_harmless, _outside(text, found))):
        return False
    if all(_begins_a_block(text, candidate) for candidate in found):
        return True
    return _Walk(dialect.box).reaches(text, found)


def _begins_a_block(text: str, candidate: Candidate) -> bool:
    """Return whether the line begins a block and is indented by less than any code."""
    start = candidate.start
    return len(candidate.prefix) < TAB and (
        start == 0 or text[max(start - 2, 0) : start] in ("\n\n", "\n")
    )


def _outside(text: str, found: Iterable[Candidate]) -> Iterable[str]:
    """Yield the text between candidates; a candidate that isn't closed is text."""
    position = 0
    for candidate in found:
        if candidate.closed:
            yield text[position : candidate.start]
            position = candidate.end
    yield text[position:]


def is_harmless(text: str) -> bool:
    """Return whether no HTML in `text` can hide or move what is around it.

    That is, whether `HTMLExtractor` of markdown/htmlparser.py and of md_in_html leave the text as
    it is, except that a comment at the start of a line becomes a block of its own. Behind such a
    comment any tag would begin a block, so nothing may follow it.
    """
    position = text.find("<")
    while position >= 0:
        match = _TAG.match(text, position)
        if match is None:
            return False
        line = text.rfind("\n", 0, position) + 1
        begins = position - line < TAB and not text[line:position].strip(" ")
        name = (match["name"] or "").lower()
        if name in _RAW or (begins and name and name not in _INLINE):
            return False
        if begins and match["comment"] and not _ENDS.match(text, match.end()):
            return False
        position = text.find("<", match.end())
    return True


class _Walk:
    """One pass over the lines of a page with the containers that are open.

    `_open` says of each open container whether it is an item of a list. A run is what stands
    between two blank lines: `_clean` says that nothing in it so far can swallow or indent what
    follows, and `_listed` that it began with an item of a list.
    """

    def __init__(self, box: re.Pattern[str]) -> None:
        self._box = box
        self._open: list[bool] = []
        self._starts = True
        self._clean = True
        self._listed = False
        self._base = 0

    def reaches(self, text: str, found: Iterable[Candidate]) -> bool:
        """Return whether every candidate is shown for certain."""
        position = 0
        for candidate in found:
            self._lines(text[position : candidate.start])
            if not self._candidate(candidate.prefix):
                return False
            if not candidate.closed:
                self._clean = False
            position = candidate.end + 1
        return True

    def _lines(self, text: str) -> None:
        for line in text[:-1].split("\n") if text else ():
            content = line.lstrip(" ")
            if not content:
                self._starts = True
            else:
                self._line(len(line) - len(content), content)

    def _enter(self, indent: int) -> int:
        """Close what a line with this indent isn't in, and return how far it is into the rest."""
        while indent < TAB * len(self._open):
            self._open.pop()
        if self._starts:
            self._starts, self._clean, self._listed = False, True, False
            self._base = len(self._open)
        return indent - TAB * len(self._open)

    def _candidate(self, prefix: str) -> bool:
        if ">" in prefix and len(prefix) >= TAB:
            return False
        return self._enter(len(prefix)) < TAB and self._clean

    def _line(self, indent: int, content: str) -> None:
        starts = self._starts
        inside = self._enter(indent)
        if inside >= TAB:
            self._clean = False
        elif inside == 0 and self._box.fullmatch(content):
            if starts or True not in self._open:
                self._push(item=False)
                self._starts = True
            else:
                self._clean = False
        elif _UNDERLINE.fullmatch(content):
            del self._open[self._base :]
            self._listed = False
            self._clean = self._clean and content[0] not in ":|"
        elif item := _ITEM.match(content):
            self._clean = self._clean and _is_plain(content[item.end() :])
            if starts or self._listed:
                self._listed = True
                self._push(item=True)
        else:
            self._clean = self._clean and _is_plain(content)

    def _push(self, *, item: bool) -> None:
        if len(self._open) < _DEEPEST:
            self._open.append(item)


def _is_plain(content: str) -> bool:
    """Return whether a line is prose, or a heading, that ends with its last character."""
    return content[0] not in ">:|" and not may_swallow(content)


def may_swallow(text: str) -> bool:
    """Return whether inline markup begun in `text` may go on behind it and hide what is there."""
    if not _DOUBTFUL.search(text):
        return False
    return _DOUBTFUL.search(_LINK.sub("", _CODE.sub("", text))) is not None
