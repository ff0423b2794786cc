"""What answers cost: the prices of the Claude API, and what `usage` comes to.

Prices are US dollars per million tokens, read from the vendor's documentation between August and
November 2026 (about-claude/pricing, about-claude/models, and the pages models/fable-5-2,
models/fable-5-1, models/opus-5-5, models/sonnet-5-5, models/haiku-5-5). The Models API has none.
Sums are estimates: a bill also knows discounts, commitments and answers that are not charged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linernotes.contract.models import model_facts

if TYPE_CHECKING:
    from collections.abc import Mapping

_MILLION = 1_000_000

WRITE_5M, WRITE_1H = 1.25, 2.0
"""Writing to the cache, in prices of input. Docs: build-with-claude/prompt-caching."""

BATCH = 0.5
"""What is left of a price in a message batch. Docs: about-claude/pricing."""

IN_THE_US = 1.1
"""What `inference_geo: us` adds, on Claude 4.6 and later. Docs: about-claude/pricing."""

WEB_SEARCH = 0.01
"""Dollars for one search. Docs: agents-and-tools/tool-use/web-search-tool."""

LONG_PROMPT = 100_000
"""Tokens of a prompt above which Haiku 5.5 costs more. Docs: models/haiku-5-5/overview."""


@dataclass(frozen=True, slots=True)
class Price:
    """The prices of one model; `read` is a cache read's, in prices of input."""

    input: float
    output: float
    read: float = 0.1


PRICES: dict[str, Price] = {
    "claude-fable-5-2": Price(8, 40, read=0.025),
    "claude-mythos-5-2": Price(8, 40, read=0.025),  # medium: "same as Fable 5.2"
    "claude-haiku-5-5": Price(0.10, 0.50),
    "claude-sonnet-5-5": Price(2, 10),
    "claude-opus-5-5": Price(4, 20, read=0.05),
    "claude-fable-5-1": Price(10, 50, read=0.025),
    "claude-mythos-5-1": Price(10, 50, read=0.025),
    "claude-opus-5": Price(5, 25),
    "claude-sonnet-5": Price(2, 10),
    "claude-fable-5": Price(10, 50),
    "claude-mythos-5": Price(10, 50),
    "claude-opus-4-8": Price(5, 25),
    "claude-opus-4-7": Price(5, 25),
    "claude-opus-4-6": Price(5, 25),
    "claude-sonnet-4-6": Price(3, 15),
    "claude-opus-4-5": Price(5, 25),
    "claude-haiku-4-5": Price(1, 5),
    "claude-sonnet-4-5": Price(3, 15),
}
_HAIKU_LONG = Price(0.50, 2.50)


def dollars(model: str, usage: Mapping[str, Any]) -> float | None:
    """Return about what an answer with this `usage` costs, or None where no price is known.

    The service tier, the region, cache reads and writes, and web searches are taken from `usage`.
    What fast mode costs was not found.
    """
    facts = model_facts(model)
    price = PRICES.get(facts.id if facts else model)
    if price is None or usage.get("speed") == "fast":
        return None
    written = usage.get("cache_creation") or {}
    hour = _number(written, "ephemeral_1h_input_tokens")
    minutes = max(_number(usage, "cache_creation_input_tokens") - hour, 0)
    read, plain = _number(usage, "cache_read_input_tokens"), _number(usage, "input_tokens")
    if facts and facts.id == "claude-haiku-5-5" and read + plain + hour + minutes > LONG_PROMPT:
        price = _HAIKU_LONG
    entered = plain + WRITE_5M * minutes + WRITE_1H * hour + price.read * read
    tokens = entered * price.input + _number(usage, "output_tokens") * price.output
    factor = BATCH if usage.get("service_tier") == "batch" else 1.0
    factor *= IN_THE_US if usage.get("inference_geo") == "us" else 1.0
    searches = _number(usage.get("server_tool_use") or {}, "web_search_requests")
    return tokens / _MILLION * factor + searches * WEB_SEARCH


def _number(usage: Mapping[str, Any], name: str) -> float:
    value = usage.get(name)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else 0
