"""What agents and crawlers read: that it can be made of the sources, and that a built site has it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import unquote, urldefrag

from linernotes.configuration import read_mkdocs
from linernotes.findings import Finding, error, warning
from linernotes.publishing.crawlers import ROBOTS, SITEMAP, locations
from linernotes.publishing.llms import FULL, SNIPPETS
from linernotes.publishing.publish import agent_files
from linernotes.publishing.published import INDEX, only_built, read_site

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from linernotes.project import Project
    from linernotes.publishing.publish import AgentFiles
    from linernotes.publishing.published import PublishedPage, PublishedSite

_ID = re.compile(r"\sid=\"([^\"]*)\"")
_LINKED = re.compile(r"\]\(([^()\s]+)\)")
_ENTRY = re.compile(r"- \[(?:\\.|[^\]\\])+\]\([^()\s]+\)(?:: .+)?")
_AGAIN = "build the site again"


def check_agent_files(project: Project) -> tuple[Finding, ...]:
    """Return what is wrong with the files for agents that the project's sources make.

    Nothing is built or written. A project that doesn't enable the plugin `linernotes` publishes
    none. Raises ConfigurationError.
    """
    if not _publishes(project):
        return ()
    site = read_site(project)
    files = agent_files(site)
    return (*files.findings, *_form(files.texts[INDEX]), *_links_to_drafts(site, files))


def check_built_site(project: Project, site_dir: Path) -> tuple[Finding, ...]:
    """Return what is wrong with the files for agents in the built site `site_dir`.

    Each has to be there and say what the sources say, and no link in any of them may be dead.
    Raises ConfigurationError, and OSError for a directory that can't be read.
    """
    site = only_built(read_site(project), lambda file: (site_dir / file).is_file())
    built = _Built(site, site_dir)
    files = agent_files(site)
    return tuple(
        dict.fromkeys(
            (
                *built.missing((*files.texts, SITEMAP, ROBOTS)),
                *built.stale(files),
                *_form(built.text(INDEX)),
                *built.dead_links(files),
                *built.hidden(),
                *(found for page in site.pages for found in built.head(page)),
            )
        )
    )


def _publishes(project: Project) -> bool:
    plugins = read_mkdocs(project.configuration).get("plugins")
    return isinstance(plugins, (list, dict)) and any(
        "linernotes" in plugin if isinstance(plugin, dict) else plugin == "linernotes"
        for plugin in plugins
    )


def _form(index: str) -> Iterator[Finding]:
    """Yield where an `llms.txt` hasn't the form of llmstxt.org."""
    lines = index.splitlines()
    if not lines:
        return
    hint = "its form is described at https://llmstxt.org"
    if not lines[0].startswith("# "):
        yield error(
            "bad-llms-txt", INDEX, 1, "it doesn't begin with the site's name as an H1", hint
        )
    if not any(line.startswith("> ") for line in lines[1:3]):
        yield error(
            "bad-llms-txt", INDEX, 3, "there is no summary as a quote below its title", hint
        )
    section = None
    for number, line in enumerate(lines, 1):
        if line.startswith("#") and number > 1:
            section = line
            if not line.startswith("## "):
                yield error("bad-llms-txt", INDEX, number, "only H2 may divide it", hint)
        elif section and line and not _ENTRY.fullmatch(line):
            yield error("bad-llms-txt", INDEX, number, "the line isn't an item of links", hint)


def _links_to_drafts(site: PublishedSite, files: AgentFiles) -> Iterator[Finding]:
    """Yield the links to pages that are written and not published; other checks can't see them."""
    drafts = {site.links.page(page.path) for page in site.hidden if page.summary.draft}
    for page in site.pages:
        for written, url in files.links[page.path].items():
            if drafts and urldefrag(url).url in drafts:
                yield error(
                    "link-to-draft",
                    page.page.path,
                    None,
                    f"the link {written} leads to a draft, which isn't published",
                    "remove the link, or `draft: true` from the page's front matter",
                )


