"""A cassette as a YAML file that can be reviewed: VCR's envelope around parsed bodies.

Writing is our own, for three measured reasons: libyaml's emitter escapes every emoji, so that a
reply with one becomes a single quoted line; its output differs from PyYAML's own, so a file would
depend on how PyYAML was built; and neither puts one stream event on one line. Reading is
PyYAML's: its parse events are turned into plain data here, which takes a third of the time of
`yaml.load` and meets an alias before anything is expanded.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from urllib.parse import urlsplit

from linernotes.cassettes.cassette import (
    Body,
    BytesBody,
    Cassette,
    CassetteError,
    Comment,
    Event,
    EventsBody,
    Headers,
    Interaction,
    Json,
    JsonBody,
    Provenance,
    Request,
    Response,
    TextBody,
    request_from_http,
    response_from_http,
)
from linernotes.findings import error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FORMAT = 1
VCR_VERSION = 1

# Far above the size budget in `store`, far below what would take noticeable time to read.
MAX_CHARACTERS = 10_000_000
MAX_DEPTH = 200

_T = TypeVar("_T")
_Path: TypeAlias = tuple[str | int, ...]
_PROVENANCE_FIELDS = ("source", "recorded_at", "sdk", "api_version", "snippet", "note")

# Every file ends with YAML's own end-of-document marker: without it, most files that were cut off
# would still be valid YAML.
END = "..."

_EVENT_COLUMNS = 120
_LONGEST_SIMPLE_KEY = 900  # YAML allows 1024 characters before the colon

_INVISIBLE = "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff"
_ESCAPED = re.compile(f"[{_INVISIBLE}]")
_NOT_LITERAL = re.compile(f"[\x00-\x08\x0b-\x1f{_INVISIBLE}]|[ \t](?:\n|$)")
# A letter first: whatever starts with a digit or a sign may be a number or a date to some reader.
_PLAIN = re.compile(rf"[^\W\d_](?:[^\x00-\x20:#{_INVISIBLE}]|:(?! |$)| (?![ #]|$)|(?<! )#)*")
_PLAIN_IN_FLOW = re.compile(r"[^\[\]{},?:#]*")
_RESERVED = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]*)?([eE][-+]?[0-9]+)?")
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class _MisshapenError(Exception):
    """Valid YAML that is not a cassette; `path` leads to the place."""

    def __init__(self, path: _Path, message: str, code: str = "cassette-misshapen") -> None:
        super().__init__(message)
        self.path = path
        self.message = message
        self.code = code


@dataclass(frozen=True, slots=True)
class _OneLine:
    """Data to be written on one line if it fits."""

    value: Json


def dumps(cassette: Cassette) -> str:
    """Return the file's text. `dumps(loads(text)) == text` for every text made here."""
    head: dict[str, Any] = {"format": FORMAT}
    if cassette.provenance is not None:
        fields = {field: getattr(cassette.provenance, field) for field in _PROVENANCE_FIELDS}
        head |= {field: value for field, value in fields.items() if value is not None}
    tree = {
        "linernotes": head,
        "version": VCR_VERSION,
        "interactions": [_interaction_tree(interaction) for interaction in cassette.interactions],
    }
    return "".join(f"{line}\n" for line in (*_mapping_lines(tree, 0), END))


def loads(text: str, page: str) -> Cassette:
    """Return the cassette in a file of ours, or in one that vcrpy's own serializers wrote.

    `page` is the file's name for findings. Raises `CassetteError` for anything else.
    """
    if len(text) > MAX_CHARACTERS:
        message = f"The cassette has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read."
        raise _refusal("cassette-oversized", text, page, None, message)
    if not text.strip():
        raise _refusal("cassette-empty", text, page, None, "The cassette is empty.")
    tree = _json_tree(text) if text.lstrip().startswith("{") else _yaml_tree(text, page)
    try:
        head = _head(tree)
        if head is not None:
            _ensure_whole(text, page)
        provenance = None if head is None else _provenance(head)
        path: _Path = ("interactions",)
        interactions = tuple(
            _interaction(item, (*path, index))
            for index, item in enumerate(_typed(tree["interactions"], list, path))
        )
    except _MisshapenError as problem:
        if problem.code != "cassette-newer-format" and text.startswith("linernotes:"):
            _ensure_whole(text, page)
        line = _line_of(text, problem.path)
        raise _refusal(problem.code, text, page, line, problem.message) from None
    return Cassette(provenance, interactions)


