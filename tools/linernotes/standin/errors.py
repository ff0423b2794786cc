"""Errors in the API's own shape."""

from __future__ import annotations

from http.client import responses
from typing import Any

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""The type of each status. Docs: api/errors, August 2026."""

MESSAGES = {
    401: "invalid x-api-key",
    402: "Your credit balance is too low to access the Anthropic API.",
    403: "Your API key does not have permission to use the specified resource.",
    404: "Not found",
    413: "Request exceeds the maximum size",
    429: "This request would exceed your organization's rate limit.",
    500: "Internal server error",
    504: "Request timed out",
    529: "Overloaded",
}


class ApiError(Exception):
    """An error that is the answer: its status, and what the body says.

    `error_code` is the finer code in `error.details`; `headers` are added to the answer's.
    """

    def __init__(
        self,
        status: int,
        message: str | None = None,
        type_: str | None = None,
        *,
        error_code: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.status = status
        self.message = message or MESSAGES.get(status) or responses.get(status, "Error")
        self.type = type_ or error_type(status)
        self.error_code = error_code
        self.headers = headers or {}
        super().__init__(self.message)


def unsourced(message: str) -> str:
    """Return `message`. It marks our own words, where no source tells the API's: don't quote them."""
    return message


def error_type(status: int) -> str:
    """Return the type that goes with an HTTP status."""
    fallback = "api_error" if status >= 500 else "invalid_request_error"  # noqa: PLR2004  # HTTP
    return ERROR_TYPES.get(status, fallback)


def error_body(
    type_: str, message: str, request_id: str, error_code: str | None = None
) -> dict[str, Any]:
    """Return the body of an error, or the data of an `error` event."""
    error: dict[str, Any] = {"type": type_, "message": message}
    if error_code:
        error["details"] = {"error_code": error_code}
    return {"type": "error", "error": error, "request_id": request_id}
