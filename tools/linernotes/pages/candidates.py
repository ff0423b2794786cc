"""What SuperFences takes for fences before the blocks of a page are known.

SuperFences looks for fences line by line, before Markdown is parsed, and takes them from the text
(`SuperFencesBlockPreprocessor.search_nested`, `eval_fence` and `eval_quoted` in
pymdownx/superfences.py, 10.16 to 13.1). The same is done here with regular expressions that jump
from fence to fence. Whether such a fence is rendered in the end is another question.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from linernotes.pages.headers import Header, Refusal, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linernotes.pages.headers import HeaderRules

TAB = 4
"""Columns of a tab: `tab_length` of Python-Markdown, which MkDocs leaves at its default."""

_OPENING = re.compile(r"^([> ]*)((?:`{3,}|~{3,})[^\n]*)", re.MULTILINE)
_BLANK_LINE = re.compile(r"(?<=\n) +\n")
_MARKERS = str.maketrans("", "", "\x02\x03")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A line that opens a fence or seems to, and the fence when it has an end.

    `start` and `end` are offsets: of the line's start, and of the end of the fence's last line or,
    without one, of this line. `line` is counted from 0. `opening` begins with the backticks and
    `prefix` is what stands before them. `broken` is the line that ended a fence too early.
    """

    start: int
    end: int
    line: int
    prefix: str
    opening: str
    header: Header | Refusal
    closed: bool = False
    broken: int | None = None


def normalized(text: str) -> str:
    r"""Return `text` as the renderer makes it before it looks for fences.

    MkDocs reads pages with universal newlines and drops empty lines at the top; they are kept here
    so that lines can be counted. The rest is `NormalizeWhitespace` in markdown/preprocessors.py,
    which doesn't empty a line of blanks that is the first. Only `\n` ends a line.
    """
    if "\x02" in text or "\x03" in text:
        text = text.translate(_MARKERS)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text += "\n\n"
    if "\t" in text:
        text = text.expandtabs(TAB)
    if " \n" in text:
        body = text.lstrip("\n")
        text = text[: len(text) - len(body)] + _BLANK_LINE.sub("\n", body)
    return text


def candidates(text: str, rules: HeaderRules) -> Iterator[Candidate]:
    """Yield the candidates of a normalized text in order. None lies in another one."""
    position = line = 0
    counted = 0
    while match := _OPENING.search(text, position):
        start, after = match.span()
        line += text.count("\n", counted, start)
        counted = start
        prefix, opening = match.groups()
        header = parse(opening.rstrip(" "), rules)
        if isinstance(header, Refusal):
            position = after
            if not _is_inline_code(opening):
                yield Candidate(start, after, line, prefix, opening, header)
            continue
        end = _quoted_end if ">" in prefix else _end
        found = end(text, after + 1, prefix, fence_of(opening))
        if found is None:
            yield Candidate(start, after, line, prefix, opening, header)
            return
        position, closed = found
        if closed:
            yield Candidate(start, position, line, prefix, opening, header, closed=True)
        else:
            broken = line + text.count("\n", start, position)
            yield Candidate(start, after, line, prefix, opening, header, broken=broken)


def fence_of(opening: str) -> str:
    """Return the backticks or tildes that a line begins with."""
    return opening[: len(opening) - len(opening.lstrip(opening[0]))]


def source_of(text: str, candidate: Candidate) -> str:
    """Return the code of a closed candidate, as the renderer would highlight it."""
    first = candidate.start + len(candidate.prefix) + len(candidate.opening) + 1
    last = text.rfind("\n", 0, candidate.end)
    body = text[first:last]
    indent = len(candidate.prefix)
    if not indent:
        return body
    return "\n".join(line[indent:] for line in body.split("\n"))


def _is_inline_code(opening: str) -> bool:
    """Return whether the line is prose such as ```` ```code``` ````, not a fence gone wrong."""
    return opening[0] in opening.lstrip(opening[0])


def _end(text: str, position: int, prefix: str, fence: str) -> tuple[int, bool] | None:
    """Return where the line ends that ends a fence, and whether it closes it; None without one."""
    pattern = _end_pattern(fence, len(prefix))
    while match := pattern.search(text, position):
        if match.lastgroup == "closed":
            return match.end(), True
        position = text.find("\n", match.end())
        if text[match.start() : position].strip():
            return position, False
    return None


@lru_cache(maxsize=256)
def _end_pattern(fence: str, indent: int) -> re.Pattern[str]:
    closed = rf"(?P<closed>^ {{{indent}}}{fence} *$)"
    if not indent:
        return re.compile(closed, re.MULTILINE)
    # A line that is indented less gives the fence up, unless it is blank; quotes count as text.
    return re.compile(rf"{closed}|(?P<broken>^ {{0,{indent - 1}}}[^ \n])", re.MULTILINE)


def _quoted_end(text: str, position: int, prefix: str, fence: str) -> tuple[int, bool] | None:
    """Return what `_end` does, for a fence in a block quote (`eval_quoted`)."""
    level, after_empty = prefix.count(">"), False
    while position <= len(text):
        end = text.find("\n", position)
        if end < 0:
            return None
        line = text[position:end]
        here = line[: len(prefix)]
        here = here[: len(here) - len(here.lstrip("> "))]
        content = line[len(here) :]
        if here.count(">") > level:
            return end, False
        if not content:
            after_empty = True
        elif len(here) < len(prefix) or (after_empty and here.count(">") < level):
            return end, False
        elif content.startswith(fence) and not content[len(fence) :].strip(" "):
            return end, True
        else:
            after_empty = False
        position = end + 1
    return None
