"""Browse pages: what there is for a persona, at a level, in a category; and the filter's data.

They are Markdown, so that each engine, search and the twins treat them as any other page.
"""

from __future__ import annotations

import json
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from linernotes.rendering.addresses import page_url
from linernotes.rendering.listings import Kind, listing_path
from linernotes.rendering.summary import LEVELS, Summary, label
from linernotes.rendering.templating import render

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from linernotes.rendering.catalogue import Section

INDEX = "browse/index.md"

_HEADINGS: Mapping[Kind, str] = {
    "level": "By audience level",
    "persona": "By persona",
    "category": "By category",
}
_LEADS: Mapping[Kind, str] = {
    "level": "Every page that a reader at this level can follow",
    "persona": "Every page that serves this work",
    "category": "Every page on this subject",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A link in a list, with what is said of it."""

    title: str
    link: str
    description: str
    facts: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A list under its heading."""

    title: str
    entries: tuple[Entry, ...]


def browse_pages(sections: Sequence[Section]) -> dict[str, str]:
    """Return the Markdown of the browse pages, by their paths below the docs directory.

    There are none if no page says who it is for or what it is about.
    """
    pages = [page for section in sections for page in section.pages if page.listed]
    names = {kind: _names(kind, pages) for kind in _HEADINGS}
    found: dict[str, str] = {}
    for kind, values in names.items():
        for name in values:
            path = listing_path(kind, name)
            groups = [_group(section, kind, name, path) for section in sections]
            lead = f"{_LEADS[kind]}, by section."
            found[path] = _page(
                _title(kind, name), lead, [group for group in groups if group.entries]
            )
    if found:
        groups = [
            Group(heading, tuple(_listing(kind, name, pages) for name in names[kind]))
            for kind, heading in _HEADINGS.items()
            if names[kind]
        ]
        lead = "Find pages by who they are written for and what they are about."
        found[INDEX] = _page("Browse", lead, groups)
    return found


def filter_data(sections: Sequence[Section], *, directory_urls: bool = True) -> str:
    """Return the JSON by which the navigation is filtered.

    `levels` and `personas` are pairs of name and label; `pages` maps the address of each page that
    says who it is for to the positions of its levels and of its personas.
    """
    pages = [page for section in sections for page in section.pages if page.listed]
    levels, personas = _names("level", pages), _names("persona", pages)
    content = {
        "levels": [[name, label(name)] for name in levels],
        "personas": [[name, label(name)] for name in personas],
        "browse": page_url(INDEX, directory_urls=directory_urls),
        "pages": {
            page_url(page.path, directory_urls=directory_urls): [
                [levels.index(name) for name in page.levels],
                [personas.index(name) for name in page.personas],
            ]
            for page in pages
            if page.levels or page.personas
        },
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def is_browse_page(path: str) -> bool:
    """Return whether a path below the docs directory is one of a browse page."""
    return path.startswith("browse/")


def _values(page: Summary, kind: Kind) -> tuple[str, ...]:
    if kind == "level":
        return page.levels
    return page.personas if kind == "persona" else page.categories


def _names(kind: Kind, pages: Iterable[Summary]) -> tuple[str, ...]:
    names = {name for page in pages for name in _values(page, kind)}
    if kind == "level":
        return tuple(level for level in LEVELS if level in names)
    return tuple(sorted(names, key=lambda name: (label(name).casefold(), name)))


def _title(kind: Kind, name: str) -> str:
    if kind == "persona":
        return f"For the {label(name).lower()}"
    return f"{label(name)} pages" if kind == "level" else label(name)


def _group(section: Section, kind: Kind, name: str, listing: str) -> Group:
    pages = [page for page in section.pages if page.listed and name in _values(page, kind)]
    return Group(section.title, tuple(_entry(page, listing) for page in pages))


def _entry(page: Summary, listing: str) -> Entry:
    facts = [*map(label, page.levels), f"{page.minutes} min"]
    return Entry(page.title, _link(page.path, listing), page.description, " · ".join(facts))


def _listing(kind: Kind, name: str, pages: Iterable[Summary]) -> Entry:
    number = sum(name in _values(page, kind) for page in pages)
    said = "1 page" if number == 1 else f"{number} pages"
    return Entry(label(name), _link(listing_path(kind, name), INDEX), said)


def _link(target: str, page: str) -> str:
    return quote(posixpath.relpath(target, posixpath.dirname(page)))


def _page(title: str, lead: str, groups: Sequence[Group]) -> str:
    import yaml  # noqa: PLC0415  # 20 ms that a build without browse pages needn't pay

    # Search finds the pages themselves.
    front = {
        "title": title,
        "description": lead,
        "show_toc": False,
        "search": {"exclude": True},
    }
    head = yaml.safe_dump(front, allow_unicode=True, sort_keys=False)
    return f"---\n{head}---\n\n" + render("browse.md", title=title, lead=lead, groups=groups)
