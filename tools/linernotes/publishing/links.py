"""Where the links of a page lead once it is read by itself, far from the site."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urljoin, urlsplit

from linernotes.project import PAGE_SUFFIXES
from linernotes.rendering.addresses import page_url

if TYPE_CHECKING:
    from collections.abc import Iterable

_SAFE = "/%:@!$&'()*+,;=~"
_INDEXES = ("index", "README")


@lru_cache(maxsize=8192)
def twin_path(path: str) -> str:
    """Return the file of a page's twin, below the site: `guides/a.md` is `guides/a.md`."""
    page = PurePosixPath(path)
    stem = "index" if page.stem in _INDEXES else page.stem
    return (page.parent / f"{stem}.md").as_posix()


def twin_alias(path: str) -> str | None:
    """Return the second name of a page's twin: with `…/index.md`, `….md`, and the other way round.

    The home page has none.
    """
    page = PurePosixPath(twin_path(path))
    if page.stem != "index":
        return (page.parent / page.stem / "index.md").as_posix()
    return None if page.parent.name == "" else f"{page.parent.as_posix()}.md"


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses of a site. `base` is its URL with a slash at the end, "/" if it has none.

    `twins` are the paths, below the docs directory, of the pages that have a twin.
    """

    base: str
    twins: frozenset[str]
    directory_urls: bool = True

    def page(self, path: str) -> str:
        """Return the URL of the page `path`."""
        return self.base + page_url(path, directory_urls=self.directory_urls)

    def twin(self, path: str) -> str:
        """Return the URL of the twin of the page `path`."""
        return self.file(twin_path(path))

    def file(self, path: str) -> str:
        """Return the URL of the file `path` of the site."""
        return self.base + quote(path, safe=_SAFE)

    def resolve(self, target: str, path: str) -> str:
        """Return the absolute form of a link written in the Markdown of the page `path`.

        A link to a page leads to its twin, with the anchor kept. What isn't a link of this site
        stays as it is, and so does what can't be understood.
        """
        try:
            parts = urlsplit(target)
        except ValueError:  # `http://[`
            return target
        if parts.scheme or parts.netloc or target.startswith("{"):
            return target
        ending = f"#{parts.fragment}" if parts.fragment else ""
        query = f"?{parts.query}" if parts.query else ""
        if parts.path.startswith("/"):
            return urljoin(self.base, target)
        if not parts.path:
            return self._own(path) + query + ending
        found = self._page_at(unquote(parts.path), path)
        if found is not None:
            return self._own(found) + query + ending
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(parts.path)))
        if wanted.startswith(".."):
            return urljoin(self.page(path), target)
        if not PurePosixPath(wanted).suffix:  # an address, which the engines leave as it is
            return urljoin(self.page(path), parts.path) + query + ending
        if PurePosixPath(wanted).suffix in PAGE_SUFFIXES:  # a page without a twin
            return self.page(wanted) + query + ending
        return self.file(wanted) + query + ending

    def _own(self, path: str) -> str:
        return self.twin(path) if path in self.twins else self.page(path)

    def _page_at(self, target: str, path: str) -> str | None:
        """Return the page that a relative link means, by its file or by its address."""
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if wanted in self.twins:
            return wanted
        if PurePosixPath(target).suffix not in ("", ".html"):
            return None
        address = urljoin(
            "/" + unquote(page_url(path, directory_urls=self.directory_urls)), target
        ).removeprefix("/")
        stem = address.removesuffix("index.html").removesuffix(".html").strip("/")
        return next((one for one in _files_of(stem) if one in self.twins), None)


def _files_of(stem: str) -> Iterable[str]:
    """Return the files that a page with this address can have."""
    if not stem:
        return ("index.md", "README.md")
    return (f"{stem}.md", f"{stem}/index.md", f"{stem}/README.md")
