from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from running_jobs import Run, job_of

from linernotes.running.job import Outcome
from linernotes.running.pool import Pool
from linernotes.running.world import environment


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    """One lane, so that whatever a snippet leaves behind is there for the next."""
    with Pool(1, environment({}), ("anthropic", "requests")) as pool:
        yield pool


@pytest.fixture
def run(pool: Pool) -> Run:
    """Run one chain in replay and return its outcome."""

    def run(*sources: str, **others: Any) -> Outcome:
        [outcome] = pool.run([job_of(*sources, **others)])
        return outcome

    return run
