"""Credentials never reach the disk, whatever hides them; and what is none is left alone.

All keys here are made up, and put together at run time so that no scanner takes them for real.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linernotes.cassettes.cassette import (
    BytesBody,
    Cassette,
    Comment,
    Event,
    EventsBody,
    Interaction,
    JsonBody,
    Request,
    Response,
    TextBody,
    body_to_bytes,
    request_from_http,
    response_from_http,
)
from linernotes.cassettes.secrets import (
    HEADER_ALLOW_LIST,
    PLACEHOLDER,
    ensure_clean,
    find_secrets,
    scrub,
)
from linernotes.cassettes.yaml_format import dumps

from .strategies import bare_deflate

PAGE = "tests/cassettes/a/b.yaml"
URL = "https://api.anthropic.com/v1/messages"
RANDOM = "q7Zr2mXc9LbT4vKe8WjN1pYs6HdG3fUa5oRi0xBn"  # 40 characters
PEM = "\n".join(
    ["-----BEGIN " + "PRIVATE KEY-----", RANDOM + RANDOM[:24], RANDOM + RANDOM[:24], "aB3=",
     "-----END " + "PRIVATE KEY-----", ""]
)  # fmt: skip
JWT = ".".join(["ey" + "JhbGciOiJIUzI1NiJ9", "ey" + "JzdWIiOiIxMjM0NTY3ODkwIn0", RANDOM])

# What is planted, and the part of it that must never be seen again.
PLANTED = {
    "Anthropic API key": ["sk-ant-" + "api03-" + RANDOM + "-" + RANDOM + "AA"],
    "Anthropic admin key": ["sk-ant-" + "admin01-" + RANDOM],
    "Anthropic OAuth token": ["sk-ant-" + "oat01-" + RANDOM + "_" + RANDOM],
    "OpenAI project key": ["sk-" + "proj-" + RANDOM],
    "OpenAI key": ["sk-" + RANDOM + "AbC1"],
    "AWS access key": ["AKIA" + "Z3QLKD7R5TBWXN2M"],
    "AWS session key": ["ASIA" + "Z3QLKD7R5TBWXN2M"],
    "AWS secret key": [RANDOM, "aws_secret_access_key = "],
    "AWS key pair": [RANDOM, "AKIA" + "Z3QLKD7R5TBWXN2M, "],
    "Google API key": ["AIza" + RANDOM[:35]],
    "Google OAuth token": ["ya29." + RANDOM],
    "Google service account": [PEM],
    "RSA key": [PEM.replace(" PRIV", " RSA PRIV")],
    "GitHub token": ["ghp_" + RANDOM],
    "GitHub fine-grained token": ["github_pat_" + RANDOM],
    "Slack token": ["xoxb-" + "123456789012-" + RANDOM],
    "JSON Web Token": [JWT],
    "bearer token": [RANDOM, "Authorization: Bearer "],
    "basic credentials": [base64.b64encode(b"user:pass" + RANDOM.encode()).decode(), "Basic "],
    "Portkey key": [RANDOM, "x-portkey-api-key: "],
    "cookie": ["__cf_bm=" + RANDOM, "Set-Cookie: "],
    "organization": ["7f3c1a52-9b4e-4d11-8c6f-0e2d5a7b9c31", "anthropic-organization-id: "],
    "password in a URL": ["hunter2hunter2", "postgres://user:", "@db.example.com/x"],
    "client secret": [RANDOM, 'client_secret="'],
}


def secret_and_text(planted):
    value, before, after = (*planted, "", "")[:3]
    return value, before + value + after


def base64_of(text, *, wrapped=False, urlsafe=False):
    data = text.encode()
    if wrapped:
        return base64.encodebytes(data).decode()
    return (base64.urlsafe_b64encode if urlsafe else base64.b64encode)(data).decode()


ENCODINGS = {
    "plain": lambda text: text,
    "percent": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "all percent": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "json": json.dumps,
    "json in json": lambda text: json.dumps(json.dumps(text)),
    "json, all escaped": lambda text: re.sub("(....)", r"\\u\1", text.encode("utf-16-be").hex()),
    "json, slashes": lambda text: json.dumps(text).replace("/", "\\/"),
    "base64": base64_of,
    "base64, urlsafe": lambda text: base64_of(text, urlsafe=True),
    "base64 unpadded": lambda text: base64_of(text).rstrip("="),
    "base64, wrapped": lambda text: base64_of(text * 3, wrapped=True),
    "base64 twice": lambda text: base64_of(base64_of(text)),
    "base64 of json": lambda text: base64_of(json.dumps({"a": text})),
    "gzip in base64": lambda text: base64.b64encode(gzip.compress(text.encode())).decode(),
    "zlib in base64": lambda text: base64.b64encode(zlib.compress(text.encode())).decode(),
    "base64 in percent": lambda text: quote(base64_of(text), safe=""),
}
BINARY = {
    "gzip": lambda text: gzip.compress(text.encode()),
    "zlib": lambda text: zlib.compress(text.encode()),
    "deflate": lambda text: bare_deflate(text.encode()),
    "gzip in multipart": lambda text: (
        b"--x\r\n\r\n\xff\xd8\xff" + gzip.compress(text.encode()) + b"\r\n--x--"
    ),
    "gzip of base64": lambda text: gzip.compress(base64_of(text).encode()),
    "beside binary": lambda text: b"\x00\xff\xfe" + text.encode() + b"\x00\x01",
}


@pytest.mark.parametrize("kind", PLANTED)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_kind_is_found_in_every_encoding(kind, encoding):
    value, text = secret_and_text(PLANTED[kind])
    around = "before\n" + ENCODINGS[encoding](text) + "\nafter"
    found = find_secrets(around)
    assert found
    assert all(secret.line >= 2 for secret in found)
    assert all(value[:6] not in secret.excerpt for secret in found)


@pytest.mark.parametrize("before", ["", "/v1/", "files/", "x_", "key-"])
def test_what_stands_before_base64_does_not_hide_it(before):
    key = PLANTED["GitHub token"][0]
    assert find_secrets(before + base64_of(key))


@pytest.mark.parametrize("kind", PLANTED)
@pytest.mark.parametrize("encoding", BINARY)
def test_every_kind_is_found_in_binary_data(kind, encoding):
    _, text = secret_and_text(PLANTED[kind])
    assert find_secrets(BINARY[encoding](text))


def test_a_secret_says_what_and_where_it_is_and_shows_little_of_it():
    key = PLANTED["Anthropic API key"][0]
    [secret] = find_secrets(f"one\ntwo {key} three")
    assert secret.kind == "Anthropic API key"
    assert (secret.offset, secret.line) == (8, 2)
    assert secret.excerpt == f"`sk-a…`, {len(key)} characters"
    assert find_secrets(f"é{key}".encode())[0].offset == 1


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("Anthropic admin key", "Anthropic admin key"),
        ("Anthropic OAuth token", "Anthropic OAuth token"),
        ("OpenAI key", "OpenAI key"),
        ("AWS secret key", "AWS secret key"),
        ("AWS session key", "AWS access key"),
        ("Google service account", "private key"),
        ("GitHub fine-grained token", "GitHub token"),
        ("JSON Web Token", "JSON Web Token"),
        ("Portkey key", "Portkey key"),
        ("organization", "organization id"),
    ],
)
def test_kinds_are_told_apart(kind, expected):
    _, text = secret_and_text(PLANTED[kind])
    assert [secret.kind for secret in find_secrets(text)] == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "sk-ant-...",
        "sk-ant-api03-...",
        "sk-ant-api03-…",
        "sk-ant-api03-xxxxxxxxxxxxxxxxxxxxxxxx",
        "sk-ant-api03-your-key-here",
        "sk-ant-api03-YOUR_API_KEY_HERE",
        f"Authorization: Bearer {PLACEHOLDER}",
        f'{{"api_key": "{PLACEHOLDER}"}}',
        "Authorization: Bearer $ANTHROPIC_API_KEY",
        "x-api-key: ${{ secrets.ANTHROPIC_API_KEY }}",
        'Anthropic(api_key=os.environ["ANTHROPIC_API_KEY"])',
        "x-portkey-api-key: PORTKEY_API_KEY",
        "the bearer of this letter, bearer authentication, Bearer tokens",
        "basic understanding of the basics, Basic authentication",
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "https://api.anthropic.com:443/v1/messages?beta=true",
        "https://example.com/@user and mail@example.com:25",
        '{"max_tokens": 1024, "next_page_token": "page_2abcdef12345"}',
        '{"type": "object", "properties": {"password": {"type": "string"}}}',
        "cookie: a small, flat, sweet food",
        "organization: Anthropic",
        "AKIA and ASIA are prefixes",
        "request-id: req_011CVHbKzvVmSgmQQ8BxwqDW",
        "toolu_01T1x1fJ34qAmk2tNTrN7Up6 msg_013Zva2CMHLNnXjNJJKqJ2EF file_011CNha8iCJcU1wXNR6q4V8w",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "disk-da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "x^2 + y^2 \\alpha \\x41 100% %zz",
        base64.b64encode(bytes(range(256)) * 40).decode(),
    ],
)
def test_what_only_looks_like_a_credential_is_left_alone(text):
    assert find_secrets(text) == ()
    assert find_secrets(json.dumps(text)) == ()
    body = JsonBody({"text": text})
    interaction = Interaction(Request("POST", URL, (), body), Response(200, "OK", (), body))
    assert scrub(interaction) == interaction


def test_real_traffic_has_no_false_finding():
    recordings = Path(__file__).parents[3] / "shared" / "recordings" / "messages_api.jsonl"
    if not recordings.exists():
        pytest.skip(f"there are no recordings beside the project ({recordings.name})")
    with recordings.open(encoding="utf-8") as lines:
        for line in lines:
            assert find_secrets(line) == ()


# Known values

known_values = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=2).map(
    lambda text: f"q7Zr{text}9x"
)


@given(known_values, st.sampled_from(sorted(ENCODINGS)))
@settings(max_examples=200, deadline=None)
def test_values_of_the_environment_are_found_whatever_they_look_like(value, encoding):
    text = f"before {ENCODINGS[encoding](value)} after"
    assert find_secrets(text, [value])


@given(known_values, st.sampled_from(sorted(BINARY)))
def test_values_of_the_environment_are_found_in_binary_data(value, encoding):
    assert find_secrets(BINARY[encoding](value), [value])


def test_short_values_and_our_placeholder_are_not_taken_for_known_credentials():
    text = f"test {PLACEHOLDER} your-api-key"
    assert find_secrets(text, ["test", "", PLACEHOLDER, "your-api-key"]) == ()


# Scrubbing


def in_request(body=None, *, url=URL, headers=()):
    return Interaction(Request("POST", url, headers, body), Response(200, "OK", (), None))


def in_response(body=None, *, reason="OK", headers=()):
    return Interaction(Request("GET", URL, (), None), Response(200, reason, headers, body))


def one_line(text):
    return " ".join(text.split("\n"))


def beside_its_name(text):
    name, _, value = text.rpartition(" ")
    return {"a": {name.strip(' :="') or "b": value, "c": text}}


def in_pieces(text):
    pieces = ("before ", *(text[at : at + 5] for at in range(0, len(text), 5)), " after")
    return tuple(Event("a", {"index": 0, "delta": {"text": piece}}) for piece in pieces)


GZIP = (("content-type", "application/json"), ("content-encoding", "gzip"))
PLACES = {
    "allowed request header": lambda text: in_request(
        headers=(("anthropic-beta", one_line(text)),)
    ),
    "other request headers": lambda text: in_request(
        headers=tuple((name, one_line(text)) for name in ("Authorization", "User-Agent", "X-A"))
    ),
    "allowed response header": lambda text: in_response(headers=(("request-id", one_line(text)),)),
    "other response headers": lambda text: in_response(
        headers=tuple((name, one_line(text)) for name in ("Set-Cookie", "Via", "X-A"))
    ),
    "reason": lambda text: in_response(reason=one_line(text)),
    "query": lambda text: in_request(url=f"{URL}?a=b&c={quote(text)}"),
    "credential parameter": lambda text: in_request(url=f"{URL}?X-Amz-Signature={quote(text)}"),
    "path": lambda text: in_request(url=f"{URL}/{quote(text, safe='')}"),
    "userinfo": lambda text: in_request(url=URL.replace("//", f"//{quote(text, safe='')}:x@")),
    "json": lambda text: in_request(JsonBody({"messages": [{"content": f"see {text}!"}]})),
    "json key": lambda text: in_request(JsonBody({text: 1})),
    "json list": lambda text: in_response(JsonBody([[text], 1.5])),
    "json, beside its name": lambda text: in_request(JsonBody(beside_its_name(text))),
    "text": lambda text: in_response(TextBody(f"a\n{text}\nb\n")),
    "multipart": lambda text: in_request(TextBody(f'--x\r\nA: name="a"\r\n\r\n{text}\r\n--x--')),
    "bytes": lambda text: in_response(BytesBody(b"\xff\xfe" + text.encode() + b"\x00")),
    "event text": lambda text: in_response(EventsBody((Event("a", "x" + text),))),
    "event json": lambda text: in_response(EventsBody((Event("a", {"b": [text]}),))),
    "event name": lambda text: in_response(EventsBody((Event("e" + one_line(text), {}),))),
    "comment": lambda text: in_response(EventsBody((Comment(one_line(text)),))),
    "event pieces": lambda text: in_response(EventsBody(in_pieces(text))),
    "compressed": lambda text: in_response(
        BytesBody(gzip.compress(json.dumps({"a": text}).encode())), headers=GZIP
    ),
}


def readings(written, clean):
    """Yield what somebody who looks for a secret in the written file could read."""
    for text in (
        written,
        *(body_to_bytes(m.body).decode("latin-1") for m in (clean.request, clean.response)),
    ):
        yield text
        yield unquote(text)
        yield re.sub(r"\\\\u([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), text)
        for run in re.findall(r"[A-Za-z0-9+/]{20,}", text):
            yield base64.b64decode(run[: len(run) // 4 * 4]).decode("latin-1")


encoded = st.sampled_from(sorted(ENCODINGS))
some_text = st.text(st.sampled_from("ab \n.,:/\"'\\é👋{}[]=&?"), max_size=12)


@given(
    st.sampled_from(sorted(PLANTED)), encoded, st.sampled_from(sorted(PLACES)), some_text, some_text
)
@settings(max_examples=800, deadline=None)
def test_a_planted_secret_never_survives(kind, encoding, place, before, after):
    value, text = secret_and_text(PLANTED[kind])
    hidden = ENCODINGS[encoding](text)
    clean = scrub(PLACES[place](f"{before} {hidden} {after}"))
    written = dumps(Cassette(None, (clean,)))
    assert ensure_clean(written, PAGE) == ()
    for text in readings(written, clean):
        assert value not in text
        assert value[:30] not in text
    assert scrub(clean) == clean


@given(known_values, encoded, st.sampled_from(sorted(PLACES)))
@settings(max_examples=300, deadline=None)
def test_a_known_value_never_survives(value, encoding, place):
    clean = scrub(PLACES[place](f" {ENCODINGS[encoding](value)} "), [value])
    written = dumps(Cassette(None, (clean,)))
    assert ensure_clean(written, PAGE, [value]) == ()


def test_a_number_that_is_a_known_value_is_replaced_and_its_neighbours_stay():
    body = JsonBody({"pin": 1234567890, "n": [1, "x"], "1234567890": None})
    request = Request("POST", URL, (), body)
    clean = scrub(Interaction(request, Response(200, "OK", (), None)), ["1234567890"])
    assert clean.request.body == JsonBody({"pin": PLACEHOLDER, "n": [1, "x"], PLACEHOLDER: None})


def test_only_allowed_headers_are_written_sorted_and_in_lower_case():
    headers = (
        ("X-Api-Key", "a"),
        ("Content-Type", "application/json"),
        ("Authorization", "Bearer a"),
        ("Cookie", "a"),
        ("User-Agent", "a"),
        ("X-Stainless-Os", "a"),
        ("Anthropic-Version", "2026-10-21"),
        ("Anthropic-Workspace-Id", "a"),
        ("Anthropic-Beta", "a"),
        ("Request-Id", "req_1"),
        ("Retry-After", "1"),
        ("X-Should-Retry", "true"),
        ("Anthropic-Organization-Id", "a"),
        ("Anthropic-Ratelimit-Requests-Limit", "50"),
        ("Date", "a"),
        ("Content-Length", "1"),
        ("Cf-Ray", "a"),
    )
    clean = scrub(Interaction(Request("GET", URL, headers, None), Response(200, "", headers, None)))
    assert [name for name, _ in clean.request.headers] == [
        "anthropic-beta",
        "anthropic-version",
        "content-type",
    ]
    assert [name for name, _ in clean.response.headers] == [
        "anthropic-ratelimit-requests-limit",
        "content-type",
        "request-id",
        "retry-after",
        "x-should-retry",
    ]
    everything = {name for names in HEADER_ALLOW_LIST.values() for name in names}
    assert not everything & {"authorization", "x-api-key", "cookie", "set-cookie", "user-agent"}


def test_scrubbing_leaves_the_rest_of_a_body_as_it_was():
    key = PLANTED["Anthropic API key"][0]
    body = JsonBody({"b": f"my key is {key}.", "a": [1, 2.5, None, "é"]})
    response = response_from_http(200, "OK", (("content-type", "text/event-stream"),), b": x\n\n")
    clean = scrub(Interaction(Request("POST", URL, (), body), response))
    assert repr(clean.request.body) == repr(
        JsonBody({"b": f"my key is {PLACEHOLDER}.", "a": [1, 2.5, None, "é"]})
    )
    assert clean.response == response


@pytest.mark.parametrize("encoding", ["percent", "all percent", "json, all escaped", "base64"])
def test_all_of_an_encoded_credential_is_replaced_and_nothing_else(encoding):
    hidden = ENCODINGS[encoding](PLANTED["Slack token"][0])
    clean = scrub(in_response(TextBody(f"%41 {hidden} \\u0041")))
    assert clean.response.body == TextBody(f"%41 {PLACEHOLDER} \\u0041")


def test_a_key_that_a_stream_delivers_in_pieces_becomes_one_placeholder():
    pieces = ["My key: sk-", "ant-", "api03-" + RANDOM[:20], RANDOM[20:] + RANDOM, " is secret"]
    events = tuple(Event("a", {"index": 1, "delta": {"text": piece}}) for piece in pieces)
    other = Event("a", {"index": 0, "delta": {"text": "between"}})
    body = EventsBody((*events[:2], other, *events[2:]))
    clean = scrub(Interaction(Request("POST", URL, (), None), Response(200, "OK", (), body)))
    left = [f"My key: {PLACEHOLDER}", "", "", "", " is secret"]
    expected = [Event("a", {"index": 1, "delta": {"text": text}}) for text in left]
    assert clean.response.body == EventsBody((*expected[:2], other, *expected[2:]))


def test_a_recorded_url_keeps_its_place_and_order():
    url = "https://user:pw@example.com:8443/a%20b?b=2&a=1&key=abc&empty=&flag#part"
    clean = scrub(Interaction(Request("GET", url, (), None), Response(200, "", (), None)))
    assert clean.request.url == (
        f"https://example.com:8443/a%20b?b=2&a=1&key={PLACEHOLDER}&empty=&flag#part"
    )


def test_compressed_bodies_are_scrubbed_and_written_plain():
    data = gzip.compress(json.dumps({"a": PLANTED["Slack token"][0]}).encode())
    headers = (("content-type", "application/json"), ("content-encoding", "gzip"))
    made = Request("POST", URL, headers, BytesBody(data))
    read = request_from_http("POST", URL, headers, data)
    for request in (made, read):
        clean = scrub(Interaction(request, Response(200, "OK", (), None)))
        assert clean.request.body == JsonBody({"a": PLACEHOLDER})
        assert clean.request.headers == (("content-type", "application/json"),)


# Checking files


def written_by_hand(headers="{}", body="null"):
    return f"""\
