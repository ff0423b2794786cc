"""What the API checks before it answers: credentials, version, JSON, the contract, signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linernotes.contract.models import model_facts
from linernotes.contract.requests import check_request
from linernotes.contract.rules import blocks_of
from linernotes.contract.versions import version_problem
from linernotes.standin.binding import prefixes_before
from linernotes.standin.bodies import parsed
from linernotes.standin.compacting import COMPACTION
from linernotes.standin.errors import ApiError, unsourced
from linernotes.standin.identity import is_forged
from linernotes.standin.media_limits import check_media

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from starlette.datastructures import Headers


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
    body: Any = parsed(raw)
    violations = check_request(
        path, body, api_version=headers["anthropic-version"], betas=betas, on=today
    )
    for violation in violations:
        raise ApiError(violation.status, violation.message)
    _check_signatures(body)
    check_media(body)
    return body


def _is_forged_summary(block: Mapping[str, Any]) -> bool:
    """Return whether a summary isn't what was signed. One without a signature never was."""
    signed = block.get("signature")
    return bool(signed) and is_forged(block.get("content") or "", signed, (COMPACTION,))


def _check_signatures(body: Mapping[str, Any]) -> None:
    facts = model_facts(body["model"])
    only_ours = facts is not None and facts.binds_thinking
    for index, message in enumerate(body["messages"]):
        blocks = blocks_of(message["content"], f"messages.{index}.content")
        for number, block in enumerate(blocks):
            if block.type == "compaction" and _is_forged_summary(block.value):
                raise ApiError(
                    400, unsourced(f"{block.path}: Invalid `signature` in `compaction` block")
                )
            if block.type == "thinking" and is_forged(
                block.value["thinking"],
                block.value["signature"],
                prefixes_before(body, index, number),
                only_ours=only_ours,
            ):
                raise ApiError(400, f"{block.path}: Invalid `signature` in `thinking` block")
