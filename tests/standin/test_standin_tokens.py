from __future__ import annotations

import json
import statistics
from pathlib import Path

import pytest
from asking import HELLO, WEATHER
from hypothesis import given
from hypothesis import strategies as st

from linernotes.standin.stream import text_pieces
from linernotes.standin.tokens import count, count_request, cut, pieces

RECORDINGS = Path(__file__).parents[3] / "shared" / "recordings" / "messages_api.jsonl"


@given(st.text())
def test_nothing_is_lost_in_pieces(text):
    assert "".join(pieces(text)) == text
    assert "".join(text_pieces(text)) == text


@given(st.text(), st.integers(0, 50))
def test_a_cut_text_has_no_more_tokens_than_asked(text, tokens):
    for model in ("claude-haiku-4-5", "claude-sonnet-5-5"):
        kept = cut(text, tokens, model)
        assert text.startswith(kept)
        assert count(kept, model) <= tokens


def test_newer_models_count_more_tokens():
    text = "The quick brown fox jumps over the lazy dog. " * 20
    assert count(text, "claude-sonnet-5-5") > count(text, "claude-sonnet-4-6")


def test_everything_in_a_request_counts():
    plain = count_request(HELLO)
    blocks = [
        {"type": "text", "text": "Look"},
        {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "A"}},
    ]
    for more in (
        {"system": "Be brief."},
        {"system": [{"type": "text", "text": "Be brief."}]},
        {"tools": [WEATHER]},
        {"messages": [{"role": "user", "content": blocks}]},
        {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
    ):
        assert count_request(HELLO | more) > plain
    assert count_request(HELLO | {"tools": [WEATHER | {"defer_loading": True}]}) == plain


@pytest.mark.skipif(not RECORDINGS.exists(), reason="real recordings are kept outside the project")
def test_the_estimate_is_close_to_real_usage():
    errors = []
    for line in RECORDINGS.read_text().splitlines():
        one = json.loads(line)
        request, answer = one["request"]["body"], one["response"]["body"]
        if not request or not answer or "usage" not in answer or hidden_input(request):
            continue
        usage = answer["usage"]
        real = sum(usage[f"{kind}input_tokens"] for kind in ("", "cache_creation_", "cache_read_"))
        errors.append(abs(count_request(request) / real - 1))
    assert len(errors) > 100
    assert statistics.median(errors) < 0.05
    assert sum(error <= 0.25 for error in errors) / len(errors) > 0.85


def hidden_input(request):
    """Return whether the API adds to the prompt what isn't in the request: servers, images."""
    text = json.dumps(request)
    own = all(tool.get("type") in (None, "custom") for tool in request.get("tools") or ())
    return not own or '"image"' in text or "mcp_servers" in request or "container" in text
