"""Credentials: which may not be written, how they are found, and what is written instead.

Replacing works on the spans that finding returns, so whatever is found is also replaced.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus, urlsplit, urlunsplit

from linernotes.cassettes.cassette import (
    Body,
    BytesBody,
    CassetteError,
    Comment,
    Event,
    EventsBody,
    Headers,
    Interaction,
    JsonBody,
    Request,
    Response,
    TextBody,
    body_to_bytes,
    header,
    request_from_http,
    response_from_http,
)
from linernotes.cassettes.secret_patterns import (
    CREDENTIAL_HEADERS,
    CREDENTIAL_PARAMETERS,
    PLACEHOLDER,
    Span,
    is_placeholder,
)
from linernotes.cassettes.secret_spans import as_text, find_spans
from linernotes.cassettes.yaml_format import loads
from linernotes.findings import Finding, error

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

# Only these headers are ever written. Of a request: what the API's answer depends on. Of a
# response: what a client reads, and what a page may want to show. Everything else either names
# somebody (keys, cookies, organisations, workspaces, addresses), or changes with every recording
# (dates, traces, durations), or is about the connection (lengths, encodings). `content-encoding`
# is here because it is only left where a body could not be decompressed.
HEADER_ALLOW_LIST: dict[str, tuple[str, ...]] = {
    "request": ("anthropic-beta", "anthropic-version", "content-encoding", "content-type"),
    "response": (
        "anthropic-priority-*",
        "anthropic-ratelimit-*",
        "content-disposition",
        "content-encoding",
        "content-type",
        "request-id",
        "retry-after",
        "retry-after-ms",
        "x-request-id",
        "x-should-retry",
    ),
}

_MAX_ROUNDS = 5

# The magic number of a frame (RFC 8878, section 3.1.1), and what base64 makes of it.
_ZSTD = re.compile(rb"\x28\xb5\x2f\xfd|(?<![A-Za-z0-9+/])KLUv/[A-Za-z0-9+/]{8}")

_CREDENTIAL_VARIABLES = ("_API_KEY", "_ACCESS_KEY", "_TOKEN", "_SECRET", "_PASSWORD")

# A shorter value of the environment, such as `test`, would be found in innocent places.
MIN_KNOWN = 8


HIDDEN = "[credential]"
"""Stands for one in what is said of a file."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A credential that was found.

    `excerpt` shows its first characters only. `offset` counts characters of a text (bytes of
    bytes) to where it, or the encoded run that holds it, starts; `line` is 1-based.
    """

    kind: str
    excerpt: str
    offset: int
    line: int


def find_secrets(data: str | bytes, known: Collection[str] = ()) -> tuple[Secret, ...]:
    """Return the credentials in the data, in their order.

    `known` are credentials of the environment: they are found whatever they look like, if they
    have at least `MIN_KNOWN` characters.
    """
    text = data if isinstance(data, str) else as_text(data)
    return tuple(
        Secret(span.kind, _masked(span.value), span.start, text.count("\n", 0, span.start) + 1)
        for span in find_spans(text, _worth_knowing(known))
    )


def credentials_in(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of an environment's variables that hold credentials, by their names."""
    return tuple(
        value
        for name, value in environment.items()
        if value and name.upper().endswith(_CREDENTIAL_VARIABLES)
    )


def hiding(text: str, known: Collection[str] = ()) -> Callable[[str], str]:
    """Return what takes the credentials of `text`, and `known` ones, out of anything said of it.

    What is said may have a credential alone, without the words that gave it away, or only its
    beginning, because long values are cut.
    """
    values = _worth_knowing(known)
    parts = {*values}
    for span in find_spans(text, values):
        parts |= {span.value, text[span.start : span.end]}
    longest_first = sorted(parts, key=len, reverse=True)

    def hide(said: str) -> str:
        for part in longest_first:
            said = _without(said, part)
        return _scrub_text(said, values)

    return hide


def _without(said: str, part: str) -> str:
    """Return what is said without a part, or the beginning of one."""
    start = said.find(part[:MIN_KNOWN])
    while start >= 0:
        end = start
        while said[end : end + 1] and said[end] == part[end - start : end - start + 1]:
            end += 1
        said = f"{said[:start]}{HIDDEN}{said[end:]}"
        start = said.find(part[:MIN_KNOWN], start + len(HIDDEN))
    return said


def scrub(interaction: Interaction, known: Collection[str] = ()) -> Interaction:
    """Return the interaction as it may be written: few headers, no credentials.

    An answer may repeat a credential without the words that gave it away, or only its beginning.
    """
    request = scrub_request(interaction.request, known)
    sent = (
        _values_in(interaction.request, known) if request.body != interaction.request.body else ()
    )
    return Interaction(request, scrub_response(interaction.response, {*known, *sent}))


