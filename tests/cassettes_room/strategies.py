"""What the tests of this room draw: texts, JSON and bodies that formats tend to get wrong."""

from __future__ import annotations

import zlib

from hypothesis import strategies as st

from linernotes.cassettes.cassette import (
    BytesBody,
    Cassette,
    Comment,
    Event,
    EventsBody,
    Interaction,
    JsonBody,
    Provenance,
    Request,
    Response,
    TextBody,
)

ODD_TEXTS = (
    "", " ", "yes", "No", "null", "~", "true", "1e3", "1_000", "0x1F", "012", "1:30", "2026-10-21",
    ".5", "-", "--- a", "...", "- a", "? a", "a: b", "a:", ":a", "a #b", "#a", "a#b", "*a", "&a",
    "!a", "%a", "@a", "`a`", "'a'", '"a"', "[a", "{a}", "a, b", "a]", "<<", "=", "|", ">", "\\",
    " leading", "trailing ", "two  spaces", "\ttab", "a\tb", "a\nb", "a\nb\n", "a\nb\n\n", "\n",
    "\n\n", "\na", " a\nb", "a \nb", "a\n b", "a\n\nb", "a\n  \nb", "a\r\nb\r\n", "a\rb", "a\\\nb",
    'a"\n"b', "# a\n# b", "\tb\n", "\x85", "a\x85b\nc", "\u2028", "a\u2029\nb", "\ufeffa", "\x00",
    "\x1b[0m", "\x7f", "\u202eabc", "\xa0a", "👩‍👩‍👧", "👋 hi\nthere", "\U0010ffff", "\ufffe", "日本語: yes\n",
    "-----\nend", "a\n...\nb", "a\n---\nb", "${A}", "%41", "a" * 300, "k" * 2000,
)  # fmt: skip

odd_texts = st.sampled_from(ODD_TEXTS) | st.text(max_size=30)
lines = st.lists(odd_texts, max_size=5).map("\n".join)
texts = odd_texts | lines

numbers = (
    st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0, -0.0, 1e16, 1e-7, 5e-324, 10**40, 1.7976931348623157e308])
)


def bare_deflate(data: bytes) -> bytes:
    """Compress without a zlib header, as some servers do under `content-encoding: deflate`."""
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(data) + deflater.flush()


json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(odd_texts, inner, max_size=4),
    max_leaves=12,
)

one_line = texts.map(lambda text: "".join(text.splitlines()).replace("\r", "").replace("\n", ""))
event_data = (
    st.dictionaries(odd_texts, json_values, max_size=4)
    | st.lists(json_values, max_size=3)
    | texts.map(lambda text: "x" + text.replace("\r", ""))
)
events = st.builds(Event, st.none() | one_line.map(lambda name: f"e{name}"), event_data)
event_bodies = st.builds(
    EventsBody,
    st.lists(events | st.builds(Comment, one_line), min_size=1, max_size=5).map(tuple),
)

bodies = (
    st.none()
    | st.builds(JsonBody, json_values)
    | st.builds(TextBody, texts)
    | st.builds(BytesBody, st.binary(max_size=200))
    | event_bodies
)
header_names = st.sampled_from(["content-type", "request-id", "anthropic-version", "retry-after"])
headers = st.dictionaries(header_names, st.lists(odd_texts, min_size=1, max_size=3)).map(
    lambda found: tuple((name, value) for name, values in found.items() for value in values)
)
requests = st.builds(
    Request,
    st.sampled_from(["GET", "POST", "DELETE"]),
    st.sampled_from(["https://api.anthropic.com/v1/messages", "http://localhost:8000/a?b=c%20d#e"]),
    headers,
    bodies,
)
responses = st.builds(Response, st.integers(100, 599), odd_texts, headers, bodies)
provenances = st.none() | st.builds(
    Provenance,
    st.sampled_from(["live", "simulated"]),
    st.just("2026-11-21T08:00:00Z"),
    st.none() | st.just("anthropic 2.11.0"),
    st.none() | st.just("2026-10-21"),
    st.none() | st.just("docs/guides/streaming.md#stream-text"),
    st.none() | texts,
)
cassettes = st.builds(
    Cassette,
    provenances,
    st.lists(st.builds(Interaction, requests, responses), max_size=3).map(tuple),
)
