from __future__ import annotations

import subprocess
import sys
from typing import get_args

import pytest
from anthropic.types.beta import BetaStopReason
from hypothesis import given
from hypothesis import strategies as st

from linernotes.standin.replies import StopReason, load_replies, replies_json_schema

PAGE = "tests/cassettes/a.replies.yaml"


def loaded(text):
    replies, found = load_replies(text, PAGE)
    assert found == ()
    assert replies is not None
    return replies


def findings(text):
    replies, found = load_replies(text, PAGE)
    assert replies is None
    assert all(finding.page == PAGE for finding in found)
    return [(finding.line, finding.message) for finding in found]


def test_a_script_is_read_with_its_lines():
    replies = loaded("# A comment.\nreplies:\n  - text: A\n\n  - json: null\n")
    assert replies.lines == (3, 5)
    assert replies.replies[0].text == "A"
    assert replies.replies[1].has_json


def test_values_are_what_they_look_like_to_a_json_writer():
    text = (
        "replies: [{tool_calls: [{name: f, input: "
        "{no: no, day: 2026-01-01, n: 1, x: 1.5, e: 1e3, t: true, z: null, o: 0o7, v: 1_000}}]}]"
    )
    assert loaded(text).replies[0].tool_calls[0].input == {
        "no": "no",
        "day": "2026-01-01",
        "n": 1,
        "x": 1.5,
        "e": 1000.0,
        "t": True,
        "z": None,
        "o": "0o7",
        "v": "1_000",
    }


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "mapping with the key `replies`"),
        ("- text: A\n", 1, "mapping with the key `replies`"),
        ("replies: []\nmore: 1\n", 2, "`more` is not a key"),
        ("replies: []\nsimulated_because: ''\n", 2, "`simulated_because`"),
        ("replies:\n  - text: [\n", 3, "not valid YAML"),
        ("replies:\n  - text: A\n    text: B\n", 3, "`text` is there twice"),
        ("replies:\n  - 1: A\n", 2, "A key must be a text"),
        ("replies:\n  - text: A\n    stop_reson: end_turn\n", 3, "`stop_reson` is not a key"),
        ("replies:\n  - text: A\n    stop_reason: tired\n", 3, "`stop_reason`"),
        ("replies:\n  - text: 1\n", 2, "`text`"),
        ("replies:\n  - text: ''\n", 2, "`text`"),
        ("replies:\n  - {}\n", 2, "The reply says nothing"),
        ("replies:\n  - text: A\n  - text: B\n    json: 1\n", 3, "`json` is the text"),
        ("replies:\n  - text: A\n    content: []\n", 2, "`content` holds all blocks"),
        ("replies:\n  - text: A\n    error: {status: 500}\n", 2, "an `error` stands alone"),
        ("replies:\n  - error:\n      status: 200\n", 3, "`status`"),
        ("replies:\n  - error: {}\n", 2, "`status` is missing"),
        ("replies:\n  - tool_calls:\n      - nam: f\n", 3, "`nam` is not a key"),
        ("replies:\n  - content:\n      - {type: text}\n", 3, "text: Field required"),
        ("replies:\n  - content:\n      - {type: txt}\n", 3, "'txt'"),
        ("a: &a [1]\nreplies: *a\n", 2, "no aliases"),
        ("replies: !!python/object:os.system {}\n", 1, "not valid YAML"),
        ("replies: " + "[" * 100 + "]" * 100, 1, "nested deeper"),
        ("\x00", None, "not valid YAML"),
    ],
)
def test_a_mistake_is_a_finding_at_its_line(text, line, words):
    (found, *_) = findings(text)
    assert found[0] == line
    assert words.casefold() in found[1].casefold()


def test_an_unknown_key_is_answered_with_the_known_ones():
    _, (found,) = load_replies("replies:\n  - txt: A\n    text: B\n", PAGE)
    assert "`text`" in str(found.hint)
    assert "`json`" in str(found.hint)


def test_a_huge_script_is_refused_unread():
    assert "longer than" in findings("#" * 2_000_000)[0][1]


def test_a_yaml_bomb_costs_nothing():
    bomb = "a: &a [x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(30))
    assert "no aliases" in findings(bomb)[0][1]


@given(st.text())
def test_no_text_makes_reading_fail(text):
    for script in (text, f"replies: [{{text: {text}"):
        replies, found = load_replies(script, PAGE)
        assert (replies is None) == bool(found)


def test_the_stop_reasons_are_the_sdks():
    assert set(get_args(StopReason)) == set(get_args(BetaStopReason))


def test_the_schema_for_editors_has_the_keys_that_writers_use():
    schema = replies_json_schema()
    reply = schema["$defs"]["Reply"]["properties"]
    assert {"text", "thinking", "tool_calls", "json", "error", "content", "break_after"} <= set(
        reply
    )
    assert schema["$defs"]["Reply"]["additionalProperties"] is False


def test_reading_a_script_does_not_load_the_sdk_or_the_server():
    code = (
        "import sys, linernotes.standin; from linernotes.standin.replies import load_replies; "
        "load_replies('replies: [{text: A}]', 'a'); "
        "sys.exit(any(name in sys.modules for name in ('anthropic', 'starlette', 'uvicorn')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_parts_of_a_message_are_checked_like_its_blocks():
    script = """replies:
  - text: A
    container: {id: 7}
  - text: A
    context_management:
      applied_edits:
        - {type: clear_everything}
"""
    _, findings = load_replies(script, "a.replies.yaml")
    assert [(one.code, one.line) for one in findings] == [
        ("replies-block", 3),
        ("replies-block", 7),
    ]
    assert "`container` doesn't fit the API: id: " in findings[0].message


def test_half_a_character_is_told_before_it_is_sent():
    _, (finding,) = load_replies('replies:\n  - text: "\\ud83d"\n', "a.replies.yaml")
    assert (finding.code, finding.line) == ("replies-yaml", 2)
    assert load_replies('replies:\n  - text: "\\U0001F600"\n', "a.replies.yaml")[1] == ()
