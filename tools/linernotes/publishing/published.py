"""What of a project is published for agents: its pages with their addresses, in their order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from linernotes.configuration import read_mkdocs
from linernotes.pages.facts import read_facts
from linernotes.pages.fences import scan
from linernotes.pages.front_matter import split
from linernotes.pages.page import Page, read_page
from linernotes.project import page_paths
from linernotes.publishing.links import Links, twin_path
from linernotes.publishing.twin import surroundings
from linernotes.rendering.additions import additions
from linernotes.rendering.addresses import page_url
from linernotes.rendering.browse import is_browse_page
from linernotes.rendering.catalogue import catalogue
from linernotes.rendering.summary import Summary
from linernotes.snippets.collect import project_dialect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from linernotes.project import Project
    from linernotes.publishing.twin import Surroundings
    from linernotes.rendering.catalogue import Section

INDEX = "llms.txt"
CARD = "assets/social-card.png"
"""The picture of link previews, if the docs directory has it."""


@dataclass(frozen=True, slots=True)
class PublishedPage:
    """A page with what is said of it. `html` and `twin` are files below the site's directory."""

    page: Page
    summary: Summary
    html: str
    twin: str

    @property
    def path(self) -> str:
        """The page's path below the docs directory."""
        return self.summary.path


@dataclass(frozen=True, slots=True)
class PublishedSection:
    """A part of the navigation's first level, with the pages in and below it."""

    title: str
    pages: tuple[PublishedPage, ...]


@dataclass(frozen=True, slots=True)
class PublishedSite:
    """A project as it is published.

    `sections` have the pages that are listed, in the order of the navigation, `browse` the
    generated ones. `hidden` are the pages that agents and search engines aren't to be told of:
    drafts, which are in no output at all, and those with `noindex`, which only readers see. `card`
    is the file of the picture for link previews, and `added` are the texts of the files that are
    put among the project's own, by their paths below the docs directory.
    """

    project: Project
    name: str
    description: str
    language: str
    links: Links
    around: Surroundings
    added: Mapping[str, str]
    sections: tuple[PublishedSection, ...]
    browse: tuple[PublishedPage, ...]
    hidden: tuple[PublishedPage, ...]
    card: str | None = None

    @property
    def pages(self) -> tuple[PublishedPage, ...]:
        """All pages that have a twin, in order."""
        listed = [page for section in self.sections for page in section.pages]
        return (*listed, *self.browse)

    @property
    def has_url(self) -> bool:
        """Whether the site's own URL is known, so that links can be absolute."""
        return self.links.base != "/"


def read_site(project: Project, catalogued: Sequence[Section] | None = None) -> PublishedSite:
    """Return what of `project` is published. Every page is read and scanned once.

    `catalogued` are the pages as the engine has them, by default those of the docs directory in the
    order of `mkdocs.yml`. Raises ConfigurationError.
    """
    settings = read_mkdocs(project.configuration)
    directory_urls = settings.get("use_directory_urls") is not False
    markdown, _ = project_dialect(project)
    paths = [path.relative_to(project.docs).as_posix() for path in page_paths(project)]
    drafts = _drafts(settings.get("draft_docs"), paths)
    if catalogued is None:
        catalogued = catalogue(project.docs, paths, settings.get("nav"))
    added = additions(catalogued, directory_urls=directory_urls)
    sections: list[PublishedSection] = []
    hidden: list[PublishedPage] = []
    for section in catalogued:
        shown = []
        for summary in section.pages:
            if summary.path in drafts:
                summary = replace(summary, draft=True)  # noqa: PLW2901  # as front matter says it
            name = f"{project.relative(project.docs)}/{summary.path}"
            page = read_page(project.docs / summary.path, name, markdown)
            one = _published(page, summary, directory_urls=directory_urls)
            (shown if summary.listed else hidden).append(one)
        if shown:
            sections.append(PublishedSection(section.title, tuple(shown)))
    browse = tuple(
        _generated(path, text, project, directory_urls=directory_urls)
        for path, text in added.items()
        if is_browse_page(path) and path not in paths
    )
    listed = [page.path for section in sections for page in section.pages]
    base = _text(settings, "site_url").rstrip("/") + "/"
    links = Links(base, frozenset([*listed, *(page.path for page in browse)]), directory_urls)
    return PublishedSite(
        project=project,
        name=_text(settings, "site_name") or "Documentation",
        description=_text(settings, "site_description"),
        language=_language(settings.get("theme")),
        links=links,
        around=surroundings(links.file(INDEX), markdown, read_facts(project.root)[0]),
        added=added,
        sections=tuple(sections),
        browse=browse,
        hidden=tuple(hidden),
        card=CARD if (project.docs / CARD).is_file() else None,
    )


def only_built(site: PublishedSite, is_built: Callable[[str], bool]) -> PublishedSite:
    """Return a site with the pages of which the build has made the HTML.

    `is_built` says so of a file below the site's directory: what an engine or a plugin has left out
    isn't published either.
    """
    sections = tuple(
        replace(section, pages=pages)
        for section in site.sections
        if (pages := tuple(page for page in section.pages if is_built(page.html)))
    )
    browse = tuple(page for page in site.browse if is_built(page.html))
    listed = [page.path for section in sections for page in section.pages]
    twins = frozenset([*listed, *(page.path for page in browse)])
    links = replace(site.links, twins=twins)
    return replace(site, sections=sections, browse=browse, links=links)


def _published(page: Page, summary: Summary, *, directory_urls: bool) -> PublishedPage:
    url = unquote(page_url(summary.path, directory_urls=directory_urls))
    html = f"{url}index.html" if url == "" or url.endswith("/") else url
    return PublishedPage(page, summary, html, twin_path(summary.path))


def _generated(path: str, text: str, project: Project, *, directory_urls: bool) -> PublishedPage:
    block, body, line = split(text)
    name = f"{project.relative(project.docs)}/{path}"
    fences, findings = scan(body, name, line)
    page = Page(name, block, body, line, fences, findings)
    title = body.partition("\n")[0].removeprefix("# ")
    return _published(page, Summary(path, title), directory_urls=directory_urls)


def _drafts(patterns: object, paths: list[str]) -> frozenset[str]:
    """Return the pages that `draft_docs` keeps out of a build (mkdocs/structure/files.py)."""
    if not isinstance(patterns, str) or not patterns.strip():
        return frozenset()
    from pathspec import GitIgnoreSpec  # noqa: PLC0415  # only where there are drafts

    try:
        spec = GitIgnoreSpec.from_lines(patterns.splitlines())
    except ValueError:  # MkDocs says what is wrong with it, and stops
        return frozenset()
    return frozenset(path for path in paths if spec.match_file(path))


def _text(settings: Mapping[str, Any], key: str) -> str:
    value = settings.get(key)
    return " ".join(value.split()) if isinstance(value, str) else ""


def _language(theme: object) -> str:
    language = theme.get("language") if isinstance(theme, dict) else None
    return language if isinstance(language, str) else "en"
