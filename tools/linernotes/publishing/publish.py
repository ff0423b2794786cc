"""Publishing: everything that is done to a site after an engine has built it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from linernotes.findings import Finding, warning
from linernotes.publishing.crawlers import (
    ROBOTS,
    SITEMAP,
    compressed,
    robots_txt,
    sifted_search,
    sitemap,
)
from linernotes.publishing.head import with_head, with_index_link
from linernotes.publishing.links import twin_alias
from linernotes.publishing.llms import FULL, SNIPPETS, llms_full_txt, llms_txt, too_large
from linernotes.publishing.menu import with_exclusions, with_menu, with_pointer
from linernotes.publishing.published import INDEX, only_built, read_site
from linernotes.publishing.snippets_json import (
    VerifiedSnippet,
    output_sources,
    snippets_json,
    verified_snippets,
)
from linernotes.publishing.twin import twin
from linernotes.rendering.additions import SCRIPT, STYLES
from linernotes.rendering.marks import MODULES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from linernotes.project import Project
    from linernotes.publishing.published import PublishedPage, PublishedSite

_SEARCH = ("search/search_index.json", "search.json")
WITHOUT_MARKDOWN = ("404.html",)
"""Pages of a built site that are made from no source."""


@dataclass(frozen=True, slots=True)
class AgentFiles:
    """The files for agents, by their paths below the site, and what was found while making them.

    `links` are those of each page's twin, by the page's path: as written, and as they became.
    """

    texts: Mapping[str, str]
    snippets: tuple[VerifiedSnippet, ...]
    links: Mapping[str, Mapping[str, str]]
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class _Twins:
    texts: dict[str, str] = field(default_factory=dict)
    links: dict[str, dict[str, str]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def publish(project: Project, site_dir: Path) -> tuple[Finding, ...]:
    """Put what agents and crawlers read into the built site `site_dir`, and return what is wrong.

    It is the same for every engine: it takes the pages whose HTML is there, and doing it twice
    changes nothing. Files that the docs directory has itself are left alone. Raises
    ConfigurationError, and OSError for what can't be written.
    """
    site = read_site(project)
    _publish_pages(site, site_dir)
    return publish_files(site, site_dir)


def publish_files(site: PublishedSite, site_dir: Path) -> tuple[Finding, ...]:
    """Do what `publish` does but for the pages' HTML, for an engine's adapter that has finished it.

    Raises OSError for what can't be written.
    """
    site = only_built(site, lambda file: (site_dir / file).is_file())
    docs = site.project.docs
    files = agent_files(site)
    for name, text in files.texts.items():
        if name.endswith(".md") or not (docs / name).is_file():
            _write(site_dir / name, text.encode("utf-8", "replace"))
    for snippet in files.snippets:
        if snippet.module is not None:
            _write(site_dir / MODULES / snippet.module_name, snippet.module.read_bytes())
    _publish_for_crawlers(site, site_dir)
    return files.findings


def agent_files(site: PublishedSite) -> AgentFiles:
    """Return the twins and the indexes of a site; nothing is written."""
    snippets = verified_snippets(site)
    by_page: dict[str, list[VerifiedSnippet]] = {}
    for snippet in snippets:
        by_page.setdefault(snippet.page.path, []).append(snippet)
    twins = _twins(site, by_page)
    findings = [] if site.has_url else [_no_url(site)]
    index = llms_txt(site)
    findings += too_large(index, INDEX, "llms.txt")
    texts = {page.twin: twins.texts[page.path] for page in site.pages}
    for page in site.pages:
        alias = twin_alias(page.path)
        if alias is not None:
            texts.setdefault(alias, twins.texts[page.path])
    texts |= {
        INDEX: index,
        FULL: llms_full_txt(site, twins.texts),
        SNIPPETS: snippets_json(site, snippets),
    }
    return AgentFiles(texts, snippets, twins.links, (*findings, *twins.findings))


def _twins(site: PublishedSite, snippets: Mapping[str, list[VerifiedSnippet]]) -> _Twins:
    twins = _Twins()
    for page in site.pages:
        path = page.path
        links = twins.links[path] = {}

        def resolve(target: str, path: str = path, links: dict[str, str] = links) -> str:
            return links.setdefault(target, site.links.resolve(target, path))

        text, findings = twin(
            page.page,
            site.around,
            resolve,
            site.links.page(path),
            title=page.summary.title,
            description=page.summary.description,
            outputs=output_sources(page, snippets),
        )
        twins.texts[path] = text
        twins.findings += (*findings, *too_large(text, page.page.path, "the page's Markdown"))
    return twins


def _no_url(site: PublishedSite) -> Finding:
    return warning(
        "no-site-url",
        site.project.configuration.name,
        None,
        "there is no `site_url`, so links in the files for agents can't be absolute",
        "set `site_url` in mkdocs.yml to where the site will be",
    )


def _publish_pages(site: PublishedSite, site_dir: Path) -> None:
    """Put links, metadata and the menu into the pages, and take drafts away."""
    for page in (*site.pages, *site.hidden):
        file = site_dir / page.html
        if page.summary.draft:
            file.unlink(missing_ok=True)
            continue
        with contextlib.suppress(FileNotFoundError):  # a plugin has left the page out
            _write_changed(file, lambda html, page=page: finished(html, site, page))
    for name in WITHOUT_MARKDOWN:
        with contextlib.suppress(FileNotFoundError):
            _write_changed(site_dir / name, lambda html: with_index_link(html, site))
    for name in (STYLES, SCRIPT):
        if not (site_dir / name).exists():
            _write(site_dir / name, site.added[name].encode("utf-8", "replace"))


def finished(html: str, site: PublishedSite, page: PublishedPage) -> str:
    """Return a built page with its links and metadata for machines, and its menu.

    A page that has them is returned as it is. An engine's adapter may do this before the page is
    written, which spares writing it twice.
    """
    with_links = with_head(html, site, page)
    if page.summary.noindex or with_links is html:
        return with_links
    start = with_links.find("<article")
    if start < 0:
        return with_exclusions(with_pointer(with_links, page))
    before, article = with_links[:start], with_links[start:]  # the navigation may be the most of it
    return with_pointer(before, page) + with_exclusions(with_menu(article, site, page))


def _publish_for_crawlers(site: PublishedSite, site_dir: Path) -> None:
    file = site_dir / SITEMAP
    text = sitemap(site, file.read_text(encoding="utf-8") if file.is_file() else None)
    _write(file, text.encode("utf-8", "replace"))
    packed = site_dir / f"{SITEMAP}.gz"
    if packed.is_file():
        _write(packed, compressed(text))
    if not (site.project.docs / ROBOTS).is_file():
        _write(site_dir / ROBOTS, robots_txt(site).encode())
    if site.hidden:
        for name in _SEARCH:
            with contextlib.suppress(FileNotFoundError):
                _write_changed(site_dir / name, lambda text: sifted_search(text, site))


def _write_changed(file: Path, change: Callable[[str], str]) -> None:
    before = file.read_bytes()
    after = change(before.decode()).encode("utf-8", "replace")
    if after != before:
        _write(file, after)


def _write(file: Path, data: bytes) -> None:
    """Write a file of the site, as the engines do: a site that is half built is built again.

    The old file goes first, because ext4 waits for the disk where one is emptied and written anew
    (ext4(5), `auto_da_alloc`).
    """
    file.unlink(missing_ok=True)
    try:
        file.write_bytes(data)
    except FileNotFoundError:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
