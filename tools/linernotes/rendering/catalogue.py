"""The catalogue: a site's pages by the sections of its navigation, in their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linernotes.rendering.summary import Summary, label, read_summary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

TOP = "Overview"
"""The section of pages that stand in none."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the navigation's first level, with the pages in and below it."""

    title: str
    pages: tuple[Summary, ...]


def catalogue(docs: Path, paths: Iterable[str], nav: object) -> tuple[Section, ...]:
    """Return the pages at `paths` (below `docs`) by section.

    `nav` is that of `mkdocs.yml`, None if it has none. Pages that aren't in it come after those
    that are, by the name of their directory.
    """
    wanted = sorted(paths)
    known = set(wanted)
    sections: dict[str, list[str]] = {}
    seen: set[str] = set()
    for title, path in _entries(nav, None):
        if path in known and path not in seen:
            sections.setdefault(title or TOP, []).append(path)
            seen.add(path)
    for path in wanted:
        if path not in seen:
            directory, slash, _ = path.partition("/")
            sections.setdefault(label(directory) if slash else TOP, []).append(path)
    read = (
        (title, [page for path in members if (page := read_summary(docs / path, path))])
        for title, members in sections.items()
    )
    return tuple(Section(title, tuple(pages)) for title, pages in read if pages)


def _entries(nav: object, section: str | None) -> Iterator[tuple[str | None, str]]:
    """Yield the pages of a navigation, each with the title of its section on the first level."""
    for item in nav if isinstance(nav, list) else []:
        if isinstance(item, str):
            yield section, item
        elif isinstance(item, dict):
            for title, value in item.items():
                if isinstance(value, str):
                    yield section, value
                else:
                    yield from _entries(value, section or str(title))
