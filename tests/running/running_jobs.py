"""Chains to run."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

from linernotes.running.job import Job, Outcome, Piece
from linernotes.running.packages import speaks_http

Run = Callable[..., Outcome]

LINE = 11
"""The page line on which the code of every job begins."""


def job_of(*sources: str, address: str = "docs/page.md#it", **others: Any) -> Job:
    """Return a job for a chain; each piece begins 100 lines below the one before."""
    texts = [textwrap.dedent(source).strip("\n") for source in sources]
    settings: dict = {
        "timeout": 20.0,
        "http": any(map(speaks_http, texts)),
        "cassette": "/nowhere/it.yaml",
    }
    return Job(
        address=address,
        page="docs/page.md",
        module="page/it.py",
        pieces=tuple(Piece(text, LINE + 100 * number) for number, text in enumerate(texts)),
        **(settings | others),
    )
