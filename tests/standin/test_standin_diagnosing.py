"""Cache diagnostics: what parts a request's prompt from that of the request before."""

from __future__ import annotations

import pytest
from asking import HELLO, MODEL, WEATHER

from linernotes.contract.responses import check_response

FIRST = HELLO | {"system": "You answer in one word. " * 20, "tools": [WEATHER]}
GROWN = [
    *FIRST["messages"],
    {"role": "assistant", "content": "Hi."},
    {"role": "user", "content": "And?"},
]


def diagnosed(standin, change, previous=...):
    """Return what a second request is told that differs from the first by `change`."""
    first = standin.post(FIRST | {"diagnostics": {"previous_message_id": None}}).json()
    assert first["diagnostics"] is None
    id_ = first["id"] if previous is ... else previous
    second = standin.post(
        FIRST | {"messages": GROWN} | change | {"diagnostics": {"previous_message_id": id_}}
    ).json()
    assert check_response("/v1/messages", second) == ()
    return second["diagnostics"] and second["diagnostics"]["cache_miss_reason"]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"max_tokens": 7},
        {"cache_control": {"type": "ephemeral"}},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]},
    ],
)
def test_what_goes_on_from_before_has_no_diagnosis(standin, change):
    assert diagnosed(standin, change) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model": "claude-haiku-5-5"}, "model_changed"),
        ({"tools": []}, "tools_changed"),
        ({"tools": [WEATHER, WEATHER | {"name": "other"}]}, "tools_changed"),
        ({"system": "At 12:01. You answer in one word."}, "system_changed"),
        ({"messages": [{"role": "user", "content": "Hallo"}]}, "messages_changed"),
    ],
)
def test_the_first_difference_is_named_with_the_tokens_that_it_costs(standin, change, reason):
    found = diagnosed(standin, change)
    assert found["type"] == reason
    assert found["cache_missed_input_tokens"] > 0


def test_a_part_of_the_prompt_costs_less_than_all_of_it(standin):
    everything = diagnosed(standin, {"model": "claude-haiku-5-5"})["cache_missed_input_tokens"]
    some = diagnosed(standin, {"system": "Other."})["cache_missed_input_tokens"]
    little = diagnosed(standin, {"messages": [{"role": "user", "content": "Hallo"}]})
    assert everything > some > little["cache_missed_input_tokens"]


def test_other_parameters_have_no_reason_of_their_own(standin):
    change = {"output_config": {"effort": "low"}}
    assert diagnosed(standin, change) == {"type": "unavailable"}


def test_an_answer_that_is_not_known_is_said_to_be_so(standin):
    assert diagnosed(standin, {}, "msg_01x") == {"type": "previous_message_not_found"}
    body = HELLO | {"diagnostics": {"previous_message_id": None}, "model": MODEL}
    unasked = standin.post(HELLO).json()
    body["diagnostics"] = {"previous_message_id": unasked["id"]}
    reason = standin.post(body).json()["diagnostics"]["cache_miss_reason"]
    assert reason == {"type": "previous_message_not_found"}, "that request hadn't opted in"
