"""Building a site with one engine or the other."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

from linernotes.configuration import read_mkdocs, text_setting
from linernotes.engines.prepared import prepare, put_site, refuse_own_files
from linernotes.findings import error
from linernotes.project import ConfigurationError
from linernotes.publishing.publish import publish

if TYPE_CHECKING:
    from pathlib import Path

    from linernotes.findings import Finding
    from linernotes.project import Project

Engine = Literal["mkdocs", "zensical"]
ENGINES: tuple[Engine, ...] = ("mkdocs", "zensical")


def build(
    project: Project, engine: Engine, site_dir: Path | None = None
) -> tuple[Finding, ...] | None:
    """Build the site into `site_dir`, by default what `mkdocs.yml` says.

    Returns what was found while publishing it, as far as the engine hasn't said so on the terminal,
    or None if it couldn't build the site. Raises ConfigurationError when the engine isn't installed
    or can't be used with this project, OSError.
    """
    settings = read_mkdocs(project.configuration)
    name = text_setting(settings, "site_dir", project.configuration) or "site"
    target = (site_dir or project.root / name).absolute()
    if engine == "mkdocs":
        require_plugin(project)
        built = _run(project, "mkdocs", "build", "-f", project.configuration, "-d", target)
        return () if built else None
    require_zensical()
    refuse_own_files(target, project)
    configuration = prepare(project)
    if not _run(project, "zensical", "build", "-f", configuration):
        return None
    put_site(configuration.parent / "site", target)
    return publish(project, target)


def require_zensical() -> None:
    """Raise ConfigurationError if Zensical isn't installed."""
    if find_spec("zensical") is None:
        raise ConfigurationError(
            error(
                "no-zensical",
                "linernotes",
                None,
                "Zensical isn't installed",
                "pip install 'linernotes[zensical]', or build with `--engine mkdocs`",
            )
        )


def require_plugin(project: Project) -> None:
    """Raise ConfigurationError if MkDocs wouldn't load our plugin."""
    plugins = read_mkdocs(project.configuration).get("plugins")
    names = plugins if isinstance(plugins, (list, dict)) else []
    if any("linernotes" in one for one in names):  # a name, or a mapping with one key
        return
    raise ConfigurationError(
        error(
            "no-plugin",
            project.configuration.name,
            None,
            "the plugin `linernotes` isn't enabled, which adds what a built site has of Linernotes",
            "add `linernotes` to `plugins` (and `search`, which is only there by default)",
        )
    )


def _run(project: Project, *command: str | Path) -> bool:
    run = [sys.executable, "-m", *map(str, command)]
    return subprocess.run(run, cwd=project.root, check=False).returncode == 0  # noqa: S603  # ourselves
