"""The MkDocs plugin `linernotes`: what Zensical gets from a prepared copy, MkDocs gets from hooks.

It is thin. What a page shows is made by the Markdown extension, what agents read by `publishing`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.config.config_options import ExtraScriptValue
from mkdocs.plugins import BasePlugin, get_plugin_logger
from mkdocs.structure.files import File, InclusionLevel

from linernotes.project import load_project
from linernotes.publishing.publish import publish
from linernotes.rendering.additions import SCRIPT, STYLES, additions
from linernotes.rendering.catalogue import catalogue

if TYPE_CHECKING:
    from jinja2 import Environment
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.nav import Navigation

_log = get_plugin_logger("linernotes")


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
        sections = catalogue(Path(config.docs_dir), pages, config.nav)
        for page in (page for section in sections for page in section.pages if page.draft):
            pages[page.path].inclusion = InclusionLevel.DRAFT
        for path, content in additions(sections, directory_urls=config.use_directory_urls).items():
            if path not in files.src_uris:
                files.append(
                    File.generated(
                        config, path, content=content, inclusion=InclusionLevel.NOT_IN_NAV
                    )
                )
        return files

    def on_nav(self, nav: Navigation, *, config: MkDocsConfig, files: Files) -> None:  # noqa: ARG002  # MkDocs' interface
        """Keep the navigation."""
        self._nav = nav

    def on_env(self, env: Environment, *, config: MkDocsConfig, files: Files) -> None:  # noqa: ARG002
        """Keep what a page is built with."""
        assert self._nav is not None
        self.built = Built(files, self._nav, env)

    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Publish what agents and crawlers read, and say what is wrong with it."""
        project = load_project(Path(config.config_file_path))
        for finding in publish(project, Path(config.site_dir)):
            level = logging.ERROR if finding.severity == "error" else logging.INFO
            _log.log(level, "%s", finding)
