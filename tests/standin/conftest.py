from __future__ import annotations

import datetime as dt
from contextlib import ExitStack

import anthropic
import httpx2
import pytest

from linernotes.standin.app import create_app, script_findings
from linernotes.standin.replies import load_replies
from linernotes.standin.server import serve

TODAY = dt.date(2026, 11, 21)


class StandIn:
    """A running stand-in and the clients that talk to it."""

    def __init__(self, app, url):
        self.app = app
        self.url = url
        self.client = anthropic.Anthropic(base_url=url, api_key="sk-ant-test", max_retries=0)
        self.http = httpx2.Client(
            base_url=url,
            headers={"authorization": "Bearer sk-ant-test", "anthropic-version": "2026-10-21"},
        )

    @property
    def findings(self):
        return script_findings(self.app)

    def post(self, body, path="/v1/messages", **headers):
        return self.http.post(path, json=body, headers=headers)


@pytest.fixture
def start():
    """Start stand-ins, each with its script, and stop them all after the test."""
    with ExitStack() as running:

        def start_one(script=None):
            replies = None
            if script is not None:
                replies, findings = load_replies(script, "a.replies.yaml")
                assert findings == ()
            app = create_app(replies, today=TODAY)
            standin = StandIn(app, running.enter_context(serve(app)))
            running.callback(standin.http.close)
            running.callback(standin.client.close)
            return standin

        yield start_one


@pytest.fixture
def standin(start):
    return start()
