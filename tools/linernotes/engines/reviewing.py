"""Reviewing: what an author has just saved is verified and checked, beside the engine that shows it.

The engine doesn't wait for it. It renders a page again when the proofs or findings of it change.
"""

from __future__ import annotations

import os
import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from linernotes.checks.pages import check_page
from linernotes.checks.site import site_of
from linernotes.findings import Finding, error
from linernotes.project import ConfigurationError, load_project, page_paths
from linernotes.rendering.preview import write_findings
from linernotes.rendering.proofs import write_proofs
from linernotes.running.packages import warm_modules
from linernotes.running.pool import Pool
from linernotes.running.verify import verify
from linernotes.running.world import environment
from linernotes.snippets.collect import Target, collect, project_dialect

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from typing_extensions import Self
    from watchdog.observers.api import BaseObserver

    from linernotes.project import Project
    from linernotes.running.verify import Report

_SETTLED = 0.05  # seconds without another change: editors write a file in several steps
_WATCHED = ("mkdocs.yml", "mkdocs.yaml", "pyproject.toml", "facts.yml")


class Reviewer:
    """Verifies and checks pages of a project again and again. Use it as a context manager.

    What it finds is left in `.linernotes/proofs.json` and in the file `findings`.
    """

    def __init__(self, project: Project) -> None:
        """Make a reviewer that starts nothing yet."""
        self.findings = project.cache / "preview.json"
        self._configuration = project.configuration
        self._lanes = os.cpu_count() or 1
        self._pool: Pool | None = None
        self._pool_is_for: object = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def review(self, changed: Collection[Path] | None = None) -> Report | Finding:
        """Verify the pages among `changed`, or all if None or if anything else is; check all.

        Returns the report, or why there is none: a configuration that is just being edited is
        nothing to stop for.
        """
        try:
            project = load_project(self._configuration)
            pages = page_paths(project)
            targets = [Target(project.relative(path)) for path in changed or ()]
            known = {project.relative(path) for path in pages}
            if any(target.page not in known for target in targets):
                targets = []
            report = verify(project, targets, lanes=self._lanes, pool=self._pool_of(project))
            write_proofs(project, report)
            write_findings(self.findings, dict(_checked(project, pages)))
        except ConfigurationError as exc:
            return exc.finding
        except OSError as exc:  # a file is gone between two looks: the next event is on its way
            return error("io-error", str(exc.filename or "."), None, exc.strerror or str(exc))
        return report

    def close(self) -> None:
        """Stop the processes that wait for snippets."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def _pool_of(self, project: Project) -> Pool:
        """Return the pool, a new one where the old one's processes aren't right any more."""
        sources = [example.snippet.source for page in collect(project) for example in page.examples]
        wanted = dict(project.environment), warm_modules(sources)
        if self._pool is None or self._pool_is_for != wanted:
            self.close()
            self._pool = Pool(self._lanes, environment(project.environment), wanted[1])
            self._pool_is_for = wanted
        return self._pool


def _checked(
    project: Project, pages: Collection[Path]
) -> Iterator[tuple[str, tuple[Finding, ...]]]:
    """Yield what is wrong with each page, by its path below the docs directory."""
    site = site_of(project.docs, project.root, project_dialect(project)[0])
    today = datetime.now(timezone.utc).date()
    for path in pages:
        yield path.relative_to(project.docs).as_posix(), check_page(path, site, today)


class Watcher:
    """Calls `changed` with None, and then with the files that are saved; one call at a time.

    Use it as a context manager.
    """

    def __init__(self, project: Project, changed: Callable[[frozenset[Path] | None], None]) -> None:
        """Make a watcher that doesn't watch yet."""
        self._project = project
        self._changed = changed
        self._saved: set[Path] = set()
        self._condition = threading.Condition()
        self._ends = False
        self._thread = threading.Thread(target=self._work, name="linernotes-watcher", daemon=True)
        self._observer: BaseObserver | None = None

    def __enter__(self) -> Self:
        from watchdog.events import FileSystemEventHandler  # noqa: PLC0415  # only to serve
        from watchdog.observers import Observer  # noqa: PLC0415

        handler = FileSystemEventHandler()
        handler.on_any_event = self._note
        self._observer = Observer()
        self._observer.schedule(handler, str(self._project.docs.resolve()), recursive=True)
        if self._project.cassettes.is_dir():
            self._observer.schedule(handler, str(self._project.cassettes), recursive=True)
        self._observer.schedule(handler, str(self._project.root), recursive=False)
        self._observer.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Watch no longer, and wait for a call that is under way."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
        with self._condition:
            self._ends = True
            self._condition.notify()
        self._thread.join()

    def _note(self, event: object) -> None:
        kind = getattr(event, "event_type", "")
        if kind in ("opened", "closed_no_write") or getattr(event, "is_directory", False):
            return
        names = (getattr(event, "src_path", ""), getattr(event, "dest_path", ""))
        paths = {Path(os.fsdecode(name)) for name in names if name}
        with self._condition:
            self._saved |= {path for path in paths if self._matters(path)}
            if self._saved:
                self._condition.notify()

    def _matters(self, path: Path) -> bool:
        if path.name.startswith(".") or path.name.endswith("~"):
            return False  # temporary files of editors
        return path.parent != self._project.root or path.name in _WATCHED

    def _work(self) -> None:
        self._changed(None)
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._saved or self._ends)
                while not self._ends and self._condition.wait(_SETTLED):
                    pass
                if self._ends:
                    return
                saved, self._saved = frozenset(self._saved), set()
            self._changed(saved)
