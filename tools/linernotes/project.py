"""A project: a directory with a `mkdocs.yml`, and where its pages, modules and cassettes are."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from linernotes.findings import Finding, error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# mkdocs.utils.markdown_extensions: what MkDocs takes for a page.
PAGE_SUFFIXES = frozenset({".md", ".markdown", ".mdown", ".mkdn", ".mkd"})
CONFIGURATION_FILES = ("mkdocs.yml", "mkdocs.yaml")


class ConfigurationError(Exception):
    """The call or the project's configuration is wrong (exit code 2)."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


@dataclass(frozen=True, slots=True)
class Project:
    """Where everything is. Paths are absolute; `settings` are `[tool.linernotes]`."""

    root: Path
    docs: Path
    snippets: Path
    cassettes: Path
    configuration: Path
    timeout: float = 10.0
    environment: Mapping[str, str] = field(default_factory=dict)
    excluded: tuple[str, ...] = ()

    @property
    def cache(self) -> Path:
        """The directory for what can be thrown away: verdicts of earlier runs."""
        return self.root / ".linernotes"

    def relative(self, path: Path) -> str:
        """Return `path` as findings name it: relative to the root, with forward slashes."""
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return path.as_posix()


def find_project(start: Path) -> Project:
    """Return the project that `start` is in: the nearest directory upwards with a `mkdocs.yml`.

    Raises ConfigurationError when there is none, or its configuration can't be used.
    """
    start = start.resolve()
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
    root = configuration.parent
    mkdocs = _read_mkdocs(configuration)
    settings = _read_settings(root / "pyproject.toml")
    docs = root / str(mkdocs.get("docs_dir") or "docs")
    if not docs.is_dir():
        raise ConfigurationError(
            error(
                "no-docs-directory",
                configuration.name,
                None,
                f"the docs directory {docs.relative_to(root) if docs.is_relative_to(root) else docs}"
                " doesn't exist",
                "create it, or set `docs_dir` in mkdocs.yml",
            )
        )
    patterns = str(mkdocs.get("exclude_docs") or "").splitlines()
    return Project(
        root=root,
        docs=docs.resolve(),
        snippets=root / settings.get("snippets", "snippets"),
        cassettes=root / settings.get("cassettes", "tests/cassettes"),
        configuration=configuration,
        timeout=float(settings.get("timeout", 10.0)),
        environment=settings.get("environment", {}),
        excluded=tuple(pattern for pattern in patterns if pattern.strip()),
    )


def page_paths(project: Project) -> tuple[Path, ...]:
    """Return the files that MkDocs would take for pages, sorted, without excluded ones.

    Like MkDocs, files and directories whose name begins with a dot are left out
    (mkdocs/structure/files.py, `_default_exclude`).
    """
    found = sorted(_walk(project.docs))
    if not project.excluded:
        return tuple(found)
    from pathspec import GitIgnoreSpec  # noqa: PLC0415  # only where something is excluded

    spec = GitIgnoreSpec.from_lines(project.excluded)
    return tuple(path for path in found if not spec.match_file(path.relative_to(project.docs)))


def _walk(directory: Path) -> Iterator[Path]:
    for path in directory.iterdir():
        if path.name.startswith("."):
            continue
        if path.suffix.lower() in PAGE_SUFFIXES and path.is_file():
            yield path
        elif path.is_dir():
            yield from _walk(path)


def page_stem(page: str, docs: str) -> PurePosixPath:
    """Return where a page's modules and cassettes live: `docs/guides/x.md` gives `guides/x`."""
    return PurePosixPath(page).relative_to(docs).with_suffix("")


def _read_mkdocs(path: Path) -> dict[str, Any]:
    import yaml  # noqa: PLC0415  # 20 ms that `--help` needn't pay

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        """Reads what MkDocs reads; tags such as `!!python/name:` and `!ENV` become None."""

    Loader.add_multi_constructor("", lambda *_: None)
    try:
        content = yaml.load(path.read_text(encoding="utf-8-sig"), Loader)  # noqa: S506  # is safe
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line + 1 if exc.problem_mark else None
        raise ConfigurationError(
            error("bad-mkdocs-yml", path.name, line, f"not valid YAML: {exc.problem}")
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise ConfigurationError(
            error("bad-mkdocs-yml", path.name, None, f"can't be read: {exc}")
        ) from None
    if not isinstance(content, dict):
        raise ConfigurationError(
            error(
                "bad-mkdocs-yml",
                path.name,
                1,
                "the file isn't a mapping",
                "it needs at least `site_name: …`",
            )
        )
    parent = content.get("INHERIT")
    if isinstance(parent, str) and (path.parent / parent).is_file():
        return {**_read_mkdocs(path.parent / parent), **content}
    return content


SETTINGS: dict[str, type | tuple[type, ...]] = {
    "snippets": str,
    "cassettes": str,
    "timeout": (int, float),
    "environment": dict,
}


def _read_settings(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415  # only where there is a pyproject.toml
    else:
        import tomli as tomllib  # noqa: PLC0415
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise ConfigurationError(
            error("bad-pyproject", path.name, None, f"can't be read: {exc}")
        ) from None
    settings = table.get("tool", {}).get("linernotes", {})
    for key, value in settings.items():
        wanted = SETTINGS.get(key)
        if wanted is None:
            raise ConfigurationError(
                error(
                    "unknown-setting",
                    path.name,
                    None,
                    f"[tool.linernotes] has no key `{key}`",
                    f"the keys are {', '.join(SETTINGS)}",
                )
            )
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise ConfigurationError(
                error(
                    "bad-setting",
                    path.name,
                    None,
                    f"`{key}` in [tool.linernotes] is {value!r}",
                    f"write a {'number' if key == 'timeout' else 'table' if key == 'environment' else 'string'}",
                )
            )
    return settings
