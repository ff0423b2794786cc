"""The preview with MkDocs: a saved page is rendered again by itself where that gives the same site.

`mkdocs serve` builds the whole site at each change. Its flag `--dirty` builds only what was
changed, and shows a navigation without titles. Here a page is built alone if nothing that other
pages show of it has changed, with the plugins of the last whole build; otherwise the site is built.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.commands.build import _build_page, _populate_page, build
from mkdocs.config import load_config
from mkdocs.livereload import LiveReloadServer
from mkdocs.structure.files import InclusionLevel

from linernotes.engines.notes import page_notes

if TYPE_CHECKING:
    from collections.abc import Collection

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

    from linernotes.mkdocs_plugin import Built, LinernotesPlugin
    from linernotes.project import Project

_log = logging.getLogger("mkdocs.plugins.linernotes")

# Plugins whose work on a page depends on no other page. Each does with a page that is built again
# what it did the first time, but for the search index, whose earlier entries are taken out here.
_PAGE_BY_PAGE = frozenset({"linernotes", "search", "material/search"})

# The same of hooks: with the finished text of a page, no other page's is at hand.
_LAST = frozenset({"on_post_page", "on_post_template"})

_Stamps = dict[Path, tuple[int, int]]


class MkDocsServer:
    """Serves a project on this machine, and builds it again when its files change."""

    def __init__(self, project: Project, port: int, findings: Path) -> None:
        """Make a server for `port` that isn't bound yet.

        `findings` is the file with the preview's findings.
        """
        self._project = project
        self._site_dir = tempfile.mkdtemp(prefix="linernotes-site-")
        self._findings = findings
        self._stamps: _Stamps = {}
        self._notes: dict[str, Any] = {}
        self._config: MkDocsConfig | None = None
        self._url = f"http://127.0.0.1:{port}/"
        self.server = LiveReloadServer(
            builder=self.build,
            host="127.0.0.1",
            port=port,
            root=self._site_dir,
        )

    def serve(self) -> None:
        """Build the site and serve it until the server is shut down."""
        _say_what_mkdocs_says()
        config = self._load()
        config.plugins.on_startup(command="serve", dirty=False)
        try:
            self._build_all(config)
            for path in (config.docs_dir, config.config_file_path, *config.watch):
                self.server.watch(str(path))
            self.server = config.plugins.on_serve(self.server, config=config, builder=self.build)
            self.server.serve()
        finally:
            self.server.shutdown()
            config.plugins.on_shutdown()
            shutil.rmtree(self._site_dir, ignore_errors=True)

    def build(self) -> None:
        """Bring the site up to date with the files."""
        began = time.perf_counter()
        alone = self._pages_to_build_alone()
        if alone:
            self._read_again()
        if alone is None or not all(self._build_alone(path) for path in alone):
            self._build_all(self._load())
            return
        if alone:
            self._finish()
        names = ", ".join(alone) or "nothing"
        _log.info("Built %s again in %.2f seconds", names, time.perf_counter() - began)

    def look_again(self) -> None:
        """Have the site brought up to date soon; may be called from any thread.

        MkDocs' server looks for changes itself, but only from when it serves, and twice a second.
        """
        server = self.server
        with server._rebuild_cond:  # noqa: SLF001  # MkDocs 1.6 is the last: nothing will move
            server._want_rebuild = True  # noqa: SLF001
            server._rebuild_cond.notify_all()  # noqa: SLF001

    def _load(self) -> MkDocsConfig:
        config = load_config(
            config_file=str(self._project.configuration),
            site_dir=self._site_dir,
            strict=False,  # a dead link is shown on its page, and is no reason to show nothing
        )
        config.site_url = self._url
        return config

    def _build_all(self, config: MkDocsConfig) -> None:
        self._config = None
        self._stamps, self._notes = self._look(), page_notes(self._project, self._findings)
        build(config, serve_url=self._url)
        self._config = config

    def _pages_to_build_alone(self) -> Collection[str] | None:
        """Return the paths of the pages that have changed, or None if it is more than pages."""
        stamps, notes = self._look(), page_notes(self._project, self._findings)
        if self._config is None or stamps.keys() != self._stamps.keys():
            return None
        if not _page_by_page(self._config):
            return None
        docs = Path(self._config.docs_dir)
        wanted = set()
        for path in (path for path in stamps if stamps[path] != self._stamps[path]):
            if path.suffix != ".md" or not path.is_relative_to(docs):
                return None
            wanted.add(path.relative_to(docs).as_posix())
        wanted |= {path for path in notes | self._notes if notes.get(path) != self._notes.get(path)}
        self._stamps, self._notes = stamps, notes
        return sorted(wanted)

    def _build_alone(self, path: str) -> bool:
        """Build a page again, and return whether the rest of the site is right as it is."""
        built, config = self._built(), self._config
        file = built.files.get_file_from_path(path) if built is not None else None
        if built is None or config is None or file is None or file.page is None:
            return False
        page, before = file.page, _seen_elsewhere(file.page)
        entries = _search_entries(config)
        if entries is None:
            return False
        _populate_page(page, config, built.files)
        if _seen_elsewhere(page) != before:
            return False
        place = next((at for at, one in enumerate(entries) if _is_of(one, page)), len(entries))
        entries[:] = [one for one in entries if not _is_of(one, page)]
        kept = entries[place:]
        del entries[place:]
        pages = built.files.documentation_pages(inclusion=InclusionLevel.is_in_serve)
        _build_page(
            page, config, pages, built.nav, built.env, excluded=file.inclusion.is_excluded()
        )
        entries += kept
        return True

    def _read_again(self) -> None:
        """Let our plugin see what pages say now, which it reads once a build."""
        plugin, built, config = self._plugin(), self._built(), self._config
        if plugin is not None and built is not None and config is not None:
            plugin.read(config, [file.src_uri for file in built.files.documentation_pages()])

    def _finish(self) -> None:
        """Let the plugins write what they write once all pages are built."""
        assert self._config is not None
        self._config.plugins.on_post_build(config=self._config)

    def _built(self) -> Built | None:
        plugin = self._plugin()
        return plugin.built if plugin is not None else None

    def _plugin(self) -> LinernotesPlugin | None:
        assert self._config is not None
        plugin: Any = self._config.plugins.get("linernotes")
        return plugin

    def _look(self) -> _Stamps:
        """Return time and size of each file that the site is made of."""
        project = self._project
        roots = [project.configuration, project.root / "facts.yml", project.root / "pyproject.toml"]
        config = self._config
        more = [Path(path) for path in (config.watch if config is not None else ())]
        files = [path for path in (*roots, *more) if path.is_file()]
        files += [path for path in project.docs.rglob("*") if path.is_file()]
        stamps = {}
        for path in files:
            status = path.stat()
            stamps[path] = (status.st_mtime_ns, status.st_size)
        return stamps


def _say_what_mkdocs_says() -> None:
    """Show MkDocs' messages as its own command does (mkdocs/__main__.py, `State`)."""
    logger = logging.getLogger("mkdocs")
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(levelname)-7s -  %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)


def _page_by_page(config: MkDocsConfig) -> bool:
    """Return whether a page can be built again without the others, as far as is known."""
    hooks: Any = config.hooks or {}  # by name, whatever its annotation says
    if not _PAGE_BY_PAGE.issuperset(name for name in config.plugins if name not in hooks):
        return False
    events = {name for hook in hooks.values() for name in dir(hook) if name.startswith("on_")}
    return events <= _LAST


def _seen_elsewhere(page: Page) -> object:
    """Return what other pages show of a page: all of its front matter may be."""
    return page.title, deepcopy(page.meta)


def _search_entries(config: MkDocsConfig) -> list[dict[str, Any]] | None:
    """Return the entries of the search index that is being made, or None if they aren't known.

    Material's plugin has them in `entries`, MkDocs' own in `_entries`.
    """
    plugin: Any = config.plugins.get("search") or config.plugins.get("material/search")
    if plugin is None:
        return []
    index = getattr(plugin, "search_index", None)
    found = getattr(index, "entries", getattr(index, "_entries", None))
    return found if isinstance(found, list) else None


def _is_of(entry: dict[str, Any], page: Page) -> bool:
    return entry.get("location", "").partition("#")[0] == page.url
