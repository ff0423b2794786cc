"""The stand-in's application: its routes and the headers of its answers."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from linernotes.contract.schema import COUNT_TOKENS, MESSAGES
from linernotes.findings import error, warning
from linernotes.standin.answers import (
    Answer,
    MismatchError,
    asked_text,
    scripted,
    unscripted,
)
from linernotes.standin.catalogue import model_info, model_page
from linernotes.standin.checks import check_headers, checked_body, read_body
from linernotes.standin.errors import ApiError, error_body
from linernotes.standin.messages import message_of
from linernotes.standin.run import Run
from linernotes.standin.schema_fit import BadSchemaError
from linernotes.standin.stream import encoded, events_of
from linernotes.standin.tokens import count_request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from starlette.requests import Request

    from linernotes.findings import Finding
    from linernotes.standin.replies import ErrorReply, Replies, Reply

ORGANIZATION = "00000000-0000-0000-0000-000000000000"
RATE_LIMITS = {
    "requests": 4_000,
    "tokens": 2_400_000,
    "input-tokens": 2_000_000,
    "output-tokens": 400_000,
}
RESET = "2026-10-21T00:00:00Z"
"""Placeholders, without a clock: the same requests get the same headers."""

UNKNOWN = 404
TOO_MANY = 429


def create_app(replies: Replies | None = None, *, today: dt.date | None = None) -> Starlette:
    """Return a stand-in that answers with `replies`, then with answers of its own.

    `today` is the day by which models are retired, the present day when left out.
    """
    app = Starlette(
        routes=[
            Route(MESSAGES, _create_message, methods=["POST"]),
            Route(COUNT_TOKENS, _count_tokens, methods=["POST"]),
            Route("/v1/models", _list_models, methods=["GET"]),
            Route("/v1/models/{model_id}", _retrieve_model, methods=["GET"]),
        ],
        exception_handlers=dict.fromkeys((ApiError, HTTPException, Exception), _on_problem),
    )
    app.state.run = Run(replies, today or dt.datetime.now(tz=dt.timezone.utc).date())
    return app


def script_findings(app: Starlette) -> tuple[Finding, ...]:
    """Return what the requests so far have shown to be wrong with the script of `app`.

    A reply that could not have been given to its request is an error; a reply that no request
    took is a warning.
    """
    run: Run = app.state.run
    return run.findings()


async def _create_message(request: Request) -> Response:
    run, body = await _checked(request)
    scripted_reply = run.next_reply(asked_text(body))
    try:
        if scripted_reply is None:
            answer = unscripted(body, request.state.identity)
        else:
            answer = _scripted_answer(request, body, *scripted_reply)
    except BadSchemaError:
        raise ApiError(
            400, "JSON schema is invalid. It must match JSON Schema draft 2020-12."
        ) from None
    message = message_of(answer, body, request.state.identity)
    if not body.get("stream"):
        return _json(request, message)
    broken = error_body("overloaded_error", "Overloaded", request.state.identity.id("req"))
    return StreamingResponse(
        _one_by_one(encoded(events_of(message, answer.break_after, broken))),
        media_type="text/event-stream",
        headers=_headers(request) | {"cache-control": "no-cache"},
    )


async def _count_tokens(request: Request) -> Response:
    _, body = await _checked(request)
    return _json(request, {"input_tokens": count_request(body)})


async def _list_models(request: Request) -> Response:
    run = await _identified(request)
    check_headers(request.headers)
    return _json(request, model_page(request.query_params, run.today))


async def _retrieve_model(request: Request) -> Response:
    run = await _identified(request)
    check_headers(request.headers)
    return _json(request, model_info(request.path_params["model_id"], run.today))


async def _identified(request: Request) -> Run:
    """Read the body and give the request its identity, which answers of all kinds need."""
    run: Run = request.app.state.run
    request.state.raw = await read_body(request)
    request.state.identity = run.identity(request.url.path, request.state.raw)
    return run


async def _checked(request: Request) -> tuple[Run, Mapping[str, Any]]:
    run = await _identified(request)
    check_headers(request.headers)
    return run, checked_body(request.url.path, request.headers, request.state.raw, run.today)


def _scripted_answer(request: Request, body: Mapping[str, Any], reply: Reply, line: int) -> Answer:
    """Raise ApiError if the reply is one, or could not have been given to this request."""
    run: Run = request.app.state.run
    page = run.replies.page if run.replies else ""
    if reply.error is not None:
        raise _api_error(reply.error)
    if reply.break_after is not None and not body.get("stream"):
        message = "`break_after` has no effect: this request doesn't stream."
        run.mismatches.append(warning("replies-break", page, line, message))
    try:
        return scripted(reply, body, request.state.identity)
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


def _headers(request: Request) -> dict[str, str]:
    headers = {
        "request-id": request.state.identity.id("req"),
        "anthropic-organization-id": ORGANIZATION,
    }
    for name, limit in RATE_LIMITS.items():
        used = name == "requests"
        headers[f"anthropic-ratelimit-{name}-limit"] = str(limit)
        headers[f"anthropic-ratelimit-{name}-remaining"] = str(limit - used)
        headers[f"anthropic-ratelimit-{name}-reset"] = RESET
    return headers


def _json(request: Request, body: object, status: int = 200) -> Response:
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(content, status, _headers(request), media_type="application/json")


async def _one_by_one(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def _on_problem(request: Request, problem: Exception) -> Response:
    """Answer in the API's own shape, whatever went wrong."""
    if not hasattr(request.state, "identity"):
        request.state.identity = request.app.state.run.identity(request.url.path, b"")
    told = _told(problem)
    request_id = request.state.identity.id("req")
    body = error_body(told.type, told.message, request_id, told.error_code)
    response = _json(request, body, told.status)
    response.headers.update(told.headers)
    if told.status == TOO_MANY:
        response.headers["anthropic-ratelimit-requests-remaining"] = "0"
    return response


def _told(problem: Exception) -> ApiError:
    if isinstance(problem, ApiError):
        return problem
    if isinstance(problem, HTTPException):
        unknown = problem.status_code == UNKNOWN
        return ApiError(problem.status_code, None if unknown else problem.detail)
    return ApiError(500)
