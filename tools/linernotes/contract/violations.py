"""A violation: one thing in a request or a response that the API doesn't take or doesn't send."""

from __future__ import annotations

import json
from dataclasses import dataclass

LONGEST_FOUND = 80
"""Characters of a found value that are worth showing."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One violation of the contract.

    `path` is the place in the body, `messages.0.content.1.source`, or empty for the whole body.
    `message` is what the API answers, in its own words where those are known. `found` is the value
    in question as JSON, shortened; `allowed` lists what would be taken, when that is a list.
    `remedy` tells a writer what to do instead. `source` says where the rule comes from. `status`
    is the HTTP status of the API's answer.
    """

    path: str
    message: str
    found: str
    allowed: tuple[str, ...]
    remedy: str
    source: str
    status: int = 400

    def __str__(self) -> str:
        return f"{self.path or 'body'}: {self.message} {self.remedy}"


def shown(value: object) -> str:
    """Return a value of a body as one short line of JSON."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_FOUND else f"{text[: LONGEST_FOUND - 1]}…"
