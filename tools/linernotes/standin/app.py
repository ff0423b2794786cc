"""The stand-in's application: its routes and the headers of its answers."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from linernotes.contract.compaction import ON_DEMAND
from linernotes.contract.schema import COUNT_TOKENS, MESSAGES
from linernotes.standin.answering import answer_to
from linernotes.standin.batches import Batch, Batches
from linernotes.standin.bodies import (
    LONGEST_BATCH,
    LONGEST_BODY,
    LONGEST_FILE,
    MB,
    parsed,
    read_body,
)
from linernotes.standin.browsers import Browsers, check_browser
from linernotes.standin.catalogue import model_info, model_page
from linernotes.standin.checks import check_headers, checked_body
from linernotes.standin.compacting import in_effect
from linernotes.standin.errors import ApiError, error_body, unsourced
from linernotes.standin.files import Files, checked_upload
from linernotes.standin.messages import message_of
from linernotes.standin.multipart import parts_of
from linernotes.standin.platforms import Platforms
from linernotes.standin.run import Run
from linernotes.standin.stream import encoded, events_of
from linernotes.standin.tokens import count_request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from starlette.requests import Request

    from linernotes.findings import Finding
    from linernotes.standin.replies import Replies

BATCHES = "/v1/messages/batches"
FILES = "/v1/files"

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
WRONG_METHOD = 405
OVERLOADED = 529
TOO_MANY = 429


def create_app(replies: Replies | None = None, *, today: dt.date | None = None) -> Starlette:
    """Return a stand-in that answers with `replies`, then with answers of its own.

    `today` is the day by which models are retired, the present day when left out.
    """
    app = Starlette(
        routes=[
            Route(MESSAGES, _create_message, methods=["POST"]),
            Route(COUNT_TOKENS, _count_tokens, methods=["POST"]),
            Route(BATCHES, _create_batch, methods=["POST"]),
            Route(BATCHES, _list_batches, methods=["GET"]),
            Route(f"{BATCHES}/{{batch_id}}", _retrieve_batch, methods=["GET"]),
            Route(f"{BATCHES}/{{batch_id}}", _delete_batch, methods=["DELETE"]),
            Route(f"{BATCHES}/{{batch_id}}/cancel", _cancel_batch, methods=["POST"]),
            Route(f"{BATCHES}/{{batch_id}}/results", _batch_results, methods=["GET"]),
            Route(FILES, _upload_file, methods=["POST"]),
            Route(FILES, _list_files, methods=["GET"]),
            Route(f"{FILES}/{{file_id}}", _file_metadata, methods=["GET"]),
            Route(f"{FILES}/{{file_id}}", _delete_file, methods=["DELETE"]),
            Route(f"{FILES}/{{file_id}}/content", _download_file, methods=["GET"]),
            Route("/v1/models", _list_models, methods=["GET"]),
            Route("/v1/models/{model_id}", _retrieve_model, methods=["GET"]),
        ],
        middleware=[Middleware(Browsers), Middleware(Platforms)],
        exception_handlers=dict.fromkeys((ApiError, HTTPException, Exception), _on_problem),
    )
    app.router.redirect_slashes = False  # The API knows no other path either.
    app.state.run = Run(replies, today or dt.datetime.now(tz=dt.timezone.utc).date())
    app.state.batches = Batches()
    app.state.files = Files()
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
    answer = answer_to(run, body, request.state.identity)
    message = message_of(answer, body, request.state.identity)
    _files(request).keep_outputs(message["content"])
    if not body.get("stream"):
        return _json(request, message)
    by = answer.broken_by
    error = ApiError(by.status, by.message, by.type) if by else ApiError(OVERLOADED)
    code = by.error_code if by else None
    broken = error_body(error.type, error.message, request.state.identity.id("req"), code)
    return StreamingResponse(
        _one_by_one(encoded(events_of(message, answer.break_after, broken))),
        media_type="text/event-stream",
        headers=_headers(request) | {"cache-control": "no-cache"},
    )


async def _count_tokens(request: Request) -> Response:
    _, body = await _checked(request)
    counted: dict[str, Any] = {"input_tokens": count_request(in_effect(body))}
    if body.get("context_management") is not None:
        # SDK: types/beta/beta_count_tokens_context_management_response.py.
        counted["context_management"] = {"original_input_tokens": count_request(body)}
    return _json(request, counted)


async def _create_batch(request: Request) -> Response:
    run = await _admitted(request, LONGEST_BATCH)
    id_ = request.state.identity.id("msgbatch")

    def answer(custom_id: str, params: dict[str, Any]) -> dict[str, Any]:
        """Answer one request of the batch as if it had come by itself."""
        raw = json.dumps(params).encode()
        identity = run.identity(f"{BATCHES}/{custom_id}", raw)
        body = checked_body(MESSAGES, request.headers, raw, run.today)
        _files(request).check_known(body)
        if body.get("stream") or body["max_tokens"] == 0:
            field = "stream" if body.get("stream") else "max_tokens"
            raise ApiError(400, unsourced(f"{field}: {body[field]} is not supported in a batch"))
        message = message_of(answer_to(run, body, identity), body, identity)
        message["usage"]["service_tier"] = "batch"
        _files(request).keep_outputs(message["content"])
        return message

    batch = _batches(request).create(id_, parsed(request.state.raw), answer)
    return _batch(request, batch)


async def _retrieve_batch(request: Request) -> Response:
    await _admitted(request)
    return _batch(request, _batches(request).retrieve(request.path_params["batch_id"]))


async def _list_batches(request: Request) -> Response:
    await _admitted(request)
    return _json(request, _batches(request).page(request.query_params, _base_url(request)))


async def _cancel_batch(request: Request) -> Response:
    await _admitted(request)
    return _batch(request, _batches(request).cancel(request.path_params["batch_id"]))


async def _delete_batch(request: Request) -> Response:
    await _admitted(request)
    return _json(request, _batches(request).delete(request.path_params["batch_id"]))


async def _batch_results(request: Request) -> Response:
    await _admitted(request)
    lines = _batches(request).results(request.path_params["batch_id"])
    return Response(lines, 200, _headers(request), media_type="application/x-jsonl")


def _batches(request: Request) -> Batches:
    return request.app.state.batches


def _batch(request: Request, batch: Batch) -> Response:
    return _json(request, batch.shown(_base_url(request)))


def _base_url(request: Request) -> str:
    """Return the root that the client asked: while recording, the vendor's, not this server's.

    Otherwise the results' URL in a cassette would have the port of the day in it.
    """
    host = request.headers.get("host", "")
    on_this_machine = host.partition(":")[0] in ("127.0.0.1", "localhost")
    return f"{'http' if on_this_machine else 'https'}://{host}"


async def _upload_file(request: Request) -> Response:
    # The form around the file may be a little longer than the file.
    run = await _admitted(request, LONGEST_FILE + MB)
    content_type = request.headers.get("content-type", "")
    upload = checked_upload(parts_of(request.state.raw, content_type))
    if upload.size > LONGEST_FILE:
        raise ApiError(413)
    # Not from the body: its boundary is another one each time.
    request.state.identity = run.identity(FILES, upload.digest)
    return _json(request, _files(request).keep(request.state.identity.id("file"), upload))


async def _list_files(request: Request) -> Response:
    await _admitted(request)
    return _json(request, _files(request).page(request.query_params))


async def _file_metadata(request: Request) -> Response:
    await _admitted(request)
    return _json(request, _files(request).metadata(request.path_params["file_id"]))


async def _delete_file(request: Request) -> Response:
    await _admitted(request)
    return _json(request, _files(request).delete(request.path_params["file_id"]))


async def _download_file(request: Request) -> Response:
    await _admitted(request)
    id_ = request.path_params["file_id"]
    content = _files(request).content(id_)
    type_ = _files(request).metadata(id_)["mime_type"]
    return Response(content, 200, _headers(request), media_type=type_)


def _files(request: Request) -> Files:
    return request.app.state.files


async def _list_models(request: Request) -> Response:
    run = await _admitted(request)
    page = model_page(request.query_params, run.today, in_beta=_knows_compaction(request))
    return _json(request, page)


async def _retrieve_model(request: Request) -> Response:
    run = await _admitted(request)
    model_id, in_beta = request.path_params["model_id"], _knows_compaction(request)
    return _json(request, model_info(model_id, run.today, in_beta=in_beta))


def _knows_compaction(request: Request) -> bool:
    return ON_DEMAND in request.headers.get("anthropic-beta", "")


async def _admitted(request: Request, longest: int = LONGEST_BODY) -> Run:
    """Read the body, give the request its identity, and check its credentials and version."""
    run: Run = request.app.state.run
    request.state.raw = await read_body(request, longest)
    request.state.identity = run.identity(request.url.path, request.state.raw)
    check_browser(request.headers)
    check_headers(request.headers)
    return run


async def _checked(request: Request) -> tuple[Run, Mapping[str, Any]]:
    run = await _admitted(request)
    body = checked_body(request.url.path, request.headers, request.state.raw, run.today)
    _files(request).check_known(body)
    return run, body


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
    if told.status == WRONG_METHOD:
        told.headers["allow"] = ", ".join(_methods_of(request))
    request_id = request.state.identity.id("req")
    body = error_body(told.type, told.message, request_id, told.error_code)
    response = _json(request, body, told.status)
    response.headers.update(told.headers)
    if told.status == TOO_MANY:
        response.headers["anthropic-ratelimit-requests-remaining"] = "0"
    return response


def _methods_of(request: Request) -> list[str]:
    """Return the methods that the path of a request has, in all its routes. RFC 9110, 15.5.6."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    found = [route.methods or set() for route in routes if route.matches(request.scope)[0].value]
    return sorted(set().union(*found))


def _told(problem: Exception) -> ApiError:
    if isinstance(problem, ApiError):
        return problem
    if isinstance(problem, HTTPException):
        unknown = problem.status_code == UNKNOWN
        return ApiError(problem.status_code, None if unknown else problem.detail)
    return ApiError(500)
