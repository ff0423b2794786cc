"""Running the snippets of a pytest session, in replay or recording, as its options say."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from linernotes.contract.remedies import removed_parameters
from linernotes.findings import Finding, has_errors
from linernotes.project import ConfigurationError
from linernotes.pytest_adapter.failure import SnippetFailedError
from linernotes.recording.record import (
    KEY,
    LIVE_TIMEOUT,
    no_key,
    now,
    record,
    recordable,
)
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
        self,
        examples: Sequence[tuple[Project, Example]],
        *,
        record_mode: str,
        recording: bool,
        block_network: bool,
    ) -> None:
        """Start type-checking `examples`.

        The others are pytest-recording's options: `record_mode` is `--record-mode`, `recording` is
        off for `--disable-recording`, `block_network` on for `--block-network`. Raises
        ConfigurationError when ty can't be run.
        """
        self._mode = record_mode
        self._recording = recording
        self._block_network = block_network
        self._examples = tuple(examples)
        self._invalid: dict[str, Finding] = {}
        self._pools: dict[Path, Pool] = {}
        self._types = self._start_types()
        self._problems: dict[str, tuple[TypeProblem, ...]] | Finding | None = None

    def verdict(self, project: Project, example: Example) -> tuple[Verdict, Outcome | None]:
        """Return the verdict of one snippet, and what its run did. Raises SnippetFailedError."""
        problems = self._type_problems()
        address = example.snippet.address
        invalid = self._invalid.get(address)
        outcome = None
        if invalid is None and runs(example):
            outcome = self._run(project, example)
        return judge(example, outcome, problems.get(address, ()), invalid), outcome

    def close(self) -> None:
        """Stop the processes."""
        for pool in self._pools.values():
            pool.close()
        if self._types is not None:
            self._types.close()

    def _start_types(self) -> TypeCheck | None:
        modules = []
        for project, example in self._examples:
            if example.snippet.skip is not None:
                continue
            module = module_of(project, example)
            if isinstance(module, Finding):
                self._invalid[example.snippet.address] = module
            else:
                modules.append(module)
        return TypeCheck(modules, removed_parameters()) if modules else None

    def _type_problems(self) -> dict[str, tuple[TypeProblem, ...]]:
        """Return what ty said; it is asked once."""
        if self._problems is None:
            try:
                self._problems = self._types.result() if self._types is not None else {}
            except ConfigurationError as exc:
                self._problems = exc.finding
        if isinstance(self._problems, Finding):
            raise SnippetFailedError(str(self._problems))
        return self._problems

    def _run(self, project: Project, example: Example) -> Outcome:
        if not self._recording and recordable([example]):
            return self._run_live(project, example)
        if self._recording and self._mode in ("all", "rewrite"):
            self._record(project, example)
        outcome = self._replay(project, example)
        code = outcome.failure.code if outcome.failure is not None else None
        if self._recording and code in _RECORDED_IN.get(self._mode, ()):
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
        if not recordable([example]):
            return
        for recorded in record(project, [example], key=_key(), lanes=1):
            if has_errors(recorded.findings):
                raise SnippetFailedError("\n".join(map(str, recorded.findings)))

    def _run_live(self, project: Project, example: Example) -> Outcome:
        """Run a snippet against the API itself, with no cassette: `--disable-recording`."""
        if self._block_network:
            raise SnippetFailedError(
                f"{example.snippet.page}:{example.snippet.line}: with --disable-recording it would"
                " call the API itself, and --block-network forbids that"
            )
        job = replace(
            job_of(project, example), upstream=LIVE, started_at=now(), timeout=LIVE_TIMEOUT
        )
        variables = environment(project.environment) | {KEY: _key()}
        with Pool(1, variables) as pool:
            return next(iter(pool.run([job])))


_RECORDED_IN = {"once": ("unrecorded",), "new_episodes": ("unrecorded", "not-recorded")}
"""What makes a record mode record: vcrpy's meaning, but always the whole snippet anew."""


def _key() -> str:
    key = os.environ.get(KEY)
    if not key:
        raise SnippetFailedError(str(no_key()))
    return key
