"""Outputs: what a page says that a snippet prints, compared and rewritten."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linernotes.snippets.snippet import Output

_FENCE = re.compile(r"[`~]{3,}")


def same_output(promised: str, printed: str) -> bool:
    """Return whether a snippet printed what its page shows, trailing white space aside."""
    return _lines(promised) == _lines(printed)


def output_difference(promised: str, printed: str) -> str:
    """Return the difference as a reader of the page sees it: `-` shown there, `+` printed."""
    lines = difflib.ndiff(_lines(promised), _lines(printed))
    return "\n".join(line for line in lines if not line.startswith("?"))


def with_outputs(text: str, outputs: Mapping[Output, str]) -> str:
    """Return the page `text` with the content of each output fence replaced by what was printed.

    Indentation and block-quote marks of the fence carry over to its lines.
    """
    lines = text.split("\n")
    for output, printed in sorted(outputs.items(), key=lambda item: -item[0].line):
        opening = lines[output.line - 1]
        fence = _FENCE.search(opening)
        prefix = re.sub(r"[^\s>]", " ", opening[: fence.start()] if fence else "")
        new = [f"{prefix}{line}".rstrip() for line in _lines(printed)]
        lines[output.line : output.end_line - 1] = new
    return "\n".join(lines)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")]
