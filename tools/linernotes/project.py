"""A project: a directory with a `mkdocs.yml`, and where its pages, modules and cassettes are."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from linernotes.configuration import (
    ConfigurationError,
    read_mkdocs,
    read_settings,
    text_setting,
    wrong,
)
from linernotes.findings import error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# mkdocs.utils.markdown_extensions: what MkDocs takes for a page.
PAGE_SUFFIXES = frozenset({".md", ".markdown", ".mdown", ".mkdn", ".mkd"})
CONFIGURATION_FILES = ("mkdocs.yml", "mkdocs.yaml")
DEFAULT_TIMEOUT = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Project:
    """Where everything is, and `[tool.linernotes]`. Paths are absolute.

    `docs_target` is where `docs` really is if there is a symbolic link in its path. `excluded` are
    the patterns of `exclude_docs`, `timeout` is in seconds. `gateways` are hosts that stand in
    front of the API, and which gateway each is.
    """

    root: Path
    docs: Path
    snippets: Path
    cassettes: Path
    configuration: Path
    timeout: float = DEFAULT_TIMEOUT
    environment: Mapping[str, str] = field(default_factory=dict)
    gateways: Mapping[str, str] = field(default_factory=dict)
    excluded: tuple[str, ...] = ()
    docs_target: Path | None = None

    @property
    def cache(self) -> Path:
        """The directory for what can be thrown away: verdicts of earlier runs."""
        return self.root / ".linernotes"

    def relative(self, path: Path) -> str:
        """Return `path` as findings name it: relative to the root, with forward slashes.

        It is the same on every machine, also for what isn't below the root.
        """
        if self.docs_target is not None and path.is_relative_to(self.docs_target):
            path = self.docs / path.relative_to(self.docs_target)
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return Path(os.path.relpath(path, self.root)).as_posix()


def find_project(start: Path) -> Project:
    """Return the project that `start` is in: the nearest directory upwards with a `mkdocs.yml`.

    Raises ConfigurationError when there is none, or its configuration can't be used.
    """
    start = Path(os.path.abspath(start))  # noqa: PTH100  # Path.resolve follows links
    for directory in (start, *start.parents):
        for name in CONFIGURATION_FILES:
            if (directory / name).is_file():
                return load_project(directory / name)
    raise ConfigurationError(
        error(
            "no-project",
            start.as_posix(),
            None,
            "no mkdocs.yml in this directory or above it",
            "run the command inside a MkDocs project, or create one with `mkdocs new .`",
        )
    )


def load_project(configuration: Path) -> Project:
    """Return the project that the file `configuration` (a `mkdocs.yml`) describes.

    Raises ConfigurationError for a file that can't be read, a docs directory that doesn't exist,
    or an unknown or mistyped key in `[tool.linernotes]`.
    """
    configuration = configuration.absolute()
    root = configuration.parent
    mkdocs = read_mkdocs(configuration)
    settings = read_settings(root / "pyproject.toml")
    name = text_setting(mkdocs, "docs_dir", configuration) or "docs"
    docs = Path(os.path.normpath(root / name))
    if not docs.is_dir():
        raise wrong(
            "no-docs-directory",
            configuration,
            r"^docs_dir\s*:",
            f"the docs directory {name} {'is a file' if docs.exists() else 'does not exist'}",
            "create it, or set `docs_dir` in mkdocs.yml",
        )
    patterns = text_setting(mkdocs, "exclude_docs", configuration).splitlines()
    target = docs.resolve()
    return Project(
        root=root,
        docs=docs,
        snippets=root / settings.get("snippets", "snippets"),
        cassettes=root / settings.get("cassettes", "tests/cassettes"),
        configuration=configuration,
        timeout=float(settings.get("timeout", DEFAULT_TIMEOUT)),
        environment=settings.get("environment", {}),
        gateways={host.lower(): kind for host, kind in settings.get("gateways", {}).items()},
        excluded=tuple(pattern for pattern in patterns if pattern.strip()),
        docs_target=None if target == docs else target,
    )


def page_paths(project: Project) -> tuple[Path, ...]:
    """Return the files that MkDocs takes for pages, sorted.

    That is mkdocs/structure/files.py (`get_files`, `set_exclusions`): by default without names
    that begin with a dot and the directory `templates`, then as `exclude_docs` says, and without a
    README beside an index. Drafts (`draft_docs`) are pages: `mkdocs serve` shows them. Raises
    ConfigurationError for a pattern that isn't one, OSError for a directory that can't be read.
    """
    hidden = any(pattern.startswith("!") for pattern in project.excluded)
    found = _walk(project.docs, frozenset({os.path.realpath(project.docs)}), hidden=hidden)
    names = [path.relative_to(project.docs).as_posix() for path in found]
    if project.excluded:
        names = _included(names, project)
    else:
        names = [name for name in names if not name.startswith("templates/")]
    by_target: dict[tuple[str, str], str] = {}
    for name in sorted(names):
        directory, _, file = name.rpartition("/")
        stem = file.rpartition(".")[0]
        by_target[directory, "index" if stem == "README" else stem] = name
    return tuple(project.docs / name for name in sorted(by_target.values()))


def _included(names: list[str], project: Project) -> list[str]:
    """Return those of `names` that `exclude_docs` leaves in."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415  # only where something is excluded

    try:
        spec = GitIgnoreSpec.from_lines([".*", "/templates/", *project.excluded])
    except ValueError as exc:
        raise wrong(
            "bad-mkdocs-yml",
            project.configuration,
            r"^exclude_docs\s*:",
            f"`exclude_docs` isn't a list of patterns: {exc}",
            "write them as in a .gitignore, one a line",
        ) from None
    return [name for name in names if not spec.match_file(name)]


def _walk(directory: Path, above: frozenset[str], *, hidden: bool) -> Iterator[Path]:
    """Yield the Markdown files below `directory`, also through links, but not round in circles.

    `above` are the real paths of it and of what it is in. `hidden` says whether to look at names
    that begin with a dot: patterns may include them again.
    """
    for path in directory.iterdir():
        if path.name.startswith(".") and not hidden:
            continue
        if path.is_file():
            if path.suffix in PAGE_SUFFIXES:
                yield path
        elif path.is_dir():
            target = os.path.realpath(path)
            if target not in above:
                yield from _walk(path, above | {target}, hidden=hidden)


def page_stem(page: str, docs: str) -> PurePosixPath:
    """Return where a page's modules and cassettes live: `docs/guides/x.md` gives `guides/x`."""
    return PurePosixPath(page).relative_to(docs).with_suffix("")
