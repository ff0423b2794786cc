"""The blocks of a page, rewritten as Markdown that any reader of Markdown understands.

The structure is read as Python-Markdown reads it: what is indented by four columns below a list
item, an admonition, a tab or a footnote belongs to it. Fences were taken out before, and stand as
one line each, so that nothing here can change a line of code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from linernotes.findings import Finding, warning
from linernotes.pages.candidates import TAB

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from linernotes.publishing.inline import Inline

STASH = re.compile("\x02([0-9]+)\x03")
"""A line of its own for what is put back at the end, untouched."""

# The alerts that GitHub Flavored Markdown has, and what Material's admonitions are closest to.
_ALERTS = {
    "note": ("note", "abstract", "summary", "tldr", "info", "todo", "question", "help", "faq"),
    "tip": ("tip", "hint", "success", "check", "done"),
    "important": ("important",),
    "warning": ("warning", "attention"),
    "caution": ("caution", "danger", "error", "failure", "fail", "missing", "bug"),
}
_ALERT_OF = {name: alert for alert, names in _ALERTS.items() for name in names}

_BOX = re.compile(
    r"(?P<kind>!!!|\?\?\?\+?)[ ]?(?P<classes>[\w-]+(?:[ ]+[\w-]+)*)?(?:[ ]+\"(?P<title>.*?)\")?[ ]*$"
)
_TAB = re.compile(r"===(?P<mark>\+!|!\+|[+!])?[ ]+\"(?P<title>.*?)\"[ ]*$")
_HEADING = re.compile(r"(?P<marks>#{1,6})(?P<text>(?:\\.|[^\\])*?)#*$")
_UNDERLINE = re.compile(r"(?:=+|-+)[ ]*$")
_RULE = re.compile(r"[ ]{0,3}(?:(?:\*[ ]*){3,}|(?:-[ ]*){3,}|(?:_[ ]*){3,})$")
_ITEM = re.compile(r"(?P<marker>[ ]{0,3}(?:[*+-]|\d+\.))[ ]+(?P<text>\S.*)")
_QUOTE = re.compile(r"[ ]{0,3}>[ ]?")
_DEFINITION = re.compile(r"[ ]{0,3}:[ ]{1,3}(?=\S)")
_FOOTNOTE = re.compile(r"[ ]{0,3}\[\^(?P<name>[^\]\n]+)\]:[ ]*(?P<text>.*)")
_TABLE_RULE = re.compile(r"[ ]{0,3}\|?[ ]*:?-+:?[ ]*(?:\|[ ]*:?-*:?[ ]*)*$")
_CONTENTS = re.compile(r"\[TOC\][ ]*$")
_BLOCKS = re.compile(r"/{3,}[ ]*\w|:::[ ]+\S")  # pymdownx.blocks, mkdocstrings
_HTML = re.compile(r"<(?P<close>/?)(?P<name>[a-zA-Z][\w-]*)(?P<rest>[^>]*)>")
_MARKDOWN = re.compile(r"\smarkdown(?:=[\"']?(?:1|block|span)[\"']?)?(?=[\s/]|$)")
# What stands in a paragraph (CommonMark 0.31, section 4.6: anything else begins an HTML block).
_INLINE_ELEMENTS = frozenset(
    {
        *("a", "abbr", "b", "bdi", "bdo", "br", "button", "cite", "code", "del", "dfn", "em"),
        *("i", "img", "ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span"),
        *("strong", "sub", "sup", "time", "u", "var", "wbr", "hr"),
    }
)


class Line(NamedTuple):
    """A line of a page, and its number there."""

    number: int
    text: str


@dataclass(slots=True)
class Blocks:
    """Rewrites the blocks of one page. `hidden` are the numbers of stashes that are left out.

    `stash` is what comes back at the end: blocks of lines. Findings are those of constructs that
    have no form in Markdown.
    """

    page: str
    inline: Inline
    enabled: AbstractSet[str]
    stash: list[Sequence[str]]
    hidden: AbstractSet[int]
    findings: list[Finding] = field(default_factory=list)
    _level: int = 1
    _shift: int = 0

    def convert(self, lines: Sequence[Line], *, in_item: bool = False) -> list[str]:
        """Return the lines rewritten. `in_item` says that they are the content of a list item."""
        out: list[str] = []
        position, fresh, listed = 0, True, in_item
        while position < len(lines):
            text = lines[position].text
            if not text:
                out.append("")
                position, fresh, listed = position + 1, True, in_item
                continue
            taken = self._block(lines, position, out, fresh=fresh, listed=listed)
            fresh, listed = False, in_item or _ITEM.match(text) is not None
            position += taken
        return out

    def _block(
        self, lines: Sequence[Line], at: int, out: list[str], *, fresh: bool, listed: bool
    ) -> int:
        """Rewrite the block that begins at `at`, and return how many lines it has."""
        text = lines[at].text
        indent = len(text) - len(text.lstrip(" "))
        if text[indent] == "\x02":
            _gap(out)
            if int(text[indent + 1 : -1]) not in self.hidden:
                out.append(text[indent:])
            return 1
        if indent >= TAB and fresh:
            return self._code(lines, at, out)
        if indent == 0 and (taken := self._marked(lines, at, out)):
            return taken
        if _QUOTE.match(text):
            return self._quote(lines, at, out)
        if _RULE.match(text) and not _UNDERLINE.match(text):
            out.append(text)
            return 1
        if (item := _ITEM.match(text)) and (fresh or listed):
            return self._item(lines, at, out, item)
        if (note := _FOOTNOTE.match(text)) and "footnotes" in self.enabled:
            inside, taken = _content(lines, at, note["text"])
            _gap(out)
            _hang(out, f"[^{note['name']}]: ", self.convert(inside))
            return taken
        if (text[indent] == ":") and out and self._defines(text):
            return self._definitions(lines, at, _popped(out), out)
        return self._paragraph(lines, at, out, listed=listed)

    def _marked(self, lines: Sequence[Line], at: int, out: list[str]) -> int:
        """Rewrite what begins with a mark in the first column; 0 if nothing does."""
        text = lines[at].text
        first = text[0]
        if first == "#" and (heading := _HEADING.match(text)):
            out.append(self._heading(len(heading["marks"]), heading["text"].strip()))
            return 1
        if first == "=" and "pymdownx.tabbed" in self.enabled and _TAB.match(text):
            return self._tabs(lines, at, out)
        if first in "!?" and (box := _BOX.match(text)) and self._is_box(box):
            return self._box(lines, at, out, box)
        if first == "<" and (taken := self._html(lines, at, out)):
            return taken
        if first == "[" and _CONTENTS.match(text) and "toc" in self.enabled:
            return 1
        if first in "/:" and _BLOCKS.match(text):
            self._no_form(lines[at], f"the block `{text.strip()[:40]}`")
        return 0

    def _is_box(self, box: re.Match[str]) -> bool:
        if box["kind"] == "!!!":
            return "admonition" in self.enabled and box["classes"] is not None
        named = box["classes"] is not None or box["title"] is not None
        return named and "pymdownx.details" in self.enabled

    def _heading(self, level: int, text: str) -> str:
        self._level = min(6, level + self._shift)
        return f"{'#' * self._level} {self.inline.heading(text)}"

    def _code(self, lines: Sequence[Line], at: int, out: list[str]) -> int:
        """Keep a block of indented code as it is."""
        end = last = at
        while end < len(lines) and (not lines[end].text or lines[end].text.startswith(" " * TAB)):
            last = end if lines[end].text else last
            end += 1
        out.append(self._kept(line.text for line in lines[at : last + 1]))
        return last + 1 - at

    def _kept(self, lines: Iterable[str]) -> str:
        self.stash.append(tuple(lines))
        return f"\x02{len(self.stash) - 1}\x03"

    def _quote(self, lines: Sequence[Line], at: int, out: list[str]) -> int:
        end = at
        inside: list[Line] = []
        while end < len(lines) and lines[end].text:
            text = lines[end].text
            mark = _QUOTE.match(text)
            inside.append(Line(lines[end].number, text[mark.end() :] if mark else text))
            end += 1
        _quoted(out, self.convert(inside))
        return end - at

    def _item(self, lines: Sequence[Line], at: int, out: list[str], item: re.Match[str]) -> int:
        inside, taken = _content(lines, at, item["text"])
        _hang(out, f"{item['marker'].strip()} ", self.convert(inside, in_item=True))
        return taken

    def _box(self, lines: Sequence[Line], at: int, out: list[str], box: re.Match[str]) -> int:
        inside, taken = _content(lines, at, None)
        kind = (box["classes"] or "note").split()[0].lower()
        alert = _ALERT_OF.get(kind, "note")
        title = box["title"]
        if title is None and kind != alert:
            title = kind.capitalize()
        head = f"[!{alert.upper()}]" + (f" {self.inline.text(title)}" if title else "")
        body = _trimmed(self.convert(inside))
        _quoted(out, [head, *([""] if STASH.match(body[0]) else ()), *body])
        if lines[at + taken : at + taken + 1]:
            _gap(out)
        return taken

    def _tabs(self, lines: Sequence[Line], at: int, out: list[str]) -> int:
        """Rewrite a group of tabs as sections, each below the heading that the group is under."""
        around, shift = self._level, self._shift
        position = at
        while position < len(lines):
            tab = _TAB.match(lines[position].text)
            if tab is None or (position > at and "!" in (tab["mark"] or "")):
                break
            inside, taken = _content(lines, position, None)
            self._level = min(6, around + 1)
            _gap(out)
            out += (f"{'#' * self._level} {self.inline.text(tab['title'])}", "")
            self._shift = _shift_below(inside, self._level, shift)
            out += _trimmed(self.convert(inside))
            position += taken
            while position < len(lines) and not lines[position].text:
                position += 1
        self._level, self._shift = around, shift
        _gap(out)
        if position < len(lines) and not _begins_section(lines[position].text):
            out += ("---", "")  # what follows isn't part of the last tab
        return position - at

    def _html(self, lines: Sequence[Line], at: int, out: list[str]) -> int:
        """Unwrap an element that holds Markdown, keep other raw HTML, leave comments out."""
        text = lines[at].text
        if text.startswith("<!--"):
            end = at
            while end < len(lines) - 1 and "-->" not in lines[end].text:
                end += 1
            rest = lines[end].text.partition("-->")[2].strip()
            if rest:
                out.append(self.inline.text(rest))
            return end + 1 - at
        tag = _HTML.match(text)
        if tag is None or tag["close"] or tag["name"].lower() in _INLINE_ELEMENTS:
            return 0
        end = _end_of_element(lines, at, tag["name"])
        if "md_in_html" in self.enabled and _MARKDOWN.search(tag["rest"]):
            inside = _inside(lines[at : end + 1], tag)
            _gap(out)
            out += self.convert(_dedented(inside))
            _gap(out)
        else:
            self._no_form(lines[at], f"raw HTML, <{tag['name'].lower()}>,")
            _gap(out)
            out.append(self._kept(self.inline.html(line.text) for line in lines[at : end + 1]))
            _gap(out)
        return end + 1 - at

    def _no_form(self, line: Line, what: str) -> None:
        self.findings.append(
            warning(
                "no-markdown-form",
                self.page,
                line.number,
                f"{what} has no form in Markdown, so the page's Markdown twin has it as it is",
                "write it in Markdown, or say beside it in words what it shows",
            )
        )

    def _paragraph(self, lines: Sequence[Line], at: int, out: list[str], *, listed: bool) -> int:
        """Rewrite what stands up to the next blank line, or to what breaks in."""
        end = at + 1
        while end < len(lines) and not self._breaks_in(lines[end].text, listed=listed):
            end += 1
        block = [line.text for line in lines[at:end]]
        if len(block) > 1:
            if "tables" in self.enabled and "|" in block[0] and _TABLE_RULE.match(block[1]):
                out += [self.inline.row(line) for line in block]
                return end - at
            if _UNDERLINE.match(block[1]):
                level = 1 if block[1][0] == "=" else 2
                out.append(self._heading(level, block[0].strip()))
                return 2
        if end < len(lines) and self._defines(lines[end].text):
            return end - at + self._definitions(lines, end, block, out)
        text = self.inline.text("\n".join(block))
        out += text.split("\n") if text.strip() else ()
        return end - at

    def _defines(self, text: str) -> bool:
        return "def_list" in self.enabled and _DEFINITION.match(text) is not None

    def _definitions(
        self, lines: Sequence[Line], at: int, terms: Sequence[str], out: list[str]
    ) -> int:
        """Rewrite the definitions of `terms` as an item of a list, or as one with a list below."""
        found: list[list[str]] = []
        position = at
        while position < len(lines) and (mark := _DEFINITION.match(lines[position].text)):
            rest = lines[position].text[mark.end() :]
            inside, taken = _content(lines, position, rest)
            found.append(_trimmed(self.convert(inside, in_item=True)))
            position += taken
            blank = position
            while blank < len(lines) and not lines[blank].text:
                blank += 1
            if blank < len(lines) and self._defines(lines[blank].text):
                position = blank
        names = ", ".join(f"**{self.inline.text(term.strip())}**" for term in terms if term)
        if len(found) == 1 and not STASH.match(found[0][0]):
            _hang(out, f"- {names}: ", found[0])
        else:
            out.append(f"- {names}:")
            for body in found:
                _hang(out, "    - ", body)
        return position - at

    def _breaks_in(self, text: str, *, listed: bool) -> bool:
        """Return whether a line ends the paragraph above it."""
        if not text:
            return True
        stripped = text.lstrip(" ")
        first = stripped[0]
        if first in "\x02>":
            return True
        if first == ":":
            return self._defines(text)
        if first not in "#=!?-*+0123456789[":
            return False
        return (
            (first == "#" and stripped is text)
            or (first == "=" and "pymdownx.tabbed" in self.enabled and _TAB.match(text) is not None)
            or (first in "!?" and (box := _BOX.match(text)) is not None and self._is_box(box))
            or (first == "[" and _FOOTNOTE.match(text) is not None)
            or (listed and _ITEM.match(text) is not None)
        )


def _content(lines: Sequence[Line], at: int, first: str | None) -> tuple[list[Line], int]:
    """Return what belongs to the container that line `at` opens, without its indent.

    `first` is what stands behind the mark in that line; None for a container that begins in the
    next line, and has no lazy lines: those that go on with a paragraph without being indented.
    """
    inside = [] if first is None else [Line(lines[at].number, first)]
    end = last = at + 1
    while end < len(lines):
        text = lines[end].text
        if not text:
            inside.append(lines[end])
        elif text.startswith(" " * TAB):
            inside.append(Line(lines[end].number, text[TAB:]))
            last = end + 1
        elif first is not None and last == end and not _is_mark(text):
            inside.append(Line(lines[end].number, text.lstrip(" ")))
            last = end + 1
        else:
            break
        end += 1
    return inside[: last - at - (first is None)], last - at


def _is_mark(text: str) -> bool:
    """Return whether a line begins a block of its own wherever it stands."""
    stripped = text.lstrip(" ")
    return (
        stripped[0] in "\x02>#"
        or _ITEM.match(text) is not None
        or _DEFINITION.match(text) is not None
        or _FOOTNOTE.match(text) is not None
        or (text[0] == "=" and _TAB.match(text) is not None)
        or (text[0] in "!?" and _BOX.match(text) is not None)
    )


def _end_of_element(lines: Sequence[Line], at: int, name: str) -> int:
    """Return the line in which an element ends that begins in line `at`."""
    tags = re.compile(rf"<(/?){re.escape(name)}\b[^>]*?(/?)>", re.IGNORECASE)
    depth = 0
    for position in range(at, len(lines)):
        for tag in tags.finditer(lines[position].text):
            depth += -1 if tag[1] else not tag[2]
        if depth <= 0:
            return position
    return next((end - 1 for end in range(at + 1, len(lines)) if not lines[end].text), at)


def _inside(lines: Sequence[Line], tag: re.Match[str]) -> list[Line]:
    """Return what stands between the tags of an element, and behind it."""
    closing = re.compile(rf"(.*)</{re.escape(tag['name'])}>(.*)", re.IGNORECASE)
    texts = [line.text for line in lines]
    texts[0] = texts[0][tag.end() :]
    after = ""
    if (close := closing.search(texts[-1])) is not None:
        texts[-1], after = close[1], close[2].strip()
    inside = [Line(line.number, text.rstrip()) for line, text in zip(lines, texts, strict=True)]
    return [*inside, Line(lines[-1].number, ""), Line(lines[-1].number, after)]


def _dedented(lines: Sequence[Line]) -> list[Line]:
    indent = min(
        (len(line.text) - len(line.text.lstrip(" ")) for line in lines if line.text), default=0
    )
    return [Line(line.number, line.text[indent:]) for line in lines]


def _shift_below(lines: Iterable[Line], level: int, shift: int) -> int:
    """Return by how much headings are moved down so that they are below one of this level."""
    first = next(
        (len(heading["marks"]) for line in lines if (heading := _HEADING.match(line.text))), 6
    )
    return max(shift, level + 1 - first)


def _begins_section(text: str) -> bool:
    return text.startswith("#") or _TAB.match(text) is not None


def _gap(out: list[str]) -> None:
    if out and out[-1]:
        out.append("")


def _trimmed(lines: Sequence[str]) -> list[str]:
    """Return lines without the blank ones at both ends."""
    filled = [number for number, line in enumerate(lines) if line]
    return list(lines[filled[0] : filled[-1] + 1]) if filled else [""]


def _hang(out: list[str], marker: str, body: Sequence[str]) -> None:
    """Put a body behind a marker, its further lines indented as both kinds of Markdown want it."""
    body = _trimmed(body)
    indent = len(marker) - len(marker.lstrip(" ")) + TAB
    out.append((marker + body[0]).rstrip() if not body[0] else marker + body[0])
    out += [" " * indent + line if line else "" for line in body[1:]]


def _quoted(out: list[str], body: Sequence[str]) -> None:
    _gap(out)
    out += [f"> {line}" if line else ">" for line in _trimmed(body)]


def _popped(out: list[str]) -> list[str]:
    """Take the last paragraph off `out`, and return it."""
    while out and not out[-1]:
        out.pop()
    last: list[str] = []
    while out and out[-1]:
        last.insert(0, out.pop())
    return last
