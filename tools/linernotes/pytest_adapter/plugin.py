"""The pytest plugin: each snippet of a page is a test, run as `linernotes verify` runs it.

pytest-recording's options mean here what they mean there: `--record-mode` says when requests go
out and are recorded, and in replay the network is closed with or without `--block-network`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from linernotes.findings import Finding
from linernotes.project import PAGE_SUFFIXES, ConfigurationError
from linernotes.pytest_adapter.failure import SnippetFailedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from linernotes.project import Project
    from linernotes.pytest_adapter.projects import Pages, Projects
    from linernotes.pytest_adapter.runs import Runs
    from linernotes.snippets.collect import Example

_PROJECTS: pytest.StashKey[Projects] = pytest.StashKey()
_RUNS: pytest.StashKey[Runs] = pytest.StashKey()


def pytest_load_initial_conftests(args: list[str]) -> None:
    """Let a snippet be named as everywhere else: `docs/page.md#id` is `docs/page.md::id` here."""
    for number, argument in enumerate(args):
        page, mark, snippet = argument.partition("#")
        if mark and page.endswith(tuple(PAGE_SUFFIXES)) and not argument.startswith("-"):
            args[number] = f"{page}::{snippet}"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.File | None:
    """Take the pages of a MkDocs project for test files."""
    if file_path.suffix.lower() not in PAGE_SUFFIXES:
        return None
    from linernotes.pytest_adapter.projects import Projects  # noqa: PLC0415  # only with pages

    stash = parent.config.stash
    found = stash.setdefault(_PROJECTS, Projects()).of(file_path)
    if found is None:
        return None
    if isinstance(found, Finding):
        return WrongProject.from_parent(parent, path=file_path, finding=found)
    return PageFile.from_parent(parent, path=file_path, pages=found)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the type checker on what was selected, to run beside the first snippets."""
    items = [item for item in session.items if isinstance(item, SnippetItem)]
    if not items or session.config.option.collectonly:
        return
    from linernotes.pytest_adapter.runs import Runs  # noqa: PLC0415  # only with snippets

    option = session.config.getoption
    try:
        session.config.stash[_RUNS] = Runs(
            [(item.project, item.example) for item in items],
            record_mode=option("--record-mode", None) or "none",
            recording=not option("--disable-recording", default=False),
            block_network=option("--block-network", default=False),
        )
    except ConfigurationError as exc:
        raise pytest.UsageError(str(exc.finding)) from None


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the processes that ran the snippets."""
    runs = config.stash.get(_RUNS, None)
    if runs is not None:
        runs.close()


class WrongProject(pytest.File):
    """A file of a project whose configuration can't be used."""

    def __init__(self, *, finding: Finding, **others: Any) -> None:
        super().__init__(**others)
        self.finding = finding

    def collect(self) -> Iterable[pytest.Item]:
        """Fail with what is wrong: no snippet of the project can be tested."""
        raise self.CollectError(str(self.finding))


class PageFile(pytest.File):
    """A page, as a file of tests."""

    def __init__(self, *, pages: Pages, **others: Any) -> None:
        super().__init__(**others)
        self.pages = pages

    def collect(self) -> Iterable[pytest.Item]:
        """Return a test for each snippet, and one that fails for what is wrong in the page."""
        from linernotes.snippets.collect import read_examples  # noqa: PLC0415  # only with pages

        project = self.pages.project
        path, docs = project.relative(self.path), project.relative(project.docs)
        page = read_examples(project, self.path, path, docs, self.pages.dialect)
        errors = [finding for finding in page.findings if finding.severity == "error"]
        name = self.nodeid
        if errors:  # parentheses, because no snippet can be called that
            yield PageItem.from_parent(
                self, name="(page)", nodeid=f"{name}#(page)", findings=errors
            )
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

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the page is."""
        return self.path, (self.findings[0].line or 1) - 1, f"page {self.nodeid}"


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
            raise pytest.skip.Exception(f"marked .skip: {snippet.skip}", _use_item_location=True)
        verdict, outcome = runs.verdict(self.project, self.example)
        if outcome is not None and outcome.stdout:
            self.add_report_section("call", "stdout", outcome.stdout)
        for finding in verdict.findings:
            if finding.severity == "warning":
                self.warn(pytest.PytestWarning(str(finding)))
        if verdict.error is not None:
            raise SnippetFailedError(verdict.error)
        if verdict.verdict == "skipped":
            said = f"type-checked, not run: {verdict.reason}"
            raise pytest.skip.Exception(said, _use_item_location=True)

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: object = None,  # noqa: ARG002  # pytest's signature
    ) -> str:
        """Return the page's line and the reader's code: our own frames are of no interest."""
        return _failure_text(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the snippet is; pytest counts lines from 0."""
        return self.path, self.example.snippet.line - 1, f"snippet {self.nodeid}"


def _failure_text(excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    if isinstance(excinfo.value, SnippetFailedError):
        return str(excinfo.value)
    return str(excinfo.getrepr(style="short"))
