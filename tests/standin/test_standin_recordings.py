"""The stand-in is asked what the real API was asked, where the recordings are at hand."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

import httpx2
import pytest
from asking import events

from linernotes.contract.responses import check_response
from linernotes.standin.app import create_app
from linernotes.standin.server import serve

RECORDINGS = Path(__file__).parents[3] / "shared" / "recordings" / "messages_api.jsonl"
HEADERS = {
    "x-api-key": "k",
    "anthropic-version": "2023-06-01",
    # The recordings have dropped the header: these are the betas that they use.
    "anthropic-beta": "mcp-client-2025-11-20,interleaved-thinking-2025-05-14,"
    "context-management-2025-06-27,compact-2026-01-12,advisor-tool-2026-03-01,"
    "mid-conversation-tool-changes-2026-07-01",
}

GAINED = re.compile(r"\.(output_tokens_details|stop_details|inference_geo)\b")
"""What answers have now, by the SDK's types, and most of the recordings don't have yet."""

BY_CHOICE = re.compile(r"\.usage\.(server_tool_use|iterations)\b")
"""What follows from the kinds of the blocks, which the model was free to choose."""

ALIKE = 0.95

pytestmark = pytest.mark.skipif(
    not RECORDINGS.exists(), reason="real recordings are kept outside the project"
)


def test_recorded_requests_get_answers_of_the_same_status_and_shape():
    interactions = [json.loads(line) for line in RECORDINGS.read_text().splitlines()]
    assert len(interactions) == 191
    differing = {}
    with (
        serve(create_app(today=dt.date(2025, 9, 1))) as url,
        httpx2.Client(base_url=url, headers=HEADERS) as client,
    ):
        ids = {}
        for number, one in enumerate(interactions):
            request, real = one["request"], one["response"]
            response = ask(client, request, ids)
            assert response.status_code == real["status"], one["cassette"]
            streamed = real["events"] is not None
            answer = events(response) if streamed else response.json()
            if request["path"] == "/v1/files":
                ids[real["body"]["id"]] = answer["id"]
            if request["path"].startswith("/v1/messages"):
                assert check_response(request["path"], answer) == ()
            found = differences(real["events"] if streamed else real["body"], answer)
            if found:
                differing[number, one["cassette"]] = found
    assert len(differing) <= (1 - ALIKE) * len(interactions), differing


def ask(client, request, ids):
    """Send a recorded request: an upload has lost its form, and the ids of files are our own."""
    if request["path"] == "/v1/files":
        return client.post("/v1/files", files={"file": ("data.csv", b"a,b\n", "text/csv")})
    path, body = request["path"], json.dumps(request["body"])
    for theirs, ours in ids.items():
        path, body = path.replace(theirs, ours), body.replace(theirs, ours)
    return client.request(request["method"], path, content=body)


def differences(real, ours):
    """Return the paths that only one of two answers has, or that have another type of value.

    Paths inside blocks, deltas and errors of a kind that only one of them has don't count, nor do
    those inside a value that is null in one of them.
    """
    shapes = shape(real), shape(ours)
    kinds = [{kind for path in one for kind in kinds_in(path)} for one in shapes]
    common = kinds[0] & kinds[1]
    shapes = tuple(
        {path: types for path, types in one.items() if kinds_in(path) <= common} for one in shapes
    )
    nulls = tuple(path for one in shapes for path in one if "NoneType" in one[path])
    inside = tuple(f"{path}{mark}" for path in nulls for mark in ".<[")
    lost, more = shapes[0].keys() - shapes[1].keys(), shapes[1].keys() - shapes[0].keys()
    lost |= {
        path
        for path in shapes[0].keys() & shapes[1].keys()
        if path not in nulls and not shapes[0][path] & shapes[1][path]
    }
    if kinds[0] != kinds[1]:
        lost, more = ({path for path in one if not BY_CHOICE.search(path)} for one in (lost, more))
    more = {path for path in more if not GAINED.search(path)}
    return sorted(path for path in lost | more if not path.startswith(inside))


def kinds_in(path):
    return set(re.findall("<([^<>]*)>", path))


def shape(value, path=""):
    """Return the types of the values at each path; in a path, `<…>` is the kind of an object."""
    if not isinstance(value, dict | list):
        return {path: {type(value).__name__}}
    if isinstance(value, list):
        members = [(f"{path}[]", inner) for inner in value]
    else:
        kind = value.get("type")
        path = f"{path}<{kind}>" if isinstance(kind, str) else path
        given = {key: inner for key, inner in value.items() if key != "input"}
        members = [(f"{path}.{key}", inner) for key, inner in given.items()]
    found = {path: {type(value).__name__}}
    for place, inner in members:
        for where, types in shape(inner, place).items():
            found.setdefault(where, set()).update(types)
    return found
