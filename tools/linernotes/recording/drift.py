"""Drift: how the API's answers differ between two recordings, by shape and not by wording.

Two answers of a model never have the same words. What a reader's code relies on is their form: the
status, the headers, the keys and their types, the kinds of events and their order.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from linernotes.cassettes.cassette import CassetteError, Event, EventsBody, JsonBody
from linernotes.cassettes.yaml_format import loads
from linernotes.findings import Finding, error, warning
from linernotes.project import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from linernotes.cassettes.cassette import Cassette, Interaction, Response
    from linernotes.project import Project
    from linernotes.snippets.collect import Example

_REPEATED = frozenset({"content_block_delta", "ping"})
"""Events that come in any number; see docs: build-with-claude/streaming."""

_MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class Shape:
    """The form of one answer. `fields` are pairs of a path and a JSON type, without nulls."""

    status: int
    headers: frozenset[str]
    fields: frozenset[tuple[str, str]]
    events: tuple[str, ...]


def shape_of(response: Response) -> Shape:
    """Return the form of an answer."""
    fields: set[tuple[str, str]] = set()
    events: list[str] = []
    if isinstance(response.body, JsonBody):
        fields.update(_fields("", response.body.value))
    elif isinstance(response.body, EventsBody):
        for event in response.body.events:
            if not isinstance(event, Event):
                continue
            name = event.event or "message"
            if name not in _REPEATED or name not in events[-1:]:
                events.append(name)
            fields.update(_fields(name, event.data))
    headers = frozenset(name.lower() for name, _ in response.headers)
    return Shape(response.status, headers, frozenset(fields), tuple(events))


def differences(before: Response, after: Response) -> Iterator[str]:
    """Yield what is different in the form of two answers, a sentence each."""
    old, new = shape_of(before), shape_of(after)
    if old.status != new.status:
        yield f"the status was {old.status} and is {new.status}"
    if old.events != new.events:
        yield f"the events were {', '.join(old.events)} and are {', '.join(new.events)}"
    yield from _said("new headers", new.headers - old.headers)
    yield from _said("headers that are gone", old.headers - new.headers)
    known, found = dict(sorted(old.fields)), dict(sorted(new.fields))
    yield from _said("new keys", found.keys() - known.keys())
    yield from _said("keys that are gone", known.keys() - found.keys())
    changed = (path for path in known.keys() & found.keys() if known[path] != found[path])
    yield from (
        f"{path} was {_article(known[path])} and is {_article(found[path])}"
        for path in sorted(changed)
    )


def compare(before: Cassette, after: Cassette, name: str) -> Iterator[Finding]:
    """Yield how two cassettes of one snippet differ in form; `name` is the file's."""
    pairs = zip_longest(before.interactions, after.interactions)
    for number, (old, new) in enumerate(pairs, 1):
        if old is None or new is None:
            counts = f"{len(before.interactions)} requests before, {len(after.interactions)} now"
            yield warning("drift", name, None, f"the snippet makes {counts}")
            return
        if _place(old) != _place(new):
            yield warning(
                "drift", name, None, f"request {number} was {_place(old)} and is {_place(new)}"
            )
            continue
        for difference in differences(old.response, new.response):
            yield warning("drift", name, None, f"{_place(new)}, answer {number}: {difference}")


def drift(project: Project, examples: Iterable[Example], since: str) -> tuple[Finding, ...]:
    """Return how the cassettes of `examples` differ in form from those of the revision `since`.

    A cassette that either side lacks isn't compared. Raises ConfigurationError where there is no
    such revision, or no git.
    """
    _check_revision(project, since)
    findings: list[Finding] = []
    for example in examples:
        name = project.relative(example.cassette)
        text = _text_at(project, since, name)
        if text is None or not example.cassette.is_file():
            continue
        now = example.cassette.read_text(encoding="utf-8")
        if now == text:
            continue
        try:
            findings += compare(loads(text, name), loads(now, name), name)
        except CassetteError as exc:
            findings.append(exc.finding)
    return tuple(findings)


def _fields(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _fields(f"{path}.{key}" if path else str(key), inner)
    elif isinstance(value, list):
        for inner in value:
            kind = inner.get("type", "") if isinstance(inner, dict) else ""
            yield from _fields(f"{path}[{kind}]", inner)
    elif value is not None:  # most keys of the API may be null, at any time
        yield path, _TYPES.get(type(value), "string")


_TYPES = {bool: "boolean", int: "number", float: "number"}


def _article(kind: str) -> str:
    return f"a {kind}"


def _said(what: str, names: Iterable[str]) -> Iterator[str]:
    found = sorted(names)
    if not found:
        return
    more = len(found) - _MOST_NAMED
    listed = ", ".join(found[:_MOST_NAMED])
    yield f"{what}: {listed}" + (f" and {more} more" if more > 0 else "")


def _place(interaction: Interaction) -> str:
    return f"{interaction.request.method} {urlsplit(interaction.request.url).path}"


def _check_revision(project: Project, revision: str) -> None:
    finished = _git(project.root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if finished is None:
        raise ConfigurationError(
            error(
                "no-such-revision",
                revision,
                None,
                "git knows no such revision here",
                "name a commit, tag or branch: linernotes drift --since v1.0",
            )
        )


def _text_at(project: Project, revision: str, name: str) -> str | None:
    return _git(project.root, "show", f"{revision}:./{name}")


def _git(root: Path, *arguments: str) -> str | None:
    """Return what git prints, or None when it fails or isn't there."""
    try:
        finished = subprocess.run(  # noqa: S603  # arguments aren't a shell's
            ["git", *arguments],  # noqa: S607  # whichever git the user has
            cwd=root,
            capture_output=True,
            check=False,
            encoding="utf-8",
        )
    except FileNotFoundError:
        return None
    return finished.stdout if finished.returncode == 0 else None
