"""What of a page is prose: its text without fences, code, comments and raw code elements."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linernotes.pages.page import Page

# What opens a block whose content is indented by four: lists, admonitions, details, tabs,
# footnotes and definitions. Such content isn't code although it is indented.
_CONTAINER = re.compile(
    r"(?:[-*+]|\d+\.)[ ]|(?P<box>!!!|\?\?\?\+?|===[!+]*)[ ]|\[\^[^\]]+\]:|:[ ]{3}"
)
_INDENT = 4
_RAW = re.compile(r"(?<!\\)`+|<!--|<(pre|code|script|style|textarea)\b[^>\n]*>", re.IGNORECASE)
_VISIBLE = re.compile(r"[^\n]")


@dataclass(frozen=True, slots=True)
class Prose:
    """The body of a page with everything else blanked: same lines, same columns.

    `with_code` still has inline code, which is part of a heading; `text` has not.
    """

    text: str
    with_code: str


def prose(page: Page) -> Prose:
    """Return the prose of `page`. Takes time that is linear in its length."""
    lines = page.body.split("\n")
    for fence in page.fences:
        first, last = fence.line - page.body_line, fence.end_line - page.body_line
        lines[first : last + 1] = [""] * (last + 1 - first)
    text = "\n".join(_without_indented_code(lines))
    code, raw = _spans(text)
    with_code = _blanked(text, raw)
    return Prose(_blanked(with_code, code), with_code)


def _without_indented_code(lines: list[str]) -> list[str]:
    """Blank the lines that Markdown prints as code for their indent."""
    kept = []
    contents = [0]  # where the content of each open container begins
    after_blank, in_code = True, False
    for raw_line in lines:
        line = raw_line.expandtabs(_INDENT)
        stripped = line.lstrip(" ")
        if not stripped:
            after_blank = True
            kept.append("")
            continue
        indent = len(line) - len(stripped)
        if after_blank or in_code:
            while after_blank and indent < contents[-1]:
                contents.pop()
            in_code = indent >= contents[-1] + _INDENT
        container = None if in_code else _CONTAINER.match(stripped)
        if container is not None:
            while indent < contents[-1]:
                contents.pop()
            contents.append(indent - indent % _INDENT + _INDENT)
        # The line that opens a box stands alone: what is below it begins a block.
        after_blank = container is not None and container["box"] is not None
        kept.append("" if in_code else line)
    return kept


def _spans(text: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return where inline code is, and where comments and raw code elements are."""
    code, raw = [], []
    never_closed: set[str] = set()
    position = 0
    while match := _RAW.search(text, position):
        opening, position = match.group(), match.end()
        if opening.startswith("`"):
            paragraph = text.find("\n\n", position)
            closing = re.compile(rf"(?<!`)`{{{len(opening)}}}(?!`)").search(
                text, position, len(text) if paragraph < 0 else paragraph
            )
            if closing is not None:
                position = closing.end()
                code.append((match.start(), position))
            continue
        end = "-->" if opening == "<!--" else f"</{match[1].lower()}>"
        if end in never_closed:
            continue
        closing = re.compile(end, re.IGNORECASE).search(text, position)
        if closing is None:
            never_closed.add(end)
            continue
        position = closing.end()
        raw.append((match.start(), position))
    return code, raw


def _blanked(text: str, spans: list[tuple[int, int]]) -> str:
    pieces, position = [], 0
    for start, end in spans:
        pieces += [text[position:start], _VISIBLE.sub(" ", text[start:end])]
        position = end
    return "".join([*pieces, text[position:]])
