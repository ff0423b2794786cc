"""The file: what it looks like, that it loses nothing, and what is said of one that is broken."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import subprocess
import sys

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from linernotes.cassettes import yaml_format
from linernotes.cassettes.cassette import (
    BytesBody,
    Cassette,
    CassetteError,
    Comment,
    Event,
    EventsBody,
    Interaction,
    JsonBody,
    Provenance,
    Request,
    Response,
    TextBody,
    body_to_bytes,
)
from linernotes.cassettes.yaml_format import dumps, loads

from .strategies import ODD_TEXTS, cassettes, json_values

PAGE = "tests/cassettes/guides/streaming/stream_text.yaml"
PROVENANCE = Provenance(
    "simulated",
    "2026-11-21T08:00:00Z",
    "anthropic 2.11.0",
    "2026-10-21",
    "docs/guides/streaming.md#stream-text",
)


def cassette_of(*bodies):
    """Return a cassette whose first request has the first body, its response the second."""
    request = Request("POST", "https://api.anthropic.com/v1/messages", (), bodies[0])
    headers = (("content-type", "application/json"), ("request-id", "req_1"))
    return Cassette(PROVENANCE, (Interaction(request, Response(200, "OK", headers, bodies[-1])),))


def finding_in(text):
    with pytest.raises(CassetteError) as caught:
        loads(text, PAGE)
    finding = caught.value.finding
    assert finding.page == PAGE
    assert finding.severity == "error"
    assert "linernotes record" in str(finding.hint)
    return finding


EXPECTED = """\
linernotes:
  format: 1
  source: simulated
  recorded_at: "2026-11-21T08:00:00Z"
  sdk: anthropic 2.11.0
  api_version: "2026-10-21"
  snippet: docs/guides/streaming.md#stream-text
version: 1
interactions:
- request:
    method: POST
    uri: https://api.anthropic.com/v1/messages
    headers:
      anthropic-beta:
      - files-api-2025-04-14
      - "1"
      content-type: application/json
    body:
      json:
        max_tokens: 300
        messages:
        - role: user
          content: |-
            Say hello 👋:

              # twice
        stop_sequences: []
        "yes": "no"
        top_k: null
        ratio: 1.0e+16
  response:
    status:
      code: 200
      message: OK
    headers: {}
    body:
      events:
      - comment: ""
      - event: message_start
        data: {type: message_start, "no": [1, true, "a, b"]}
      - data: "[DONE]"
- request:
    method: GET
    uri: https://api.anthropic.com/v1/files/file_1/content
    headers: {}
    body: null
  response:
    status:
      code: 200
      message: OK
    headers: {}
    body:
      base64: |
        //79
- request:
    method: POST
    uri: https://api.anthropic.com/v1/files
    headers: {}
    body:
      text: "--x\\r\\n\\
        \\r\\n\\
        \\  indented\\r\\n\\
        --x--\\r\\n"
  response:
    status:
      code: 200
      message: OK
    headers: {}
    body:
      text: |
        {"a": 1}
        {"a": 2}
