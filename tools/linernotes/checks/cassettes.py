"""Cassettes and reply scripts: whether each has its snippet, its age, its size, no credential in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from linernotes.cassettes.cassette import CassetteError
from linernotes.cassettes.secret_spans import as_text
from linernotes.cassettes.secrets import ensure_clean, hiding
from linernotes.cassettes.store import (
    age_finding,
    all_cassettes,
    all_scripts,
    read_cassette,
    size_finding,
)
from linernotes.findings import Finding, warning
from linernotes.snippets.names import identifier

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import date
    from pathlib import Path

    from linernotes.project import Project
    from linernotes.snippets.collect import Example, PageExamples


def owned_cassettes(page: PageExamples) -> set[Path]:
    """Return the cassettes, there or not, of the snippets of `page` that run."""
    return {example.cassette for example in running_examples(page)}


def running_examples(page: PageExamples) -> list[Example]:
    """Return the examples of `page` that run."""
    return [
        example
        for example in page.examples
        if example.snippet.skip is None and example.snippet.norun is None
    ]


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
        data = path.read_bytes()
        yield from ensure_clean(as_text(data), name, known)
        try:
            cassette = read_cassette(path, name)
        except CassetteError as exc:
            hide = hiding(as_text(data), known)
            yield replace(exc.finding, message=hide(exc.finding.message))
            continue
        if path in lonely:
            yield warning(
                "cassette-orphaned",
                name,
                None,
                "no snippet uses this cassette",
                "linernotes record --prune removes it",
            )
        for finding in (
            size_finding(len(data), name),
            age_finding(cassette.provenance, today, name),
        ):
            if finding is not None:
                yield finding


def check_scripts(
    project: Project, examples: Collection[Example], known: Collection[str] = ()
) -> Iterator[Finding]:
    """Yield what is wrong with the project's reply scripts.

    `examples` are those of all pages that run, `known` are credentials to look for by their value.
    """
    from linernotes.standin.replies import load_replies  # noqa: PLC0415  # pydantic

    owned = {example.replies for example in examples}
    for path in all_scripts(project.cassettes):
        name = project.relative(path)
        text = as_text(path.read_bytes())
        secrets = tuple(ensure_clean(text, name, known, "reply script"))
        hide = hiding(text, known)
        yield from secrets
        for finding in load_replies(text, name)[1]:
            hint = finding.hint and hide(finding.hint)
            yield replace(finding, message=hide(finding.message), hint=hint)
        if path not in owned:
            yield warning(
                "replies-orphaned",
                name,
                None,
                "no snippet that runs uses this reply script",
                _where_it_belongs(project, path, examples),
            )


def misnamed_script(example: Example) -> Path | None:
    """Return the script that a snippet seems to be meant by, if it is under another name.

    An id that would hide a module which snippets import gives its files another name; a page's
    title may give an id that its author didn't think of.
    """
    if example.replies.exists():
        return None
    folder = example.replies.parent
    meant = folder / f"{identifier(example.snippet.id)}.replies.yaml"
    as_written = folder / f"{example.snippet.id}.replies.yaml"
    return next((path for path in (meant, as_written) if path.is_file()), None)


def _where_it_belongs(project: Project, path: Path, examples: Collection[Example]) -> str:
    for example in examples:
        if misnamed_script(example) == path:
            expected = project.relative(example.replies)
            return f"that of {example.snippet.address} is looked for at {expected}"
    return "delete it, or give it the name of its snippet's cassette"
