"""The cassette answers, each recording once, and says what is different when it can't."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from running_jobs import LINE, Run

from linernotes.cassettes.cassette import (
    Cassette,
    Interaction,
    Provenance,
    request_from_http,
    response_from_http,
)
from linernotes.cassettes.yaml_format import dumps

CALL = """
    from anthropic import Anthropic

    client = Anthropic()
    message = client.messages.create(
        model="claude-sonnet-5-5",
        max_tokens=300,
        messages=[{"role": "user", "content": "Hello"}],
    )
    print(message.content[0].text, message.usage.output_tokens)
"""

ASKED = {
    "model": "claude-sonnet-5-5",
    "max_tokens": 300,
    "messages": [{"role": "user", "content": "Hello"}],
}


def answered(text: str = "Hi!", status: int = 200, **headers: str) -> Interaction:
    """Return a recorded call and its answer."""
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-5-5",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 8, "output_tokens": 5},
    }
    wrong = {"type": "error", "error": {"type": "overloaded_error", "message": "later"}}
    return Interaction(
        request_from_http(
            "POST",
            "https://api.anthropic.com/v1/messages",
            (("anthropic-version", "2026-10-21"), ("content-type", "application/json")),
            json.dumps(ASKED).encode(),
        ),
        response_from_http(
            status,
            "",
            (("content-type", "application/json"), *headers.items()),
            json.dumps(message if status == 200 else wrong).encode(),
        ),
    )


def recorded(path: Path, *interactions: Interaction) -> str:
    """Write a cassette of 2026-11-01 and return where it is."""
    provenance = Provenance("simulated", "2026-11-01T10:00:00Z", snippet="docs/page.md#it")
    file = path / "it.yaml"
    file.write_text(dumps(Cassette(provenance, interactions)), encoding="utf-8")
    return str(file)


def test_a_recording_answers(run: Run, tmp_path: Path) -> None:
    outcome = run(CALL, cassette=recorded(tmp_path, answered()))
    assert outcome.failure is None
    assert outcome.stdout == "Hi! 5\n"
    assert (outcome.requests, outcome.provenance) == (1, "simulated")


def test_the_clock_begins_at_the_time_of_the_recording(run: Run, tmp_path: Path) -> None:
    source = (
        "import anthropic\nfrom datetime import datetime\nprint(datetime.now().isoformat()[:16])"
    )
    outcome = run(CALL, source, cassette=recorded(tmp_path, answered()))
    assert outcome.stdout == "2026-11-01T10:00\n"


def test_a_request_that_differs_is_told_with_the_difference(run: Run, tmp_path: Path) -> None:
    cassette = recorded(tmp_path, answered())
    failure = run(CALL.replace("300", "301"), cassette=cassette).failure
    assert failure is not None
    assert failure.code == "not-recorded"
    assert failure.line == LINE + 3
    assert failure.detail == "max_tokens: recorded 300, sent 301"


SWALLOWING = {
    "except Exception": "try:\n{}\nexcept Exception:\n    print('fine')",
    "a bare except": "try:\n{}\nexcept:\n    print('fine')",
    "a thread": "import threading\ndef ask():\n{}\nthreading.Thread(target=ask).start()",
    "a task": "import asyncio\nasync def ask():\n{}\n"
    "await asyncio.gather(ask(), return_exceptions=True)",
}


@pytest.mark.parametrize("name", SWALLOWING)
def test_a_swallowed_difference_is_still_the_verdict(run: Run, tmp_path: Path, name: str) -> None:
    body = CALL.replace("300", "301").replace("\n", "\n    ")
    failure = run(SWALLOWING[name].format(body), cassette=recorded(tmp_path, answered())).failure
    assert failure is not None
    assert failure.code == "not-recorded"
    assert failure.detail == "max_tokens: recorded 300, sent 301"


def test_a_request_sent_twice_and_recorded_once_is_told(run: Run, tmp_path: Path) -> None:
    cassette = recorded(tmp_path, answered())
    failure = run(CALL, CALL, cassette=cassette).failure
    assert failure is not None
    assert "recorded once and was sent once more" in failure.detail
    assert failure.line == LINE + 103


def test_a_recording_that_nobody_asked_for_is_told(run: Run, tmp_path: Path) -> None:
    failure = run(CALL, cassette=recorded(tmp_path, answered(), answered())).failure
    assert failure is not None
    assert failure.code == "part-used"
    assert "1 of 2 recordings" in failure.message
    assert "linernotes record --simulate docs/page.md#it" in (failure.hint or "")
    failure = run("import anthropic", cassette=recorded(tmp_path, answered())).failure
    assert failure is not None
    assert failure.code == "part-used"


def test_a_request_of_a_thread_that_outlives_the_snippet_counts(run: Run, tmp_path: Path) -> None:
    body = CALL.replace("\n", "\n    ")
    source = f"import threading\ndef ask():\n{body}\nthreading.Thread(target=ask).start()"
    outcome = run(source, cassette=recorded(tmp_path, answered()))
    assert outcome.failure is None
    assert outcome.stdout == "Hi! 5\n"


def test_without_a_cassette_a_call_is_unrecorded(run: Run) -> None:
    outcome = run(CALL)
    assert outcome.status == "unrecorded"
    assert outcome.failure is not None
    assert outcome.failure.line == LINE + 3
    assert "linernotes record docs/page.md#it" in (outcome.failure.hint or "")


def test_a_call_of_a_snippet_without_a_name_needs_one(run: Run) -> None:
    outcome = run(CALL, cassette=None)
    assert outcome.status == "failed"
    assert outcome.failure is not None
    assert outcome.failure.code == "needs-id"


def test_retries_with_back_off_cost_no_time_and_the_clock_shows_them(
    run: Run, tmp_path: Path
) -> None:
    busy = answered(status=529, **{"retry-after": "45"})
    waited = "import time\nprint(round(time.monotonic() - began, -1))"
    outcome = run(
        f"import anthropic, time\nbegan = time.monotonic()\n{_dedented(CALL)}",
        f"import anthropic\n{waited}",
        cassette=recorded(tmp_path, busy, busy, answered()),
    )
    assert outcome.failure is None
    assert outcome.stdout == "90.0\n"
    assert outcome.requests == 3


def test_a_snippet_that_hides_its_client_from_us_gets_its_cassette_too(
    run: Run, tmp_path: Path
) -> None:
    source = _dedented(CALL).replace(
        "from anthropic import Anthropic", "Anthropic = __import__('anthropic').Anthropic"
    )
    outcome = run(source, cassette=recorded(tmp_path, answered()), timeout=60.0)
    assert outcome.failure is None
    assert outcome.requests == 1


def test_a_cassette_that_is_broken_is_told(run: Run, tmp_path: Path) -> None:
    cassette = Path(recorded(tmp_path, answered()))
    cassette.write_text("version: 1\ninteractions: 7\n")
    failure = run(CALL, cassette=str(cassette)).failure
    assert failure is not None
    assert "it.yaml" in failure.message
    cassette.write_bytes(b"\xff")
    failure = run(CALL, cassette=str(cassette)).failure
    assert failure is not None
    assert "UTF-8" in failure.message


def test_a_vcr_file_without_our_head_answers_and_claims_nothing(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "it.yaml"
    file.write_text(dumps(Cassette(None, (answered(),))), encoding="utf-8")
    outcome = run(CALL, cassette=str(file))
    assert outcome.failure is None
    assert outcome.provenance is None


OTHERS = {
    "requests": """
        import requests

        answer = requests.post(
            "https://api.anthropic.com/v1/messages",
            headers={"x-api-key": "any", "anthropic-version": "2026-10-21"},
            json=ASKED,
        )
        print(answer.status_code, answer.json()["content"][0]["text"])
    """,
    "requests in a session": """
        import requests

        with requests.Session() as session:
            session.headers["anthropic-version"] = "2026-10-21"
            answer = session.post("https://api.anthropic.com/v1/messages", json=ASKED)
        print(answer.status_code, answer.json()["content"][0]["text"])
    """,
    "urllib3": """
        import urllib3

        answer = urllib3.PoolManager().request(
            "POST",
            "https://api.anthropic.com/v1/messages",
            headers={"anthropic-version": "2026-10-21"},
            json=ASKED,
        )
        print(answer.status, answer.json()["content"][0]["text"])
    """,
    "urllib": """
        import json
        import urllib.request

        request = urllib.request.Request(
            "https://api.anthropic.com/v1/messages",
            json.dumps(ASKED).encode(),
            {"anthropic-version": "2026-10-21", "content-type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            print(answer.status, json.load(answer)["content"][0]["text"])
    """,
    "http.client": """
        import http.client
        import json

        connection = http.client.HTTPSConnection("api.anthropic.com")
        headers = {"anthropic-version": "2026-10-21", "content-type": "application/json"}
        connection.request("POST", "/v1/messages", json.dumps(ASKED), headers)
        answer = connection.getresponse()
        print(answer.status, json.load(answer)["content"][0]["text"])
    """,
    "httpx2": """
        import httpx2

        headers = {"anthropic-version": "2026-10-21"}
        answer = httpx2.post("https://api.anthropic.com/v1/messages", headers=headers, json=ASKED)
        print(answer.status_code, answer.json()["content"][0]["text"])
    """,
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_clients_are_answered_too(run: Run, tmp_path: Path, name: str) -> None:
    source = OTHERS[name].replace("ASKED", repr(ASKED))
    outcome = run(source, cassette=recorded(tmp_path, answered()))
    assert outcome.failure is None
    assert outcome.stdout == "200 Hi!\n"
    assert outcome.requests == 1


@pytest.mark.parametrize("name", OTHERS)
def test_other_clients_are_told_the_difference_too(run: Run, tmp_path: Path, name: str) -> None:
    source = OTHERS[name].replace("ASKED", repr({**ASKED, "max_tokens": 301}))
    failure = run(source, cassette=recorded(tmp_path, answered())).failure
    assert failure is not None
    assert failure.detail == "max_tokens: recorded 300, sent 301"


def test_a_stream_arrives_event_by_event(run: Run, tmp_path: Path) -> None:
    events = [
        {"type": "message_start", "message": json.loads(_body(answered()))},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": t}}
            for t in ("One", " two", " three")
        ),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_stop"},
    ]
    data = "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in events)
    answer = response_from_http(200, "OK", (("content-type", "text/event-stream"),), data.encode())
    streamed = replace(
        answered(),
        request=request_from_http(
            "POST",
            "https://api.anthropic.com/v1/messages",
            (("anthropic-version", "2026-10-21"), ("content-type", "application/json")),
            json.dumps({**ASKED, "stream": True}).encode(),
        ),
        response=answer,
    )
    create = _dedented(CALL).replace("max_tokens=300", "max_tokens=300, stream=True")
    loop = """
for event in message:
    if event.type == "content_block_delta":
        print(event.delta.text)
        break
"""
    source = create.partition("print(")[0] + loop
    outcome = run(source, cassette=recorded(tmp_path, streamed))
    assert outcome.failure is None
    assert outcome.stdout == "One\n"


def _body(interaction: Interaction) -> str:
    body = interaction.response.body
    return json.dumps(getattr(body, "value"))  # noqa: B009  # a JSON body has one


def _dedented(source: str) -> str:
    return "\n".join(line.removeprefix("    ") for line in source.split("\n"))
