"""The Models API: what is known of each model, in the API's shape."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from linernotes.contract.lifecycle import current_ids, is_callable, retirements, snapshot
from linernotes.contract.models import EFFORTS, Model, model_facts
from linernotes.standin.errors import ApiError
from linernotes.standin.pages import id_page

if TYPE_CHECKING:
    import datetime as dt

    from starlette.datastructures import QueryParams

THINKING = ("adaptive", "between_tools", "disabled", "enabled")
_SUPPORTED: dict[str, Any] = {"supported": True}
NO_DATE = "1970-01-01"
"""For a release that isn't known. SDK: types/model_info.py."""

STAGES = ("active", "deprecated", "retired")


def model_info(model_id: str, on: dt.date, *, in_beta: bool = False) -> dict[str, Any]:
    """Return one model. Raises ApiError 404 for an unknown or retired one.

    With `in_beta` it tells of compaction. Docs: build-with-claude/compaction-on-demand; SDK:
    types/beta/beta_model_capabilities.py.
    """
    dated = snapshot(model_id)
    facts = model_facts(dated)
    if facts is None or not is_callable(model_id, on):
        raise ApiError(404, f"model: {model_id}")
    retires = retirements().get(dated)
    return {
        "type": "model",
        "id": dated,
        "display_name": facts.name,
        "created_at": _midnight(_released(dated) or facts.released or NO_DATE),
        "lifecycle": "deprecated" if retires else "active",
        "deprecated_at": None,
        "retires_at": _midnight(retires.isoformat()) if retires else None,
        "line": facts.line,
        "max_input_tokens": facts.context,
        "max_tokens": facts.max_output,
        "capabilities": _capabilities(facts) | (_compaction(facts) if in_beta else {}),
    }


def _compaction(facts: Model) -> dict[str, Any]:
    supported = _supported(facts.compacts)
    return {"compaction": supported | {"summarize": supported}}


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


def model_page(query: QueryParams, on: dt.date, *, in_beta: bool = False) -> dict[str, Any]:
    """Return a page of the models, newest first. Raises ApiError 400.

    Retired ones are not in the stand-in's catalogue: what they could do is no longer known here.
    """
    # The SDK writes lists with brackets. SDK: _client.py, `qs`.
    asked = query.getlist("lifecycle[]") + query.getlist("lifecycle")
    for stage in asked:
        if stage not in STAGES:
            raise ApiError(400, "lifecycle: Input should be 'active', 'deprecated' or 'retired'")
    ids = (name for name in current_ids() if snapshot(name) == name and is_callable(name, on))
    models = [model_info(name, on, in_beta=in_beta) for name in ids if model_facts(name)]
    models.sort(key=lambda model: model["created_at"], reverse=True)
    return id_page([one for one in models if not asked or one["lifecycle"] in asked], query)


def _released(model_id: str) -> str | None:
    dated = re.search(r"-(\d{4})(\d{2})(\d{2})$", model_id)
    return "-".join(dated.groups()) if dated else None


def _midnight(date: str) -> str:
    return f"{date}T00:00:00Z"


def _supported(is_supported: object) -> dict[str, Any]:
    return {"supported": bool(is_supported)}
