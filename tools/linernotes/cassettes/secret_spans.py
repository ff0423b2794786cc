"""Credentials anywhere in a text: also inside the encodings that hide them from a search.

String escapes, percent-encoding, base64 and compression are decoded, each inside the other, and
what is found is traced back to the part of the text that it came from.
"""

from __future__ import annotations

import binascii
import json
import re
import zlib
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from linernotes.cassettes.secret_patterns import Span, visible_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_MAX_DEPTH = 5
_MAX_INFLATED_BYTES = 8_000_000
_MAX_COMPRESSED_RUNS = 100

# The shortest credential with a pattern has 20 characters, a known value eight (16, compressed).
_MIN_BASE64 = 22
_MIN_KNOWN_BASE64 = 11

# How much of a known value is as bad as the whole; shorter ones have to be there in full.
_MIN_CUT = 16

_ESCAPE = re.compile(
    r"\\(?:(?P<pair>u[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2})"
    r"|u(?P<u>[0-9A-Fa-f]{4})|x(?P<x>[0-9A-Fa-f]{2})|U(?P<U>[0-9A-Fa-f]{8})"
    r"|\r?\n[ \t]*\\?|(?P<character>.))"
)
_ESCAPED_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_PERCENTS = re.compile(r"%[0-7][0-9A-Fa-f]|(?:%[89A-Fa-f][0-9A-Fa-f])+")
_FORM = re.compile(rf"{_PERCENTS.pattern}|\+")
_STANDARD_ALPHABET = str.maketrans("-_", "+/")
_BASE64 = re.compile(rf"[A-Za-z0-9+/_-]{{{_MIN_BASE64},}}={{0,2}}")
_SHORT_BASE64 = re.compile(rf"[A-Za-z0-9+/_-]{{{_MIN_KNOWN_BASE64},}}={{0,2}}")
# Lines of base64, the last one shorter; a folded text has spaces for the line ends.
_WRAPPED_BASE64 = re.compile(
    r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{40,}(?:\s+[A-Za-z0-9+/_-]{40,})*\s+[A-Za-z0-9+/_-]+={0,2}"
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_READABLE = re.compile(r"[\t\n\r -~]{8,}")
_COMPRESSED = re.compile("\x1f\x8b\x08|x[\x01^\x9c\xda]")


def as_text(data: bytes) -> str:
    """Return the text; for bytes that are none, a character for each byte."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def find_spans(text: str, known: Sequence[str], depth: int = _MAX_DEPTH) -> list[Span]:
    """Return the credentials in the text, in order, none overlapping another."""
    hidden = [*_compressed_runs(text)] if depth else []
    if _CONTROL.search(text):  # binary: only what is readable in it can be a text
        found = list(_known_values(text, known))
        for run in _READABLE.finditer(text):
            for span in find_spans(run[0], known, depth):
                start, end = run.start() + span.start, run.start() + span.end
                found.append(replace(span, start=start, end=end))
    else:
        found = [*visible_credentials(text), *_known_values(text, known)]
        if depth:
            hidden += _base64_runs(text, known)
            for decoded in (_without_escapes(text), _without_percents(text), _from_form(text)):
                if decoded is not None:
                    for span in find_spans(decoded.text, known, depth - 1):
                        start, end = decoded.original(span.start, span.end)
                        found.append(replace(span, start=start, end=end))
    for start, end, inner in hidden:
        spans = find_spans(inner, known, depth - 1)
        if spans:
            found.append(replace(spans[0], start=start, end=end))
    return _merged(found)


def _merged(found: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(found, key=lambda span: span.start):
        if merged and span.start < merged[-1].end:
            longer = max(merged[-1], span, key=lambda either: len(either.value))
            merged[-1] = replace(merged[-1], value=longer.value, end=max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def _known_values(text: str, known: Iterable[str]) -> Iterator[Span]:
    """Yield where known values are, and where one begins and is cut off: an echo may be short."""
    for value in known:
        begin = value[:_MIN_CUT] if len(value) >= _MIN_CUT * 3 // 2 else value
        start = text.find(begin)
        while start >= 0:
            end = start + len(begin)
            while end - start < len(value) and text[end : end + 1] == value[end - start]:
                end += 1
            yield Span("known value", value, start, end)
            start = text.find(begin, end)


@dataclass(frozen=True, slots=True)
class _Decoded:
    """A text with its escapes decoded, and where its parts come from."""

    text: str
    decoded_starts: list[int]
    originals: list[tuple[int, int]]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the part of the original text that became `text[start:end]`."""
        return self._place(start)[0], self._place(end - 1)[1]

    def _place(self, position: int) -> tuple[int, int]:
        part = bisect_right(self.decoded_starts, position) - 1
        start, end = self.originals[part]
        if part % 2:  # every second part is an escape, and not to be cut
            return start, end
        offset = position - self.decoded_starts[part]
        return start + offset, start + offset + 1


def _decoded(
    text: str, escape: re.Pattern[str], decode: Callable[[re.Match[str]], str]
) -> _Decoded | None:
    parts: list[str] = []
    decoded_starts: list[int] = []
    originals: list[tuple[int, int]] = []
    before = length = 0
    for match in escape.finditer(text):
        for part, place in (
            (text[before : match.start()], (before, match.start())),
            (decode(match), match.span()),
        ):
            parts.append(part)
            decoded_starts.append(length)
            originals.append(place)
            length += len(part)
        before = match.end()
    if not parts:
        return None
    parts.append(text[before:])
    decoded_starts.append(length)
    originals.append((before, len(text)))
    return _Decoded("".join(parts), decoded_starts, originals)


def _without_escapes(text: str) -> _Decoded | None:
    """Decode the escapes of JSON and of YAML's double quotes, and its folded lines."""
    return _decoded(text, _ESCAPE, _unescape) if "\\" in text else None


def _unescape(match: re.Match[str]) -> str:
    if match["pair"] is not None:
        return json.loads(f'"{match[0]}"')
    code = match["u"] or match["x"] or match["U"]
    if code is not None:
        number = int(code, 16)
        return chr(number) if number < 0x110000 else ""  # noqa: PLR2004  (the end of Unicode)
    character = match["character"]
    return "" if character is None else _ESCAPED_CONTROLS.get(character, character)


def _without_percents(text: str) -> _Decoded | None:
    if "%" not in text:
        return None
    return _decoded(text, _PERCENTS, lambda match: as_text(unquote_to_bytes(match[0])))


def _from_form(text: str) -> _Decoded | None:
    """Decode a query or a form, in which `+` stands for a space."""
    if "+" not in text or not ("%" in text or "=" in text):
        return None
    return _decoded(
        text,
        _FORM,
        lambda match: " " if match[0] == "+" else as_text(unquote_to_bytes(match[0])),
    )


def _base64_runs(text: str, known: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Yield the runs that may be base64, decoded.

    A run may start inside a group of four, as what precedes the base64 can look like it.
    """
    for match in (_SHORT_BASE64 if known else _BASE64).finditer(text):
        run = match[0].rstrip("=").translate(_STANDARD_ALPHABET)
        long = len(run) >= _MIN_BASE64
        for shift in range(4):
            inner = _from_base64(run[shift:])
            if long or inner.isprintable() or any(value in inner for value in known):
                yield *match.span(), inner
    for match in _WRAPPED_BASE64.finditer(text):
        run = "".join(match[0].split()).rstrip("=").translate(_STANDARD_ALPHABET)
        yield *match.span(), _from_base64(run)


def _from_base64(run: str) -> str:
    whole = run[:-1] if len(run) % 4 == 1 else run
    return as_text(binascii.a2b_base64(whole + "=" * (-len(whole) % 4)))


def _compressed_runs(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield what is compressed: gzip and zlib data anywhere, bare deflate data from the start."""
    if text.isascii():
        return
    try:
        data = text.encode("latin-1")
    except UnicodeEncodeError:
        return
    signs = islice(_COMPRESSED.finditer(text), _MAX_COMPRESSED_RUNS)
    starts = ((sign.start(), 31 if sign[0][0] == "\x1f" else 15) for sign in signs)
    for start, wbits in ((0, -15), *starts):
        inflater = zlib.decompressobj(wbits)
        try:
            inner = inflater.decompress(memoryview(data)[start:], _MAX_INFLATED_BYTES)
        except zlib.error:
            continue
        if inner and (wbits > 0 or inflater.eof):
            yield start, len(text) - len(inflater.unused_data), as_text(inner)
