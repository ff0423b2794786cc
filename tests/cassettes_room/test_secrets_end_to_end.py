"""Planted credentials, with real parts: `record` doesn't write them, `check` and `audit` find them.

Each kind stands in each place that a request or an answer has for it. What is on the disk is then
read as somebody would who looks for keys: as it is, percent-decoded, out of base64, decompressed.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import pytest

from linernotes.cassettes.cassette import EventsBody, body_to_bytes
from linernotes.cassettes.yaml_format import loads

from .strategies import bare_deflate
from .test_secrets import PLANTED, secret_and_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Site

TEXTS = [secret_and_text(planted)[1] for planted in PLANTED.values()]
VALUES = [secret_and_text(planted)[0] for planted in PLANTED.values()]

# The texts come from a file that the page declares: a page that shows a key is another matter.
LEAK = """
import base64
import gzip
import json
import zlib
from pathlib import Path

import httpx
from anthropic import Anthropic

URL = "https://api.anthropic.com/v1/messages"
KEY = {{"x-api-key": "placeholder", "anthropic-version": "2026-10-21"}}


def bare(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def body(content):
    messages = [{{"role": "user", "content": content}}]
    return {{"model": "claude-sonnet-5-5", "max_tokens": 64, "messages": messages}}


def packed(text, pack, encoding):
    headers = KEY | {{"content-type": "application/json", "content-encoding": encoding}}
    httpx.post(URL, content=pack(json.dumps(body(text)).encode()), headers=headers)


def plain(data, type_="application/octet-stream"):
    httpx.post(URL, content=data, headers=KEY | {{"content-type": type_}})


for text in json.loads(Path("texts.json").read_text()):
    line = " ".join(text.split())
    {leak}
"""

LEAKS = {
    "credential headers": (
        "names = ('x-api-key', 'cookie', 'authorization', 'x-portkey-api-key', 'x-other')\n    "
        "httpx.post(URL, json=body('Hi'), headers=KEY | dict.fromkeys(names, line))"
    ),
    "an allowed header": "httpx.post(URL, json=body('Hi'), headers=KEY | {'anthropic-beta': line})",
    "query": "httpx.post(URL, json=body('Hi'), headers=KEY, params={'q': text, 'key': text})",
    "JSON": "httpx.post(URL, json=body(f'I am {text}.'), headers=KEY)",
    "a key of JSON": "httpx.post(URL, json=body('Hi') | {text: 1}, headers=KEY)",
    "an error that repeats it": "httpx.post(URL, json=body('Hi') | {'model': text}, headers=KEY)",
    "JSON in JSON": "httpx.post(URL, json=body(json.dumps({'a': text})), headers=KEY)",
    "base64 in JSON": (
        "httpx.post(URL, json=body(base64.b64encode(text.encode()).decode()), headers=KEY)"
    ),
    "gzip in base64": (
        "data = base64.b64encode(gzip.compress(text.encode())).decode()\n    "
        "httpx.post(URL, json=body(data), headers=KEY)"
    ),
    "multipart": (
        "Anthropic().beta.files.upload(file=('a.txt', text.encode(), 'text/plain'))\n    "
        "Anthropic().beta.files.upload(file=(f'{line}.txt', b'x', 'text/plain'))"
    ),
    "a binary upload": (
        "data = b'\\xff\\xd8' + text.encode() + gzip.compress(text.encode())\n    "
        "Anthropic().beta.files.upload(file=('a.bin', data, 'image/jpeg'))"
    ),
    "gzip": "packed(text, gzip.compress, 'gzip')",
    "deflate": "packed(text, zlib.compress, 'deflate')",
    "deflate without a header": "packed(text, bare, 'deflate')",
    "gzip that nobody declared": "plain(gzip.compress(text.encode()))",
    "plain text": "plain(text.encode(), 'text/plain')",
}

ANSWERS = {
    "a message": """
from anthropic import Anthropic

for _ in range({number}):
    Anthropic().messages.create(
        model="claude-sonnet-5-5", max_tokens=9999, messages=[{{"role": "user", "content": "Hi"}}]
    )
""",
    "a stream": """
from anthropic import Anthropic

for _ in range({number}):
    with Anthropic().messages.stream(
        model="claude-sonnet-5-5", max_tokens=9999, messages=[{{"role": "user", "content": "Hi"}}]
    ) as stream:
        stream.until_done()
""",
}


def readings(text: str) -> Iterator[str]:
    """Yield what somebody could read who looks for a key in a cassette."""
    yield text
    yield text.replace("\\", "")
    yield unquote(text)
    for run in re.findall(r"[A-Za-z0-9+/]{20,}", text):
        data = base64.b64decode(run[: len(run) // 4 * 4])
        yield data.decode("latin-1")
        yield from inflated(data)
    for interaction in loads(text, "").interactions:
        for message in (interaction.request, interaction.response):
            data = body_to_bytes(message.body)
            yield data.decode("latin-1")
            yield from inflated(data)
            if isinstance(message.body, EventsBody):
                pieces = (getattr(event, "data", {}) for event in message.body.events)
                deltas = (piece.get("delta", {}) for piece in pieces if isinstance(piece, dict))
                yield "".join(delta.get("text", "") for delta in deltas)


def inflated(data: bytes) -> Iterator[str]:
    """Yield what is compressed in the data, wherever it begins."""
    for sign, wbits in ((b"\x1f\x8b\x08", 31), (b"x\x9c", 15)):
        at = data.find(sign)
        if at >= 0:
            inflater = zlib.decompressobj(wbits)
            try:
                yield inflater.decompress(data[at:]).decode("latin-1")
            except zlib.error:
                continue


def test_record_never_writes_a_credential(site: Site) -> None:
    site.write("docs/texts.json", json.dumps(TEXTS))
    fences = [
        f"``` {{ .python #place-{number} }}\n{source.strip()}\n```"
        for number, source in enumerate(
            [LEAK.format(leak=leak) for leak in LEAKS.values()]
            + [source.format(number=len(TEXTS)) for source in ANSWERS.values()]
        )
    ]
    site.write("docs/page.md", "---\nfiles: [texts.json]\n---\n\n" + "\n\n".join(fences) + "\n")
    replies = "".join(f"- text: {json.dumps(f'Your key is {text}.')}\n" for text in TEXTS)
    for number in range(len(LEAKS), len(fences)):
        site.write(f"tests/cassettes/page/place_{number}.replies.yaml", f"replies:\n{replies}")

    report = site.json("record", "--simulate")
    assert [str(one) for one in report["findings"] if one["severity"] == "error"] == []
    assert len(report["recorded"]) == len(fences)
    assert report["requests"] >= len(fences) * len(TEXTS)
    for name, place in zip(sorted(report["recorded"]), range(len(fences)), strict=True):
        text = (site.root / name).read_text()
        assert "interactions:" in text, place
        for reading in readings(text):
            found = [value[:24] for value in VALUES if value[:24] in reading]
            assert found == [], name
    errors = [one for one in site.json("check")["findings"] if one["severity"] == "error"]
    assert {one["code"] for one in errors} == {"cassette-secret"}, "the scripts have them"
    assert all(one["page"].endswith(".replies.yaml") for one in errors)


@pytest.mark.parametrize(
    "leak",
    [
        "packed('Hi', lambda data: b'\\x0b\\x80' + data, 'br')",
        "packed('Hi', lambda data: b'\\x28\\xb5' + data, 'zstd')",
        "plain(b'\\xff\\x28\\xb5\\x2f\\xfd\\x20\\x05')",
        "plain(b'data: KLUv/SAFKQAAaGVsbG8=', 'text/plain')",
    ],
    ids=["br", "zstd", "zstd that nobody declared", "zstd in base64"],
)
def test_record_refuses_what_it_cannot_look_into(site: Site, leak: str) -> None:
    site.write("docs/texts.json", '["x"]')
    text = f"``` {{ .python #leak }}\n{LEAK.format(leak=leak).strip()}\n```\n"
    site.write("docs/page.md", f"---\nfiles: [texts.json]\n---\n\n{text}")
    result = site.run("record", "--simulate")
    assert result.exit_code == 1
    assert "cassette-unreadable-body" in result.stdout
    assert not site.cassette("page/leak").exists()


# By hand


def as_header(text: str) -> str:
    line = text.replace("\n", " ")
    return json.dumps({"anthropic-beta": [line], "content-type": ["application/json"]})


def events(text: str) -> str:
    pieces = [text[at : at + 7] for at in range(0, len(text), 7)]
    lines = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
        for piece in pieces
    ]
    return json.dumps(
        {"events": [{"event": "content_block_delta", "data": line} for line in lines]}
    )


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


BY_HAND = {
    "header": lambda text: (as_header(text), "", "null"),
    "query": lambda text: ("{}", f"?q={quote(text, safe='')}", "null"),
    "JSON": lambda text: ("{}", "", json.dumps({"json": {"a": [f"see {text}!"]}})),
    "a key of JSON": lambda text: ("{}", "", json.dumps({"json": {text: 1}})),
    "text": lambda text: ("{}", "", json.dumps({"text": f"\n{text}\n"})),
    "multipart": lambda text: (
        '{"content-type": ["multipart/form-data; boundary=x"]}',
        "",
        json.dumps({"text": f"--x\r\nContent-Disposition: form-data\r\n\r\n{text}\r\n--x--\r\n"}),
    ),
    "events": lambda text: ("{}", "", events(text)),
    "base64": lambda text: ("{}", "", json.dumps({"json": {"data": b64(text.encode())}})),
    "bytes": lambda text: ("{}", "", json.dumps({"base64": b64(b"\xff\xfe" + text.encode())})),
    "gzip": lambda text: ("{}", "", json.dumps({"base64": b64(gzip.compress(text.encode()))})),
    "zlib": lambda text: ("{}", "", json.dumps({"base64": b64(zlib.compress(text.encode()))})),
    "deflate": lambda text: ("{}", "", json.dumps({"base64": b64(bare_deflate(text.encode()))})),
    "gzip in JSON": lambda text: (
        "{}",
        "",
        json.dumps({"json": {"data": b64(gzip.compress(text.encode()))}}),
    ),
    "VCR's text": lambda text: ("{}", "", json.dumps({"string": text})),
    "br": lambda _: ('{"content-encoding": ["br"]}', "", '{"base64": "CwGAaGVsbG8D"}'),
    "zstd": lambda _: ('{"content-encoding": ["zstd"]}', "", '{"base64": "KLUv/SAFKQAAaGVsbG8="}'),
}

EMPTY = "{status: {code: 200, message: OK}, headers: {}, body: null}"


def by_hand(headers: str, query: str, body: str) -> str:
    """Return a cassette of two interactions, the second one with what is planted, in line 9."""
    return f"""\
version: 1
interactions:
- request:
    method: GET
    uri: https://api.anthropic.com/v1/models
    headers: {{}}
    body: null
  response: {EMPTY}
- request:
    method: POST
    uri: "https://api.anthropic.com/v1/messages{query}"
    headers: {headers}
    body: {body}
  response: {EMPTY}
"""


def test_check_and_audit_name_every_credential_that_was_planted_by_hand(site: Site) -> None:
    site.page("Nothing.")
    planted = {}
    for place, write in BY_HAND.items():
        for kind, text in zip(PLANTED, TEXTS, strict=True):
            name = re.sub(r"\W+", "_", f"{place}-{kind}")
            planted[f"tests/cassettes/page/{name}.yaml"] = by_hand(*write(text))
    for name, text in planted.items():
        site.write(name, text)

    for arguments in (["check"], ["audit", "tests/cassettes"]):
        result = site.run(*arguments, "--json")
        assert result.exit_code == 1
        report = json.loads(result.stdout)
        findings = report["findings"] if arguments == ["check"] else _of_audit(report)
        found = {
            one["page"]: one
            for one in findings
            if one["code"] in {"cassette-secret", "cassette-unreadable-body", "secret"}
        }
        assert sorted(set(planted) - set(found)) == []
        if arguments == ["check"]:
            assert {one["line"] for one in found.values()} <= {9, 11, 12, 13}
            assert {one["severity"] for one in found.values()} == {"error"}
        for value in VALUES:
            assert [str(one) for one in found.values() if value[:12] in str(one)] == []


def test_a_clean_cassette_in_the_same_form_is_clean(site: Site) -> None:
    site.page("Nothing.")
    site.write("tests/cassettes/page/clean.yaml", by_hand("{}", "", '{"json": {"a": "b"}}'))
    assert site.run("check").exit_code == 0
    findings = _of_audit(json.loads(site.run("audit", "--json", "tests/cassettes").stdout))
    assert [one for one in findings if "secret" in one["code"]] == []


TOKEN = "correct-horse-battery-staple-7"
AWAY = {
    "broken.yaml": "interactions: [\n",
    "broken.json": "{",
    "latin.yaml": "interactions: \xe9\n",
    "not-lines.jsonl": "{}\n",
    "a.replies.yaml": "replies:\n- txet: ",
}


@pytest.mark.parametrize("value", [VALUES[0], TOKEN], ids=["a key", "a value of the environment"])
def test_a_credential_in_a_file_that_cannot_be_read_is_named_and_not_shown(
    site: Site, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("MY_SERVICE_TOKEN", TOKEN)
    site.page("Nothing.")
    for name, text in AWAY.items():
        path = site.root / "tests" / "cassettes" / "page" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"{text}{value}\n".encode("latin-1"))
    read_by = {
        "check": {"broken.yaml", "latin.yaml", "a.replies.yaml"},
        "audit": set(AWAY) - {"a.replies.yaml"},
    }
    for command, names in read_by.items():
        arguments = [command, "tests/cassettes"] if command == "audit" else [command]
        report = json.loads(site.run(*arguments, "--json").stdout)
        found = [one for one in report["findings"] if "secret" in one["code"]]
        assert {one["page"].rpartition("/")[2] for one in found} == names
        if command == "audit":
            assert report["summary"]["secrets"] == len(names)
        for form in ([], ["--json"]):
            result = site.run(*arguments, *form)
            assert result.exit_code == 1
            assert value[:8] not in result.output


# In JSON, with a mark at each place that a value may be at.
LINE: dict = {
    "cassette": "a.yaml<cassette>",
    "request": {
        "method": "POST",
        "path": "/v1/messages",
        "headers": {"anthropic-version": "2026-10-21<version>", "anthropic-beta": "b<beta>"},
        "body": {
            "model": "m<model>",
            "max_tokens": f"{'x' * 60}<long>",
            "messages": [{"role": "user<role>", "content": "Hi"}],
            "tools": [{"name": "f<tool>", "input_schema": {"type": "object<kind>"}}],
            "extra<key>": 1,
        },
    },
    "response": {"status": 200, "headers": {}, "body": {"type": "message<answer>"}},
}
PLACES = re.findall("<([a-z]+)>", json.dumps(LINE))


@pytest.mark.parametrize("value", [VALUES[0], TOKEN], ids=["a key", "a value of the environment"])
@pytest.mark.parametrize("place", PLACES)
def test_the_audit_says_what_is_wrong_without_the_credential(
    site: Site, monkeypatch: pytest.MonkeyPatch, value: str, place: str
) -> None:
    monkeypatch.setenv("MY_SERVICE_TOKEN", TOKEN)
    site.page("Nothing.")
    text = json.dumps(LINE).replace(f"<{place}>", f" {value}")
    site.write("traffic.jsonl", re.sub("<[a-z]+>", "", text))
    for form in ([], ["--json"]):
        result = site.run("audit", "traffic.jsonl", *form)
        assert result.exit_code == 1
        assert "secret" in result.output
        assert value[:8] not in result.output


def _of_audit(report: dict) -> list[dict]:
    return [
        *report.get("findings", ()),
        *(finding for one in report["interactions"] for finding in one["findings"]),
    ]
