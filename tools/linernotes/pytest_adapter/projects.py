"""The MkDocs projects that a pytest session meets, each read once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linernotes.project import ConfigurationError, Project, find_project, page_paths
from linernotes.snippets.collect import project_dialect

if TYPE_CHECKING:
    from pathlib import Path

    from linernotes.findings import Finding
    from linernotes.pages.dialect import Dialect


@dataclass(frozen=True, slots=True)
class Pages:
    """A project with what its pages are written in, and which files they are."""

    project: Project
    dialect: Dialect
    files: frozenset[Path]


class Projects:
    """The projects by the directories they were looked for from."""

    def __init__(self) -> None:
        self._by_directory: dict[Path, Pages | Finding | None] = {}
        self._by_root: dict[Path, Pages | Finding] = {}
        self._told: set[Finding] = set()

    def of(self, file: Path) -> Pages | Finding | None:
        """Return the project that `file` is a page of, or what is wrong with it.

        None if it isn't a page. A wrong project is returned for the first of its files only.
        """
        directory = file.parent
        if directory not in self._by_directory:
            self._by_directory[directory] = self._look(directory)
        found = self._by_directory[directory]
        if isinstance(found, Pages):
            return found if file in found.files else None
        if found is None or found in self._told:
            return None
        self._told.add(found)
        return found

    def _look(self, directory: Path) -> Pages | Finding | None:
        try:
            project = find_project(directory)
        except ConfigurationError as exc:
            return None if exc.finding.code == "no-project" else exc.finding
        if project.root not in self._by_root:
            self._by_root[project.root] = _read(project)
        return self._by_root[project.root]


def _read(project: Project) -> Pages | Finding:
    dialect, problems = project_dialect(project)
    if problems:
        return problems[0]
    try:
        return Pages(project, dialect, frozenset(page_paths(project)))
    except ConfigurationError as exc:
        return exc.finding
