"""Pages of a list with `after_id` and `before_id`, as models and batches have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linernotes.standin.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEFAULT_LIMIT, MOST = 20, 1000
"""Items on a page. SDK: types/model_list_params.py, types/messages/batch_list_params.py."""


def id_page(items: Sequence[Mapping[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    """Return the page of `items` that a query asks for. Raises ApiError 400.

    An id that is in no item is no cursor, and the page begins at the start.
    """
    most = limit_of(query)
    ids = [item["id"] for item in items]
    after, before = query.get("after_id"), query.get("before_id")
    if before in ids:
        left = items[: ids.index(before)]
        page = left[-most:]
    else:
        left = items[ids.index(after) + 1 :] if after in ids else items
        page = left[:most]
    return {
        "data": list(page),
        "has_more": len(left) > most,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
    }


def limit_of(query: Mapping[str, str]) -> int:
    """Return how many items a page may have. Raises ApiError 400."""
    given = query.get("limit")
    if given is None:
        return DEFAULT_LIMIT
    if not (given.isascii() and given.isdecimal()) or not 1 <= int(given) <= MOST:
        raise ApiError(400, f"limit: Input should be between 1 and {MOST}")
    return int(given)
