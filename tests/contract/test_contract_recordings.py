"""The contract against real traffic, where the recordings are at hand."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from linernotes.contract.requests import check_request
from linernotes.contract.responses import check_response

RECORDINGS = Path(__file__).parents[3] / "shared" / "recordings" / "messages_api.jsonl"
RECORDED = dt.date(2025, 9, 1)
"""The earliest day of the recordings: no model that they use was retired yet."""

pytestmark = pytest.mark.skipif(
    not RECORDINGS.exists(), reason="real recordings are kept outside the project"
)


@pytest.fixture(scope="module")
def interactions():
    return [json.loads(line) for line in RECORDINGS.read_text().splitlines()]


def refused(interaction):
    request = interaction["request"]
    return check_request(
        request["path"], request["body"], api_version="2023-06-01", betas=None, on=RECORDED
    )


def test_every_request_that_was_answered_is_taken(interactions):
    answered = [one for one in interactions if one["response"]["status"] == 200]
    assert len(answered) == 189
    assert [(one["cassette"], refused(one)) for one in answered if refused(one)] == []


def test_the_refused_requests_are_refused_with_the_same_status_and_words(interactions):
    for one in interactions:
        response = one["response"]
        if response["status"] != 200:
            first = refused(one)[0]
            assert first.status == response["status"]
            assert first.message == response["body"]["error"]["message"]


def test_every_response_parses(interactions):
    for one in interactions:
        response = one["response"]
        body = response["body"] if response["events"] is None else response["events"]
        assert check_response(one["request"]["path"], body) == (), one["cassette"]
