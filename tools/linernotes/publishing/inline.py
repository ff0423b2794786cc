"""Text within a paragraph, made portable: links absolute, attribute lists gone, code untouched."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import TYPE_CHECKING
from urllib.parse import urljoin

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

_ATTRIBUTES = r"\{:?[ ]*[^\}\n ][^\}\n]*\}"  # markdown/extensions/attr_list.py, BASE_RE
_LIKE_ATTRIBUTES = r"\{:?[ ]*(?:[#.:][\w-]|[\w:-]+=)[^\}\n]*\}"
# In the order in which they are looked for at one place. The pattern of code is Python-Markdown's
# (markdown/inlinepatterns.py, BACKTICK_RE), as is what may stand in a link's brackets.
_TOKEN = re.compile(
    rf"""(?P<code>(?<!\\)(?P<ticks>`+)(?P<inside>.+?)(?<!`)(?P=ticks)(?!`))
      | (?P<escape>\\[\\`*_{{}}\[\]()>#+.!-])
      | (?P<comment><!--.*?-->)
      | &\#(?P<number>[0-9]{{1,7}});
      | \]\([ ]*(?:<(?P<angled>[^<>\n]*)>|(?P<plain>[^\s()<>]*(?:\([^\s()]*\)[^\s()<>]*)*))
        (?P<title>\s+(?:"[^\n]*?"|'[^\n]*?'))?[ ]*\)
      | ^(?P<name>[ ]{{0,3}}\[(?!\^)[^\]\n]+\]:[ ]*)<?(?P<reference>[^\s<>]+)>?
      | (?P<tag><[a-zA-Z][^<>\n]*>)
      | (?<=[*_])(?P<attributes>{_LIKE_ATTRIBUTES})
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_AFTER = re.compile(_ATTRIBUTES)
_LANGUAGE = re.compile(
    r"(?:\#!|:::)[\w.#+-]+[ ]+(?=\S)"
)  # pymdownx/inlinehilite.py, BACKTICK_CODE_RE
_REFERENCE_ATTRIBUTE = re.compile(
    r"(?P<name>\s(?:href|src|poster)=)(?P<quote>[\"'])(?P<url>.*?)(?P=quote)"
)
_CELL_ATTRIBUTES = re.compile(rf"[ ]+{_LIKE_ATTRIBUTES}(?=[ ]*(?:\||$))")
_LAST_LINE = re.compile(rf"\n[ ]*{_ATTRIBUTES}[ ]*$|\A[ ]*{_LIKE_ATTRIBUTES}[ ]*$")
_END_OF_HEADING = re.compile(rf"[ ]+{_ATTRIBUTES}[ ]*$")
_SIGNS = re.compile(r"[\]<`{]|&#")
# What means something in Markdown, and what begins something at the start of a line.
_MEANT = re.compile(r"[\\`*_\[\]<>#|~]")


class Inline:
    """Makes the text of one page portable.

    `resolve` gives the absolute form of a link, `page_url` is the page's own URL, from which the
    links in raw HTML are taken, and `enabled` are the short names of the Markdown extensions.
    """

    def __init__(
        self, resolve: Callable[[str], str], page_url: str, enabled: AbstractSet[str]
    ) -> None:
        self._resolve = resolve
        self._page_url = page_url
        self._lists = "attr_list" in enabled
        self._hilite = "pymdownx.inlinehilite" in enabled

    def text(self, text: str) -> str:
        """Return the text of a paragraph, of several lines or one."""
        if not _SIGNS.search(text):
            return text
        if self._lists and "{" in text:
            text = _LAST_LINE.sub("", text)
        pieces: list[str] = []
        position = 0
        while match := _TOKEN.search(text, position):
            pieces += (text[position : match.start()], self._token(match))
            position = match.end()
            if self._lists and text[position : position + 1] == "{" and not match["escape"]:
                after = _AFTER.match(text, position)
                position = after.end() if after else position
        return "".join((*pieces, text[position:]))

    def heading(self, text: str) -> str:
        """Return the text of a heading."""
        return self.text(_END_OF_HEADING.sub("", text) if self._lists and "{" in text else text)

    def row(self, line: str) -> str:
        """Return a line of a table."""
        if self._lists and "{" in line:
            line = _CELL_ATTRIBUTES.sub("", line)
        return self.text(line)

    def html(self, text: str) -> str:
        """Return raw HTML with absolute links; engines leave those links as they are."""
        return _REFERENCE_ATTRIBUTE.sub(self._reference, text)

    def _token(self, match: re.Match[str]) -> str:
        if (inside := match["inside"]) is not None:
            if self._hilite and (language := _LANGUAGE.match(inside)):
                return f"{match['ticks']}{inside[language.end() :]}{match['ticks']}"
            return match[0]
        if match["escape"]:
            return match[0]
        if match["comment"] or match["attributes"]:
            return ""
        if match["number"]:
            return _character(int(match["number"]), match[0])
        if match["tag"]:
            return self.html(match[0])
        if match["name"]:
            return match["name"] + _destination(self._resolve(match["reference"]))
        target = match["plain"] if match["angled"] is None else match["angled"]
        if not target:  # `[text]()`
            return match[0]
        return f"]({_destination(self._resolve(target))}{match['title'] or ''})"

    def _reference(self, match: re.Match[str]) -> str:
        try:
            url = urljoin(self._page_url, unescape(match["url"]))
        except ValueError:
            return match[0]
        return f"{match['name']}{match['quote']}{escape(url)}{match['quote']}"


def _character(number: int, reference: str) -> str:
    """Return the character that a reference stands for, unless it would mean something by itself."""
    try:
        text = chr(number)
    except (ValueError, OverflowError):
        return reference
    if not text.isprintable():
        return reference
    return f"\\{text}" if _MEANT.match(text) else text


def _destination(url: str) -> str:
    """Return a URL as it can stand in a link's brackets."""
    balanced = url.count("(") == url.count(")")
    return url if balanced and " " not in url else f"<{url}>"
