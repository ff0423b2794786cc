"""A cassette in memory, and the way between its bodies and the bytes on the wire.

This module is on the hot path of `linernotes verify`: it imports nothing heavy.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linernotes.findings import Finding

Json: TypeAlias = dict[str, Any] | list[Any] | str | int | float | bool | None
Headers: TypeAlias = tuple[tuple[str, str], ...]

# Deeper JSON is kept as text: as indented YAML it could not be read by anybody.
MAX_JSON_DEPTH = 100

# A compressed body may claim to be any size; a larger one than this stays as it was sent.
MAX_PLAIN_BYTES = 64 * 1024 * 1024

# What a multipart client draws at random for every request becomes this, or no recording of an
# upload would ever match and each re-recording would change the file.
BOUNDARY = "linernotes-boundary"


class CassetteError(ValueError):
    """A cassette that can't be used; `finding` says why, where, and what to do."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a cassette came from.

    `recorded_at` is RFC 3339 in UTC (`2026-11-21T08:00:00Z`), `sdk` a name and version
    (`anthropic 2.11.0`), `snippet` an address (`docs/guides/streaming.md#stream-text`).
    """

    source: Literal["live", "simulated"]
    recorded_at: str
    sdk: str | None = None
    api_version: str | None = None
    snippet: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class JsonBody:
    """A JSON document that means the same after `json.loads` and `json.dumps`."""

    value: Json


@dataclass(frozen=True, slots=True)
class TextBody:
    """UTF-8 text, and JSON or events that would lose something in any other form."""

    text: str


@dataclass(frozen=True, slots=True)
class BytesBody:
    """Anything that is not UTF-8."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event: `data` is parsed if it is a JSON object or array, else the text."""

    event: str | None
    data: dict[str, Any] | list[Any] | str


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment between events. Gateways send them to keep a connection open."""

    text: str


@dataclass(frozen=True, slots=True)
class EventsBody:
    """A stream of server-sent events, each of them complete."""

    events: tuple[Event | Comment, ...]


Body: TypeAlias = JsonBody | TextBody | BytesBody | EventsBody | None


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, as `request_from_http` makes it."""

    method: str
    url: str
    headers: Headers
    body: Body


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response, as `response_from_http` makes it."""

    status: int
    reason: str
    headers: Headers
    body: Body


@dataclass(frozen=True, slots=True)
class Interaction:
    """A request and the answer it got."""

    request: Request
    response: Response


@dataclass(frozen=True, slots=True)
class Cassette:
    """All recordings of one snippet, in the order in which they were made."""

    provenance: Provenance | None
    interactions: tuple[Interaction, ...]


def header(headers: Headers, name: str) -> str | None:
    """Return the value of a header, repeated ones joined by commas (RFC 9110, section 5.3)."""
    wanted = name.lower()
    values = [value for key, value in headers if key.lower() == wanted]
    return ", ".join(values) if values else None


def request_from_http(method: str, url: str, headers: Headers, data: bytes) -> Request:
    """Return a request as it went over the wire: decompressed, parsed, its boundary fixed."""
    headers, data = _decompressed(headers, data)
    content_type = header(headers, "content-type")
    fixed_type, data = with_fixed_boundary(content_type, data)
    if fixed_type != content_type:
        headers = tuple(
            (name, fixed_type or value) if name == "content-type" else (name, value)
            for name, value in headers
        )
    return Request(method.upper(), url, headers, body_from_bytes(fixed_type, data))


def response_from_http(status: int, reason: str, headers: Headers, data: bytes) -> Response:
    """Return a response as it went over the wire: decompressed and parsed."""
    headers, data = _decompressed(headers, data)
    body = body_from_bytes(header(headers, "content-type"), data)
    return Response(status, reason, headers, body)


def body_from_bytes(content_type: str | None, data: bytes) -> Body:
    """Return what the bytes say, in the most readable form that loses nothing a client can see.

    White space between JSON tokens is lost; a number is what `json.loads` makes of it.
    """
    if not data:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return BytesBody(data)
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if media_type == "application/json" or media_type.endswith("+json"):
        return _json_body(text) or TextBody(text)
    if media_type == "text/event-stream":
        return _events_body(text) or TextBody(text)
    return TextBody(text)


def body_to_bytes(body: Body) -> bytes:
    """Return the bytes that a client is sent, or would have sent."""
    return b"".join(event_chunks(body))


def event_chunks(body: Body) -> Iterator[bytes]:
    """Yield the body as it should arrive: a stream event by event, anything else at once."""
    if isinstance(body, EventsBody):
        for event in body.events:
            yield _event_bytes(event)
    elif isinstance(body, JsonBody):
        yield _compact(body.value).encode()
    elif isinstance(body, TextBody):
        yield body.text.encode()
    elif isinstance(body, BytesBody):
        yield body.data


def with_fixed_boundary(content_type: str | None, data: bytes) -> tuple[str | None, bytes]:
    """Return a multipart body and its content type with `BOUNDARY` for its random boundary."""
    if content_type is None or not content_type.lower().startswith("multipart/"):
        return content_type, data
    found = re.search(r'boundary=(?:"([^"]+)"|([^\s;]+))', content_type, re.IGNORECASE)
    if found is None or f"--{BOUNDARY}".encode() in data:
        return content_type, data
    start, end = found.span(1) if found[1] else found.span(2)
    fixed = content_type[:start] + BOUNDARY + content_type[end:]
    drawn = b"--" + content_type[start:end].encode("latin-1", "replace")
    return fixed, data.replace(drawn, f"--{BOUNDARY}".encode())


def _decompressed(headers: Headers, data: bytes) -> tuple[Headers, bytes]:
    """Return lower-case headers and plain data.

    A client reads a decompressed body just as well, and only a plain one can be reviewed, matched
    and searched for credentials. An encoding that the standard library can't read stays.
    """
    lowered = tuple((name.lower(), value) for name, value in headers)
    encoding = (header(lowered, "content-encoding") or "identity").strip().lower()
    plain = _decompress(encoding, data)
    if plain is None:
        return lowered, data
    stale = {"content-encoding", "content-length"} if plain is not data else set()
    return tuple(pair for pair in lowered if pair[0] not in stale), plain


def _decompress(encoding: str, data: bytes) -> bytes | None:
    """Return the plain data, or None if it can't be had (within `MAX_PLAIN_BYTES`)."""
    if encoding == "identity" or not data:
        return data
    if encoding in {"gzip", "x-gzip"}:
        return _inflate(data, 31)
    if encoding == "deflate":  # some servers leave out the zlib header (RFC 9110, 8.4.1.2)
        return _inflate(data, 15) or _inflate(data, -15)
    return None


