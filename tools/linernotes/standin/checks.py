"""What the API checks before it answers: credentials, version, JSON, the contract, signatures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from linernotes.contract.models import model_facts
from linernotes.contract.requests import check_request
from linernotes.contract.rules import blocks_of
from linernotes.contract.versions import version_problem
from linernotes.standin.errors import ApiError
from linernotes.standin.identity import is_forged
from linernotes.standin.media import is_pdf, picture
from linernotes.standin.tokens import decoded

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from starlette.datastructures import Headers

MOST_IMAGE_BYTES = 10 * 1024 * 1024
"""Characters of base64. Docs: build-with-claude/vision, August 2026, like the next."""

MOST_PIXELS = 8000
"""Along each side of an image."""


def check_headers(headers: Headers) -> None:
    """Check credentials and version. Raises ApiError 401 or 400."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    has_token = scheme.lower() == "bearer" and token.strip()
    if not has_token and not headers.get("x-api-key", "").strip():
        raise ApiError(401, "x-api-key header is required")
    problem = version_problem(headers.get("anthropic-version"))
    if problem:
        raise ApiError(400, problem)


def checked_body(path: str, headers: Headers, raw: bytes, today: dt.date) -> Mapping[str, Any]:
    """Return the body of a Messages request that the API would take. Raises ApiError if not."""
    betas = [name.strip() for name in headers.get("anthropic-beta", "").split(",") if name.strip()]
    try:
        body = json.loads(raw)
        violations = check_request(
            path, body, api_version=headers["anthropic-version"], betas=betas, on=today
        )
    except RecursionError:
        raise ApiError(400, "The request body is nested too deeply.") from None
    except ValueError as problem:
        said = str(problem)
        raise ApiError(
            400, f"The request body is not valid JSON: {said[:1].lower()}{said[1:]}"
        ) from None
    for violation in violations:
        raise ApiError(violation.status, violation.message)
    _check_signatures(body)
    _check_media(body)
    return body


def _check_media(body: Mapping[str, Any]) -> None:
    """Raise ApiError 400 for images and PDFs that aren't what they are said to be."""
    for index, message in enumerate(body["messages"]):
        for block in blocks_of(message["content"], f"messages.{index}.content"):
            if block.type not in ("image", "document"):
                continue
            problem = _media_problem(block.type, block.value["source"])
            if problem:
                raise ApiError(400, f"{block.path}.{block.type}.source.base64.data: {problem}")


def _media_problem(type_: str, source: Mapping[str, Any]) -> str | None:
    """Return what is wrong with an image or a PDF.

    Docs: build-with-claude/vision, build-with-claude/pdf-support, August 2026; the API's answers in
    public issue threads. An image in a format that isn't recognised is taken: examples have stubs.
    """
    if source["type"] != "base64":
        return None
    if type_ == "document":
        return None if is_pdf(decoded(source["data"])) else "The PDF specified was not valid."
    size = len(source["data"])
    if size > MOST_IMAGE_BYTES:
        return f"image exceeds 10 MB maximum: {size} bytes > {MOST_IMAGE_BYTES} bytes"
    seen = picture(decoded(source["data"]))
    if seen is None:
        return None
    if seen.media_type != source["media_type"]:
        return (
            f"Image does not match the provided media type {source['media_type']}: it appears to "
            f"be {seen.media_type}"
        )
    if max(seen.width, seen.height) > MOST_PIXELS:
        return f"At least one of the image dimensions exceed max allowed size: {MOST_PIXELS} pixels"
    return None


def _check_signatures(body: Mapping[str, Any]) -> None:
    facts = model_facts(body["model"])
    only_ours = facts is not None and facts.binds_thinking
    for index, message in enumerate(body["messages"]):
        for block in blocks_of(message["content"], f"messages.{index}.content"):
            if block.type == "thinking" and is_forged(
                block.value["thinking"], block.value["signature"], only_ours=only_ours
            ):
                raise ApiError(400, f"{block.path}: Invalid `signature` in `thinking` block")