def _refusal(code: str, text: str, page: str, line: int | None, message: str) -> CassetteError:
    snippet = re.search(r"^  snippet: (\S+)$", text, re.MULTILINE)
    target = f" {snippet[1]}" if snippet else ""
    hint = (
        f"Re-record with `linernotes record{target}`."
        if target
        else "Record it again: with `linernotes record`, if that wrote it."
    )
    if code == "cassette-newer-format":
        hint = f"Update linernotes, or re-record with this version: `linernotes record{target}`."
    return CassetteError(error(code, page, line, message, hint))


def _ensure_whole(text: str, page: str) -> None:
    if not text.rstrip().endswith(f"\n{END}"):
        line = len(text.splitlines())
        message = f"The cassette is cut off: its last line is not `{END}`."
        raise _refusal("cassette-truncated", text, page, line, message) from None


# Writing


def _interaction_tree(interaction: Interaction) -> dict[str, Any]:
    request, response = interaction.request, interaction.response
    return {
        "request": {
            "method": request.method,
            "uri": request.url,
            "headers": _headers_tree(request.headers),
            "body": _body_tree(request.body),
        },
        "response": {
            "status": {"code": response.status, "message": response.reason},
            "headers": _headers_tree(response.headers),
            "body": _body_tree(response.body),
        },
    }


def _headers_tree(headers: Headers) -> dict[str, str | list[str]]:
    tree: dict[str, str | list[str]] = {}
    for name, value in headers:
        before = tree.get(name)
        if before is None:
            tree[name] = value
        else:
            tree[name] = [*([before] if isinstance(before, str) else before), value]
    return tree


def _body_tree(body: Body) -> dict[str, Any] | None:
    if isinstance(body, JsonBody):
        return {"json": body.value}
    if isinstance(body, TextBody):
        return {"text": body.text}
    if isinstance(body, BytesBody):
        return {"base64": base64.encodebytes(body.data).decode()}
    if isinstance(body, EventsBody):
        return {"events": [_event_tree(event) for event in body.events]}
    return None


def _event_tree(event: Event | Comment) -> dict[str, Any]:
    if isinstance(event, Comment):
        return {"comment": event.text}
    name = {} if event.event is None else {"event": event.event}
    return {**name, "data": event.data if isinstance(event.data, str) else _OneLine(event.data)}


def _mapping_lines(mapping: dict[str, Any], indent: int) -> Iterator[str]:
    for key, value in mapping.items():
        name = _string(key)
        if _explicit(name):
            yield f"{' ' * indent}{_explicit(name)}{name}"
            yield f"{' ' * indent}: {_flow(value)}"
        else:
            yield from _value_lines(f"{' ' * indent}{name}:", value, indent)


def _sequence_lines(items: list[Any], indent: int) -> Iterator[str]:
    for item in items:
        yield from _value_lines(f"{' ' * indent}-", item, indent)


def _value_lines(before: str, value: Any, indent: int) -> Iterator[str]:
    """Yield `before`, a key with its colon or a dash, with the value behind and below it."""
    if isinstance(value, _OneLine):
        flow = _flow(value.value)
        if len(before) + len(flow) < _EVENT_COLUMNS:
            yield f"{before} {flow}"
            return
        value = value.value
    if isinstance(value, dict) and value:
        yield from _nested(before, _mapping_lines(value, indent + 2), indent + 2)
    elif isinstance(value, list) and value:
        level = indent + 2 if before.endswith("-") else indent
        yield from _nested(before, _sequence_lines(value, level), level)
    elif isinstance(value, str) and "\n" in value:
        yield from _text_lines(before, value, " " * (indent + 2))
    else:
        yield f"{before} {_string(value) if isinstance(value, str) else _flow(value)}"


def _nested(before: str, lines: Iterator[str], indent: int) -> Iterator[str]:
    if before.endswith("-"):  # a collection in a sequence starts on the line of its dash
        yield f"{before} {next(lines)[indent:]}"
    else:
        yield before
    yield from lines


