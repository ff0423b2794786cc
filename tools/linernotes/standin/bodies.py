"""Reading the bodies of requests, as far as they may go."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from linernotes.standin.errors import ApiError, unsourced

if TYPE_CHECKING:
    from starlette.requests import Request

MB = 1024 * 1024
LONGEST_BODY, LONGEST_BATCH, LONGEST_FILE = 32 * MB, 256 * MB, 500 * MB
"""Bytes. Docs: api/overview, August 2026."""


async def read_body(request: Request, longest: int) -> bytes:
    """Return the whole body. Raises ApiError 413 if it has more than `longest` bytes.

    What is too long is read to its end but not kept: most clients look for an answer only when
    they have sent everything.
    """
    declared = request.headers.get("content-length", "")
    too_long = declared.isdecimal() and int(declared) > longest
    body = bytearray()
    async for chunk in request.stream():
        too_long = too_long or len(body) + len(chunk) > longest
        if too_long:
            body.clear()
        else:
            body += chunk
    if too_long:
        raise ApiError(413)
    return bytes(body)


_LONE_SURROGATE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"unexpected token {name}")


def parsed(raw: bytes) -> object:
    """Return the JSON of a body, RFC 8259: in UTF-8, without `NaN`. Raises ApiError 400."""
    try:
        value = json.loads(raw.decode(), parse_constant=_refuse_constant)
        _refuse_half_a_character(raw, value)
    except RecursionError:
        raise ApiError(400, unsourced("The request body is nested too deeply.")) from None
    except ValueError as problem:
        said = str(problem)
        raise ApiError(
            400, f"The request body is not valid JSON: {said[:1].lower()}{said[1:]}"
        ) from None
    return value


def _refuse_half_a_character(raw: bytes, value: object) -> None:
    """Raise ApiError 400 for half a surrogate pair, as of an emoji that was cut in two.

    The wording is the API's: anthropics/claude-code issue 3277.
    """
    lone = _LONE_SURROGATE.search(raw)
    if lone is None:
        return
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # Else it was an escaped backslash before a `u`.
        raise ApiError(
            400,
            "The request body is not valid JSON: no low surrogate in string: line 1 column "
            f"{lone.end() + 1} (char {lone.end()})",
        ) from None
