"""Extraction: the modules on disk are made to be what the pages say."""

from __future__ import annotations

import difflib
import io
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ruff.__main__ import find_ruff_bin

from linernotes.atomic import write_atomically
from linernotes.findings import error
from linernotes.project import ConfigurationError
from linernotes.snippets.modules import GENERATED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linernotes.snippets.modules import Module

_IN_DOCSTRING = re.compile(rf'"""(?:(?!""").)*^{re.escape(GENERATED)}$', re.DOTALL | re.MULTILINE)

LINE_LENGTH = 88  # what fits a page's code block without scrolling


@dataclass(frozen=True, slots=True)
class Changes:
    """What an extraction did, or would do: paths below the snippets directory."""

    written: tuple[Path, ...]
    removed: tuple[Path, ...]
    unchanged: int


def plan(directory: Path, modules: Sequence[Module]) -> tuple[Changes, dict[Path, str]]:
    """Return what has to change below `directory` for it to hold just `modules`, and the texts.

    What `extract` didn't write is never replaced and never removed. Raises ConfigurationError
    where such a thing is in a module's place, OSError where something can't be read.
    """
    texts = _formatted(modules)
    written = tuple(path for path, text in texts.items() if _differs(directory / path, text))
    removed = tuple(
        path
        for file in sorted(directory.rglob("*.py"))
        if (path := file.relative_to(directory)) not in texts
        and file.is_file()
        and not file.is_symlink()
        and _is_generated(_read(file))
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
        file = directory / path
        before = _lines(_read(file) if file.exists() else "")
        label = f"{name}/{path.as_posix()}"
        parts += difflib.unified_diff(before, _lines(texts.get(path, "")), label, label)
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
            stderr=subprocess.DEVNULL,
        )
        return {Path(module.path): _read(root / module.path) for module in modules}


def _differs(file: Path, text: str) -> bool:
    """Return whether `file` has to be written to hold `text`, and see that it may be."""
    try:
        before = _read(file)
    except FileNotFoundError:
        return True
    except (IsADirectoryError, NotADirectoryError) as exc:
        raise _in_the_way(file, f"can't be written: {exc.strerror}") from None
    if before != text and not _is_generated(before):
        raise _in_the_way(file, "is in a module's place, and `linernotes extract` didn't write it")
    return before != text


def _in_the_way(file: Path, message: str) -> ConfigurationError:
    hint = "move it, or set `snippets` in [tool.linernotes] to a directory of its own"
    return ConfigurationError(error("in-the-way", os.path.relpath(file), None, message, hint))


def _is_generated(text: str) -> bool:
    """Return whether a line of the docstring that `text` begins with says so."""
    return _IN_DOCSTRING.match(text) is not None


def _read(file: Path) -> str:
    """Return the text of a file as it is; bytes that aren't UTF-8 make it differ from any text."""
    return file.read_bytes().decode("utf-8", "replace")


def _lines(text: str) -> list[str]:
    """Return lines with their ends. Unlike `str.splitlines`, only what Python takes for one."""
    return io.StringIO(text, newline="").readlines()


def _remove_empty(directory: Path, stop: Path) -> None:
    while directory != stop and not any(directory.iterdir()):
        directory.rmdir()
        directory = directory.parent
