"""Reading `multipart/form-data`, as uploads are sent. RFC 7578."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from typing import TYPE_CHECKING

from linernotes.standin.errors import ApiError, unsourced

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form. `filename` and `mime_type` are None where the part has none."""

    name: str
    filename: str | None
    mime_type: str | None
    content: bytes


def parts_of(body: bytes, content_type: str) -> tuple[Part, ...]:
    """Return the fields of a form. Raises ApiError 400 for a body that is none."""
    header = Message()
    header["content-type"] = content_type
    boundary = header.get_boundary()
    if header.get_content_type() != "multipart/form-data" or not boundary:
        raise ApiError(
            400, unsourced("Content-Type: multipart/form-data with a boundary is required")
        )
    return tuple(_parts(body, b"--" + boundary.encode("utf-8", "surrogateescape")))


def _parts(body: bytes, delimiter: bytes) -> Iterator[Part]:
    # The first delimiter has no line before it; every other one ends the part before.
    start = body.find(delimiter)
    while start >= 0:
        start += len(delimiter)
        if body.startswith(b"--", start):
            return
        end = body.find(b"\r\n" + delimiter, start)
        if end < 0:
            break
        yield _part(body[start:end])
        start = end + 2
    raise ApiError(400, unsourced("The form's last boundary is missing"))


def _part(raw: bytes) -> Part:
    head, _, content = raw.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    headers = HeaderParser().parsestr(head.decode("utf-8", "replace"))
    name = headers.get_param("name", header="content-disposition")
    if not isinstance(name, str):
        raise ApiError(400, unsourced("A part of the form has no name"))
    mime_type = headers.get_content_type() if "content-type" in headers else None
    return Part(name, headers.get_filename(), mime_type, content)
