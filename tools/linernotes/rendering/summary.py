"""What a page says of itself, as far as other pages and readers see it.

Rendering takes what is well-formed and leaves out the rest: what is wrong with front matter is for
`linernotes check` to say, and must not keep a page from being shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from linernotes.pages.front_matter import read_minutes, split
from linernotes.pages.front_matter_yaml import YAML_BLOCK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LEVELS = ("beginner", "intermediate", "advanced")
"""The audience levels, in the order in which readers go through them."""

_HEADING = re.compile(r"^#[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
_MARKUP = re.compile(r"[`*]|\{[^}]*\}|(?<=\])\([^)]*\)|[\[\]]")
_ACRONYMS = frozenset({"ai", "api", "ci", "cli", "faq", "http", "llm", "sdk"})

_read: dict[tuple[str, str], tuple[tuple[int, int], Summary]] = {}


@dataclass(frozen=True, slots=True)
class Summary:
    """A page as lists of pages show it. `path` is below the docs directory.

    `minutes` is the reading time; `listed` says that the page may stand in such a list.
    """

    path: str
    title: str
    description: str = ""
    levels: tuple[str, ...] = ()
    personas: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    minutes: int = 1
    reviewed: date | None = None
    related: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    shows_contents: bool = True
    draft: bool = False
    noindex: bool = False

    @property
    def listed(self) -> bool:
        """Whether the page may be listed: it is published, and meant to be found."""
        return not (self.draft or self.noindex)


def summary(path: str, meta: Mapping[str, Any], body: str) -> Summary:
    """Return the summary of a page from its front matter and its Markdown without it."""
    minutes = meta.get("min_read_minutes")
    counted = isinstance(minutes, int) and not isinstance(minutes, bool) and minutes > 0
    return Summary(
        path=path,
        title=_text(meta.get("title")) or _title(path, body),
        description=_text(meta.get("description")),
        levels=tuple(level for level in LEVELS if level in _texts(meta.get("audience_levels"))),
        personas=_texts(meta.get("personas")),
        categories=_texts(meta.get("categories")),
        minutes=int(minutes) if counted else read_minutes(body),
        reviewed=_day(meta.get("last_reviewed")),
        related=_texts(meta.get("related")),
        keywords=_texts(meta.get("search_keywords")),
        shows_contents=meta.get("show_toc") is not False,
        draft=meta.get("draft") is True,
        noindex=meta.get("noindex") is True,
    )


def read_summary(file: Path, path: str) -> Summary | None:
    """Return the summary of the page in `file`, or None if it can't be read.

    What was read is kept until the file's time or size changes: a page is asked for by each page
    that is related to it.
    """
    try:
        stat = file.stat()
        stamp = (stat.st_mtime_ns, stat.st_size)
        known = _read.get((str(file), path))
        if known is not None and known[0] == stamp:
            return known[1]
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
    block, body, _ = split(text)
    found = summary(path, _meta(block), body)
    _read[str(file), path] = stamp, found
    return found


def label(name: str) -> str:
    """Return a persona, level or category as readers see it: `team-lead` is “Team lead”."""
    words = name.replace("-", " ").replace("_", " ").split()
    words = [word.upper() if word.lower() in _ACRONYMS else word for word in words]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def _meta(block: str | None) -> Mapping[str, Any]:
    """Return front matter as MkDocs reads it, {} where it doesn't.

    The careful reader in `pages` also finds each key's line, which takes three times as long.
    """
    match = YAML_BLOCK.match(block or "")
    if match is None:
        return {}
    import yaml  # noqa: PLC0415  # 20 ms, and most callers' pages have none

    try:
        meta = yaml.load(match["yaml"], getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # is safe
    except (yaml.YAMLError, ValueError, TypeError):
        return {}
    return meta if isinstance(meta, dict) else {}


def _text(value: object) -> str:
    """Return text on one line. Numbers count as text: `title: 404` is a title."""
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return " ".join(str(value).split())
    return ""


def _texts(value: object) -> tuple[str, ...]:
    values = value if isinstance(value, (list, tuple)) else [value]
    return tuple(dict.fromkeys(text for text in map(_text, values) if text))


def _day(value: object) -> date | None:
    """Return a date that YAML read as one, or as text: Zensical hands front matter on as JSON."""
    try:
        return date.fromisoformat(str(value)[:10]) if value is not None else None
    except ValueError:
        return None


def _title(path: str, body: str) -> str:
    found = _HEADING.search(body)
    title = _MARKUP.sub("", found[1]).strip() if found else ""
    if title:
        return title
    page = PurePosixPath(path)
    return label(page.parent.name or "home" if page.stem in ("index", "README") else page.stem)
