"""What is asked of the open gateway in place of a request to a gateway's own host."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"
COUNT_TOKENS = "/v1/messages/count_tokens"

NOTE = "x-linernotes-note"
"""The header of an answer that says what stood behind the host, for the recording's provenance."""

REFUSED = "x-linernotes-refused"
"""The header of an answer that isn't one: nothing here could give it. Nothing is to be recorded. Its value is why not, percent-encoded."""

ANTHROPIC = "anthropic"

PROVIDER_KEY = "stand-in"
"""The provider's key, which a gateway's own account would hold. The stand-in takes any."""


class NotPlayedError(Exception):
    """A request that nothing here can answer as the gateway would; the message says why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as a client sent it to a gateway's host. Names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def parsed(self) -> dict[str, Any]:
        """Return the JSON object of the body. Raises NotPlayedError if it isn't one."""
        try:
            body = json.loads(self.body)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise NotPlayedError(f"the body of {self.method} {self.path} isn't a JSON object")
        return body


@dataclass(frozen=True, slots=True)
class Relayed:
    """What to ask of the open gateway, and what to make of its answer.

    `finish` gets the JSON of an answer with status 200, and returns a content type and a body.
    """

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    finish: Callable[[dict[str, Any]], tuple[str, bytes]] | None = None


def provider_headers(upstream: str) -> dict[str, str]:
    """Return the headers that make the open gateway ask Anthropic's API at the URL `upstream`."""
    return {
        "authorization": f"Bearer {PROVIDER_KEY}",
        "x-portkey-provider": ANTHROPIC,
        "x-portkey-custom-host": upstream,
    }
