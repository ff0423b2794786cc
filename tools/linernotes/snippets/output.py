"""Outputs: what a page says that a snippet prints, compared and rewritten."""

from __future__ import annotations

import difflib
import io
import re
from typing import TYPE_CHECKING

from linernotes.pages.candidates import normalized
from linernotes.pages.headers import OUTPUT_CLASS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linernotes.snippets.snippet import Output

_OPENING = re.compile(
    r"(?P<prefix>[> \t]*)(?P<fence>`{3,}|~{3,})(?P<header>[^\r\n]*)(?P<end>\r?\n?)"
)


def same_output(promised: str, printed: str) -> bool:
    """Return whether a snippet printed what its page shows, trailing white space aside.

    Printed text counts as what a page could show of it: tabs are spaces, and only line feeds are
    left of the ways to end a line.
    """
    return _lines(promised) == _lines(printed)


def output_difference(promised: str, printed: str) -> str:
    """Return the difference as a reader of the page sees it: `-` shown there, `+` printed."""
    lines = difflib.ndiff(_lines(promised), _lines(printed))
    return "\n".join(line for line in lines if not line.startswith("?"))


def with_outputs(text: str, outputs: Mapping[Output, str]) -> str:
    """Return the page `text` with the content of each output fence replaced by what was printed.

    Indentation and block-quote marks of the fence carry over to its lines, line ends stay what
    they are, and a fence that its new content would close is made longer. Fences that show the
    right thing aren't touched, nor is one that isn't where it was when the page was read.
    """
    lines = io.StringIO(text, newline="").readlines()  # as MkDocs reads it, line ends kept
    for output, printed in sorted(outputs.items(), key=lambda one: one[0].line, reverse=True):
        if same_output(output.text, printed) or output.end_line > len(lines):
            continue
        fence = slice(output.line - 1, output.end_line)
        lines[fence] = _rewritten(lines[fence], printed)
    return "".join(lines)


def _rewritten(fence: Sequence[str], printed: str) -> list[str]:
    """Return the lines of a fence with what was printed in it."""
    opening = _OPENING.fullmatch(fence[0])
    if opening is None or OUTPUT_CLASS not in opening["header"]:
        return list(fence)
    if fence[-1].strip("> \t\r\n") != opening["fence"]:
        return list(fence)
    content = _lines(printed)
    marks = _longer(opening["fence"], content)
    prefix, end = opening["prefix"], opening["end"]
    return [
        f"{prefix}{marks}{opening['header']}{end}",
        *(f"{prefix}{line}".rstrip() + end for line in content),
        fence[-1].replace(opening["fence"], marks),
    ]


def _longer(fence: str, content: Sequence[str]) -> str:
    """Return `fence`, or one of more marks where `content` has a line that begins with it.

    Only a line of just these marks closes it here. Other renderers are less strict.
    """
    starts = (line.lstrip() for line in content)
    runs = [len(line) - len(line.lstrip(fence[0])) for line in starts if line.startswith(fence)]
    return fence[0] * (max(runs) + 1) if runs else fence


def _lines(text: str) -> list[str]:
    """Return the lines of `text` as the renderer would read them, none for nothing."""
    plain = normalized(text).rstrip()
    return [line.rstrip() for line in plain.split("\n")] if plain else []
