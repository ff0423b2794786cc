"""Which models there are, and until when: read from the installed SDK."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from typing import get_args

from anthropic.resources.messages.messages import DEPRECATED_MODELS
from anthropic.types.model_param import ModelParam

RETIRED_ELSEWHERE = {
    "claude-3-5-sonnet-20240620": dt.date(2025, 10, 28),
    "claude-3-5-sonnet-20241022": dt.date(2025, 10, 28),
    "claude-3-5-sonnet-latest": dt.date(2025, 10, 28),
    "claude-3-opus-latest": dt.date(2026, 1, 5),
    "claude-3-haiku-20240307": dt.date(2026, 4, 20),
    "claude-opus-4-1": dt.date(2026, 8, 5),
    "claude-opus-4-1-20250805": dt.date(2026, 8, 5),
}
"""Models that the SDK has forgotten. Docs: about-claude/model-deprecations, August 2026."""


@cache
def current_ids() -> tuple[str, ...]:
    """Return the ids in the SDK's type, newest first. SDK: types/model_param.py."""
    return tuple(
        name for member in get_args(ModelParam) for name in get_args(member) if member is not str
    )


@cache
def retirements() -> dict[str, dt.date]:
    """Return the day on which each deprecated model stops. SDK: resources/messages/messages.py."""
    return RETIRED_ELSEWHERE | {
        model: _date(written) for model, written in DEPRECATED_MODELS.items()
    }


def is_callable(model_id: str, on: dt.date) -> bool:
    """Return whether the API knows the model on that day."""
    retires = retirements().get(model_id)
    return on < retires if retires else model_id in current_ids()


def snapshot(model_id: str) -> str:
    """Return the id that an answer names: `claude-haiku-4-5` is `claude-haiku-4-5-20251001`.

    Only the 4.5 models have dated snapshots; of all later ones the id is the snapshot itself.
    Docs: about-claude/models, August 2026.
    """
    dated = re.compile(re.escape(model_id) + r"-\d{8}")
    return next((known for known in current_ids() if dated.fullmatch(known)), model_id)


def _date(written: str) -> dt.date:
    """Read the SDK's form of a date: `November 30th, 2026`."""
    plain = re.sub(r"(?<=\d)(st|nd|rd|th)", "", written)
    moment = dt.datetime.strptime(plain, "%B %d, %Y").replace(tzinfo=dt.timezone.utc)
    return moment.date()