@dataclass(slots=True)
class _Built:
    """A built site, of which a file is read once."""

    site: PublishedSite
    directory: Path
    _ids: dict[str, frozenset[str]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return the text of a file, "" if it isn't there."""
        try:
            return (self.directory / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""

    def missing(self, names: tuple[str, ...]) -> Iterator[Finding]:
        for name in names:
            if not (self.directory / name).is_file():
                yield self._error("missing-agent-file", name, "the built site doesn't have it")

    def stale(self, files: AgentFiles) -> Iterator[Finding]:
        """Yield files that differ from what the sources make, but for those of the project's own."""
        for name, wanted in files.texts.items():
            there = self.text(name)
            own = not name.endswith(".md") and (self.site.project.docs / name).is_file()
            if there and there != wanted and not own:
                yield warning(
                    "stale-agent-file",
                    self._place(name),
                    None,
                    "it isn't what the sources say now",
                    _AGAIN,
                )

    def dead_links(self, files: AgentFiles) -> Iterator[Finding]:
        yield from self._dead(INDEX, _LINKED.findall(self.text(INDEX)))
        yield from self._dead(SITEMAP, locations(self.text(SITEMAP)))
        yield from self._dead(SNIPPETS, _urls(self.text(SNIPPETS)))
        for page in self.site.pages:
            yield from self._dead(page.twin, files.links[page.path].values())
        robots = self.text(ROBOTS)
        for wanted in (SITEMAP, INDEX) if self.site.has_url else (INDEX,):
            if robots and wanted not in robots:
                yield self._error(
                    "bad-robots", ROBOTS, f"it doesn't name {wanted}", "add it, or let us write it"
                )

    def hidden(self) -> Iterator[Finding]:
        """Yield where a page is named that isn't to be found."""
        for page in self.site.hidden:
            for name in (INDEX, FULL, SITEMAP):
                text = self.text(name)
                url = self.site.links.page(page.path)
                if self.site.links.twin(page.path) in text or f"<loc>{url}</loc>" in text:
                    yield self._error("names-hidden-page", name, f"it names {page.page.path}")
            if page.summary.draft and (self.directory / page.html).is_file():
                yield self._error("published-draft", page.html, "a draft is in the built site")

    def head(self, page: PublishedPage) -> Iterator[Finding]:
        """Yield what is missing in the head of a page."""
        head = self.text(page.html).partition("</head>")[0]
        for sign in ('rel="alternate" type="text/markdown"', 'rel="describedby"'):
            if sign not in head:
                yield self._error("missing-head-link", page.html, f"its head has no link {sign}")

    def _dead(self, name: str, urls: Iterable[str]) -> Iterator[Finding]:
        base = self.site.links.base
        for url in urls:
            if url.startswith(base) and not self._leads_somewhere(url[len(base) :]):
                yield self._error("dead-agent-link", name, f"the link {url} leads nowhere", None)

    def _leads_somewhere(self, url: str) -> bool:
        path, _, fragment = url.partition("#")
        file = unquote(path.partition("?")[0])
        file = f"{file}index.html" if not file or file.endswith("/") else file
        if not (self.directory / file).is_file():
            return False
        if not fragment:
            return True
        pages = {page.twin: page.html for page in self.site.pages}
        html = pages.get(file, file)
        return not html.endswith(".html") or unquote(fragment) in self._anchors(html)

    def _anchors(self, html: str) -> frozenset[str]:
        if html not in self._ids:
            self._ids[html] = frozenset(map(unescape, _ID.findall(self.text(html))))
        return self._ids[html]

    def _place(self, name: str) -> str:
        return self.site.project.relative(self.directory.absolute() / name)

    def _error(self, code: str, name: str, message: str, hint: str | None = _AGAIN) -> Finding:
        return error(code, self._place(name), None, message, hint)


def _urls(text: str) -> list[str]:
    """Return the URLs in a `snippets.json`."""
    try:
        snippets = json.loads(text)["snippets"] if text else []
    except (ValueError, KeyError, TypeError):
        return []
    keys = ("page", "markdown", "module")
    return [url for one in snippets for key in keys if (url := one.get(key))]
