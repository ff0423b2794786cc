"""The prepared copy: a project as Zensical builds the same site from it as MkDocs does.

Zensical runs Markdown extensions and no plugins, so what our plugin adds while MkDocs builds is
added to a copy of the docs directory before. Only what has changed is written again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from linernotes.atomic import write_atomically
from linernotes.configuration import read_mkdocs, wrong
from linernotes.engines.derived import derived_configuration
from linernotes.engines.notes import revisions
from linernotes.project import PAGE_SUFFIXES, page_paths
from linernotes.rendering.additions import additions
from linernotes.rendering.catalogue import catalogue
from linernotes.rendering.preview import revision_mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linernotes.project import Project


def prepare(project: Project, findings: Path | None = None) -> Path:
    """Bring the copy up to date and return its `mkdocs.yml`; the site is built into `site` there.

    Drafts are left out. Zensical keeps rendered pages by their text, so each page's copy ends with
    a mark that changes with all else that it shows. `findings` is the file with those of a preview.
    Raises ConfigurationError, OSError.
    """
    copy = project.cache / "zensical"
    settings = read_mkdocs(project.configuration)
    pages = {path.relative_to(project.docs).as_posix(): path for path in page_paths(project)}
    sections = catalogue(project.docs, pages, settings.get("nav"))
    drafts = frozenset(page.path for section in sections for page in section.pages if page.draft)
    sources = pages | dict(_other_files(project))
    directory_urls = settings.get("use_directory_urls") is not False
    generated = additions(sections, directory_urls=directory_urls)
    docs = copy / "docs"
    for path, text in generated.items():
        if path not in sources:
            _write(docs / path, text)
    marks = revisions(project, sources, findings)
    for path, source in sources.items():
        if path in pages and path not in drafts:
            text = source.read_text(encoding="utf-8-sig", errors="replace")
            _write(docs / path, f"{text}\n\n{revision_mark(marks[path])}\n")
        elif path not in drafts:
            _copy(source, docs / path)
    _remove_others(docs, (set(sources) - drafts) | set(generated))
    configuration = copy / "mkdocs.yml"
    _write(configuration, derived_configuration(project.configuration, project.docs, drafts))
    return configuration


def refuse_own_files(site_dir: Path, project: Project) -> None:
    """Raise ConfigurationError if building into `site_dir` would remove files of the project."""
    target = site_dir.resolve()
    if any(own.resolve().is_relative_to(target) for own in (project.root, project.docs)):
        raise wrong(
            "bad-site-dir",
            project.configuration,
            r"^site_dir\s*:",
            f"the site can't be built into {site_dir.name}: the project's own files are there",
            "name a directory for the site alone",
        )


def put_site(built: Path, site_dir: Path) -> None:
    """Put a copy of the site in `built` in the place of what is in `site_dir`. Raises OSError.

    A copy, because Zensical writes only what has changed since.
    """
    if site_dir.is_dir():
        shutil.rmtree(site_dir)
    shutil.copytree(built, site_dir)


def _other_files(project: Project) -> Iterator[tuple[str, Path]]:
    """Yield what isn't a page, as MkDocs takes it (see `linernotes.project.page_paths`)."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415  # only here

    spec = GitIgnoreSpec.from_lines([".*", "/templates/", *project.excluded])
    for directory, _, names in os.walk(project.docs, followlinks=True):
        for name in names:
            path = Path(directory, name)
            below = path.relative_to(project.docs).as_posix()
            if path.suffix not in PAGE_SUFFIXES and not spec.match_file(below):
                yield below, path


def _copy(source: Path, target: Path) -> None:
    """Copy a file with its times, unless the copy has them already."""
    wanted = source.stat()
    with contextlib.suppress(FileNotFoundError):
        have = target.stat()
        if (have.st_mtime_ns, have.st_size) == (wanted.st_mtime_ns, wanted.st_size):
            return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def _write(target: Path, text: str) -> None:
    with contextlib.suppress(FileNotFoundError, UnicodeDecodeError):
        if target.read_text(encoding="utf-8") == text:
            return
    write_atomically(target, text)


def _remove_others(docs: Path, wanted: set[str]) -> None:
    for directory, _, names in os.walk(docs):
        for name in names:
            path = Path(directory, name)
            if path.relative_to(docs).as_posix() not in wanted:
                path.unlink()
