"""The files of a docs directory, as far as checking one page needs to know of the others."""

from __future__ import annotations

import difflib
import os
import posixpath
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from linernotes.checks.anchors import anchors
from linernotes.checks.prose import prose
from linernotes.pages.dialect import HOUSE, Dialect
from linernotes.pages.page import read_page
from linernotes.project import PAGE_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator


INDEXES = frozenset({"index.md", "README.md"})
"""Names that every directory has: one elsewhere is no likely meaning of one that isn't there."""


@dataclass(frozen=True, slots=True)
class Site:
    """A docs directory. Files are named by their paths below it, with forward slashes.

    `root` is the directory that findings name pages from, `dialect` the Markdown of the pages. Of a page that was read for its anchors,
    only these are kept, so that memory doesn't grow with the length of pages.
    """

    docs: Path
    root: Path
    dialect: Dialect
    files: frozenset[str]
    _directories: dict[str, dict[str, str]]
    _names: dict[str, str]
    _anchors: dict[str, frozenset[str] | None] = field(default_factory=dict)

    def page_name(self, file: str) -> str:
        """Return how findings name the page: relative to the root."""
        path = self.docs / file
        return (path.relative_to(self.root) if path.is_relative_to(self.root) else path).as_posix()

    def name_of(self, page: Path) -> str:
        """Return the name below the docs directory of a page given by its path."""
        return page.relative_to(self.docs).as_posix()

    def anchors(self, file: str) -> frozenset[str] | None:
        """Return the anchors of a page, or None when they can't be told from its file."""
        if file not in self._anchors:
            page = read_page(self.docs / file, file, self.dialect)
            known = not page.findings or page.body
            self._anchors[file] = anchors(page, prose(page)) if known else None
        return self._anchors[file]

    def nearest(self, wanted: str) -> str | None:
        """Return the file that a path which names none was likely meant for."""
        directory, name = posixpath.split(wanted)
        beside = self._directories.get(directory, {})
        if near := difflib.get_close_matches(name, beside, n=1, cutoff=0.75):
            return beside[near[0]]
        return self._names.get(name)


def site_of(docs: Path, root: Path | None = None, dialect: Dialect = HOUSE) -> Site:
    """Return the files below `docs`, which has to exist; `root` is its parent unless given."""
    docs = docs.absolute()
    files = sorted(_walk(docs))
    directories: dict[str, dict[str, str]] = {}
    names: dict[str, str] = {}
    for file in files:
        directory, name = posixpath.split(file)
        directories.setdefault(directory, {})[name] = file
        if name not in INDEXES:
            names.setdefault(name, file)
    root = docs.parent if root is None else root.absolute()
    return Site(docs, root, dialect, frozenset(files), directories, names)


def pages_of(site: Site) -> tuple[Path, ...]:
    """Return the pages of a site: as MkDocs does, without files whose name begins with a dot."""
    return tuple(
        site.docs / file
        for file in sorted(site.files)
        if PurePosixPath(file).suffix.lower() in PAGE_SUFFIXES
        and not PurePosixPath(file).name.startswith(".")
    )


def _walk(docs: Path) -> Iterator[str]:
    """Yield every file that MkDocs could see; it follows links to directories, as do we."""
    for directory, directories, names in os.walk(docs, followlinks=True):
        here = os.path.realpath(directory)
        directories[:] = [
            name
            for name in directories
            if not name.startswith(".") and not _leads_back(os.path.join(directory, name), here)  # noqa: PTH118  # os.walk gives text
        ]
        below = Path(directory).relative_to(docs)
        for name in names:
            yield (below / name).as_posix()


def _leads_back(directory: str, here: str) -> bool:
    """Return whether a link to a directory leads to one that we are in: a loop without end."""
    if not os.path.islink(directory):  # noqa: PTH114  # os.walk gives text
        return False
    target = os.path.realpath(directory)
    return here == target or here.startswith(target.rstrip("/") + "/")