def _values_in(request: Request, known: Collection[str]) -> tuple[str, ...]:
    spans = find_spans(as_text(body_to_bytes(request.body)), _worth_knowing(known))
    return tuple(span.value for span in spans)


def scrub_request(request: Request, known: Collection[str] = ()) -> Request:
    """Return the request as it may be written, and as it has to be to match a written one."""
    values = _worth_knowing(known)
    if header(request.headers, "content-encoding"):
        data = body_to_bytes(request.body)
        request = request_from_http(request.method, request.url, request.headers, data)
    return Request(
        request.method,
        _scrub_url(request.url, values),
        _scrub_headers(request.headers, HEADER_ALLOW_LIST["request"], values),
        _scrub_body(request.body, values),
    )


def scrub_response(response: Response, known: Collection[str] = ()) -> Response:
    """Return the response as it may be written."""
    values = _worth_knowing(known)
    if header(response.headers, "content-encoding"):
        data = body_to_bytes(response.body)
        response = response_from_http(response.status, response.reason, response.headers, data)
    return Response(
        response.status,
        _scrub_text(response.reason, values),
        _scrub_headers(response.headers, HEADER_ALLOW_LIST["response"], values),
        _scrub_body(response.body, values),
    )


def ensure_clean(
    text: str, page: str, known: Collection[str] = (), what: str = "cassette"
) -> tuple[Finding, ...]:
    """Return an error for every credential in a cassette's text; `page` is its name.

    `what` says what kind of file it is, where it is none.

    Looks at the text, and at what it holds once it's loaded: the bodies as they go over the wire,
    and the text that a stream delivers in pieces. Text that is no cassette is only searched.
    """
    found = list(find_secrets(text, known))
    findings = []
    try:
        cassette = loads(text, page)
    except CassetteError:
        cassette = None
    starts = [match.start() for match in re.finditer(r"^- ", text, re.MULTILINE)]
    for index, interaction in enumerate(cassette.interactions if cassette else ()):
        start = starts[index] if index < len(starts) else 0
        line = text.count("\n", 0, start) + 1
        for message in (interaction.request, interaction.response):
            found += [
                replace(secret, offset=start, line=line) for secret in _secrets_in(message, known)
            ]
            encoding = header(message.headers, "content-encoding") or _hidden_encoding(message)
            if encoding is not None:
                findings.append(_unreadable(encoding, page, line))
    first = {(secret.kind, secret.excerpt): secret for secret in reversed(found)}
    for secret in sorted(first.values(), key=lambda secret: secret.offset):
        message = f"The {what} holds a credential, {secret.kind}: {secret.excerpt}."
        hint = "Don't commit it; revoke the key if it ever was. Re-record with `linernotes record`."
        if what != "cassette":
            hint = "Don't commit it; revoke the key if it ever was. Write a made-up value."
        findings.append(error("cassette-secret", page, secret.line, message, hint))
    return tuple(findings)


def _hidden_encoding(message: Request | Response) -> str | None:
    """Return `zstd` if a body holds such data, as it is or in base64; nothing here reads it."""
    return "zstd" if _ZSTD.search(body_to_bytes(message.body)) else None


def _unreadable(encoding: str, page: str, line: int) -> Finding:
    message = f"A body is compressed with `{encoding}`, so it can't be searched for credentials."
    hint = "Re-record with a client that sends `accept-encoding: gzip`."
    return error("cassette-unreadable-body", page, line, message, hint)


def _secrets_in(message: Request | Response, known: Collection[str]) -> Iterator[Secret]:
    if isinstance(message, Request):
        yield from find_secrets(message.url, known)
    for name, value in message.headers:
        if name.lower() in CREDENTIAL_HEADERS and not is_placeholder(value):
            yield Secret(f"{name.lower()} header", _masked(value), 0, 1)
        yield from find_secrets(f"{name}: {value}", known)
    yield from find_secrets(body_to_bytes(message.body), known)
    if isinstance(message.body, EventsBody):
        for pieces in _delivered_in_pieces(message.body.events).values():
            yield from find_secrets("".join(piece.text for piece in pieces), known)


# Replacing


def _scrub_text(text: str, known: Sequence[str]) -> str:
    for _ in range(_MAX_ROUNDS):  # what is left can look like a credential together
        spans = find_spans(text, known)
        if not spans:
            break
        for span in reversed(spans):
            text = text[: span.start] + PLACEHOLDER + text[span.end :]
    return text


def _scrub_url(url: str, known: Sequence[str]) -> str:
    parts = urlsplit(url)
    query = "&".join(_scrub_parameter(pair) for pair in parts.query.split("&"))
    host = parts.netloc.rpartition("@")[2]
    clean = parts._replace(netloc=host, query=query, path=_scrub_text(parts.path, known))
    return _scrub_text(urlunsplit(clean), known)


def _scrub_parameter(pair: str) -> str:
    name, equals, value = pair.partition("=")
    secret = unquote_plus(name).lower() in CREDENTIAL_PARAMETERS
    return f"{name}={PLACEHOLDER}" if secret and value else f"{name}{equals}{value}"