...
"""


def test_a_cassette_reads_like_this():
    url = "https://api.anthropic.com/v1/"
    message = {
        "max_tokens": 300,
        "messages": [{"role": "user", "content": "Say hello 👋:\n\n  # twice"}],
        "stop_sequences": [],
        "yes": "no",
        "top_k": None,
        "ratio": 1e16,
    }
    headers = (
        ("anthropic-beta", "files-api-2025-04-14"),
        ("anthropic-beta", "1"),
        ("content-type", "application/json"),
    )
    events = (
        Comment(""),
        Event("message_start", {"type": "message_start", "no": [1, True, "a, b"]}),
        Event(None, "[DONE]"),
    )
    upload = "--x\r\n\r\n  indented\r\n--x--\r\n"
    cassette = Cassette(
        PROVENANCE,
        (
            Interaction(
                Request("POST", f"{url}messages", headers, JsonBody(message)),
                Response(200, "OK", (), EventsBody(events)),
            ),
            Interaction(
                Request("GET", f"{url}files/file_1/content", (), None),
                Response(200, "OK", (), BytesBody(b"\xff\xfe\xfd")),
            ),
            Interaction(
                Request("POST", f"{url}files", (), TextBody(upload)),
                Response(200, "OK", (), TextBody('{"a": 1}\n{"a": 2}\n')),
            ),
        ),
    )
    assert dumps(cassette) == EXPECTED
    assert loads(EXPECTED, PAGE) == cassette


@given(cassettes)
@settings(max_examples=300)
def test_every_cassette_survives_its_file(cassette):
    text = dumps(cassette)
    again = loads(text, PAGE)
    assert repr(again) == repr(cassette)  # in Python 1 == True == 1.0
    assert dumps(again) == text


@given(json_values)
@settings(max_examples=300)
def test_other_yaml_readers_see_the_same_data(value):
    text = dumps(cassette_of(JsonBody(value), EventsBody((Event("a", [value]),))))
    for loader in (yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        interaction = yaml.load(text, Loader=loader)["interactions"][0]
        assert repr(interaction["request"]["body"]["json"]) == repr(value)
        assert repr(interaction["response"]["body"]["events"][0]["data"]) == repr([value])


@pytest.mark.parametrize("key", ["k" * 890, "k" * 1000, "k k: " * 500])
def test_keys_of_any_length_are_read_again(key):
    value = {key: {key: [1, "a\nb"]}, "after": 1}
    text = dumps(cassette_of(JsonBody(value), JsonBody([value])))
    assert loads(text, PAGE).interactions[0].request.body == JsonBody(value)
    assert yaml.safe_load(text)["interactions"][0]["response"]["body"]["json"] == [value]


@pytest.mark.parametrize("odd", ODD_TEXTS)
def test_what_cannot_be_seen_is_escaped_and_no_line_ends_in_space(odd):
    text = dumps(cassette_of(TextBody(odd), JsonBody({odd: [odd]})))
    assert not any(line != line.rstrip(" \t") for line in text.split("\n"))
    assert not any(character in text for character in "\r\x00\x1b\x85\u2028\u2029\u202e\ufeff")


def test_without_libyaml_the_same_files_are_read(monkeypatch):
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert dumps(loads(EXPECTED, PAGE)) == EXPECTED
    assert finding_in(EXPECTED.replace("code: 200", "code: [200", 1)).code == "cassette-not-yaml"


def test_a_file_with_windows_line_ends_is_the_same_cassette():
    assert loads(EXPECTED.replace("\n", "\r\n"), PAGE) == loads(EXPECTED, PAGE)


@given(st.integers(1, len(EXPECTED) - len("\n") - 1))
def test_a_file_cut_off_anywhere_is_never_taken_for_whole(length):
    finding = finding_in(EXPECTED[:length])
    if length > len("linernotes:\n"):
        assert finding.code == "cassette-truncated"
        assert finding.line == len(EXPECTED[:length].splitlines())


@pytest.mark.parametrize("text", ["", "\n", "  \n\t\n"])
def test_an_empty_file(text):
    assert finding_in(text).code == "cassette-empty"


@pytest.mark.parametrize(
    ("old", "new", "code", "below", "words"),
    [
        ("source: simulated", "source: [", "not-yaml", 2, "not valid YAML"),
        ("    method: POST\n", "\tmethod: POST\n", "not-yaml", 0, "not valid YAML"),
        ("    method: POST\n", "<<<<<<< HEAD\n", "not-yaml", 1, "not valid YAML"),
        ("Say hello", "\x00", "not-yaml", 0, "not valid YAML"),
        ("format: 1", "format: 2", "newer-format", 0, "format 2"),
        ("format: 1", "format: yes", "misshapen", 0, "`linernotes.format` must be"),
        ("source: simulated", "source: real", "misshapen", 0, "`real`"),
        ("source: simulated", "sources: live", "misshapen", 0, "unknown key, `sources`"),
        ('"2026-11-21T', '"2026-11-31T', "misshapen", 0, "must be a time in UTC"),
        ('T08:00:00Z"', '"', "misshapen", 0, "must be a time in UTC"),
        ("sdk: anthropic 2.11.0", "sdk: 2", "misshapen", 0, "must be a string, not `2`"),
        ("interactions:\n", "interaction:\n", "other-format", -8, "not a VCR cassette"),
        ("method: POST", "methods: POST", "misshapen", -1, "`interactions[0].request.method` is"),
        ("uri: https://api", "uri: //api", "misshapen", 0, "not a URL with a host"),
        ("uri: https://api", "uri: https://[", "misshapen", 0, "not a URL with a host"),
        ("uri: https://api", "uri: 5 #", "misshapen", 0, "must be a string, not `5`"),
        ("headers: {}", "headers: a", "misshapen", 0, "must be a mapping, not `'a'`"),
        ("json:", "jsn:", "misshapen", -1, "must have one of the keys"),
        ("code: 200", "code: twenty", "misshapen", 0, "must be a whole number"),
        ("code: 200", "code: true", "misshapen", 0, "must be a whole number"),
        ('comment: ""', 'commend: ""', "misshapen", 0, "An event must have `data`"),
        ("|\n        //79", "|\n        //7!", "misshapen", 0, "not base64"),
        ("max_tokens: 300", "messages: 300", "misshapen", 1, "`messages` occurs twice"),
        ("max_tokens: 300", "? [a]\n        : 300", "misshapen", 0, "A key must be"),
        ("max_tokens: 300", f"max_tokens: {'9' * 5000}", "misshapen", 0, "too many digits"),
        ("top_k: null", "top_k: !!python/name:os.system", "misshapen", 0, "the tag"),
        ("top_k: null", "top_k: !!binary 'a'", "misshapen", 0, "not base64"),
        ("\n...\n", "\n...\n---\na: 1\n...\n", "misshapen", None, "more than one"),
    ],
)
def test_a_broken_file_is_a_finding_with_its_line(old, new, code, below, words):
    broken = EXPECTED.replace(old, new, 1)
    finding = finding_in(broken)
    assert finding.code == f"cassette-{code}"
    assert words in finding.message
    at = broken[: broken.index(new)].count("\n") + 1
    assert finding.line == (None if below is None else at + below)


@pytest.mark.parametrize(
    "text",
    ["just text", "- a\n- b\n", "# nothing\n", "a: 1\n", "{}", "{not json", "[]", "\x00", "%",
     "http_interactions: []\nrecorded_with: VCR 6\n", "linernotes:\n  format: 1\n...\n"],
)  # fmt: skip
def test_a_file_of_another_kind_is_a_finding(text):
    assert finding_in(text).code in {"cassette-other-format", "cassette-not-yaml"}


LINES = EXPECTED.split("\n")


@given(
    st.text()
    | st.permutations(LINES).map("\n".join)
    | st.integers(0, len(LINES)).map(lambda at: "\n".join(LINES[:at] + LINES[at + 1 :]))
)
def test_no_text_makes_anything_but_a_cassette_or_a_finding(text):
    with contextlib.suppress(CassetteError):
        assert isinstance(loads(text, PAGE), Cassette)


def test_a_later_version_of_vcr_is_not_read_by_chance():
    finding = finding_in("version: 2\ninteractions: []\n")
    assert (finding.code, finding.line) == ("cassette-newer-format", 1)
    assert finding.hint.startswith("Update linernotes")


def test_a_bomb_is_refused_before_it_is_expanded():
    bomb = "a: &a [x, x]\n" + "".join(
        f"b{n}: &b{n} [*{'a' if n == 0 else f'b{n - 1}'}, *a]\n" for n in range(50)
    )
    finding = finding_in(f"version: 1\n{bomb}interactions: []\n")
    assert (finding.code, finding.line) == ("cassette-alias", 3)
    assert "aliases" in finding.message


def test_nesting_without_end_is_refused():
    finding = finding_in(f"version: 1\ninteractions: {'[' * 100_000}")
    assert finding.code in {"cassette-misshapen", "cassette-not-yaml"}


def test_a_huge_file_is_refused_before_it_is_parsed(monkeypatch):
    monkeypatch.setattr(yaml_format, "MAX_CHARACTERS", 100)
    assert finding_in(EXPECTED).code == "cassette-oversized"


def test_the_hint_names_the_snippet_to_record():
    assert finding_in(EXPECTED[:-4]).hint == (
        "Re-record with `linernotes record docs/guides/streaming.md#stream-text`."
    )


def test_the_hint_doesnt_take_a_file_of_anothers_for_its_own():
    assert finding_in("interactions: 3\n").hint == (
        "Record it again: with `linernotes record`, if that wrote it."
    )


def test_vcrpys_yaml_is_read_bodies_parsed_and_decompressed():
    text = """\
