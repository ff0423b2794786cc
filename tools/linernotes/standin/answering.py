"""From a checked request to what answers it: the next reply of the script, or one made up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linernotes.findings import error, warning
from linernotes.standin.answers import (
    Answer,
    MismatchError,
    asked_text,
    scripted,
    unscripted,
)
from linernotes.standin.errors import ApiError
from linernotes.standin.schema_fit import BadSchemaError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linernotes.standin.identity import Identity
    from linernotes.standin.replies import ErrorReply, Reply
    from linernotes.standin.run import Run


def answer_to(run: Run, body: Mapping[str, Any], identity: Identity) -> Answer:
    """Return the answer to the request `body`, and take the script's next reply for it.

    Raises ApiError if the reply is one, or could not have been given to this request.
    """
    # A request that only fills the cache gets no answer, and takes none from the script.
    scripted_reply = run.next_reply(asked_text(body)) if body["max_tokens"] else None
    try:
        if scripted_reply is None:
            return unscripted(body, identity)
        return _scripted_answer(run, body, identity, *scripted_reply)
    except BadSchemaError:
        raise ApiError(
            400, "JSON schema is invalid. It must match JSON Schema draft 2020-12."
        ) from None


def _scripted_answer(
    run: Run, body: Mapping[str, Any], identity: Identity, reply: Reply, line: int
) -> Answer:
    page = run.replies.page if run.replies else ""
    if reply.error is not None and reply.break_after is None:
        raise _api_error(reply.error)
    if reply.break_after is not None and not body.get("stream"):
        message = "`break_after` has no effect: this request doesn't stream."
        run.mismatches.append(warning("replies-break", page, line, message))
    try:
        return scripted(reply, body, identity)
    except MismatchError as mismatch:
        message = f"{mismatch}."
        run.mismatches.append(
            error("replies-mismatch", page, line, f"{message[0].upper()}{message[1:]}")
        )
        # The SDK would retry a 500, and take the next reply for it.
        raise ApiError(400, f"{page}:{line}: {mismatch}") from None


def _api_error(reply: ErrorReply) -> ApiError:
    wait = {} if reply.retry_after is None else {"retry-after": str(reply.retry_after)}
    return ApiError(
        reply.status, reply.message, reply.type, error_code=reply.error_code, headers=wait
    )
