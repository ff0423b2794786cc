"""Directives taken out of a page: what is for Linernotes isn't for its readers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linernotes.pages.dialect import HOUSE, Dialect, dialect
from linernotes.pages.fences import scan
from linernotes.pages.headers import OUTPUT_CLASS, SNIPPET_CLASSES, SNIPPET_KEYS, Header

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linernotes.pages.fences import Fence
    from linernotes.pages.page import Page

RENDERED_OUTPUT_CLASS = "ln-output"
"""The class of a code block that shows what the snippet above it prints, for style sheets."""

PLACE_CLASS = "ln-at-"
"""With the line of a fence, the class by which its block is found again once it is rendered."""

HIDDEN_CLASS = "hidden"

_SIGNS = (
    *(f".{name}" for name in sorted({*SNIPPET_CLASSES, OUTPUT_CLASS})),
    *(f"{key}=" for key in sorted(SNIPPET_KEYS)),
)
_PYTHON = re.compile(r"^[> \t]*(?:`{3,}|~{3,})[^\n]*py", re.IGNORECASE | re.MULTILINE)
_ITEM_MARKS = ("- ", "* ", "+ ")

# Files are included by the time this is used (pymdownx.snippets runs before).
_NAMES = tuple(name for name in HOUSE.extensions if name != "pymdownx.snippets")
WITH_SUPERFENCES = dialect(_NAMES, HOUSE.configs)
WITH_FENCED_CODE = dialect(
    tuple(name for name in _NAMES if name != "pymdownx.superfences"), HOUSE.configs
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A page to be rendered, and its fences as they were.

    Their lines are those before preparing, counted from `first_line`.
    """

    text: str
    fences: tuple[Fence, ...]
    first_line: int = 1


def prepared(
    text: str,
    markdown: Dialect = WITH_SUPERFENCES,
    *,
    placed: bool = False,
    source: Page | None = None,
) -> Prepared:
    r"""Return the Markdown `text` as it is to be rendered; its lines end in `\n`.

    Hidden snippets are taken out, the headers of the others keep only what is for the renderer,
    and the class `output` becomes `ln-output`. Every other line stays as it is. Fences are found by
    the scanner that finds snippets, so that what is run and what is changed here are the same.

    With `placed`, each Python fence and each output gets the class `PLACE_CLASS` with its line.
    `source` is the page that `text` may be the whole of: then its fences are known.
    """
    if not any(sign in text for sign in _SIGNS) and not (placed and _PYTHON.search(text)):
        return Prepared(text, ())  # most pages of other people's projects
    lines = text.split("\n")
    if source is not None and source.body == text:
        fences, first_line = source.fences, source.body_line
    else:
        fences, first_line = scan(text, "", dialect=markdown)[0], 1
    for fence in reversed(fences):
        first, last = fence.line - first_line, fence.end_line - first_line
        if _is_hidden(fence):
            lines[first : last + 1] = _gap(lines, first, last)
        elif (header := _header(fence, placed=placed)) is not None:
            lines[first] = _opening(lines[first]) + header
    return Prepared("\n".join(lines), fences, first_line)


def without_directives(text: str) -> str:
    """Return the Markdown `text` as it is to be rendered, and nothing else of it."""
    return prepared(text).text


def _is_hidden(fence: Fence) -> bool:
    return fence.header.is_python and HIDDEN_CLASS in fence.header.classes


def _header(fence: Fence, *, placed: bool) -> str | None:
    """Return the header to write for a fence, or None for one that can stay as it is."""
    header = fence.header
    place = [f"{PLACE_CLASS}{fence.line}"] if placed else []
    if OUTPUT_CLASS in header.classes:
        classes = [RENDERED_OUTPUT_CLASS if it == OUTPUT_CLASS else it for it in header.classes]
        return _brace_form(header, [*classes, *place], header.attributes)
    if not header.is_python or not (header.brace or placed):
        return None
    classes = [name for name in header.classes if name not in SNIPPET_CLASSES]
    attributes = [(key, value) for key, value in header.attributes if key not in SNIPPET_KEYS]
    same = len(classes) == len(header.classes) and len(attributes) == len(header.attributes)
    return None if same and not placed else _brace_form(header, [*classes, *place], attributes)


def _brace_form(
    header: Header, classes: Iterable[str], attributes: Iterable[tuple[str, str]]
) -> str:
    parts = [f".{header.language}"]
    if header.id is not None:
        parts.append(f"#{header.id}")
    parts += [f".{name}" for name in classes]
    for key, value in attributes:
        quote = "'" if '"' in value else '"'
        parts.append(f"{key}={quote}{value}{quote}")
    return f" {{ {' '.join(parts)} }}"


def _opening(line: str) -> str:
    """Return a line that opens a fence up to the end of its backticks or tildes."""
    fence = line.lstrip("> \t")
    return line[: len(line) - len(fence.lstrip(fence[0]))]


def _gap(lines: list[str], first: int, last: int) -> list[str]:
    """Return what stands in for a fence that is taken out: a blank line where one is needed.

    Text right above and right below a fence is two paragraphs, and has to stay two. A fence at the
    end of a list item, right above the next item, leaves nothing: a blank line would make the
    list a loose one.
    """
    below = lines[last + 1] if last + 1 < len(lines) else ""
    text = below.lstrip("> \t")
    prefix = _prefix(lines[first])
    if not text or (_is_item(text) and len(_prefix(below)) < len(prefix)):
        return []
    return [prefix.rstrip()]


def _prefix(line: str) -> str:
    line = line.expandtabs(4)
    return line[: len(line) - len(line.lstrip("> "))]


def _is_item(text: str) -> bool:
    return text.startswith(_ITEM_MARKS) or text.lstrip("0123456789")[:2] == ". "
