"""How many images and pages a request may have, how large, and whether they are what they say.

Limits: docs, build-with-claude/vision and build-with-claude/pdf-support, August 2026. The wording
is the API's, from public issue threads: anthropics/claude-code 3397 (too much media), 49537 (many
images) and 6231 (pages).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linernotes.contract.models import model_facts
from linernotes.contract.rules import blocks_of
from linernotes.standin.errors import ApiError, unsourced
from linernotes.standin.media import is_pdf, pdf_pages, picture
from linernotes.standin.tokens import (
    MOST_PER_IMAGE,
    MOST_PER_IMAGE_NOW,
    decoded,
    patches,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from linernotes.contract.models import Model
    from linernotes.contract.rules import Block

MOST_IMAGE_BYTES = 10 * 1024 * 1024
"""Characters of base64."""

MOST_PIXELS = 8000
"""Along each side of an image."""

MANY, MOST_PIXELS_OF_MANY = 20, 2000
"""From more images than this on, each side of each has a tighter limit."""

LONGEST_EDGE, LONGEST_EDGE_BEFORE = 2576, 1568
"""Pixels that a model sees along the longer side at most, from Claude 4.7 on and before."""

MOST_MEDIA, MOST_MEDIA_SMALL = 600, 100
"""Images and pages in a request, the second for models whose context is below `LARGE_CONTEXT`."""

LARGE_CONTEXT = 1_000_000


def check_media(body: Mapping[str, Any]) -> None:
    """Raise ApiError 400 for images and PDFs that a Messages request can't have."""
    facts = model_facts(body["model"])
    media = [
        block
        for index, message in enumerate(body["messages"])
        for block in _media_in(blocks_of(message["content"], f"messages.{index}.content"))
    ]
    images = sum(block.type == "image" for block in media)
    small = facts is not None and facts.context < LARGE_CONTEXT
    most = MOST_MEDIA_SMALL if small else MOST_MEDIA
    pages = 0
    for block in media:
        if block.value["source"]["type"] != "base64":
            continue
        if block.type == "image":
            problem = _image_problem(block.value["source"], many=images > MANY)
            _refuse_oversized(block, facts)
        else:
            data = decoded(block.value["source"]["data"])
            pages += pdf_pages(data) if is_pdf(data) else 0
            problem = _pdf_problem(data, pages, most)
        if problem:
            kind = "image" if block.type == "image" else "pdf"
            raise ApiError(400, f"{block.path}.{kind}.source.base64.data: {problem}")
    if images + pages > most:
        raise ApiError(400, f"Too much media: {pages} document pages + {images} images > {most}")


def _refuse_oversized(block: Block, facts: Model | None) -> None:
    """Raise ApiError 400 for an image that would be scaled down, if its block forbids that.

    SDK: types/image_transformations_param.py; the size is told, and the largest that fits.
    """
    seen = picture(decoded(block.value["source"]["data"]))
    wanted = (block.value.get("transformations") or {}).get("oversized_image")
    if seen is None or wanted != "error":
        return
    fitting = largest_fitting(seen.width, seen.height, facts)
    if fitting != (seen.width, seen.height):
        raise ApiError(
            400,
            unsourced(
                f"{block.path}.image: image dimensions {seen.width}x{seen.height} exceed the "
                f"model's maximum image size; the largest dimensions that fit are "
                f"{fitting[0]}x{fitting[1]}"
            ),
        )


def largest_fitting(width: int, height: int, facts: Model | None) -> tuple[int, int]:
    """Return the size that a model sees an image at: the same proportions, or nearly so."""
    dense = facts is None or facts.dense_tokenizer
    longest = LONGEST_EDGE if dense else LONGEST_EDGE_BEFORE
    most = MOST_PER_IMAGE_NOW if dense else MOST_PER_IMAGE
    scale = min(1.0, longest / max(width, height, 1))
    while True:
        size = (int(width * scale), int(height * scale))
        if patches(*size) <= most:
            return size
        scale *= 0.999


def _media_in(blocks: Sequence[Block]) -> Iterator[Block]:
    for block in blocks:
        if block.type in ("image", "document"):
            yield block
        elif block.type == "tool_result":
            yield from _media_in(
                blocks_of(block.value.get("content") or "", f"{block.path}.content")
            )


def _image_problem(source: Mapping[str, Any], *, many: bool) -> str | None:
    """Return what is wrong with an image. One in a format that isn't recognised is taken.

    Examples have stubs instead of images.
    """
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
    longest = max(seen.width, seen.height)
    if longest > MOST_PIXELS:
        return f"At least one of the image dimensions exceed max allowed size: {MOST_PIXELS} pixels"
    if many and longest > MOST_PIXELS_OF_MANY:
        return (
            "At least one of the image dimensions exceed max allowed size for many-image "
            f"requests: {MOST_PIXELS_OF_MANY} pixels"
        )
    return None


def _pdf_problem(data: bytes, pages: int, most: int) -> str | None:
    if not is_pdf(data):
        return "The PDF specified was not valid."
    return f"A maximum of {most} PDF pages may be provided." if pages > most else None
