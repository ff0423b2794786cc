"""Links and images: their targets exist. MkDocs knows too, but not in which line they are."""

from __future__ import annotations

import difflib
import posixpath
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from linernotes.findings import Finding, error, warning
from linernotes.project import PAGE_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linernotes.checks.prose import Prose
    from linernotes.checks.site import Site
    from linernotes.pages.page import Page

_INLINE = re.compile(
    r"(?<!\\)\]\(\s*(?:<(?P<angled>[^<>\n]*)>|(?P<plain>[^\s()<>]*(?:\([^\s()]*\)[^\s()]*)*))"
    r"(?:\s+(?:\"[^\"\n]*\"|'[^'\n]*'))?\s*\)"
)
_REFERENCE = re.compile(
    r"^[ >]*\[(?!\^)[^\[\]\n]+\]:[ ]*\n?[ ]*<?(?P<plain>[^\s<>]+)", re.MULTILINE
)

# Ids that extensions make while rendering: footnotes, tabs and line numbers.
_GENERATED = ("fn:", "fnref:", "__")


@dataclass(frozen=True, slots=True)
class Link:
    """A link, an image or a reference in a page, with the line it is in."""

    line: int
    target: str


def links(page: Page, prose: Prose) -> Iterator[Link]:
    """Yield the links of a page in order, as they are written."""
    found = [*_INLINE.finditer(prose.text), *_REFERENCE.finditer(prose.text)]
    position, line = 0, page.body_line
    for match in sorted(found, key=re.Match.start):
        line += prose.text.count("\n", position, match.start())
        position = match.start()
        yield Link(line, match.groupdict().get("angled") or match["plain"] or "")


def dead_links(page: Page, prose: Prose, file: str, site: Site) -> tuple[Finding, ...]:
    """Return a finding for each link to a file or an anchor that isn't there.

    `file` is the page's name below the docs directory. External and absolute links are left alone:
    what they point to isn't known here.
    """
    place = _Place(page.path, file, site)
    findings = (_dead_link(link, place) for link in links(page, prose))
    return tuple(finding for finding in findings if finding is not None)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a link is: in the page that findings call `page` and the site calls `file`."""

    page: str
    file: str
    site: Site

    def target(self, path: str) -> str:
        """Return the file that a relative link means (mkdocs/structure/pages.py, `_target_uri`)."""
        if not path or posixpath.normpath(path) == ".":
            return self.file
        return posixpath.normpath(posixpath.join(posixpath.dirname(self.file), path))

    def suggestion(self, target: str) -> str | None:
        """Return the advice for a link to a file that isn't there, where there is a likely one."""
        near = self.site.nearest(target)
        if near is None:
            return None
        return f"did you mean {posixpath.relpath(near, posixpath.dirname(self.file) or '.')}?"


def _dead_link(link: Link, place: _Place) -> Finding | None:
    if link.target.startswith(("/", "\\")) or "{" in link.target:
        return None
    try:
        parts = urlsplit(link.target)
    except ValueError:  # `http://[`, which MkDocs doesn't take for a link either
        return None
    if parts.scheme or parts.netloc or "@" in parts.path:
        return None
    path = unquote(parts.path)
    target = place.target(path)
    if target in place.site.files:
        return _dead_anchor(link, parts.fragment, target, place)
    if not PurePosixPath(path).suffix:
        return _dead_address(link, path, place)
    return error(
        "dead-link",
        place.page,
        link.line,
        f"the link {link.target} leads to no file: {target} isn't in the docs directory",
        place.suggestion(target),
    )


def _dead_anchor(link: Link, fragment: str, target: str, place: _Place) -> Finding | None:
    wanted = unquote(fragment)
    if not wanted or wanted.startswith(_GENERATED) or ":~:" in wanted:
        return None
    if PurePosixPath(target).suffix.lower() not in PAGE_SUFFIXES:
        return None
    there = place.site.anchors(target)
    if there is None or wanted in there:
        return None
    where = "this page" if target == place.file else target
    near = next(iter(difflib.get_close_matches(wanted, sorted(there), n=1)), None)
    return error(
        "dead-anchor",
        place.page,
        link.line,
        f"the link {link.target} leads nowhere: {where} has no heading or id `{wanted}`",
        f"did you mean #{near}?" if near else None,
    )


def _dead_address(link: Link, path: str, place: _Place) -> Finding | None:
    """Check a link written as the address of a page, such as `../streaming/`.

    It is relative to the page's own address, which for `guides/tools.md` is `guides/tools/`; MkDocs
    leaves such links as they are. A plugin may make what it names, so it's only a warning.
    """
    stem = PurePosixPath(place.file).with_suffix("").as_posix()
    for start in (stem, posixpath.dirname(place.file)):
        address = posixpath.normpath(posixpath.join(start, path))
        for ending in ("", ".md", "/index.md", "/README.md"):
            if posixpath.normpath(address + ending) in place.site.files:
                return None
    return warning(
        "dead-link",
        place.page,
        link.line,
        f"the link {link.target} leads to no page",
        place.suggestion(place.target(f"{path.rstrip('/')}.md"))
        or "link to the page's file, such as streaming.md",
    )
