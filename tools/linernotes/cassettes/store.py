"""Cassettes on disk. They are written with `linernotes.atomic.write_atomically`."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from linernotes.cassettes.cassette import Cassette, CassetteError, Provenance
from linernotes.findings import Finding, error, warning

if TYPE_CHECKING:
    from pathlib import Path

# A larger diff is not read by anybody; it's the recorded replies that should get shorter.
SIZE_BUDGET_BYTES = 100_000

# The API and its models change within months; an older recording proves little.
OVERDUE_DAYS = 90


def read_cassette(path: Path, page: str) -> Cassette:
    """Return the cassette in a file, named `page` in findings.

    Raises `CassetteError` if it isn't one, OSError if the file can't be read.
    """
    from linernotes.cassettes.yaml_format import loads  # noqa: PLC0415  (only where one is read)

    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as problem:
        message = f"The cassette is not UTF-8: {problem.reason} at byte {problem.start}."
        hint = "Record it again: with `linernotes record`, if that wrote it."
        raise CassetteError(error("cassette-not-yaml", page, None, message, hint)) from None
    return loads(text, page)


def all_cassettes(directory: Path) -> tuple[Path, ...]:
    """Return all cassette files below a directory, sorted; none if there is no such directory."""
    return tuple(
        path
        for path in sorted(directory.rglob("*.yaml"))
        if not path.name.endswith(".replies.yaml")
    )


def all_scripts(directory: Path) -> tuple[Path, ...]:
    """Return all reply scripts below a directory, sorted; none if there is no such directory."""
    return tuple(sorted(directory.rglob("*.replies.yaml")))


def size_finding(size: int, page: str) -> Finding | None:
    """Return a warning if a cassette of so many bytes is over the budget."""
    if size <= SIZE_BUDGET_BYTES:
        return None
    message = f"The cassette has {size:,} bytes; the budget is {SIZE_BUDGET_BYTES:,}."
    hint = "Ask for a shorter reply, send a smaller file, or split the snippet in two."
    return warning("cassette-too-large", page, None, message, hint)


def age_finding(provenance: Provenance | None, today: date, page: str) -> Finding | None:
    """Return a warning if a cassette was recorded too long before `today`."""
    if provenance is None:
        return None
    recorded = datetime.fromisoformat(provenance.recorded_at.removesuffix("Z")).date()
    days = (today - recorded).days
    if days <= OVERDUE_DAYS:
        return None
    message = f"The cassette was recorded {days} days ago, on {recorded}."
    hint = f"Re-record with `linernotes record {provenance.snippet or ''}".rstrip() + "`."
    return warning("cassette-overdue", page, None, message, hint)
