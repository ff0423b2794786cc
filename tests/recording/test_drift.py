"""Drift between two recordings: the form of answers, not their wording."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from linernotes.cassettes.cassette import Event, EventsBody, Json, JsonBody, Response
from linernotes.cli import main
from linernotes.recording.drift import differences


def answer(body: Json, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Response:
    return Response(status, "OK", headers, JsonBody(body))


def stream(*events: tuple[str, dict]) -> Response:
    return Response(200, "OK", (), EventsBody(tuple(Event(name, data) for name, data in events)))


def test_other_words_are_no_drift() -> None:
    before = answer({"content": [{"type": "text", "text": "Hello."}], "usage": {"output": 3}})
    after = answer({"content": [{"type": "text", "text": "Good day!"}], "usage": {"output": 9}})
    assert list(differences(before, after)) == []


def test_more_of_the_same_blocks_are_no_drift() -> None:
    block = {"type": "text", "text": "x"}
    assert (
        list(differences(answer({"content": [block]}), answer({"content": [block, block]}))) == []
    )


def test_a_null_that_gets_a_value_and_back_is_drift_only_as_a_key() -> None:
    before, after = answer({"stop": "x", "a": None}), answer({"stop": "x", "a": 1})
    assert list(differences(before, after)) == ["new keys: a"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (answer({}), answer({}, status=400), "the status was 200 and is 400"),
        (answer({"a": 1}), answer({"b": 1}), "keys that are gone: a"),
        (answer({"a": {"b": 1}}), answer({"a": {"b": "1"}}), "a.b was a number and is a string"),
        (answer({}), answer({}, headers=(("Retry-After", "1"),)), "new headers: retry-after"),
    ],
)
def test_changes_of_form_are_named(before: Response, after: Response, said: str) -> None:
    assert said in list(differences(before, after))


def test_the_number_of_deltas_in_a_stream_is_no_drift_and_their_order_is() -> None:
    delta = ("content_block_delta", {"type": "content_block_delta"})
    stop = ("message_stop", {"type": "message_stop"})
    assert list(differences(stream(delta, stop), stream(delta, delta, stop))) == []
    [said] = differences(stream(delta, stop), stream(stop, delta))
    assert said.startswith("the events were content_block_delta, message_stop and are")


CASSETTE = """linernotes:
  format: 1
  source: simulated
  recorded_at: "2026-11-21T08:00:00Z"
version: 1
interactions:
- request:
    method: POST
    uri: https://api.anthropic.com/v1/messages
    headers:
      content-type: application/json
    body:
      json:
        max_tokens: 1
  response:
    status:
      code: 200
      message: OK
    headers:
      content-type: application/json
    body:
      json:
        id: msg_1
...
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "mkdocs.yml").write_text("site_name: X\n")
    (tmp_path / "docs" / "a.md").write_text("``` { .python #b }\nimport anthropic\n```\n")
    cassette = tmp_path / "tests" / "cassettes" / "a" / "b.yaml"
    cassette.parent.mkdir(parents=True)
    cassette.write_text(CASSETTE)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *command], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    return cassette


def test_the_command_compares_with_a_revision_and_exits_1_on_drift(repository: Path) -> None:
    assert CliRunner().invoke(main, ["drift"]).exit_code == 0
    repository.write_text(CASSETTE.replace("id: msg_1", "id: 1\n        speed: fast"))
    result = CliRunner().invoke(main, ["drift", "--json"])
    assert result.exit_code == 1
    said = [finding["message"] for finding in json.loads(result.stdout)["findings"]]
    assert said == [
        "POST /v1/messages, answer 1: new keys: speed",
        "POST /v1/messages, answer 1: id was a string and is a number",
    ]


def test_an_unknown_revision_is_a_wrong_call(repository: Path) -> None:
    result = CliRunner().invoke(main, ["drift", "--since", "nowhere"])
    assert result.exit_code == 2
    assert "git knows no such revision here" in result.output
