"""The author's preview: `linernotes serve` tells rendering what it found on each page.

Only the preview shows findings. The command names the file to read them from in the environment,
so that a build, in whatever process, has none.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from linernotes.atomic import write_atomically
from linernotes.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PREVIEW = "LINERNOTES_PREVIEW"
"""The environment variable with the path of the file that the findings are in."""

_REVISION = "<!-- linernotes:"


def is_preview() -> bool:
    """Return whether this process renders pages for their author."""
    return PREVIEW in os.environ


def findings_of(path: str) -> tuple[Finding, ...]:
    """Return what is wrong with the page `path` (below the docs directory), for its author."""
    try:
        found = json.loads(Path(os.environ[PREVIEW]).read_text(encoding="utf-8"))
        return tuple(Finding(**finding) for finding in found.get(path, ()))
    except (KeyError, OSError, ValueError, TypeError):
        return ()


def write_findings(file: Path, findings: Mapping[str, Sequence[Finding]]) -> None:
    """Write the findings of pages, by their paths below the docs directory. Raises OSError."""
    content = {path: [one.to_json() for one in found] for path, found in findings.items() if found}
    write_atomically(file, json.dumps(content, ensure_ascii=False))


def revision_mark(revision: str) -> str:
    """Return the line that makes an engine render a page anew although its text is the same."""
    return f"{_REVISION} {revision} -->"


def without_revision(lines: list[str]) -> list[str]:
    """Return the lines of a page without the mark at their end, if there is one."""
    for place in range(len(lines) - 1, -1, -1):
        if lines[place].strip():
            return lines[:place] if lines[place].startswith(_REVISION) else lines
    return lines
