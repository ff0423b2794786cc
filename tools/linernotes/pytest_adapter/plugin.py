"""The pytest plugin: each snippet of a page is a test, run as `linernotes verify` runs it.

pytest-recording's options mean here what they mean there: `--record-mode` says when requests go
out and are recorded, and in replay the network is closed with or without `--block-network`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from linernotes.project import PAGE_SUFFIXES, ConfigurationError, Project, find_project
from linernotes.pytest_adapter.failure import SnippetFailedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from linernotes.findings import Finding
    from linernotes.pytest_adapter.runs import Runs
    from linernotes.snippets.collect import Example

_RUNS: pytest.StashKey[Runs] = pytest.StashKey()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> PageFile | None:
    """Take the pages of a MkDocs project for test files."""
    if file_path.suffix.lower() not in PAGE_SUFFIXES:
        return None
    project = _project_of(file_path)
    if project is None or not file_path.is_relative_to(project.docs):
        return None
    return PageFile.from_parent(parent, path=file_path, project=project)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the type checker on what was selected, to run beside the first snippets."""
    items = [item for item in session.items if isinstance(item, SnippetItem)]
    if items and not session.config.option.collectonly:
        from linernotes.pytest_adapter.runs import Runs  # noqa: PLC0415  # only with snippets

        examples = [(item.project, item.example) for item in items]
        session.config.stash[_RUNS] = Runs(
            examples,
            record_mode=session.config.getoption("--record-mode", None) or "none",
            recording=not session.config.getoption("--disable-recording", default=False),
        )


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the processes that ran the snippets."""
    runs = config.stash.get(_RUNS, None)
    if runs is not None:
        runs.close()


class PageFile(pytest.File):
    """A page, as a file of tests."""

    def __init__(self, *, project: Project, **others: Any) -> None:
        super().__init__(**others)
        self.project = project

    def collect(self) -> Iterable[pytest.Item]:
        """Return a test for each snippet, and one that fails for what is wrong in the page."""
        from linernotes.snippets.collect import project_dialect, read_examples  # noqa: PLC0415

        project = self.project
        path, docs = project.relative(self.path), project.relative(project.docs)
        page = read_examples(project, self.path, path, docs, project_dialect(project)[0])
        errors = [finding for finding in page.findings if finding.severity == "error"]
        name = self.nodeid
        if errors:
            yield PageItem.from_parent(self, name="page", nodeid=f"{name}#page", findings=errors)
        for example in page.examples:
            yield SnippetItem.from_parent(
                self,
                name=example.snippet.id,
                nodeid=f"{name}#{example.snippet.id}",
                project=project,
                example=example,
            )


class PageItem(pytest.Item):
    """What is wrong in a page itself: headers, ids, front matter."""

    def __init__(self, *, findings: Sequence[Finding], **others: Any) -> None:
        super().__init__(**others)
        self.findings = findings

    def runtest(self) -> None:
        """Fail with the findings."""
        raise SnippetFailedError("\n".join(str(finding) for finding in self.findings))

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: object = None,  # noqa: ARG002  # pytest's signature
    ) -> str:
        """Return the findings alone: our own frames are of no interest."""
        return _failure_text(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the page is."""
        return self.path, self.findings[0].line, self.nodeid


class SnippetItem(pytest.Item):
    """One snippet, as a test."""

    def __init__(self, *, project: Project, example: Example, **others: Any) -> None:
        super().__init__(**others)
        self.project = project
        self.example = example

    def runtest(self) -> None:
        """Run the snippet, in replay or recording, and fail with its findings."""
        runs = self.config.stash[_RUNS]
        snippet = self.example.snippet
        if snippet.skip is not None:
            pytest.skip(f"marked .skip: {snippet.skip}")
        verdict, outcome = runs.verdict(self.project, self.example)
        if outcome is not None and outcome.stdout:
            self.add_report_section("call", "stdout", outcome.stdout)
        for finding in verdict.findings:
            if finding.severity == "warning":
                self.warn(pytest.PytestWarning(str(finding)))
        if verdict.error is not None:
            raise SnippetFailedError(verdict.error)
        if verdict.verdict == "skipped":
            pytest.skip(f"type-checked, not run: {verdict.reason}")

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: object = None,  # noqa: ARG002  # pytest's signature
    ) -> str:
        """Return the page's line and the reader's code: our own frames are of no interest."""
        return _failure_text(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the snippet is; pytest counts lines from 0."""
        return self.path, self.example.snippet.line - 1, self.nodeid


def _project_of(file: Path) -> Project | None:
    try:
        return find_project(file.parent)
    except ConfigurationError:
        return None


def _failure_text(excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    if isinstance(excinfo.value, SnippetFailedError):
        return str(excinfo.value)
    return str(excinfo.getrepr(style="short"))