interactions:
- request:
    body: '{"max_tokens": 300}'
    headers:
      Content-Type:
      - application/json
    method: POST
    uri: https://api.anthropic.com/v1/messages
  response:
    body:
      string: !!binary |
        PACKED
    headers:
      Content-Encoding:
      - gzip
      Content-Type:
      - application/json; charset=utf-8
      Set-Cookie:
      - a=1
      - b=2
    status:
      code: 200
      message: OK
version: 1
"""
    packed = base64.b64encode(gzip.compress(b'{"a":1}')).decode()
    cassette = loads(text.replace("PACKED", packed), PAGE)
    assert cassette.provenance is None
    [interaction] = cassette.interactions
    assert interaction.request.body == JsonBody({"max_tokens": 300})
    assert interaction.response.body == JsonBody({"a": 1})
    assert interaction.response.headers == (
        ("content-type", "application/json; charset=utf-8"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
    )


def test_vcrpys_json_is_read_emoji_and_halves_of_one_too():
    tree = {
        "version": 1,
        "interactions": [
            {
                "request": {"method": "GET", "uri": "http://x/", "body": None, "headers": {}},
                "response": {
                    "status": {"code": 200, "message": None},
                    "headers": {"content-type": ["text/plain"]},
                    "body": {"string": "👋"},
                },
            }
        ],
    }
    [interaction] = loads(json.dumps(tree, indent=4), PAGE).interactions
    assert interaction.response == Response(
        200, "", (("content-type", "text/plain"),), TextBody("👋")
    )
    tree["interactions"][0]["response"]["body"]["string"] = "\ud83d"
    [interaction] = loads(json.dumps(tree), PAGE).interactions
    assert body_to_bytes(interaction.response.body) == b"\xed\xa0\xbd"


def test_importing_it_loads_no_heavy_module():
    code = (
        "import sys, linernotes.cassettes.matching, linernotes.cassettes.yaml_format\n"
        "import linernotes.cassettes.store\n"
        "print({'yaml', 'vcr', 'pydantic', 'anthropic', 'linernotes.cassettes.secrets'}"
        " & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