version: 1
interactions:
- request:
    method: GET
    uri: https://api.anthropic.com/v1/models
    headers: {{}}
    body: null
  response: {{status: {{code: 200, message: OK}}, headers: {{}}, body: null}}
- request:
    method: POST
    uri: {URL}
    headers: {headers}
    body: {body}
  response: {{status: {{code: 200, message: OK}}, headers: {{}}, body: null}}
"""


def test_a_credential_in_a_file_is_an_error_at_its_line():
    key = PLANTED["Anthropic API key"][0]
    [finding] = ensure_clean(written_by_hand(body=f'"my key: {key}"'), PAGE)
    assert (finding.code, finding.severity, finding.page) == ("cassette-secret", "error", PAGE)
    assert finding.line == 13
    assert "Anthropic API key: `sk-a…`" in finding.message
    assert RANDOM[:8] not in str(finding)


@pytest.mark.parametrize(
    "header",
    [
        "authorization: [Bearer letters-only]",
        "Authorization:\n      - Bearer letters-only",
        "x-api-key: letters",
        "Cookie: [chocolate]",
        "anthropic-organization-id: acme",
        "X-Portkey-Api-Key: [abc]",
    ],
)
def test_a_header_that_carries_credentials_is_an_error_whatever_it_holds(header):
    headers = f"\n      {header}"
    [finding] = ensure_clean(written_by_hand(headers=headers), PAGE)
    assert finding.line in {9, 13}
    assert "header" in finding.message


def test_a_header_with_our_placeholder_is_none():
    headers = f"{{authorization: [Bearer {PLACEHOLDER}]}}"
    assert ensure_clean(written_by_hand(headers=headers), PAGE) == ()


def test_a_credential_that_only_the_loaded_body_shows_is_found():
    key = PLANTED["GitHub token"][0]
    data = f"filler {key} filler".encode().hex()
    assert ensure_clean(written_by_hand(body=f'"{data}"'), PAGE) == ()  # hex is not looked into
    folded = f'"before {key[:9]}\\\n      {key[9:]} after"'
    assert ensure_clean(written_by_hand(body=folded), PAGE)
    events = "".join(
        f"\n      - data: {{index: 0, text: {json.dumps(key[at : at + 3])}}}"
        for at in range(0, len(key), 3)
    )
    [finding] = ensure_clean(written_by_hand(body=f"\n      events:{events}"), PAGE)
    assert finding.line == 9


def test_text_that_is_no_cassette_is_searched_all_the_same():
    [finding] = ensure_clean("broken: [\n" + PLANTED["Slack token"][0], PAGE)
    assert finding.line == 2


def test_a_body_that_cannot_be_searched_is_an_error():
    headers = "{content-encoding: br}"
    [finding] = ensure_clean(written_by_hand(headers, "{base64: iwGAe30D}"), PAGE)
    assert (finding.code, finding.line) == ("cassette-unreadable-body", 9)


def test_known_values_are_found_in_files():
    text = written_by_hand(body='"correct horse battery"')
    assert ensure_clean(text, PAGE) == ()
    [finding] = ensure_clean(text, PAGE, ["correct horse battery"])
    assert "known value: `corr…`, 21 characters" in finding.message


def test_an_answer_that_repeats_the_beginning_of_a_key_without_its_name_is_scrubbed():
    asked = JsonBody({"content": f"aws_secret_access_key = {RANDOM}"})
    said = TextBody(f"You wrote {RANDOM[:30]}… there.")
    interaction = Interaction(
        Request("POST", URL, (), asked), Response(200, "OK", (("request-id", RANDOM),), said)
    )
    clean = scrub(interaction)
    assert clean.response.body == TextBody(f"You wrote {PLACEHOLDER}… there.")
    assert clean.response.headers == (("request-id", PLACEHOLDER),)
    assert find_secrets(f"x {RANDOM[:15]}", [RANDOM]) == ()
