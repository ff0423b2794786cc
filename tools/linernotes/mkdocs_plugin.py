"""The MkDocs plugin `linernotes`: what Zensical gets from a prepared copy, MkDocs gets from hooks.

It is thin. What a page shows is made by the Markdown extension, what agents read by `publishing`.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mkdocs.config.config_options import ExtraScriptValue
from mkdocs.plugins import BasePlugin, CombinedEvent, event_priority, get_plugin_logger
from mkdocs.structure.files import File, InclusionLevel

from linernotes.project import load_project
from linernotes.publishing.head import with_index_link
from linernotes.publishing.publish import WITHOUT_MARKDOWN, finished, publish_files
from linernotes.publishing.published import read_site
from linernotes.rendering.additions import SCRIPT, STYLES
from linernotes.rendering.asides import with_asides, without_asides
from linernotes.rendering.catalogue import catalogue
from linernotes.rendering.marks import CODE_CLASS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jinja2 import Environment
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.nav import Navigation
    from mkdocs.structure.pages import Page

    from linernotes.pages.page import Page as Source
    from linernotes.publishing.published import PublishedPage, PublishedSite

_log = get_plugin_logger("linernotes")
_SNIPPET = re.compile(rf'<(?:div|pre) id="([^"]+)" class="{CODE_CLASS}')


@dataclass(frozen=True, slots=True)
class Built:
    """What MkDocs made of the whole site, kept for building one of its pages again."""

    files: Files
    nav: Navigation
    env: Environment


class LinernotesPlugin(BasePlugin):
    """Adds browse pages, style and script, and what agents read to a MkDocs site."""

    built: Built | None = None
    _nav: Navigation | None = None
    _site: PublishedSite | None = None
    _pages: Mapping[str, PublishedPage] = MappingProxyType({})
    _asides: list[str]

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Enable the Markdown extension, and have each page load our style and script."""
        if "linernotes" not in config.markdown_extensions:
            config.markdown_extensions.append("linernotes")
        if STYLES not in config.extra_css:
            config.extra_css.insert(0, STYLES)  # what a site has of its own comes after
        if SCRIPT not in map(str, config.extra_javascript):
            script: Any = ExtraScriptValue(SCRIPT)
            script.defer = True
            config.extra_javascript.append(script)
        return config

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Add the files that are generated, and keep drafts out of what is published."""
        pages = {file.src_uri: file for file in files.documentation_pages()}
        site = self.read(config, pages)
        for page in site.hidden:
            if page.summary.draft:
                pages[page.path].inclusion = InclusionLevel.DRAFT
        for path, content in site.added.items():
            if path not in files.src_uris:
                files.append(
                    File.generated(
                        config, path, content=content, inclusion=InclusionLevel.NOT_IN_NAV
                    )
                )
        return files

    def read(self, config: MkDocsConfig, pages: Iterable[str]) -> PublishedSite:
        """Read the site's `pages` (below the docs directory) for what is published of them."""
        sections = catalogue(Path(config.docs_dir), pages, config.nav)
        site = read_site(load_project(Path(config.config_file_path)), sections)
        self._site = site
        self._pages = {page.path: page for page in (*site.pages, *site.hidden)}
        return site

    def source(self, path: str) -> Source | None:
        """Return the page `path` (below the docs directory) as it was read."""
        published = self._pages.get(path)
        return published.page if published is not None else None

    def on_nav(self, nav: Navigation, *, config: MkDocsConfig, files: Files) -> None:  # noqa: ARG002  # MkDocs' interface
        """Keep the navigation."""
        self._nav = nav

    def on_env(self, env: Environment, *, config: MkDocsConfig, files: Files) -> None:  # noqa: ARG002
        """Keep what a page is built with."""
        assert self._nav is not None
        self.built = Built(files, self._nav, env)

    def on_page_content(
        self,
        html: str,
        *,
        page: Page,
        config: MkDocsConfig,  # noqa: ARG002
        files: Files,  # noqa: ARG002
    ) -> None:
        """Tell MkDocs that links may lead to snippets: it looks for anchors before they are there."""
        if page.present_anchor_ids is not None:
            page.present_anchor_ids.update(_SNIPPET.findall(html))

    @event_priority(100)
    def _before_search(self, context: Any, *, page: Page, **_: Any) -> Any:
        """Keep asides from plugins that index the page, which takes them as long as rendering."""
        page.content, self._asides = without_asides(page.content or "")
        return context

    @event_priority(-100)
    def _after_search(self, context: Any, *, page: Page, **_: Any) -> Any:
        """Put them in again, for the theme's template."""
        page.content = with_asides(page.content or "", self._asides)
        return context

    on_page_context = CombinedEvent(_before_search, _after_search)

    def on_post_page(self, output: str, *, page: Page, config: MkDocsConfig) -> str:  # noqa: ARG002
        """Put in what a page says to agents and crawlers, and its menu."""
        published = self._pages.get(page.file.src_uri)
        if self._site is None or published is None or published.summary.draft:
            return output
        return finished(output, self._site, published)

    def on_post_template(
        self,
        output_content: str,
        *,
        template_name: str,
        config: MkDocsConfig,  # noqa: ARG002
    ) -> str:
        """Say in the page for addresses that lead nowhere where the index is."""
        if self._site is None or template_name not in WITHOUT_MARKDOWN:
            return output_content
        return with_index_link(output_content, self._site)

    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Publish what agents and crawlers read, and say what is wrong with it."""
        assert self._site is not None
        for finding in publish_files(self._site, Path(config.site_dir)):
            level = logging.ERROR if finding.severity == "error" else logging.INFO
            _log.log(level, "%s", finding)
