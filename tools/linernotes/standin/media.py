"""What images and PDFs say of themselves: format, pixels, pages, text.

Only headers are read, with the standard library: enough for token counts and for the mistakes
that people make, not a check that a file can be shown.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_INFLATED = 4_000_000
"""Bytes of one compressed stream of a PDF that are read."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image's media type, and its size in pixels."""

    media_type: str
    width: int
    height: int


def picture(data: bytes) -> Picture | None:
    """Return what an image's header says; None if it is no PNG, JPEG, GIF or WebP.

    Sources: the W3C's PNG specification; ITU T.81; the GIF89a specification; Google's WebP
    container specification.
    """
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return Picture("image/png", *struct.unpack_from(">II", data, 16))
        if data.startswith((b"GIF87a", b"GIF89a")):
            return Picture("image/gif", *struct.unpack_from("<HH", data, 6))
        if data.startswith(b"\xff\xd8"):
            return _jpeg(data)
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return _webp(data)
    except struct.error:  # It ends too early.
        return None
    return None


_PADDING = 0xFF
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The markers that begin a JPEG's frame; the three are other tables in their midst."""


def _jpeg(data: bytes) -> Picture | None:
    """Go from marker to marker until the one that begins the frame."""
    position = 2
    while True:
        prefix, marker = struct.unpack_from("BB", data, position)
        if prefix != _PADDING:
            return None
        if marker == _PADDING:
            position += 1
        elif marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, position + 5)
            return Picture("image/jpeg", width, height)
        else:
            (length,) = struct.unpack_from(">H", data, position + 2)
            position += 2 + length


def _webp(data: bytes) -> Picture | None:
    match data[12:16]:
        case b"VP8 ":
            width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", data, 21)
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            first, second = struct.unpack_from("<3s3s", data, 24)
            width, height = (int.from_bytes(side, "little") + 1 for side in (first, second))
        case _:
            return None
    return Picture("image/webp", width, height)


_PAGE = re.compile(rb"/Type\s*/Page(?![a-zA-Z])")
_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_SHOWN = re.compile(rb"\(((?:[^()\\]|\\.)*)\)\s*(?:Tj|'|\")|\[((?:[^\]\\]|\\.)*)\]\s*TJ")
_LITERAL = re.compile(rb"\(((?:[^()\\]|\\.)*)\)")


def is_pdf(data: bytes) -> bool:
    """Return whether the data begins as a PDF does, within the first KiB as readers allow."""
    return b"%PDF-" in data[:1024]


def pdf_pages(data: bytes) -> int:
    """Return the number of pages of a PDF, at least 1."""
    plain = len(_PAGE.findall(data))
    return plain or sum(len(_PAGE.findall(stream)) for stream in _streams(data)) or 1


def pdf_texts(data: bytes) -> Iterator[str]:
    """Yield the text of each content stream that shows text, as far as it is plain ASCII.

    In the PDFs that people write examples with, that is one stream for each page, in order. Text
    in a font's own encoding yields nothing.
    """
    for stream in _streams(data):
        shown = []
        for literal, array in _SHOWN.findall(stream):
            pieces = [literal] if literal else _LITERAL.findall(array)
            shown.append(b"".join(pieces))
        raw = re.sub(rb"\\(.)", rb"\1", b" ".join(shown))
        text = raw.decode("ascii", "ignore")
        if text.strip() and text.isprintable() and len(text) == len(raw):
            yield " ".join(text.split())


def _streams(data: bytes) -> Iterator[bytes]:
    for raw in _STREAM.findall(data):
        try:
            yield zlib.decompressobj().decompress(raw, MOST_INFLATED)
        except zlib.error:
            yield raw
