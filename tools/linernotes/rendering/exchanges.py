"""Exchanges: what a snippet sent and what came back, cut to what a reader looks at."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linernotes.cassettes.cassette import Body, Interaction

_VENDOR = "api.anthropic.com"
_REQUEST_LINES = 32
_RESPONSE_LINES = 16
_EVENTS = 8
_WIDTH = 72
"""Characters of JSON that stay on one line."""
_LINE = 120
_VALUE = 200
"""Characters of a string in JSON."""
_WORD = 48
"""Characters of a string without a space: an image in base64 says nothing to a reader."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The beginning of a body. `more` counts what is left out: lines, of events the events.

    A line of `events` is the name of one, a space, and its data.
    """

    kind: Literal["json", "text", "bytes", "events"]
    lines: tuple[str, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer. `path` has a host where that isn't the API's."""

    method: str
    path: str
    request: Excerpt | None
    status: int
    response: Excerpt | None


def exchange_of(interaction: Interaction) -> Exchange:
    """Return what is shown of a recorded interaction."""
    request, response = interaction.request, interaction.response
    parts = urlsplit(request.url)
    query = f"?{parts.query}" if parts.query else ""
    vendor = parts.scheme == "https" and parts.netloc == _VENDOR
    return Exchange(
        method=request.method,
        path=f"{parts.path}{query}" if vendor else request.url,
        request=_excerpt(request.body, _REQUEST_LINES),
        status=response.status,
        response=_excerpt(response.body, _RESPONSE_LINES),
    )


def exchange_read(content: dict[str, Any]) -> Exchange:
    """Return an exchange from its JSON. Raises TypeError or LookupError for what isn't one."""
    request, response = (_excerpt_read(content.pop(name)) for name in ("request", "response"))
    return Exchange(**content, request=request, response=response)


def _excerpt_read(content: dict[str, Any] | None) -> Excerpt | None:
    if content is None:
        return None
    return Excerpt(content["kind"], tuple(content["lines"]), content["more"])


def _excerpt(body: Body, most: int) -> Excerpt | None:
    from linernotes.cassettes.cassette import (  # noqa: PLC0415  # only where a cassette is read
        BytesBody,
        Event,
        EventsBody,
        JsonBody,
    )

    if body is None:
        return None
    if isinstance(body, BytesBody):
        return Excerpt("bytes", (f"{len(body.data):,} bytes",))
    if isinstance(body, EventsBody):
        named = [event for event in body.events if isinstance(event, Event)]
        lines = [f"{event.event or 'message'} {_compact(event.data)}" for event in named]
        return _cut("events", lines, _EVENTS)
    if isinstance(body, JsonBody):
        lines = _laid_out(_shortened(body.value)).split("\n")  # values are cut already
        return Excerpt("json", tuple(lines[:most]), max(0, len(lines) - most))
    return _cut("text", body.text.split("\n"), most)


def _cut(kind: Literal["text", "events"], lines: Sequence[str], most: int) -> Excerpt:
    shown = tuple(_short(line, _LINE) for line in lines[:most])
    return Excerpt(kind, shown, len(lines) - len(shown))


def _compact(data: Any) -> str:
    return data if isinstance(data, str) else _compact_json(data)


def _compact_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _laid_out(value: Any, indent: str = "") -> str:
    """Return JSON in which what fits into a line is on one."""
    flat = _compact_json(value)
    if not isinstance(value, (dict, list)) or len(indent) + len(flat) <= _WIDTH:
        return flat
    inner = f"{indent}  "
    if isinstance(value, dict):
        named = ((_compact_json(key), one) for key, one in value.items())
        parts = [f"{key}: {_laid_out(one, inner)}" for key, one in named]
    else:
        parts = [_laid_out(one, inner) for one in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    body = f",\n{inner}".join(parts)
    return f"{opening}\n{inner}{body}\n{indent}{closing}"


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shortened(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_shortened(one) for one in value]
    if isinstance(value, str):
        return _short(value, _VALUE if " " in value[:_VALUE] else _WORD)
    return value


def _short(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return f"{text[:most]}… ({len(text) - most:,} more characters)"
