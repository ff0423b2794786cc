"""The Models API: what is known of each model, in the API's shape."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from linernotes.contract.lifecycle import current_ids, is_callable, retirements, snapshot
from linernotes.contract.models import EFFORTS, Model, model_facts
from linernotes.standin.errors import ApiError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

THINKING = ("adaptive", "between_tools", "disabled", "enabled")
_SUPPORTED: dict[str, Any] = {"supported": True}
DEFAULT_LIMIT, MOST = 20, 1000
"""Models on a page. SDK: types/model_list_params.py."""


def model_info(model_id: str, on: dt.date) -> dict[str, Any]:
    """Return one model. Raises ApiError 404 for an unknown or retired one."""
    dated = snapshot(model_id)
    facts = model_facts(dated)
    if facts is None or not is_callable(model_id, on):
        raise ApiError(404, f"model: {model_id}")
    retires = retirements().get(dated)
    return {
        "type": "model",
        "id": dated,
        "display_name": facts.name,
        "created_at": _midnight(_released(dated) or facts.released or "1970-01-01"),
        "lifecycle": "deprecated" if retires else "active",
        "deprecated_at": None,
        "retires_at": _midnight(retires.isoformat()) if retires else None,
        "line": facts.line,
        "max_input_tokens": facts.context,
        "max_tokens": facts.max_output,
        "capabilities": _capabilities(facts),
    }


def _capabilities(facts: Model) -> dict[str, Any]:
    return {
        **dict.fromkeys(("batch", "citations", "code_execution", "context_management"), _SUPPORTED),
        **dict.fromkeys(("image_input", "pdf_input", "structured_outputs"), _SUPPORTED),
        "effort": _supported(facts.efforts)
        | {level: _supported(level in facts.efforts) for level in EFFORTS},
        "server_tools": _SUPPORTED | dict.fromkeys(("web_search", "code_execution"), _SUPPORTED),
        "thinking": _SUPPORTED
        | {"types": {name: _supported(name in facts.thinking) for name in THINKING}},
    }


def model_page(query: Mapping[str, str], on: dt.date) -> dict[str, Any]:
    """Return a page of the callable models, newest first."""
    ids = [name for name in current_ids() if snapshot(name) == name and is_callable(name, on)]
    ids = [name for name in ids if model_facts(name)]
    limit = _limit(query.get("limit"))
    after, before = query.get("after_id"), query.get("before_id")
    if before in ids:
        ids = ids[: ids.index(before)]
        page, more = ids[-limit:], len(ids) > limit
    else:
        ids = ids[ids.index(after) + 1 :] if after in ids else ids
        page, more = ids[:limit], len(ids) > limit
    return {
        "data": [model_info(name, on) for name in page],
        "has_more": more,
        "first_id": page[0] if page else None,
        "last_id": page[-1] if page else None,
    }


def _limit(given: str | None) -> int:
    if given is None:
        return DEFAULT_LIMIT
    if not given.isdecimal() or not 1 <= int(given) <= MOST:
        raise ApiError(400, f"limit: Input should be between 1 and {MOST}")
    return int(given)


def _released(model_id: str) -> str | None:
    dated = re.search(r"-(\d{4})(\d{2})(\d{2})$", model_id)
    return "-".join(dated.groups()) if dated else None


def _midnight(date: str) -> str:
    return f"{date}T00:00:00Z"


def _supported(is_supported: object) -> dict[str, Any]:
    return {"supported": bool(is_supported)}
