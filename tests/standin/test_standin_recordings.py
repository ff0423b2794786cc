"""The stand-in is asked what the real API was asked, where the recordings are at hand."""

from __future__ import annotations

import datetime as dt
import json
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

ONLY_WITH_SERVERS = {"container", "context_management"}


@pytest.mark.skipif(not RECORDINGS.exists(), reason="real recordings are kept outside the project")
def test_every_recorded_request_gets_an_answer_of_the_same_status_and_keys():
    interactions = [json.loads(line) for line in RECORDINGS.read_text().splitlines()]
    asked = [one for one in interactions if one["request"]["path"].startswith("/v1/messages")]
    assert len(asked) == 187
    with (
        serve(create_app(today=dt.date(2025, 9, 1))) as url,
        httpx2.Client(base_url=url, headers=HEADERS) as client,
    ):
        for one in asked:
            request, real = one["request"], one["response"]
            response = client.post(request["path"], json=request["body"])
            assert response.status_code == real["status"], one["cassette"]
            if real["events"] is not None:
                assert check_response(request["path"], events(response)) == ()
                continue
            answer = response.json()
            assert check_response(request["path"], answer) == ()
            assert set(real["body"]) - set(answer) <= ONLY_WITH_SERVERS, one["cassette"]
