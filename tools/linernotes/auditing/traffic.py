"""Reading recorded traffic: VCR cassettes in YAML or JSON, and normalised JSON Lines.

A line of the latter is `{"cassette", "index", "request": {"method", "path", "query", "headers",
"body"}, "response": {"status", "headers", "body" or "events"}}`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from linernotes.cassettes.cassette import (
    CassetteError,
    Event,
    EventsBody,
    JsonBody,
    header,
)
from linernotes.cassettes.yaml_format import loads
from linernotes.findings import Finding, error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from linernotes.cassettes.cassette import Body, Headers, Interaction

_CASSETTES = frozenset({".yaml", ".yml", ".json"})
Typed = TypeVar("Typed")

LINES = ".jsonl"
"""The suffix of files with an interaction on each line."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, as the contract looks at them.

    `source` is the file, or the cassette that a line of JSON Lines names, and `index` the place in
    it, from 0. `body` is the request's JSON, None where it has none. `answer` is the response's
    JSON, or the list of its events; None where it is neither. `betas` is None when the recording
    kept no such header. `text` is all of it, for the search for credentials.
    """

    source: str
    index: int
    method: str
    path: str
    api_version: str | None
    betas: tuple[str, ...] | None
    body: Any
    status: int
    answer: Any
    text: str


def files_of(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the files that may hold traffic: those named, and those below named directories."""
    for path in paths:
        if path.is_dir():
            yield from sorted(
                file
                for file in path.rglob("*")
                if file.suffix in {*_CASSETTES, LINES} and not file.name.endswith(".replies.yaml")
            )
        else:
            yield path


def read_traffic(file: Path, name: str) -> tuple[tuple[Exchange, ...], tuple[Finding, ...]]:
    """Return the exchanges in `file`, called `name` in findings, and why it can't be read."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        return (), (error("unreadable", name, None, f"can't be read: {exc}"),)
    if file.suffix == LINES:
        return _read_lines(text, name)
    try:
        cassette = loads(text, name)
    except CassetteError as exc:
        return (), (exc.finding,)
    return tuple(_exchange(name, index, one) for index, one in enumerate(cassette.interactions)), ()


def _read_lines(text: str, name: str) -> tuple[tuple[Exchange, ...], tuple[Finding, ...]]:
    exchanges: list[Exchange] = []
    findings: list[Finding] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            exchanges.append(_exchange_of_line(json.loads(line), line, name, number))
        except (ValueError, KeyError, TypeError, AttributeError):
            findings.append(
                error(
                    "not-traffic",
                    name,
                    number,
                    "this line is no recorded interaction",
                    'a line is {"request": {"method", "path", "headers", "body"},'
                    ' "response": {"status", "headers", "body" or "events"}}',
                )
            )
    return tuple(exchanges), tuple(findings)


def _exchange_of_line(content: dict[str, Any], line: str, name: str, number: int) -> Exchange:
    request, response = content["request"], content["response"]
    headers = tuple((key.lower(), str(value)) for key, value in request["headers"].items())
    events = response.get("events")
    return Exchange(
        source=_typed(content.get("cassette") or name, str),
        index=_typed(content.get("index", number - 1), int),
        method=_typed(request["method"], str),
        path=_typed(request["path"], str),
        api_version=header(headers, "anthropic-version"),
        betas=_betas(headers),
        body=request.get("body"),
        status=_typed(response["status"], int),
        answer=[_event(event) for event in events] if events else response.get("body"),
        text=line,
    )


def _typed(value: Any, type_: type[Typed]) -> Typed:
    if not isinstance(value, type_):
        raise TypeError(f"{type_.__name__} expected")
    return value


def _event(event: dict[str, Any]) -> dict[str, Any]:
    data = event.get("data", event)
    return data if isinstance(data, dict) else event


def _exchange(name: str, index: int, interaction: Interaction) -> Exchange:
    request, response = interaction.request, interaction.response
    return Exchange(
        source=name,
        index=index,
        method=request.method,
        path=urlsplit(request.url).path,
        api_version=header(request.headers, "anthropic-version"),
        betas=_betas(request.headers),
        body=_json(request.body),
        status=response.status,
        answer=_json(response.body),
        text="",
    )


def _json(body: Body) -> Any:
    if isinstance(body, JsonBody):
        return body.value
    if isinstance(body, EventsBody):
        return [
            one.data for one in body.events if isinstance(one, Event) and isinstance(one.data, dict)
        ]
    return None


def _betas(headers: Headers) -> tuple[str, ...] | None:
    value = header(headers, "anthropic-beta")
    if value is None:
        return None
    return tuple(part.strip() for part in value.split(",") if part.strip())
