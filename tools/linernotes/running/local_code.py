"""The project's own code: packages that snippets import from a source tree, not from an install.

An installed package changes with its version. One that is being written, installed as editable or
found on the import path, changes with every save, and a verdict has to notice.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import site
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from linernotes.running.packages import imported_packages

if TYPE_CHECKING:
    from collections.abc import Iterable


class LocalCode:
    """What is known of source trees; each is looked at once."""

    def __init__(self) -> None:
        self._installed = tuple(map(Path, installed_in()))
        self._known: dict[str, str] = {}

    def digest(self, source: str) -> str:
        """Return what changes with the source trees that a snippet's `source` imports from."""
        names = sorted(imported_packages(source) - sys.stdlib_module_names)
        return " ".join(filter(None, map(self._of, names)))

    def _of(self, name: str) -> str:
        if name not in self._known:
            found = [file for place in _places(name) for file in self._files(place)]
            self._known[name] = _digest(found) if found else ""
        return self._known[name]

    def _files(self, place: Path) -> Iterable[Path]:
        if any(place.is_relative_to(directory) for directory in self._installed):
            return ()
        if place.is_file():
            return (place,)
        return (
            file
            for file in sorted(place.rglob("*"))
            if file.suffix != ".pyc" and file.is_file() and ".git" not in file.parts
        )


def installed_in() -> set[str]:
    """Return the directories that packages are installed in, and the standard library's."""
    directories = {*site.getsitepackages(), site.getusersitepackages()}
    directories |= {path for path in sys.path if path.endswith("-packages")}
    return directories | {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}


def _places(name: str) -> Iterable[Path]:
    """Return the directories or the file of a top-level module, without importing it."""
    spec = None
    with contextlib.suppress(Exception):  # finders of editable installs are anybody's code
        spec = importlib.util.find_spec(name)
    if spec is None:
        return ()
    places = spec.submodule_search_locations or ([spec.origin] if spec.has_location else [])
    return [Path(place) for place in places if place]


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        status = file.stat()
        digest.update(f"{file}\0{status.st_mtime_ns}\0{status.st_size}\0".encode(errors="replace"))
    return digest.hexdigest()[:16]
