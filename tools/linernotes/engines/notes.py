"""Notes: what is shown on a page beside its own text."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import linernotes
from linernotes.pages.facts import FACTS_FILE
from linernotes.rendering.summary import read_summary
from linernotes.running.verdicts import installation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linernotes.project import Project

PROOFS = "proofs.json"
"""The file below the project's cache in which `linernotes verify` leaves what it knows."""


def page_notes(project: Project, findings: Path | None = None) -> dict[str, Any]:
    """Return the proofs of pages, and their findings in the file `findings` of a preview.

    Pages are named by their paths below the docs directory.
    """
    prefix = f"{project.relative(project.docs)}/"
    proofs = _json(project.cache / PROOFS).get("pages", {})
    known = {page.removeprefix(prefix): proof for page, proof in proofs.items()}
    found = {} if findings is None else _json(findings)
    return {path: (known.get(path), found.get(path)) for path in known | found}


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def revisions(
    project: Project, sources: Mapping[str, Path], findings: Path | None = None
) -> dict[str, str]:
    """Return for each of `sources` a digest of all that its page shows, but for its own text.

    That is what is said of it here; what any page says of itself, for it may be related; facts,
    the configuration, what isn't a page and may be included; and what renders it.
    """
    notes = page_notes(project, findings)
    own = Path(linernotes.__file__).parent
    parts: list[object] = [installation(), findings is not None]
    parts += [file.read_bytes() for file in sorted(own.rglob("*.html"))]
    for path in (project.configuration, project.root / FACTS_FILE):
        parts.append(path.read_bytes() if path.is_file() else None)
    for path, file in sources.items():
        status = file.stat()
        page = read_summary(file, path) if file.suffix == ".md" else None
        parts.append((path, page or (status.st_mtime_ns, status.st_size)))
    around = hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()
    return {
        path: hashlib.sha256(f"{json.dumps(notes.get(path))}{around}".encode()).hexdigest()[:16]
        for path in sources
    }
