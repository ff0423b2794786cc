"""Compaction: a conversation is summarized, and goes on from its summary."""

from __future__ import annotations

import anthropic
import pytest
from asking import HELLO, MODEL, events

from linernotes.contract.responses import check_response

ON_DEMAND = {"anthropic-beta": "compact-2026-09-04"}
AT_A_THRESHOLD = {"anthropic-beta": "compact-2026-01-12"}
TALK = [
    {"role": "user", "content": "The pump is a P-200. It leaks. " * 50},
    {"role": "assistant", "content": "Check the shaft seal first."},
]
SUMMARIZE = {"model": MODEL, "max_tokens": 900, "messages": TALK}
EDIT = {"context_management": {"edits": [{"type": "compact_20260112"}]}}


def compact(standin, **more):
    return standin.client.beta.messages.create(
        **SUMMARIZE | more, compaction={"type": "summarize"}, betas=["compact-2026-09-04"]
    )


def test_a_summary_is_all_of_the_answer_and_the_conversation_goes_on_from_it(start):
    standin = start("replies: [{text: A P-200 leaks at its seal.}, {text: The seal.}]")
    compacted = compact(standin)
    assert compacted.stop_reason == "compaction"
    [block] = compacted.content
    assert (block.type, block.content) == ("compaction", "A P-200 leaks at its seal.")
    assert block.signature
    message = standin.client.beta.messages.create(
        **SUMMARIZE
        | {"messages": [compacted.to_param(), {"role": "user", "content": "What leaks?"}]},
        betas=["compact-2026-09-04"],
    )
    assert message.content[0].text == "The seal."
    assert message.usage.input_tokens < compacted.usage.input_tokens / 5
    assert standin.findings == ()


def test_without_a_script_the_summary_says_that_it_is_made_up(standin):
    [block] = compact(standin).content
    assert "simulated" in (block.content or "")


def test_a_summary_that_was_changed_is_refused(standin):
    block = compact(standin).content[0].to_dict()
    more = {"role": "user", "content": "And?"}
    for changed, status in ((block, 200), (block | {"content": "It is dry."}, 400)):
        first = {"role": "assistant", "content": [changed]}
        response = standin.post(SUMMARIZE | {"messages": [first, more]}, **ON_DEMAND)
        assert response.status_code == status, response.text
    assert "signature" in response.json()["error"]["message"]


def test_a_summary_comes_in_one_piece_in_a_stream(start):
    body = SUMMARIZE | {"compaction": {"type": "summarize"}, "stream": True}
    script = "replies: [{text: A P-200 leaks.}]"
    found = events(start(script).post(body, **ON_DEMAND))
    assert check_response("/v1/messages", found) == ()
    deltas = [one["delta"] for one in found if one["type"] == "content_block_delta"]
    assert deltas == [{"type": "compaction_delta", "content": "A P-200 leaks."}]
    with start(script).client.beta.messages.stream(
        **SUMMARIZE, compaction={"type": "summarize"}, betas=["compact-2026-09-04"]
    ) as stream:
        [block] = stream.get_final_message().content
    assert block.content == "A P-200 leaks."
    assert block.signature


def test_a_compaction_request_gets_no_other_answer(start):
    standin = start("replies: [{tool_calls: [{name: f}]}, {text: A, thinking: B}]")
    for _ in range(2):
        with pytest.raises(anthropic.BadRequestError, match="asks for a summary"):
            compact(standin)
    assert [one.code for one in standin.findings] == ["replies-mismatch"] * 2


def test_a_summary_may_be_missing(start):
    message = compact(start("replies: [{stop_reason: refusal}]"))
    assert (message.content, message.stop_reason) == ([], "refusal")


def test_a_summary_that_nobody_asked_for_is_a_mismatch(start):
    standin = start("replies: [{content: [{type: compaction, content: A}]}]")
    with pytest.raises(anthropic.BadRequestError, match="neither `compaction` nor"):
        standin.client.messages.create(**HELLO)


