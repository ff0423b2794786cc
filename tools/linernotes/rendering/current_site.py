"""The site that a page is being rendered for, asked of whichever engine renders it."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from linernotes.rendering.addresses import page_url, relative_url

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from markdown import Markdown

    from linernotes.pages.page import Page

ORIGINAL = "linernotes_docs"
"""The key below `extra` with the docs directory that the one of a prepared copy was made from."""


@dataclass(frozen=True, slots=True)
class CurrentSite:
    """The page that is rendered, and the site around it.

    `path` is the page's below `docs`. `meta` is its front matter, which templates will read:
    what is put into it reaches them. `pages` are the paths of the site's pages, or None in
    Zensical, which knows them as files: below `docs`, or in `copy` where that was prepared for it.
    `source` is the page's file as our plugin has read it, if there is the plugin.
    """

    path: str
    meta: MutableMapping[str, Any]
    docs: Path
    directory_urls: bool
    pages: frozenset[str] | None
    copy: Path | None = None
    source: Page | None = None

    def has(self, path: str) -> bool:
        """Return whether the site has the page `path`."""
        if self.pages is not None:
            return path in self.pages
        return ((self.copy or self.docs) / path).is_file()

    def link(self, path: str) -> str:
        """Return how the current page links to the page `path` in its HTML.

        MkDocs leaves the HTML of an extension as it is. Zensical makes addresses of the files that
        links in it name.
        """
        if self.pages is None:
            return quote(posixpath.relpath(path, posixpath.dirname(self.path) or "."))
        here = page_url(self.path, directory_urls=self.directory_urls)
        return relative_url(page_url(path, directory_urls=self.directory_urls), here)


def current_site(md: Markdown) -> CurrentSite | None:
    """Return the site that `md` is made for, or None outside of MkDocs and Zensical.

    MkDocs 1.6 registers a tree processor `relpath` that holds file, files and configuration
    (mkdocs/structure/pages.py); Zensical 0.0.73 a preprocessor `rendering_context`
    (zensical/extensions/context.py).
    """
    if "relpath" in md.treeprocessors:
        return _in_mkdocs(md.treeprocessors["relpath"])
    if "rendering_context" in md.preprocessors:
        return _in_zensical(md.preprocessors["rendering_context"])
    return None


def _in_mkdocs(processor: Any) -> CurrentSite | None:
    try:
        file, files, config = processor.file, processor.files, processor.config
        return CurrentSite(
            path=file.src_uri,
            meta=file.page.meta,
            docs=Path(config.docs_dir),
            directory_urls=config.use_directory_urls,
            pages=_published(files),
            source=_source(config, file.src_uri),
        )
    except AttributeError:  # another version, or somebody else's processor of that name
        return None


def _source(config: Any, path: str) -> Page | None:
    plugin = getattr(config, "plugins", {}).get("linernotes")
    return plugin.source(path) if plugin is not None else None


def _published(files: Any) -> frozenset[str]:
    """Return the paths of the pages in MkDocs' `files` that are published.

    All pages of a build have the same `files`: it keeps the answer.
    """
    known = getattr(files, "_linernotes_pages", None)
    if known is None:
        pages = files.documentation_pages()
        known = frozenset(file.src_uri for file in pages if not file.inclusion.is_excluded())
        files._linernotes_pages = known  # noqa: SLF001  # an attribute of ours
    return known


def _in_zensical(processor: Any) -> CurrentSite | None:
    try:
        page, config = processor.page, processor.config
        docs = Path(config["root_dir"], config["docs_dir"])
        original = config["extra"].get(ORIGINAL)
        return CurrentSite(
            path=page.path,
            meta=page.meta,
            docs=docs if original is None else Path(original),
            directory_urls=config["use_directory_urls"],
            pages=None,
            copy=docs,
        )
    except (AttributeError, KeyError):
        return None
