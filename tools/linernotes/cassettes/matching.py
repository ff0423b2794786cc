"""Which recording answers a request, and what to say when none does."""

from __future__ import annotations

import json
from collections import deque
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from linernotes.cassettes.cassette import (
    Body,
    Cassette,
    Headers,
    Interaction,
    JsonBody,
    Request,
    Response,
    body_to_bytes,
    header,
    with_fixed_boundary,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LINES = 8
_COLUMNS = 72
_CONTEXT = 24
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ABSENT = object()


def match_key(request: Request) -> str:
    """Return a text that is equal for requests that mean the same to the API.

    It has the method, the normalised URL, the API version, the set of betas and the body. Order
    of query parameters, of betas and of JSON keys is no difference, nor is white space in JSON or
    the boundary of a multipart body.
    """
    parts = urlsplit(request.url)
    return json.dumps(
        [
            request.method.upper(),
            _place(parts),
            _query(parts),
            header(request.headers, "anthropic-version"),
            _betas(request.headers),
            _comparable(request),
        ],
        ensure_ascii=False,
        separators=(",", ":"),
        sort_keys=True,
    )


class Player:
    """Hands out each recording of a cassette once, in the recorded order."""

    def __init__(self, cassette: Cassette) -> None:
        self._interactions = cassette.interactions
        self._waiting: dict[str, deque[int]] = {}
        for index, interaction in enumerate(cassette.interactions):
            self._waiting.setdefault(match_key(interaction.request), deque()).append(index)

    def play(self, request: Request) -> Response | None:
        """Return the answer of the first unplayed recording that matches, or None."""
        waiting = self._waiting.get(match_key(request))
        if waiting is None:
            waiting = self._waiting.get(match_key(_as_recorded(request)))
        try:
            # popleft is atomic: snippets may send from several threads.
            return self._interactions[waiting.popleft()].response if waiting is not None else None
        except IndexError:
            return None

    def unplayed(self) -> tuple[Interaction, ...]:
        """Return the recordings that were never asked for, in the recorded order."""
        indexes = sorted(index for waiting in self._waiting.values() for index in waiting)
        return tuple(self._interactions[index] for index in indexes)


def difference(request: Request, candidates: Sequence[Request]) -> str:
    """Return, in at most nine lines, how a request differs from the nearest recorded one.

    `candidates` are the requests of all recordings, played or not.
    """
    if not candidates:
        return "nothing is recorded"
    sent = _as_recorded(request)
    nearest = min((list(_differences(candidate, sent)) for candidate in candidates), key=len)
    if not nearest:
        key = match_key(sent)
        times = sum(match_key(candidate) == key for candidate in candidates)
        return f"the same request is recorded {_times(times)} and was sent once more"
    if len(nearest) > _LINES:
        nearest[_LINES:] = [f"… and {len(nearest) - _LINES} more differences"]
    return "\n".join(nearest)


def _as_recorded(request: Request) -> Request:
    """Return what would be in a cassette: a credential in the request was replaced there."""
    from linernotes.cassettes.secrets import scrub_request  # noqa: PLC0415  (rarely needed)

    return scrub_request(request)


def _place(parts: SplitResult) -> str:
    """Return scheme, host, port and path. Who asks (`user:password@`) and `#…` don't matter."""
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    return f"{parts.scheme}://{parts.hostname}:{port}{parts.path or '/'}"


def _query(parts: SplitResult) -> list[tuple[str, str]]:
    return sorted(parse_qsl(parts.query, keep_blank_values=True))


def _betas(headers: Headers) -> list[str]:
    betas = (header(headers, "anthropic-beta") or "").split(",")
    return sorted({beta.strip() for beta in betas} - {""})


def _comparable(request: Request) -> Any:
    if isinstance(request.body, JsonBody):
        return {"json": request.body.value}
    content_type = header(request.headers, "content-type")
    return with_fixed_boundary(content_type, body_to_bytes(request.body))[1].decode(
        errors="backslashreplace"
    )


def _differences(recorded: Request, sent: Request) -> Iterator[str]:
    if recorded.method.upper() != sent.method.upper():
        yield f"method: recorded {recorded.method}, sent {sent.method}"
    there, here = urlsplit(recorded.url), urlsplit(sent.url)
    if _place(there) != _place(here):
        yield _two_values("url", _without_query(there), _without_query(here))
    yield from _value_differences("query", _grouped(_query(there)), _grouped(_query(here)))
    yield from _value_differences(
        "", _compared_headers(recorded.headers), _compared_headers(sent.headers)
    )
    yield from _body_differences(recorded, sent)


def _grouped(query: list[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the values of each parameter; a list, as it may occur more than once."""
    return {name: [value for key, value in query if key == name] for name, _ in query}


def _compared_headers(headers: Headers) -> dict[str, Any]:
    version = header(headers, "anthropic-version")
    betas = _betas(headers)
    return {
        **({} if version is None else {"anthropic-version": version}),
        **({"anthropic-beta": betas} if betas else {}),
    }


def _without_query(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path or '/'}"


def _body_differences(recorded: Request, sent: Request) -> Iterator[str]:
    if isinstance(recorded.body, JsonBody) and isinstance(sent.body, JsonBody):
        yield from _value_differences("", recorded.body.value, sent.body.value)
        return
    old, new = _comparable(recorded), _comparable(sent)
    if old != new:
        yield _two_values("body", _body_text(recorded.body, old), _body_text(sent.body, new))


def _body_text(body: Body, comparable: Any) -> Any:
    return _ABSENT if body is None else body.value if isinstance(body, JsonBody) else comparable


def _value_differences(path: str, recorded: Any, sent: Any) -> Iterator[str]:
    """Yield one line for each smallest part that differs, named as in `messages[0].content`."""
    if isinstance(recorded, dict) and isinstance(sent, dict):
        for key in [*recorded, *(key for key in sent if key not in recorded)]:
            inner = f"{path}.{key}" if path else key
            yield from _value_differences(inner, recorded.get(key, _ABSENT), sent.get(key, _ABSENT))
    elif isinstance(recorded, list) and isinstance(sent, list):
        for index in range(max(len(recorded), len(sent))):
            old = recorded[index] if index < len(recorded) else _ABSENT
            new = sent[index] if index < len(sent) else _ABSENT
            yield from _value_differences(f"{path}[{index}]", old, new)
    elif _json(recorded) != _json(sent):
        yield _two_values(path or "body", recorded, sent)


def _two_values(name: str, recorded: Any, sent: Any) -> str:
    if recorded is _ABSENT:
        return f"{name}: not recorded, sent {_cut(_json(sent), 0)}"
    if sent is _ABSENT:
        return f"{name}: recorded {_cut(_json(recorded), 0)}, not sent"
    old, new = _json(recorded), _json(sent)
    pairs = zip(old, new, strict=False)
    shared = min(len(old), len(new))
    at = next((index for index, (left, right) in enumerate(pairs) if left != right), shared)
    return f"{name}: recorded {_cut(old, at)}, sent {_cut(new, at)}"


def _json(value: Any) -> str:
    return (
        ""
        if value is _ABSENT
        else json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(", ", ": "))
    )


def _cut(text: str, at: int) -> str:
    """Return the text, or so much of it around a position as fits in a line."""
    if len(text) <= _COLUMNS:
        return text
    start = max(0, min(at - _CONTEXT, len(text) - _COLUMNS))
    end = start + _COLUMNS
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


def _times(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count} times"  # noqa: PLR2004
