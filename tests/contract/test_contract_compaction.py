"""Compaction, at a threshold and on demand: what may be asked, and what comes back into a request."""

from __future__ import annotations

import pytest
from requests_to_check import CALL, body, check, conversation, only

ON_DEMAND = ("compact-2026-09-04",)
AT_A_THRESHOLD = ("compact-2026-01-12",)
SUMMARY = {"type": "compaction", "content": "They greeted.", "signature": "c2ln"}
EDITS = {"edits": [{"type": "compact_20260112", "trigger": {"type": "input_tokens", "value": 6e4}}]}


def asking(**more):
    messages = conversation("Hi", "Hello.")
    return body(messages=messages, compaction={"type": "summarize"}, **more)


def going_on(summary, **more):
    first = {"role": "assistant", "content": [summary]}
    return body(messages=[first, {"role": "user", "content": "Where were we?"}], **more)


def test_a_conversation_is_compacted_whoever_spoke_last():
    assert check(asking(), betas=ON_DEMAND) == ()
    more = [*conversation("Hi", "Hello."), {"role": "user", "content": "Bye"}]
    assert check(asking() | {"messages": more}, betas=ON_DEMAND) == ()


def test_a_summary_stands_first_in_place_of_what_it_summarizes():
    assert check(going_on(SUMMARY), betas=ON_DEMAND) == ()
    assert check(going_on({"type": "compaction", "content": "S"}), betas=AT_A_THRESHOLD) == ()
    after_text = [{"type": "text", "text": "Hello."}, SUMMARY]
    late = going_on(SUMMARY)
    late["messages"][0]["content"] = after_text
    assert [one.path for one in check(late, betas=ON_DEMAND)] == ["messages.0.role"]


@pytest.mark.parametrize("request_", [asking(), going_on(SUMMARY)])
@pytest.mark.parametrize("betas", [(), AT_A_THRESHOLD])
def test_compaction_on_demand_needs_its_own_beta(request_, betas):
    found = check(request_, betas=betas)
    assert found
    assert all("Extra inputs" in one.message or "tag" in one.message for one in found)
    assert "compact-2026-09-04" in (found[0].remedy or "")


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"context_management": {"edits": []}}, "context_management"),
        ({"stop_sequences": ["."]}, "stop_sequences"),
        (
            {"output_config": {"format": {"type": "json_schema", "schema": {"type": "string"}}}},
            "output_config.format",
        ),
    ],
)
def test_what_shapes_a_reply_has_no_place_in_a_compaction_request(more, path):
    request = asking(**more) | {"messages": conversation("Hi")}
    betas = (*ON_DEMAND, *AT_A_THRESHOLD)
    assert only(check(request, betas=betas)).path == path


def test_an_unanswered_tool_call_cannot_be_compacted():
    request = asking() | {"messages": conversation("Weather?", [CALL])}
    assert only(check(request, betas=ON_DEMAND)).path == "messages.1"


def test_older_models_do_not_compact_on_demand():
    request = asking() | {"model": "claude-sonnet-4-5"}
    assert only(check(request, betas=ON_DEMAND)).message == (
        "compaction: not supported for this model."
    )


def test_a_summary_is_not_empty_but_may_have_failed():
    assert only(check(going_on(SUMMARY | {"content": ""}), betas=ON_DEMAND)).path == (
        "messages.0.content.0.content"
    )
    assert check(going_on(SUMMARY | {"content": None}), betas=ON_DEMAND) == ()


def test_a_signed_summary_does_not_go_with_a_threshold():
    both = (*ON_DEMAND, *AT_A_THRESHOLD)
    found = only(check(going_on(SUMMARY, context_management=EDITS), betas=both))
    assert "signed `compaction` block" in found.message


def test_a_threshold_is_at_least_fifty_thousand_tokens():
    low = {"edits": [{"type": "compact_20260112", "trigger": {"type": "input_tokens", "value": 9}}]}
    request = body(context_management=low)
    assert only(check(request, betas=AT_A_THRESHOLD)).message.endswith(
        "Input should be greater than or equal to 50000"
    )