def _scrub_headers(headers: Headers, allowed: Iterable[str], known: Sequence[str]) -> Headers:
    """Return the allowed headers, sorted: servers send them in no particular order."""
    return tuple(
        sorted(
            (name.lower(), _scrub_text(value, known))
            for name, value in headers
            if any(fnmatchcase(name.lower(), pattern) for pattern in allowed)
        )
    )


def _scrub_body(body: Body, known: Sequence[str]) -> Body:
    if isinstance(body, JsonBody):
        return JsonBody(_scrub_json(body.value, known))
    if isinstance(body, TextBody):
        return TextBody(_scrub_text(body.text, known))
    if isinstance(body, BytesBody):
        return BytesBody(_scrub_text(body.data.decode("latin-1"), known).encode("latin-1"))
    if isinstance(body, EventsBody):
        joined = _scrub_pieces(body.events, known)
        return EventsBody(tuple(_scrub_event(event, known) for event in joined))
    return None


def _scrub_json(value: Any, known: Sequence[str]) -> Any:
    """Replace in the JSON text: there a credential stands next to the key that tells what it is."""
    text = json.dumps(value, ensure_ascii=False)
    clean = _scrub_text(text, known)
    if clean == text:
        return value
    try:
        return json.loads(clean)
    except ValueError:  # a credential that was not in a string, such as a number
        return _scrub_leaves(value, known)


def _scrub_leaves(value: Any, known: Sequence[str]) -> Any:
    if isinstance(value, dict):
        return {_scrub_text(key, known): _scrub_leaves(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [_scrub_leaves(item, known) for item in value]
    if isinstance(value, str):
        return _scrub_text(value, known)
    return PLACEHOLDER if find_spans(json.dumps(value), known) else value


def _scrub_event(event: Event | Comment, known: Sequence[str]) -> Event | Comment:
    if isinstance(event, Comment):
        return Comment(_scrub_text(event.text, known))
    name = None if event.event is None else _scrub_text(event.event, known)
    if isinstance(event.data, str):
        return Event(name, _scrub_text(event.data, known))
    return Event(name, _scrub_json(event.data, known))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A string in the data of one event, and where it starts in what the events deliver."""

    event: int
    path: tuple[str | int, ...]
    text: str
    start: int


def _delivered_in_pieces(events: Sequence[Event | Comment]) -> dict[Any, list[_Piece]]:
    """Return the strings that a client puts together from several events.

    They are at the same path of the same block: `delta.text` of index 0, for example.
    """
    groups: dict[Any, list[_Piece]] = {}
    for number, event in enumerate(events):
        if isinstance(event, Comment):
            continue
        block = event.data.get("index") if isinstance(event.data, dict) else None
        for path, text in _strings(event.data, ()):
            group = groups.setdefault((str(block), path), [])
            start = group[-1].start + len(group[-1].text) if group else 0
            group.append(_Piece(number, path, text, start))
    return {key: group for key, group in groups.items() if len(group) > 1}


def _strings(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[Any, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _strings(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strings(item, (*path, index))


def _scrub_pieces(events: Sequence[Event | Comment], known: Sequence[str]) -> list[Event | Comment]:
    """Return the events, the placeholder in the first piece of a credential, the others cut."""
    clean = list(events)
    for pieces in _delivered_in_pieces(events).values():
        spans = find_spans("".join(piece.text for piece in pieces), known)
        for piece in pieces if spans else ():
            text = _scrub_piece(piece, spans)
            event = clean[piece.event]
            if text != piece.text and isinstance(event, Event):
                clean[piece.event] = Event(event.event, _with_string(event.data, piece.path, text))
    return clean


def _scrub_piece(piece: _Piece, spans: Sequence[Span]) -> str:
    text = piece.text
    for span in reversed(spans):
        start, end = span.start - piece.start, span.end - piece.start
        if end > 0 and start < len(piece.text):
            placeholder = PLACEHOLDER if start >= 0 else ""
            text = text[: max(start, 0)] + placeholder + text[max(end, 0) :]
    return text


def _with_string(value: Any, path: tuple[str | int, ...], text: str) -> Any:
    if not path:
        return text
    step, *rest = path
    changed = _with_string(value[step], tuple(rest), text)
    if isinstance(value, list):
        return [changed if index == step else item for index, item in enumerate(value)]
    return {**value, step: changed}


def _worth_knowing(known: Collection[str]) -> tuple[str, ...]:
    values = {value for value in known if len(value) >= MIN_KNOWN and not is_placeholder(value)}
    # In a body that is not UTF-8 every byte is searched as one character.
    return tuple(values | {value.encode(errors="replace").decode("latin-1") for value in values})


def _masked(value: str) -> str:
    return f"`{value[: min(4, len(value) // 4)]}…`, {len(value)} characters"
