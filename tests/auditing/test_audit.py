"""The audit of recorded traffic: what would be refused today, what no longer parses."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from linernotes.auditing.audit import audit, audit_exchange
from linernotes.auditing.traffic import read_traffic
from linernotes.cli import main

RECORDINGS = Path(__file__).parents[3] / "shared" / "recordings" / "messages_api.jsonl"
TODAY = dt.date(2026, 11, 21)

BODY = {
    "model": "claude-sonnet-5-5",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "Hello"}],
}
ANSWER = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-5-5",
    "content": [{"type": "text", "text": "Hello."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 8, "output_tokens": 3},
}


def line(body: dict, version: str | None = "2026-10-21", answer: dict = ANSWER) -> str:
    headers = {} if version is None else {"anthropic-version": version}
    request = {"method": "POST", "path": "/v1/messages", "headers": headers, "body": body}
    response = {"status": 200, "headers": {}, "body": answer}
    return json.dumps({"cassette": "a.yaml", "index": 0, "request": request, "response": response})


def audited(tmp_path: Path, text: str):
    file = tmp_path / "traffic.jsonl"
    file.write_text(text, encoding="utf-8")
    exchanges, findings = read_traffic(file, "traffic.jsonl")
    assert findings == ()
    return audit_exchange(exchanges[0], TODAY)


def test_good_traffic_has_no_findings(tmp_path: Path) -> None:
    found = audited(tmp_path, line(BODY))
    assert (found.request, found.response, found.findings) == ("accepted", "parsed", ())


def test_a_removed_parameter_is_refused_with_what_to_write_instead(tmp_path: Path) -> None:
    found = audited(tmp_path, line({**BODY, "temperature": 0.2}))
    assert found.request == "refused"
    [finding] = found.findings
    assert "temperature" in finding.message
    assert "delete" in finding.hint


def test_a_request_is_judged_under_the_version_it_was_sent_under(tmp_path: Path) -> None:
    old = {**BODY, "model": "claude-sonnet-4-6", "temperature": 0.2}
    found = audited(tmp_path, line(old, version="2023-06-01"))
    assert found.request == "accepted"
    assert [finding.code for finding in found.findings] == ["refused-by-newer-version"]


def test_traffic_without_a_version_counts_as_the_oldest(tmp_path: Path) -> None:
    assert audited(tmp_path, line(BODY, version=None)).api_version == "2023-06-01"


@pytest.mark.parametrize(
    ("model", "code"),
    [("claude-3-opus-20240229", "model-retired"), ("claude-sonnet-4-5", "model-retiring")],
)
def test_models_that_are_gone_or_going_are_named(tmp_path: Path, model: str, code: str) -> None:
    found = audited(tmp_path, line({**BODY, "model": model}))
    assert found.request == "accepted"
    assert [finding.code for finding in found.findings] == [code]


def test_an_answer_that_is_no_message_does_not_parse(tmp_path: Path) -> None:
    assert audited(tmp_path, line(BODY, answer={"choices": []})).response == "unparsed"


def test_a_credential_in_the_traffic_is_found_and_not_repeated(tmp_path: Path) -> None:
    key = "sk-ant-api03-" + "Zx9" * 30 + "-AAAA"
    text = line({**BODY, "messages": [{"role": "user", "content": f"my key is {key}"}]})
    [finding] = audited(tmp_path, text).findings
    assert finding.code == "secret"
    assert key not in str(finding)


def test_a_line_that_is_no_interaction_is_named_by_its_number(tmp_path: Path) -> None:
    file = tmp_path / "traffic.jsonl"
    file.write_text(f"{line(BODY)}\n{{}}\nnot json\n", encoding="utf-8")
    exchanges, findings = read_traffic(file, "traffic.jsonl")
    assert len(exchanges) == 1
    assert [finding.line for finding in findings] == [2, 3]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
PLACES = [
    *(("cassette",), ("index",), ("request",), ("response",)),
    *(("request", name) for name in ("method", "path", "headers", "body")),
    *(("request", "headers", name) for name in ("anthropic-version", "anthropic-beta")),
    *(("request", "body", name) for name in ("model", "messages")),
    *(("response", name) for name in ("status", "body", "events", "headers")),
]


@given(st.lists(st.tuples(st.sampled_from(PLACES), JSON), max_size=3))
@example([(("request", "path"), [])])
@example([(("cassette",), 5)])
def test_no_line_makes_the_audit_fail(changes: list) -> None:
    content = json.loads(line(BODY))
    for place, value in changes:
        parent = content
        for key in place[:-1]:
            parent = parent.get(key) if isinstance(parent, dict) else None
        if isinstance(parent, dict):
            parent[place[-1]] = value
    with TemporaryDirectory() as directory:
        file = Path(directory) / "traffic.jsonl"
        file.write_text(json.dumps(content), encoding="utf-8")
        found = audit([file], str, TODAY)
    assert len(found.interactions) + len(found.findings) >= 1
    json.dumps([one.to_json() for one in found.interactions])


def test_our_own_cassettes_would_all_be_accepted() -> None:
    cassettes = Path(__file__).parents[1] / "cassettes"
    found = audit([cassettes], str, TODAY)
    refused = [one for one in found.interactions if one.request == "refused"]
    assert found.interactions
    # Pages that show a refusal have it recorded as such.
    assert [one.source for one in refused if "code: 400" not in Path(one.source).read_text()] == []


def test_json_is_one_object_with_the_documented_keys(tmp_path: Path) -> None:
    file = tmp_path / "traffic.jsonl"
    file.write_text(line({**BODY, "top_k": 5}), encoding="utf-8")
    result = CliRunner().invoke(main, ["audit", "--json", str(file)])
    assert result.exit_code == 1
    content = json.loads(result.stdout)
    assert content["schema"] == 1
    [one] = content["interactions"]
    assert set(one) == {"source", "index", "api_version", "request", "response", "findings"}
    assert one["request"] == "refused"


@pytest.mark.skipif(not RECORDINGS.exists(), reason="the real recordings aren't beside the project")
def test_real_traffic_is_accepted_as_the_api_accepted_it() -> None:
    """190 were accepted and one was refused, for an effort level that its model lacks."""
    found = audit([RECORDINGS], str, TODAY)
    refused = [one for one in found.interactions if one.request == "refused"]
    assert len(found.interactions) == 191
    assert [one.source.rpartition("/")[2] for one in refused] == [
        "test_anthropic_explicit_effort_xhigh_unsupported_model_errors.yaml"
    ]
    assert all(one.response == "parsed" for one in found.interactions)
    assert not any(f.code == "secret" for one in found.interactions for f in one.findings)
