"""Extraction: the modules on disk are made to be what the pages say."""

from __future__ import annotations

import difflib
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ruff.__main__ import find_ruff_bin

from linernotes.atomic import write_atomically
from linernotes.snippets.modules import GENERATED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linernotes.snippets.modules import Module

LINE_LENGTH = 88  # what fits a page's code block without scrolling


@dataclass(frozen=True, slots=True)
class Changes:
    """What an extraction did, or would do: paths below the snippets directory."""

    written: tuple[Path, ...]
    removed: tuple[Path, ...]
    unchanged: int


def plan(directory: Path, modules: Sequence[Module]) -> tuple[Changes, dict[Path, str]]:
    """Return what has to change below `directory` for it to hold just `modules`, and the texts.

    A file that `extract` didn't write is never removed.
    """
    texts = _formatted(modules)
    written = tuple(p for p, text in texts.items() if _read(directory / p) != text)
    removed = tuple(
        path.relative_to(directory)
        for path in sorted(directory.rglob("*.py"))
        if path.relative_to(directory) not in texts and GENERATED in (_read(path) or "")
    )
    return Changes(written, removed, len(texts) - len(written)), texts


def apply(directory: Path, changes: Changes, texts: dict[Path, str]) -> None:
    """Write and remove what `plan` found, each file atomically. Raises OSError."""
    for path in changes.written:
        write_atomically(directory / path, texts[path])
    for path in changes.removed:
        (directory / path).unlink()
        _remove_empty((directory / path).parent, directory)


def difference(directory: Path, changes: Changes, texts: dict[Path, str], name: str) -> str:
    """Return a unified diff from the files on disk to what they should be; `name` is the root's."""
    parts = []
    for path in (*changes.written, *changes.removed):
        before = (_read(directory / path) or "").splitlines(keepends=True)
        after = texts.get(path, "").splitlines(keepends=True)
        label = f"{name}/{path.as_posix()}"
        parts.extend(difflib.unified_diff(before, after, label, label))
    return "".join(part if part.endswith("\n") else f"{part}\n" for part in parts)


def _formatted(modules: Sequence[Module]) -> dict[Path, str]:
    """Return the texts of modules as ruff formats them, by path; one process for all of them."""
    if not modules:
        return {}
    with tempfile.TemporaryDirectory(prefix="linernotes-") as scratch:
        root = Path(scratch)
        for module in modules:
            file = root / module.path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(module.text, encoding="utf-8", newline="")
        command = [find_ruff_bin(), "format", "--isolated", "--no-cache", "--quiet"]
        subprocess.run(  # noqa: S603  # our own dependency
            [*command, "--line-length", str(LINE_LENGTH), "--target-version", "py310", "."],
            cwd=root,
            check=False,  # what can't be formatted stays as the author wrote it
            stdin=subprocess.DEVNULL,
        )
        return {
            Path(module.path): (root / module.path).read_text(encoding="utf-8")
            for module in modules
        }


def _read(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def _remove_empty(directory: Path, stop: Path) -> None:
    while directory != stop and not any(directory.iterdir()):
        directory.rmdir()
        directory = directory.parent