def _inflate(data: bytes, wbits: int) -> bytes | None:
    inflater = zlib.decompressobj(wbits)
    try:
        plain = inflater.decompress(data, MAX_PLAIN_BYTES)
    except zlib.error:
        return None
    return plain if inflater.eof and not inflater.unused_data else None


def _compact(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _json_body(text: str) -> JsonBody | None:
    """Return the parsed text, or None where parsing it would lose something."""
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique_keys,
            parse_float=_finite,
            parse_constant=_refuse,
        )
        if "\\ud" in text or "\\uD" in text or "\\Ud" in text:
            _compact(value).encode()  # raises for half of a surrogate pair
    except (ValueError, RecursionError):
        return None
    nested = text.count("[") + text.count("{")
    if nested > MAX_JSON_DEPTH and _deeper_than(value, MAX_JSON_DEPTH):
        return None
    return JsonBody(value)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a key occurs twice"
        raise ValueError(message)
    return found


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        message = "larger than a float"
        raise ValueError(message)
    return value


def _refuse(constant: str) -> NoReturn:
    message = f"{constant} is not JSON"
    raise ValueError(message)


def _deeper_than(value: Json, levels: int) -> bool:
    if isinstance(value, dict):
        children = list(value.values())
    elif isinstance(value, list):
        children = value
    else:
        return False
    return levels == 0 or any(_deeper_than(child, levels - 1) for child in children)


def _events_body(text: str) -> EventsBody | None:
    """Return the events, or None if any of them is more than an event name and data.

    Lines end and events are separated as in the HTML standard, section 9.2.6, and as in the
    SDK's `anthropic._streaming.SSEDecoder`.
    """
    lines = re.split(r"\r\n|\r|\n", text)
    if len(lines) < 2 or lines[-1] or lines[-2]:  # noqa: PLR2004  (the last event is cut off)
        return None
    events: list[Event | Comment] = []
    block: list[str] = []
    for line in lines[:-1]:
        if line:
            block.append(line)
            continue
        if block:
            event = _event(block)
            if event is None:
                return None
            events.append(event)
            block = []
    return EventsBody(tuple(events)) if events else None


def _event(lines: list[str]) -> Event | Comment | None:
    """Return the event or comment, None if it could not be written again as it was read."""
    if len(lines) == 1 and lines[0].startswith(":"):
        return Comment(lines[0][1:].removeprefix(" "))
    name: str | None = None
    data: list[str] = []
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data.append(value)
        elif field == "event" and name is None and value:
            name = value
        else:
            return None
    if not data:
        return None
    text = "\n".join(data)
    parsed = _json_body(text) if text[:1] in {"{", "["} else None
    if parsed is not None and isinstance(parsed.value, dict | list):
        return Event(name, parsed.value)
    return Event(name, text)


def _event_bytes(event: Event | Comment) -> bytes:
    if isinstance(event, Comment):
        return f": {event.text}\n\n".encode()
    data = event.data if isinstance(event.data, str) else _compact(event.data)
    lines = [] if event.event is None else [f"event: {event.event}"]
    lines += [f"data: {line}" for line in data.split("\n")]
    return ("\n".join(lines) + "\n\n").encode()
