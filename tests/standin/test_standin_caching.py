from __future__ import annotations

import pytest
from asking import HELLO, MODEL, WEATHER, events

from linernotes.standin.caching import PromptCache
from linernotes.standin.tokens import count_request

SHORT = {"type": "ephemeral"}
LONG = {"type": "ephemeral", "ttl": "1h"}
BOOK = "The quick brown fox jumps over the lazy dog. " * 200


def text(written, mark=None):
    return {"type": "text", "text": written} | ({"cache_control": mark} if mark else {})


def asking(*messages, **more):
    """Return a request: messages by user and assistant in turn."""
    turns = [
        {"role": "assistant" if index % 2 else "user", "content": content}
        for index, content in enumerate(messages or ("Hello",))
    ]
    return HELLO | {"messages": turns} | more


def usage(standin, request):
    """Return what was read, written for 5 minutes and 1 hour, and neither; check the sums."""
    found = standin.client.messages.create(**request).usage
    written = found.cache_creation
    parts = (
        found.cache_read_input_tokens,
        written.ephemeral_5m_input_tokens,
        written.ephemeral_1h_input_tokens,
        found.input_tokens,
    )
    assert found.cache_creation_input_tokens == sum(parts[1:3])
    assert sum(parts) == count_request(request)
    return parts


def test_a_prefix_is_written_once_and_then_read(standin):
    request = asking(system=[text(BOOK, SHORT)])
    read, written, _, rest = usage(standin, request)
    assert read == 0
    assert written > 2000
    assert usage(standin, request) == (written, 0, 0, rest)
    other = asking("Something else", system=[text(BOOK, SHORT)])
    assert usage(standin, other)[:3] == (written, 0, 0)


def test_nothing_is_cached_without_a_breakpoint(standin):
    for _ in range(2):
        assert usage(standin, asking(system=BOOK))[:3] == (0, 0, 0)


def test_a_string_is_the_same_prompt_as_its_text_block(standin):
    written = usage(standin, asking(BOOK, cache_control=SHORT))[1]
    assert usage(standin, asking([text(BOOK, SHORT)]))[0] == written


@pytest.mark.parametrize(("model", "words"), [(MODEL, 400), ("claude-opus-4-6", 4000)])
def test_a_prefix_below_the_models_minimum_is_not_cached(standin, model, words):
    for count, cached in ((words, False), (words * 2, True)):
        request = asking(system=[text("word " * count, SHORT)], model=model)
        usage(standin, request)
        assert (usage(standin, request)[0] > 0) is cached


def test_the_automatic_breakpoint_moves_with_the_conversation(standin):
    first = usage(standin, asking(BOOK, cache_control=SHORT))
    assert first[3] == 4
    second = usage(standin, asking(BOOK, "Noted.", "And now?", cache_control=SHORT))
    assert second[0] == first[1]
    assert 0 < second[1] < 50
    assert second[3] == 4


def test_a_kept_prefix_is_found_only_so_many_blocks_back(standin):
    def conversation(count):
        more = [text(f"Paragraph {number}") for number in range(count)]
        return asking([text(BOOK), *more], cache_control=SHORT)

    written = usage(standin, conversation(0))[1]
    assert usage(standin, conversation(19))[0] == written
    assert usage(standin, conversation(60))[0] == 0


def test_a_prefix_is_kept_for_its_lifetime_and_a_read_starts_it_anew(standin):
    clock = standin.app.state.run.memory.clock
    for mark, seconds in ((SHORT, 300), (LONG, 3600)):
        request = asking(system=[text(f"{seconds} {BOOK}", mark)])
        usage(standin, request)
        for _ in range(3):
            clock.ahead += seconds - 10
            assert usage(standin, request)[0] > 0
        clock.ahead += seconds + 10
        assert usage(standin, request)[0] == 0


def test_two_lifetimes_are_told_apart(standin):
    request = asking([text(BOOK, SHORT)], system=[text(BOOK, LONG)])
    _, short, long, _ = usage(standin, request)
    assert short > 2000
    assert long > 2000
    standin.app.state.run.memory.clock.ahead += 400
    assert usage(standin, request)[:3] == (long, short, 0)


IMAGE = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
ADAPTIVE = {"type": "adaptive"}


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, 3),
        ({"tools": [WEATHER | {"description": "New.", "cache_control": SHORT}]}, 0),
        ({"model": "claude-opus-5-5"}, 0),
        ({"speed": "fast"}, 1),
        ({"system": [text("New." + BOOK, SHORT)]}, 1),
        ({"output_config": {"effort": "low"}}, 2),
        ({"tool_choice": {"type": "none"}}, 2),
        ({"thinking": ADAPTIVE}, 2),
        ({"messages": [{"role": "user", "content": [text(BOOK, SHORT), IMAGE]}]}, 2),
    ],
)
def test_a_change_leaves_cached_what_comes_before_it(standin, change, kept):
    tool = WEATHER | {"description": BOOK, "cache_control": SHORT}
    parts = {"tools": [tool]}, {"system": [text(BOOK, SHORT)]}
    whole = asking([text(BOOK, SHORT)], **parts[0], **parts[1])
    requests = (asking(**parts[0]), asking(**parts[0], **parts[1]), whole)
    lengths = [0, *(sum(usage(standin, request)[:3]) for request in requests)]
    assert lengths == sorted(set(lengths))
    assert usage(standin, whole | change)[0] == lengths[kept]


def test_no_output_fills_the_cache(standin):
    request = asking(system=[text(BOOK, SHORT)])
    _, written, *_ = usage(standin, request | {"max_tokens": 0})
    assert usage(standin, request)[0] == written


def test_a_breakpoint_in_a_tool_result_counts(standin):
    call = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Rome"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [text(BOOK, SHORT)]}
    request = asking("Hi", [call], [result], tools=[WEATHER])
    assert usage(standin, request)[1] > 2000
    assert usage(standin, request)[1] == 0


def test_a_stream_says_what_was_read(standin):
    request = asking(system=[text(BOOK, SHORT)], stream=True)
    for counter in ("cache_creation_input_tokens", "cache_read_input_tokens"):
        found = events(standin.post(request))
        assert found[0]["message"]["usage"][counter] > 2000
        assert found[-2]["usage"][counter] > 2000


def test_counting_and_refused_requests_leave_the_cache_alone(start):
    standin = start("replies: [{error: {status: 529}}]")
    request = asking(system=[text(BOOK, SHORT)])
    counted = {key: request[key] for key in ("model", "messages", "system")}
    standin.client.messages.count_tokens(**counted)
    assert standin.post(request).status_code == 529
    assert usage(standin, request)[0] == 0


def test_memory_stays_bounded(monkeypatch):
    monkeypatch.setattr("linernotes.standin.caching.MOST_KEPT", 3)
    cache = PromptCache()
    for number in range(5):
        cache.use(asking(f"{number} {BOOK}", cache_control=SHORT), now=0)
    assert len(cache.kept) == 3
    assert cache.use(asking(f"4 {BOOK}", cache_control=SHORT), now=0).read > 0
    assert cache.use(asking(f"0 {BOOK}", cache_control=SHORT), now=0).read == 0