def _text_lines(before: str, text: str, margin: str) -> Iterator[str]:
    lines = text.split("\n")
    literal = not _NOT_LITERAL.search(text) and text[0] not in " \t\n" and text[-2:] != "\n\n"
    if literal:
        ends = not lines[-1]
        yield f"{before} |" if ends else f"{before} |-"
        yield from (line and margin + line for line in (lines[:-1] if ends else lines))
        return
    # A backslash at the end of a line continues a quoted string; the `\n` before it is the
    # text's own line end. Carriage returns and trailing spaces become visible.
    pieces = [f"{_escaped(line)}\\n" for line in lines[:-1]]
    if lines[-1]:
        pieces.append(_escaped(lines[-1]))
    first, *rest = (f"\\{piece}" if piece.startswith(" ") else piece for piece in pieces)
    quoted = [f'{before} "{first}', *(margin + piece for piece in rest)]
    yield from (f"{line}\\" for line in quoted[:-1])
    yield f'{quoted[-1]}"'


def _explicit(key: str) -> str:
    return "? " if len(key) > _LONGEST_SIMPLE_KEY else ""


def _flow(value: Any) -> str:
    """Return the value on one line."""
    if isinstance(value, str):
        string = _string(value)
        return string if _PLAIN_IN_FLOW.fullmatch(string) else _quoted(value)
    if isinstance(value, dict):
        pairs = ((_flow(key), _flow(item)) for key, item in value.items())
        return "{" + ", ".join(f"{_explicit(key)}{key}: {item}" for key, item in pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    if isinstance(value, float):  # YAML 1.1 has no number without a point before its exponent
        mantissa, e, exponent = repr(value).partition("e")
        return f"{mantissa}{'' if '.' in mantissa else '.0'}{e}{exponent}"
    return (
        "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    )


def _string(text: str) -> str:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _RESERVED
    return text if plain else _quoted(text)


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    """Return the text as it stands in double quotes; JSON's escapes are YAML's too."""
    inner = json.dumps(text, ensure_ascii=False)[1:-1]
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", inner)


# Reading


def _json_tree(text: str) -> Any:
    """Return the data of vcrpy's JSON serializer, None for anything else.

    JSON's surrogate pairs are not valid YAML, so this can't be left to the YAML parser.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _yaml_tree(text: str, page: str) -> Any:
    import yaml  # noqa: PLC0415  (not needed for a project without cassettes)

    try:
        events = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
        events.get_event()  # the stream starts
        if isinstance(events.get_event(), yaml.StreamEndEvent):
            return None
        tree = _Reader(events.get_event, yaml).value(events.get_event(), 0)
        events.get_event()  # the document ends
        if not isinstance(events.get_event(), yaml.StreamEndEvent):
            message = "The file holds more than one YAML document."
            raise _refusal("cassette-misshapen", text, page, None, message)
    except _UnreadableError as problem:
        raise _refusal(problem.code, text, page, problem.line, problem.message) from None
    except yaml.YAMLError as problem:
        if text.startswith("linernotes:"):
            _ensure_whole(text, page)
        line, reason = _yaml_problem(problem, text)
        message = f"The cassette is not valid YAML: {reason}."
        raise _refusal("cassette-not-yaml", text, page, line, message) from None
    return tree


def _yaml_problem(problem: Any, text: str) -> tuple[int | None, str]:
    mark = getattr(problem, "problem_mark", None)
    if mark is not None:
        return mark.line + 1, problem.problem
    position = getattr(problem, "position", None)  # a character that YAML doesn't allow
    line = None if position is None else text.count("\n", 0, position) + 1
    return line, getattr(problem, "reason", "it can't be parsed")


class _UnreadableError(Exception):
    """YAML that is valid and has no place in a cassette."""

    def __init__(self, code: str, event: Any, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.line = event.start_mark.line + 1
        self.message = message


class _Reader:
    """Turns PyYAML's parse events into plain data."""

    def __init__(self, next_event: Callable[[], Any], yaml: Any) -> None:
        self._next = next_event
        self._mapping_start = yaml.MappingStartEvent
        self._mapping_end = yaml.MappingEndEvent
        self._sequence_start = yaml.SequenceStartEvent
        self._sequence_end = yaml.SequenceEndEvent
        self._scalar = yaml.ScalarEvent

    def value(self, event: Any, depth: int) -> Any:
        """Return the value that starts with the event."""
        kind = type(event)
        if kind is self._scalar:
            return _scalar(event)
        if depth > MAX_DEPTH:
            raise _UnreadableError(
                "cassette-misshapen", event, f"The cassette is nested over {MAX_DEPTH} levels deep."
            )
        if kind is self._mapping_start:
            return self._mapping(depth)
        if kind is self._sequence_start:
            items = []
            event = self._next()
            while type(event) is not self._sequence_end:
                items.append(self.value(event, depth + 1))
                event = self._next()
            return items
        raise _UnreadableError(
            "cassette-alias", event, f"A cassette can't hold YAML aliases (`*{event.anchor}`)."
        )

    def _mapping(self, depth: int) -> dict[str, Any]:
        mapping = {}
        event = self._next()
        while type(event) is not self._mapping_end:
            if type(event) is not self._scalar:
                raise _UnreadableError("cassette-misshapen", event, "A key must be a string.")
            key = event.value
            if key in mapping:
                message = f"The key `{key[:80]}` occurs twice."
                raise _UnreadableError("cassette-misshapen", event, message)
            mapping[key] = self.value(self._next(), depth + 1)
            event = self._next()
        return mapping


def _scalar(event: Any) -> Any:
    """Return the value as YAML 1.2's core schema does, dates and `yes` being strings."""
    text = event.value
    tag = event.tag
    if tag is None:
        return _plain(event) if event.implicit[0] else text
    if tag == "tag:yaml.org,2002:binary":
        try:
            return base64.b64decode(text)
        except ValueError:
            message = "A `!!binary` value is not base64."
            raise _UnreadableError("cassette-misshapen", event, message) from None
    if tag in {"!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:python/unicode"}:
        return text
    message = f"A cassette can't hold a YAML value with the tag `{tag}`."
    raise _UnreadableError("cassette-misshapen", event, message)


def _plain(event: Any) -> Any:
    text = event.value
    if text[:1] not in "-0123456789ntf~":
        return text
    if text in {"", "~", "null"}:
        return None
    if text in {"true", "false"}:
        return text == "true"
    number = _NUMBER.fullmatch(text)
    if number is None:
        return text
    try:
        return float(text) if number[1] or number[2] else int(text)
    except ValueError:  # Python converts no more than 4300 digits
        message = "A number has too many digits."
        raise _UnreadableError("cassette-misshapen", event, message) from None


def _head(tree: Any) -> dict[str, Any] | None:
    """Return our head, None for a standard VCR file; refuse any other file."""
    if not isinstance(tree, dict) or "interactions" not in tree:
        message = "The file is not a VCR cassette: it has no `interactions`."
        raise _MisshapenError((), message, "cassette-other-format")
    head = tree.get("linernotes")
    known = {"version": VCR_VERSION}
    if head is not None:
        _typed(head, dict, ("linernotes",))
        known = {"format": FORMAT}
    for key, newest in known.items():
        path: _Path = (key,) if head is None else ("linernotes", key)
        found = _typed((tree if head is None else head).get(key), int, path)
        if found > newest:
            message = (
                f"The cassette has {key} {found}; this linernotes reads no newer one than {newest}."
            )
            raise _MisshapenError(path, message, "cassette-newer-format")
    return head


def _provenance(head: dict[str, Any]) -> Provenance | None:
    path: _Path = ("linernotes",)
    unknown = head.keys() - {"format", *_PROVENANCE_FIELDS}
    if unknown:
        key = min(unknown)
        raise _MisshapenError((*path, key), f"The cassette's head has an unknown key, `{key}`.")
    if "source" not in head:
        return None
    fields = {
        key: _typed(value, str, (*path, key)) for key, value in head.items() if key != "format"
    }
    if fields["source"] not in {"live", "simulated"}:
        message = f"The source must be `live` or `simulated`, not `{fields['source']}`."
        raise _MisshapenError((*path, "source"), message)
    if not _is_utc(fields.get("recorded_at", "")):
        message = "`recorded_at` must be a time in UTC such as `2026-11-21T08:00:00Z`."
        raise _MisshapenError((*path, "recorded_at"), message)
    return Provenance(**fields)  # ty: ignore[invalid-argument-type]  (checked just above)


def _is_utc(text: str) -> bool:
    try:
        return bool(_UTC.fullmatch(text) and datetime.fromisoformat(text[:-1]))
    except ValueError:
        return False


def _interaction(tree: Any, path: _Path) -> Interaction:
    _typed(tree, dict, path)
    return Interaction(
        _request(_typed(tree.get("request"), dict, (*path, "request")), (*path, "request")),
        _response(_typed(tree.get("response"), dict, (*path, "response")), (*path, "response")),
    )


def _request(tree: dict[str, Any], path: _Path) -> Request:
    method = _typed(tree.get("method"), str, (*path, "method"))
    url = _url(tree.get("uri"), (*path, "uri"))
    headers = _headers(tree.get("headers"), (*path, "headers"))
    body = _body(tree.get("body"), (*path, "body"))
    if isinstance(body, bytes):
        return request_from_http(method, url, headers, body)
    return Request(method, url, headers, body)


def _url(value: Any, path: _Path) -> str:
    url = _typed(value, str, path)
    try:
        parts = urlsplit(url)
        if parts.scheme and parts.hostname and parts.port != 0:
            return url
    except ValueError:
        pass
    raise _MisshapenError(path, f"`{url[:80]}` is not a URL with a host.")


def _response(tree: dict[str, Any], path: _Path) -> Response:
    status = _typed(tree.get("status"), dict, (*path, "status"))
    code = _typed(status.get("code"), int, (*path, "status", "code"))
    reason = _typed(status.get("message") or "", str, (*path, "status", "message"))
    headers = _headers(tree.get("headers"), (*path, "headers"))
    body = _body(tree.get("body"), (*path, "body"))
    if isinstance(body, bytes):
        return response_from_http(code, reason, headers, body)
    return Response(code, reason, headers, body)


def _headers(tree: Any, path: _Path) -> Headers:
    """Return the headers; VCR has lists of values, we have a list only for a repeated header."""
    pairs = []
    for name, values in _typed(tree or {}, dict, path).items():
        for value in values if isinstance(values, list) else [values]:
            text = value.decode("latin-1") if isinstance(value, bytes) else value
            pairs.append((name, _typed(text, str, (*path, name))))
    return tuple(pairs)


def _body(tree: Any, path: _Path) -> Body | bytes:
    """Return one of our bodies as it is, VCR's string or bytes to be parsed by content type."""
    if tree is None or isinstance(tree, bytes):
        return tree
    if isinstance(tree, str):
        return tree.encode("utf-8", "surrogatepass")
    if len(_typed(tree, dict, path)) == 1:
        [(kind, value)] = tree.items()
        if kind == "json":
            return JsonBody(value)
        if kind == "string":
            return _body(value, (*path, kind))
        if kind == "text":
            return TextBody(_typed(value, str, (*path, kind)))
        if kind == "base64":
            return BytesBody(_from_base64(value, (*path, kind)))
        if kind == "events":
            events = _typed(value, list, (*path, kind))
            return EventsBody(
                tuple(_event(item, (*path, kind, index)) for index, item in enumerate(events))
            )
    message = "A body must have one of the keys `json`, `text`, `events`, `base64` and `string`."
    raise _MisshapenError(path, message)


def _from_base64(value: Any, path: _Path) -> bytes:
    try:
        return base64.b64decode("".join(_typed(value, str, path).split()), validate=True)
    except ValueError:
        raise _MisshapenError(path, "The body under `base64` is not base64.") from None


def _event(tree: Any, path: _Path) -> Event | Comment:
    keys = set(_typed(tree, dict, path))
    if keys == {"comment"}:
        return Comment(_typed(tree["comment"], str, (*path, "comment")))
    if "data" in keys and keys <= {"event", "data"}:
        name = None if "event" not in tree else _typed(tree["event"], str, (*path, "event"))
        if isinstance(tree["data"], str | dict | list):
            return Event(name, tree["data"])
    message = "An event must have `data`, beside it perhaps `event`; or it must be a `comment`."
    raise _MisshapenError(path, message)


_NOUNS: dict[type, str] = {
    dict: "a mapping",
    list: "a list",
    str: "a string",
    int: "a whole number",
}


def _typed(value: Any, kind: type[_T], path: _Path) -> _T:
    if isinstance(value, kind) and not isinstance(value, bool):
        return value
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    noun = _NOUNS[kind]
    problem = "is missing" if value is None else f"must be {noun}, not `{value!r:.40}`"
    raise _MisshapenError(path, f"`{place.lstrip('.')}` {problem}.")


def _line_of(text: str, path: _Path) -> int | None:
    """Return the 1-based line of the place, or of what should hold it. Slow: for findings only."""
    import yaml  # noqa: PLC0415  (not needed for a project without cassettes)

    try:
        node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return None
    line = None if node is None else node.start_mark.line + 1
    for step in path:
        if isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            pair = (node.value[step],) * 2
        else:
            return line
        if pair is None:
            return line
        line, node = pair[0].start_mark.line + 1, pair[1]
    return line
