from __future__ import annotations

import pytest

from linernotes.contract.responses import check_response

PATH = "/v1/messages"
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-5-5",
    "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "stop_details": None,
    "usage": {"input_tokens": 3, "output_tokens": 1},
}
START = {"type": "message_start", "message": MESSAGE | {"content": [], "stop_reason": None}}
BLOCK = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
DELTA = {
    "type": "content_block_delta",
    "index": 0,
    "delta": {"type": "text_delta", "text": "Hi"},
}
STOP = {"type": "content_block_stop", "index": 0}
END = {
    "type": "message_delta",
    "delta": {"stop_reason": "end_turn", "stop_sequence": None},
    "usage": {"output_tokens": 1},
}
LAST = {"type": "message_stop"}
PING = {"type": "ping"}


def paths(body, path=PATH):
    return [violation.path for violation in check_response(path, body)]


def test_a_message_is_read():
    assert paths(MESSAGE) == []


def test_new_fields_of_an_answer_are_no_violation():
    assert paths(MESSAGE | {"new_field": 1}) == []


def test_a_missing_field_is_named():
    usage = {"input_tokens": 3}
    assert paths(MESSAGE | {"usage": usage}) == ["usage.output_tokens"]


def test_an_unknown_stop_reason_is_drift():
    (violation,) = check_response(PATH, MESSAGE | {"stop_reason": "tired"})
    assert violation.path == "stop_reason"
    assert "end_turn" in violation.allowed


def test_a_block_is_checked_by_its_type_alone():
    assert paths(MESSAGE | {"content": [{"type": "text"}]}) == ["content.0.text"]


def test_an_error_is_read_whatever_its_documented_type():
    for type_ in ("not_found_error", "request_too_large"):
        error = {"type": "error", "error": {"type": type_, "message": "m"}, "request_id": "req_1"}
        assert paths(error) == []
    assert paths({"type": "error", "error": {"type": "api_error"}}) == ["error.message"]


def test_a_token_count_is_read():
    assert paths({"input_tokens": 3}, f"{PATH}/count_tokens") == []
    assert paths({"tokens": 3}, f"{PATH}/count_tokens") == ["input_tokens"]


def test_a_stream_is_read_in_its_order_with_pings_anywhere():
    assert paths([START, PING, BLOCK, PING, DELTA, STOP, END, LAST]) == []


def test_an_error_may_end_a_stream_anywhere():
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    assert paths([START, BLOCK, DELTA, error]) == []


@pytest.mark.parametrize(
    ("events", "place"),
    [
        ([BLOCK, STOP, END, LAST], "0"),
        ([START, BLOCK, DELTA, STOP], "3"),
        ([START, DELTA, END, LAST], "1"),
        ([START, BLOCK, BLOCK, STOP, END, LAST], "2"),
        ([START, BLOCK, DELTA, END, LAST], "3"),
    ],
)
def test_an_event_out_of_order_is_found_at_its_place(events, place):
    assert paths(events)[0] == place


def test_an_event_of_another_shape_is_found():
    bad = DELTA | {"delta": {"type": "text_delta"}}
    assert paths([START, BLOCK, bad, STOP, END, LAST]) == ["2.delta.text"]


def test_a_list_of_models_is_checked_model_by_model():
    assert paths({"data": [{"id": "m", "type": "model"}]}, "/v1/models") == [
        "data.created_at",
        "data.display_name",
        "data.lifecycle",
    ]
