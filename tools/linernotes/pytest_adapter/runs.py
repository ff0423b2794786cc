"""Running the snippets of a pytest session, in replay or recording, as its options say."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from linernotes.contract.remedies import removed_parameters
from linernotes.findings import Finding
from linernotes.pytest_adapter.failure import SnippetFailedError
from linernotes.recording.record import KEY, no_key, now, record, recordable
from linernotes.running.job import LIVE
from linernotes.running.packages import warm_modules
from linernotes.running.pool import Pool
from linernotes.running.type_check import TypeCheck
from linernotes.running.verify import job_of, judge, runs
from linernotes.running.world import environment
from linernotes.snippets.collect import module_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from linernotes.project import Project
    from linernotes.running.job import Outcome
    from linernotes.running.type_check import TypeProblem
    from linernotes.running.verdicts import Verdict
    from linernotes.snippets.collect import Example


class Runs:
    """The processes that all snippets of a session share, and how its options have them run."""

    def __init__(
        self, examples: Sequence[tuple[Project, Example]], *, record_mode: str, recording: bool
    ) -> None:
        """Start type-checking `examples`.

        `record_mode` is pytest-recording's `--record-mode`; `recording` is off for its
        `--disable-recording`.
        """
        self._mode = record_mode
        self._recording = recording
        self._examples = tuple(examples)
        self._types: TypeCheck | None = None
        self._problems: dict[str, tuple[TypeProblem, ...]] | None = None
        self._invalid: dict[str, Finding] = {}
        self._pools: dict[Path, Pool] = {}
        self._start_types()

    def verdict(self, project: Project, example: Example) -> tuple[Verdict, Outcome | None]:
        """Return the verdict of one snippet, and what its run did."""
        if self._problems is None:
            self._problems = self._types.result() if self._types is not None else {}
        address = example.snippet.address
        invalid = self._invalid.get(address)
        outcome = None
        if invalid is None and runs(example):
            outcome = self._run(project, example)
        return judge(example, outcome, self._problems.get(address, ()), invalid), outcome

    def close(self) -> None:
        """Stop the processes."""
        for pool in self._pools.values():
            pool.close()

    def _start_types(self) -> None:
        modules = []
        for project, example in self._examples:
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
        if not self._recording:
            return self._run_live(project, example)
        if self._mode in ("all", "rewrite") or (
            self._mode == "once" and not example.cassette.exists()
        ):
            self._record(project, example)
        outcome = self._replay(project, example)
        if self._mode == "new_episodes" and outcome.failure is not None:
            if outcome.failure.code not in ("unrecorded", "not-recorded"):
                return outcome
            self._record(project, example)
            outcome = self._replay(project, example)
        return outcome

    def _replay(self, project: Project, example: Example) -> Outcome:
        if project.root not in self._pools:
            sources = [one.source for _, example in self._examples for one in example.chain]
            variables = environment(project.environment)
            self._pools[project.root] = Pool(1, variables, warm_modules(sources))
        return next(iter(self._pools[project.root].run([job_of(project, example)])))

    def _record(self, project: Project, example: Example) -> None:
        """Record a snippet live. Raises SnippetFailedError if that can't be done or it fails."""
        if not recordable([example], missing=False, overwrite_live=True):
            return
        for recorded in record(project, [example], key=_key(), lanes=1):
            if recorded.findings:
                raise SnippetFailedError("\n".join(map(str, recorded.findings)))

    def _run_live(self, project: Project, example: Example) -> Outcome:
        """Run a snippet against the API itself, with no cassette: `--disable-recording`."""
        job = replace(job_of(project, example), upstream=LIVE, started_at=now())
        variables = environment(project.environment) | {KEY: _key()}
        with Pool(1, variables) as pool:
            return next(iter(pool.run([job])))


def _key() -> str:
    key = os.environ.get(KEY)
    if not key:
        raise SnippetFailedError(str(no_key()))
    return key