def test_at_a_threshold_the_usage_tells_the_two_runs_apart(start):
    script = "replies: [{content: [{type: compaction, content: A leak.}, {type: text, text: B}]}]"
    body = SUMMARIZE | EDIT | {"messages": [*TALK, {"role": "user", "content": "So?"}]}
    response = start(script).post(body, **AT_A_THRESHOLD)
    message = response.json()
    assert check_response("/v1/messages", message) == ()
    first, second = message["usage"]["iterations"]
    assert (first["type"], second["type"]) == ("compaction", "message")
    assert first["input_tokens"] > 10 * second["input_tokens"]
    assert message["usage"]["input_tokens"] == second["input_tokens"]
    assert message["stop_reason"] == "end_turn"


def test_a_pause_after_a_summary_is_its_own_stop_reason(start):
    script = "replies: [{content: [{type: compaction, content: A leak.}]}]"
    message = start(script).post(SUMMARIZE | EDIT | {"messages": TALK[:1]}, **AT_A_THRESHOLD).json()
    assert message["stop_reason"] == "compaction"


def test_what_stands_before_a_summary_is_not_counted(standin):
    summary = {"role": "assistant", "content": [{"type": "compaction", "content": "A leak."}]}
    last = {"role": "user", "content": "So?"}

    def count(*messages):
        body = {"model": MODEL, "messages": list(messages)}
        return standin.post(body, "/v1/messages/count_tokens", **AT_A_THRESHOLD).json()

    assert count(*TALK, last, summary, last) == count(summary, last)


def test_the_tool_runner_compacts_between_two_turns(start):
    @anthropic.beta_tool
    def weather(city: str) -> str:
        """Return the weather of a city."""
        return f"18 °C in {city}"

    standin = start(
        "replies: [{tool_calls: [{name: weather, input: {city: Lima}}]}, {text: It was 18 °C.},"
        " {text: Mild.}]"
    )
    runner = standin.client.beta.messages.tool_runner(
        **HELLO, tools=[weather], betas=["compact-2026-09-04"]
    )
    ends = []
    for message in runner:
        ends.append(message.stop_reason)
        if message.stop_reason == "tool_use":
            runner.compact_before_next_turn()
    assert ends == ["tool_use", "compaction", "end_turn"]
    assert standin.findings == ()


def test_counting_says_what_there_was_before_the_edits(standin):
    body = {"model": MODEL, "messages": TALK[:1], **EDIT}
    found = standin.post(body, "/v1/messages/count_tokens", **AT_A_THRESHOLD).json()
    assert check_response("/v1/messages/count_tokens", found) == ()
    assert found["context_management"] == {"original_input_tokens": found["input_tokens"]}


def test_the_models_tell_who_compacts_to_those_who_know_of_it(standin):
    def compaction(model, **more):
        return standin.client.beta.models.retrieve(model, **more).capabilities.compaction

    betas = ["compact-2026-09-04"]
    assert compaction("claude-sonnet-5-5") is None
    assert compaction("claude-sonnet-5-5", betas=betas).summarize.supported
    assert not compaction("claude-haiku-4-5", betas=betas).supported


@pytest.mark.parametrize(
    ("words", "more", "types", "end"),
    [
        (40_000, {}, ["text"], "end_turn"),
        (60_000, {}, ["compaction", "text"], "end_turn"),
        (60_000, {"pause_after_compaction": True}, ["compaction"], "compaction"),
    ],
)
def test_a_long_history_is_compacted_without_a_script(standin, words, more, types, end):
    trigger = {"type": "input_tokens", "value": 60_000}
    edit = {"type": "compact_20260112", "trigger": trigger, **more}
    body = HELLO | {"messages": [{"role": "user", "content": "pump " * words}]}
    response = standin.post(body | {"context_management": {"edits": [edit]}}, **AT_A_THRESHOLD)
    message = response.json()
    assert check_response("/v1/messages", message) == ()
    assert ([block["type"] for block in message["content"]], message["stop_reason"]) == (types, end)
    assert ("iterations" in message["usage"]) == (types[0] == "compaction")
