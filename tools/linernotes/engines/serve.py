"""The preview: an engine that shows the site, and a reviewer that looks at what was saved."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from linernotes.engines.build import require_plugin, require_zensical
from linernotes.engines.prepared import prepare
from linernotes.engines.reviewing import Reviewer, Watcher
from linernotes.findings import error
from linernotes.project import ConfigurationError, load_project
from linernotes.rendering.preview import PREVIEW

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from linernotes.engines.build import Engine
    from linernotes.findings import Finding
    from linernotes.project import Project
    from linernotes.running.verify import Report


def serve(
    project: Project, engine: Engine, port: int, told: Callable[[Report | Finding], None]
) -> bool:
    """Serve the site on 127.0.0.1 until interrupted; return whether the engine could.

    `told` is called after each review, from another thread. Raises ConfigurationError when the
    engine can't be used, OSError when the port can't.
    """
    if engine == "mkdocs":
        require_plugin(project)
    else:
        require_zensical()
    with Reviewer(project) as reviewer:
        os.environ[PREVIEW] = str(reviewer.findings)
        try:
            show = _serve_mkdocs if engine == "mkdocs" else _serve_zensical
            return show(project, port, reviewer, told)
        except KeyboardInterrupt:
            return True
        finally:
            del os.environ[PREVIEW]


def _serve_mkdocs(
    project: Project, port: int, reviewer: Reviewer, told: Callable[[Report | Finding], None]
) -> bool:
    from linernotes.engines.mkdocs_server import MkDocsServer  # noqa: PLC0415  # half a second

    server = MkDocsServer(project, port, reviewer.findings)

    def changed(files: frozenset[Path] | None) -> None:
        server.look_again()
        told(reviewer.review(files))
        server.look_again()

    with Watcher(project, changed):
        server.serve()
    return True


def _serve_zensical(
    project: Project, port: int, reviewer: Reviewer, told: Callable[[Report | Finding], None]
) -> bool:
    configuration = prepare(project, reviewer.findings)

    def changed(files: frozenset[Path] | None) -> None:
        _prepare(project, reviewer, told)
        told(reviewer.review(files))
        _prepare(project, reviewer, told)
        _build(configuration)

    command = ["zensical", "serve", "-f", str(configuration), "-a", f"127.0.0.1:{port}"]
    with Watcher(project, changed):
        run = subprocess.run([sys.executable, "-m", *command], cwd=project.root, check=False)  # noqa: S603  # ourselves
    return run.returncode == 0


def _build(configuration: Path) -> None:
    """Build what Zensical's server may have missed.

    Zensical 0.0.73 forgets a page that is written while it builds, until its text changes again.
    """
    command = ["zensical", "build", "-f", str(configuration)]
    subprocess.run([sys.executable, "-m", *command], check=False, capture_output=True)  # noqa: S603  # ourselves


def _prepare(project: Project, reviewer: Reviewer, told: Callable[[Finding], None]) -> None:
    """Bring Zensical's copy up to date, as far as what is being edited can be used."""
    try:
        prepare(load_project(project.configuration), reviewer.findings)
    except ConfigurationError as exc:
        told(exc.finding)
    except OSError as exc:
        told(error("io-error", str(exc.filename or "."), None, exc.strerror or str(exc)))
