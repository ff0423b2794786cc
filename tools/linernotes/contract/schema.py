"""Which body each endpoint takes: read from the SDK's parameter types."""

from __future__ import annotations

from functools import cache

from anthropic.types import MessageCountTokensParams, message_create_params
from anthropic.types.beta import message_count_tokens_params as beta_count_tokens_params
from anthropic.types.beta import message_create_params as beta_create_params

from linernotes.contract.shapes import Record, Scalar, Shape
from linernotes.contract.versions import OLD

MESSAGES = "/v1/messages"
COUNT_TOKENS = "/v1/messages/count_tokens"

_HEADERS = frozenset({"betas", "user_profile_id", "workspace_id"})
"""Parameters that the SDK sends as headers. SDK: resources/beta/messages/messages.py."""

_STREAM: dict[str, Shape] = {"stream": Scalar("boolean")}
"""The SDK's types have `stream` apart, to tell the return types of a method from each other."""

_SAMPLING: dict[str, Shape] = {
    "temperature": Scalar("number"),
    "top_p": Scalar("number"),
    "top_k": Scalar("integer"),
}
"""What API version 2023-06-01 still takes. Docs: api/migration-2026-10-21."""

_TYPES: dict[str, tuple[type, type]] = {
    MESSAGES: (
        message_create_params.MessageCreateParamsBase,
        beta_create_params.MessageCreateParamsBase,
    ),
    COUNT_TOKENS: (MessageCountTokensParams, beta_count_tokens_params.MessageCountTokensParams),
}


@cache
def body_shape(path: str, *, api_version: str, beta: bool) -> Record | None:
    """Return the shape of the JSON body that is posted to `path`, None if none is known."""
    types = _TYPES.get(path)
    if types is None:
        return None
    more: dict[str, Shape] = {}
    if path == MESSAGES:
        more |= _STREAM
        if api_version == OLD:
            more |= _SAMPLING
    return Record(types[beta], without=_HEADERS, more=tuple(more.items()))
