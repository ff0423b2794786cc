"""Cassettes: whether each has its snippet, its age, its size, and nothing in it that is secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linernotes.cassettes.cassette import CassetteError
from linernotes.cassettes.secrets import ensure_clean
from linernotes.cassettes.store import age_finding, all_cassettes, read_cassette, size_finding
from linernotes.findings import Finding, warning

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import date
    from pathlib import Path

    from linernotes.project import Project
    from linernotes.snippets.collect import PageExamples


def owned_cassettes(page: PageExamples) -> set[Path]:
    """Return the cassettes, there or not, of the snippets of `page` that run."""
    return {
        example.cassette
        for example in page.examples
        if example.snippet.skip is None and example.snippet.norun is None
    }


def orphans(project: Project, owned: Collection[Path]) -> tuple[Path, ...]:
    """Return the cassettes that no snippet of the project owns."""
    return tuple(path for path in all_cassettes(project.cassettes) if path not in owned)


def check_cassettes(
    project: Project, owned: Collection[Path], today: date, known: Collection[str] = ()
) -> Iterator[Finding]:
    """Yield what is wrong with the project's cassettes.

    `owned` are those that have a snippet, `known` are credentials to look for by their value.
    """
    lonely = set(orphans(project, owned))
    for path in all_cassettes(project.cassettes):
        name = project.relative(path)
        try:
            data = path.read_bytes()
            cassette = read_cassette(path, name)
        except CassetteError as exc:
            yield exc.finding
            continue
        if path in lonely:
            yield warning(
                "cassette-orphaned",
                name,
                None,
                "no snippet uses this cassette",
                "linernotes record --prune removes it",
            )
        yield from ensure_clean(data.decode("utf-8", "replace"), name, known)
        for finding in (
            size_finding(len(data), name),
            age_finding(cassette.provenance, today, name),
        ):
            if finding is not None:
                yield finding
