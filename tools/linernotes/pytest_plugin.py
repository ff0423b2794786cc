"""The pytest plugin: each snippet of a page is a test, run as `linernotes verify` runs it.

pytest-recording's options mean here what they mean there: `--record-mode` says when requests go
out and are recorded, and in replay the network is closed with or without `--block-network`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from linernotes.findings import Finding
from linernotes.project import PAGE_SUFFIXES, ConfigurationError, Project, find_project

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from linernotes.running.job import Outcome
    from linernotes.running.pool import Pool
    from linernotes.running.type_check import TypeCheck, TypeProblem
    from linernotes.running.verdicts import Verdict
    from linernotes.snippets.collect import Example

_RUNS = pytest.StashKey["_Runs"]()


class SnippetFailedError(Exception):
    """A snippet didn't pass; its text is all there is to say."""


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> PageFile | None:
    """Take the pages of a MkDocs project for test files."""
    if file_path.suffix.lower() not in PAGE_SUFFIXES:
        return None
    project = _project_of(file_path, parent.config)
    if project is None or not file_path.is_relative_to(project.docs):
        return None
    return PageFile.from_parent(parent, path=file_path, project=project)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the type checker on what was selected, to run beside the first snippets."""
    items = [item for item in session.items if isinstance(item, SnippetItem)]
    if items and not session.config.option.collectonly:
        session.config.stash[_RUNS] = _Runs(session.config, items)


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

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: object) -> str:
        """Return the findings alone: our own frames are of no interest."""
        return _failure_text(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the page is."""
        return self.path, self.findings[0].line, self.nodeid


class SnippetItem(pytest.Item):
    """One snippet, as a test."""

    parent: PageFile

    def __init__(self, *, example: Example, **others: Any) -> None:
        super().__init__(**others)
        self.example = example

    def runtest(self) -> None:
        """Run the snippet, in replay or recording, and fail with its findings."""
        runs = self.config.stash[_RUNS]
        snippet = self.example.snippet
        if snippet.skip is not None:
            pytest.skip(f"marked .skip: {snippet.skip}")
        verdict, outcome = runs.verdict(self.parent.project, self.example)
        if outcome is not None and outcome.stdout:
            self.add_report_section("call", "stdout", outcome.stdout)
        for finding in verdict.findings:
            if finding.severity == "warning":
                self.warn(pytest.PytestWarning(str(finding)))
        if verdict.error is not None:
            raise SnippetFailedError(verdict.error)
        if verdict.verdict == "skipped":
            pytest.skip(f"type-checked, not run: {verdict.reason}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: object) -> str:
        """Return the page's line and the reader's code: our own frames are of no interest."""
        return _failure_text(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the snippet is; pytest counts lines from 0."""
        return self.path, self.example.snippet.line - 1, self.nodeid


class _Runs:
    """The processes that all snippets of a session share, and how its options have them run."""

    def __init__(self, config: pytest.Config, items: Sequence[SnippetItem]) -> None:
        self._mode = config.getoption("--record-mode", None) or "none"
        self._open = bool(config.getoption("--disable-recording", default=False))
        self._modules_of = [(item.parent.project, item.example) for item in items]
        self._types: TypeCheck | None = None
        self._problems: dict[str, tuple[TypeProblem, ...]] | None = None
        self._invalid: dict[str, Finding] = {}
        self._pools: dict[bool, Pool] = {}
        self._start_types()

    def verdict(self, project: Project, example: Example) -> tuple[Verdict, Outcome | None]:
        """Return the verdict of one snippet, and what its run did."""
        from linernotes.running.verify import judge, runs  # noqa: PLC0415  # if there are snippets

        if self._problems is None:
            self._problems = self._types.result() if self._types is not None else {}
        address = example.snippet.address
        invalid = self._invalid.get(address)
        outcome = None
        if invalid is None and runs(example):
            outcome = self._run(project, example)
        problems = self._problems.get(address, ())
        return judge(example, outcome, problems, invalid), outcome

    def close(self) -> None:
        """Stop the pools."""
        for pool in self._pools.values():
            pool.close()

    def _start_types(self) -> None:
        from linernotes.contract.remedies import removed_parameters  # noqa: PLC0415
        from linernotes.running.type_check import TypeCheck  # noqa: PLC0415
        from linernotes.snippets.collect import module_of  # noqa: PLC0415

        modules = []
        for project, example in self._modules_of:
            if example.snippet.skip is not None:
                continue
            module = module_of(project, example)
            if isinstance(module, Finding):
                self._invalid[example.snippet.address] = module
            else:
                modules.append(module)
        if modules:
            self._types = TypeCheck(modules, removed_parameters())

    def _run(self, project: Project, example: Example) -> Outcome:
        from linernotes.running.verify import job_of  # noqa: PLC0415

        if not self._records(example):
            return next(iter(self._pool(project, live=False).run([job_of(project, example)])))
        raise NotImplementedError

    def _records(self, example: Example) -> bool:
        if self._open or self._mode in ("all", "rewrite"):
            return True
        return self._mode in ("once", "new_episodes") and not example.cassette.exists()

    def _pool(self, project: Project, *, live: bool) -> Pool:
        from linernotes.running.pool import Pool, warm_modules  # noqa: PLC0415
        from linernotes.running.world import environment  # noqa: PLC0415

        if live not in self._pools:
            sources = [one.source for _, example in self._modules_of for one in example.chain]
            variables = environment(project.environment)
            self._pools[live] = Pool(1, variables, warm_modules(sources))
        return self._pools[live]


def _project_of(file: Path, config: pytest.Config) -> Project | None:
    try:
        return find_project(file.parent)
    except ConfigurationError:
        return None


def _failure_text(excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    if isinstance(excinfo.value, SnippetFailedError):
        return str(excinfo.value)
    return str(excinfo.getrepr(style="short"))
