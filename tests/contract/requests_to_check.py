"""Requests for the contract's tests, and the one call that checks them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from linernotes.contract.requests import check_request

if TYPE_CHECKING:
    from linernotes.contract.violations import Violation

TODAY = dt.date(2026, 11, 21)
MODEL = "claude-sonnet-5-5"
TOOL = {
    "name": "get_weather",
    "description": "Weather of a city.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Paris"}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "18 °C"}


def body(**changes: Any) -> dict[str, Any]:
    """Return a request that the API takes, with changes; None takes a key away."""
    whole = {
        "model": MODEL,
        "max_tokens": 1024,
        "messages": [{"role": "user", "content": "Hello"}],
    } | changes
    return {key: value for key, value in whole.items() if value is not None}


def conversation(*contents: Any) -> list[dict[str, Any]]:
    """Return messages by user and assistant in turn."""
    return [
        {"role": "assistant" if index % 2 else "user", "content": content}
        for index, content in enumerate(contents)
    ]


def check(
    request: object, path: str = "/v1/messages", *, version: str = "2026-10-21", betas: Any = ()
) -> tuple[Violation, ...]:
    return check_request(path, request, api_version=version, betas=betas, on=TODAY)


def only(violations: tuple[Violation, ...]) -> Violation:
    assert len(violations) == 1, violations
    return violations[0]
