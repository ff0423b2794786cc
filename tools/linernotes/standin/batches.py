"""Message Batches: many requests at once, answered in the background.

There is no background here and no clock. The requests are answered when the batch is created, in
their order, so that they take the replies of a script in that order. The batch says `in_progress`
until it is retrieved: by then it has ended, and a program that polls comes to its end with one
poll. Cancelling it before that turns all its results to `canceled`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from linernotes.standin.errors import ApiError, error_body, unsourced
from linernotes.standin.pages import id_page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MOST_REQUESTS = 100_000
"""Docs: build-with-claude/batch-processing, August 2026."""

LONGEST_ID = 64
_CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]+")
_PATTERN = "^[a-zA-Z0-9_-]{1,64}$"
_OUTCOMES = ("succeeded", "errored", "canceled", "expired")

CREATED, ENDED, EXPIRES = (
    "2026-10-21T00:00:00Z",
    "2026-10-21T00:01:00Z",
    "2026-10-22T00:00:00Z",
)
"""Placeholders, without a clock: the same requests get the same answers."""


@dataclass(slots=True)
class Batch:
    """One batch: the results it will have, in the order of the requests, and how far it is."""

    id: str
    results: list[dict[str, Any]]
    status: str = "in_progress"
    is_canceled: bool = False

    def shown(self, base_url: str) -> dict[str, Any]:
        """Return the batch in the API's shape."""
        has_ended = self.status == "ended"
        found = Counter(result["result"]["type"] for result in self.results if has_ended)
        return {
            "id": self.id,
            "type": "message_batch",
            "processing_status": self.status,
            "request_counts": {
                "processing": 0 if has_ended else len(self.results),
                **{outcome: found[outcome] for outcome in _OUTCOMES},
            },
            "ended_at": ENDED if has_ended else None,
            "created_at": CREATED,
            "expires_at": EXPIRES,
            "archived_at": None,
            "cancel_initiated_at": CREATED if self.is_canceled else None,
            "results_url": f"{base_url}/v1/messages/batches/{self.id}/results"
            if has_ended
            else None,
        }


@dataclass(slots=True)
class Batches:
    """The batches of one run. Each method raises ApiError for what the API refuses."""

    kept: dict[str, Batch] = field(default_factory=dict)

    def create(
        self,
        id_: str,
        body: object,
        answer: Callable[[str, dict[str, Any]], dict[str, Any]],
    ) -> Batch:
        """Keep a new batch; `answer` makes a message of a `custom_id` and its `params`."""
        requests = _checked_requests(body)
        results = [
            {"custom_id": asked["custom_id"], "result": _result(asked, answer, id_)}
            for asked in requests
        ]
        self.kept[id_] = Batch(id_, results)
        return self.kept[id_]

    def retrieve(self, id_: str) -> Batch:
        """Return a batch, which has ended by now."""
        batch = self._get(id_)
        if batch.is_canceled and batch.status != "ended":
            for result in batch.results:
                result["result"] = {"type": "canceled"}
        batch.status = "ended"
        return batch

    def cancel(self, id_: str) -> Batch:
        """Return a batch that is being canceled."""
        batch = self._get(id_)
        if batch.status == "ended":
            raise ApiError(400, unsourced(f"Batch {id_} has ended and can no longer be canceled."))
        batch.status, batch.is_canceled = "canceling", True
        return batch

    def delete(self, id_: str) -> dict[str, Any]:
        """Forget a batch that has ended."""
        if self._get(id_).status != "ended":
            raise ApiError(
                400, unsourced(f"Batch {id_} is still being processed: cancel it first.")
            )
        del self.kept[id_]
        return {"id": id_, "type": "message_batch_deleted"}

    def results(self, id_: str) -> bytes:
        """Return the results as JSON lines, the last request's first.

        The API promises no order, and whoever relies on one should see it here.
        """
        batch = self._get(id_)
        if batch.status != "ended":
            raise ApiError(404, unsourced(f"Batch {id_} has no available results."))
        lines = (
            json.dumps(result, ensure_ascii=False, separators=(",", ":"))
            for result in reversed(batch.results)
        )
        return "".join(f"{line}\n" for line in lines).encode()

    def page(self, query: Mapping[str, str], base_url: str) -> dict[str, Any]:
        """Return a page of the batches, newest first. A look at the list ends none of them."""
        return id_page([batch.shown(base_url) for batch in reversed(self.kept.values())], query)

    def _get(self, id_: str) -> Batch:
        if id_ not in self.kept:
            raise ApiError(404, unsourced(f"Batch {id_} not found"))
        return self.kept[id_]


def _result(
    asked: Mapping[str, Any],
    answer: Callable[[str, dict[str, Any]], dict[str, Any]],
    batch_id: str,
) -> dict[str, Any]:
    try:
        return {"type": "succeeded", "message": answer(asked["custom_id"], asked["params"])}
    except ApiError as problem:
        request_id = f"req_{batch_id.removeprefix('msgbatch_')}"
        body = error_body(problem.type, problem.message, request_id, problem.error_code)
        return {"type": "errored", "error": body}


def _checked_requests(body: object) -> Sequence[Mapping[str, Any]]:
    """Check what surrounds the params; those are checked when they are answered.

    Docs: build-with-claude/batch-processing (the params are validated after the batch was taken).
    """
    if not isinstance(body, dict):
        raise ApiError(400, "Input should be a valid dictionary")
    _check_keys(body, ("requests",), "")
    requests = body["requests"]
    if not isinstance(requests, list):
        raise ApiError(400, "requests: Input should be a valid list")
    if not requests:
        raise ApiError(400, "requests: List should have at least 1 item after validation, not 0")
    if len(requests) > MOST_REQUESTS:
        raise ApiError(
            400,
            f"requests: List should have at most {MOST_REQUESTS} items after validation, "
            f"not {len(requests)}",
        )
    seen: set[str] = set()
    for index, asked in enumerate(requests):
        _check_one(asked, f"requests.{index}")
        if asked["custom_id"] in seen:
            raise ApiError(
                400,
                unsourced(
                    f"requests.{index}.custom_id: {asked['custom_id']} is not unique in the batch"
                ),
            )
        seen.add(asked["custom_id"])
    return requests


def _check_one(asked: object, where: str) -> None:
    if not isinstance(asked, dict):
        raise ApiError(400, f"{where}: Input should be a valid dictionary")
    _check_keys(asked, ("custom_id", "params"), f"{where}.")
    if not isinstance(asked["params"], dict):
        raise ApiError(400, f"{where}.params: Input should be a valid dictionary")
    custom_id = asked["custom_id"]
    if not isinstance(custom_id, str):
        raise ApiError(400, f"{where}.custom_id: Input should be a valid string")
    if len(custom_id) > LONGEST_ID:
        raise ApiError(
            400, f"{where}.custom_id: String should have at most {LONGEST_ID} characters"
        )
    if not _CUSTOM_ID.fullmatch(custom_id):
        raise ApiError(400, f"{where}.custom_id: String should match pattern '{_PATTERN}'")


def _check_keys(given: Mapping[str, Any], keys: Sequence[str], where: str) -> None:
    for key in keys:
        if key not in given:
            raise ApiError(400, f"{where}{key}: Field required")
    for key in given:
        if key not in keys:
            raise ApiError(400, f"{where}{key}: Extra inputs are not permitted")
