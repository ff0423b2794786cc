"""What a recording cost, or will about cost, as its answers' `usage` tells."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from linernotes.cassettes.cassette import JsonBody, body_to_bytes
from linernotes.recording.prices import dollars
from linernotes.running.recording import answered, usage_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from linernotes.cassettes.cassette import Cassette, Interaction


@dataclass(frozen=True, slots=True)
class Cost:
    """US dollars, about. `at_most` is what it were if every answer took its `max_tokens`.

    `unpriced` counts the answers with tokens for which no price is known.
    """

    usd: float = 0.0
    at_most: float = 0.0
    unpriced: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.usd + other.usd, self.at_most + other.at_most, self.unpriced + other.unpriced
        )


def cost_of(cassette: Cassette) -> Cost:
    """Return what the answers of a cassette cost."""
    total = Cost()
    for interaction in cassette.interactions:
        for model, usage, most in _answers(interaction):
            usd = dollars(model, usage)
            at_most = dollars(model, {**usage, "output_tokens": most or usage["output_tokens"]})
            total += Cost(usd or 0.0, at_most or 0.0, int(usd is None))
    return total


def _answers(interaction: Interaction) -> Iterator[tuple[str, Mapping[str, Any], int | None]]:
    """Yield the model, the usage and the request's `max_tokens` of each answer that has them."""
    if urlsplit(interaction.request.url).path.endswith("/results"):
        for line in body_to_bytes(interaction.response.body).splitlines():
            message = _message_of_result(line)
            if "output_tokens" in (message.get("usage") or {}):
                # Whatever says otherwise: what comes out of a batch has a batch's price.
                usage = {**message["usage"], "service_tier": "batch"}
                yield str(message.get("model")), usage, None
        return
    usage = usage_of(interaction.response)
    body = interaction.request.body
    asked = body.value if isinstance(body, JsonBody) and isinstance(body.value, dict) else {}
    model = answered(interaction.response).get("model") or asked.get("model")
    if "output_tokens" in usage:
        most = asked.get("max_tokens")
        yield str(model), usage, most if isinstance(most, int) else None


def _message_of_result(line: bytes) -> Mapping[str, Any]:
    """Return the message in a line of a batch's results, empty if there is none."""
    try:
        message = json.loads(line)["result"]["message"]
    except (ValueError, LookupError, TypeError):
        return {}
    return message if isinstance(message, dict) else {}
