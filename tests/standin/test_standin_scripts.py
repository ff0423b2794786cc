from __future__ import annotations

import time

import anthropic
import pytest
from asking import HELLO, WEATHER, events


def test_replies_are_taken_in_order_and_then_the_default_answers(start):
    standin = start("replies: [{text: One}, {text: Two}]")
    texts = [standin.client.messages.create(**HELLO).content[0].text for _ in range(3)]
    assert texts[:2] == ["One", "Two"]
    assert "simulated" in texts[2]
    assert standin.findings == ()


def test_token_counting_takes_no_reply(start):
    standin = start("replies: [{text: One}]")
    standin.client.messages.count_tokens(model=HELLO["model"], messages=HELLO["messages"])
    assert standin.client.messages.create(**HELLO).content[0].text == "One"


def test_a_refused_request_takes_no_reply(start):
    standin = start("replies: [{text: One}]")
    with pytest.raises(anthropic.BadRequestError):
        standin.client.messages.create(**HELLO, extra_body={"temperature": 1})
    assert standin.client.messages.create(**HELLO).content[0].text == "One"


def test_a_reply_may_wait_for_its_request(start):
    standin = start("replies: [{when: apples, text: red}, {when: pears, text: green}]")

    def ask(what):
        messages = [{"role": "user", "content": f"What colour are {what}?"}]
        return standin.client.messages.create(**HELLO | {"messages": messages}).content[0].text

    assert [ask("pears"), ask("apples")] == ["green", "red"]


def test_thinking_text_and_tool_calls_come_as_blocks(start):
    script = """
replies:
  - thinking: The user wants the weather.
    text: I'll look.
    tool_calls:
      - {name: get_weather, input: {city: Paris}}
      - {name: get_weather, input: {city: Rome}}
"""
    message = start(script).client.messages.create(**HELLO, tools=[WEATHER])
    assert [block.type for block in message.content] == [
        "thinking",
        "text",
        "tool_use",
        "tool_use",
    ]
    assert message.stop_reason == "tool_use"
    assert message.content[2].id != message.content[3].id
    assert message.content[3].input == {"city": "Rome"}
    assert message.usage.output_tokens_details.thinking_tokens > 0


def test_json_is_the_text_of_a_structured_answer(start):
    schema = {
        "type": "object",
        "properties": {"born": {"type": "integer"}},
        "required": ["born"],
        "additionalProperties": False,
    }
    standin = start("replies: [{json: {born: 1815}}]")
    config = {"format": {"type": "json_schema", "schema": schema}}
    message = standin.client.messages.create(**HELLO, output_config=config)
    assert message.content[0].text == '{"born": 1815}'


def test_a_stop_reason_of_the_script_leaves_the_text_as_it_is(start):
    standin = start("replies: [{text: Half an answ, stop_reason: max_tokens}]")
    message = standin.client.messages.create(**HELLO)
    assert (message.content[0].text, message.stop_reason) == ("Half an answ", "max_tokens")
    assert message.usage.output_tokens == 1024


def test_a_refusal_is_an_answer_with_details(start):
    script = "replies: [{stop_reason: refusal, stop_details: {category: cyber, explanation: No.}}]"
    message = start(script).client.messages.create(**HELLO)
    assert (message.content, message.stop_reason) == ([], "refusal")
    assert message.stop_details.to_dict() == {
        "type": "refusal",
        "category": "cyber",
        "explanation": "No.",
    }


def test_content_and_usage_give_full_control(start):
    script = """
replies:
  - content:
      - {type: text, text: Searching.}
      - {type: server_tool_use, name: web_search, input: {query: news}}
    stop_reason: pause_turn
    usage: {output_tokens: 12, server_tool_use: {web_search_requests: 1, web_fetch_requests: 0}}
"""
    for ask in ("create", "stream"):
        client = start(script).client
        if ask == "create":
            message = client.messages.create(**HELLO)
        else:
            with client.messages.stream(**HELLO) as stream:
                message = stream.get_final_message()
        assert message.stop_reason == "pause_turn"
        assert message.content[1].id.startswith("srvtoolu_01")
        assert message.content[1].input == {"query": "news"}
        assert message.usage.output_tokens == 12
        assert message.usage.server_tool_use.web_search_requests == 1


def test_citations_are_streamed_before_their_text(start):
    script = """
replies:
  - content:
      - type: text
        text: It is green.
        citations:
          - {type: char_location, cited_text: green, document_index: 0, document_title: T,
             start_char_index: 0, end_char_index: 5}
"""
    found = events(start(script).post(HELLO | {"stream": True}))
    deltas = [event["delta"]["type"] for event in found if event["type"] == "content_block_delta"]
    assert deltas[:2] == ["citations_delta", "text_delta"]


def test_an_error_is_answered_once_and_the_sdks_retry_gets_the_next_reply(start, monkeypatch):
    waited = []
    monkeypatch.setattr(time, "sleep", waited.append)
    standin = start(
        "replies: [{error: {status: 429, retry_after: 1}}, {text: Paris.}]",
    )
    client = standin.client.with_options(max_retries=2)
    raw = client.messages.with_raw_response.create(**HELLO)
    assert raw.parse().content[0].text == "Paris."
    assert raw.retries_taken == 1
    assert waited == [1]


@pytest.mark.parametrize(
    ("status", "type_", "error"),
    [
        (400, "invalid_request_error", anthropic.BadRequestError),
        (401, "authentication_error", anthropic.AuthenticationError),
        (402, "billing_error", anthropic.PaymentRequiredError),
        (403, "permission_error", anthropic.PermissionDeniedError),
        (404, "not_found_error", anthropic.NotFoundError),
        (409, "conflict_error", anthropic.ConflictError),
        (413, "request_too_large", anthropic.ContentTooLargeError),
        (422, "invalid_request_error", anthropic.UnprocessableEntityError),
        (429, "rate_limit_error", anthropic.RateLimitError),
        (500, "api_error", anthropic.InternalServerError),
        (503, "api_error", anthropic.ServiceUnavailableError),
        (504, "timeout_error", anthropic.GatewayTimeoutError),
        (529, "overloaded_error", anthropic.OverloadedError),
    ],
)
def test_each_status_has_its_type_and_raises_its_class(start, status, type_, error):
    standin = start(f"replies: [{{error: {{status: {status}}}}}]")
    with pytest.raises(error) as caught:
        standin.client.messages.create(**HELLO)
    assert (caught.value.status_code, caught.value.type) == (status, type_)
    assert caught.value.request_id.startswith("req_01")


def test_an_error_may_say_its_own_words_and_code(start):
    standin = start(
        "replies: [{error: {status: 429, message: Slow., error_code: ramp_limit_exceeded}}]"
    )
    with pytest.raises(anthropic.RampLimitExceededError) as caught:
        standin.client.messages.create(**HELLO)
    assert caught.value.api_message == "Slow."
    assert caught.value.response.headers["anthropic-ratelimit-requests-remaining"] == "0"
    assert "retry-after" not in caught.value.response.headers


def test_a_stream_breaks_where_the_script_says(start):
    standin = start(
        "replies: [{text: One two three four five six seven eight nine., break_after: 2}]"
    )
    seen = []
    with (
        pytest.raises(anthropic.APIStatusError) as caught,
        standin.client.messages.stream(**HELLO) as stream,
    ):
        seen.extend(stream.text_stream)
    assert seen == ["One", " two three four five six seven"]
    assert caught.value.type == "overloaded_error"


def test_a_stream_breaks_at_its_end_at_the_latest(start):
    standin = start("replies: [{text: Short., break_after: 99}]")
    found = events(standin.post(HELLO | {"stream": True}))
    assert found[-1]["type"] == "error"
    assert "message_delta" not in [event["type"] for event in found]


def test_a_break_without_a_stream_is_a_finding(start):
    standin = start("replies: [{text: Short., break_after: 1}]")
    assert standin.post(HELLO).status_code == 200
    assert [finding.code for finding in standin.findings] == ["replies-break"]


def test_replies_that_no_request_took_are_findings_at_their_lines(start):
    standin = start("replies:\n  - text: One\n  - text: Two\n  - text: Three\n")
    standin.client.messages.create(**HELLO)
    assert [(finding.code, finding.line) for finding in standin.findings] == [
        ("replies-unused", 3),
        ("replies-unused", 4),
    ]


CALL = "replies:\n  - tool_calls: [{name: NAME, input: INPUT}]\n"


@pytest.mark.parametrize(
    ("script", "request_", "words"),
    [
        (
            CALL.replace("NAME", "get_wether").replace("INPUT", "{city: Paris}"),
            {"tools": [WEATHER]},
            "calls get_wether, which the request doesn't offer (get_weather)",
        ),
        (
            CALL.replace("NAME", "get_weather").replace("INPUT", "{city: 3}"),
            {"tools": [WEATHER]},
            "city should be of the type string",
        ),
        (
            CALL.replace("NAME", "get_weather").replace("INPUT", "{}"),
            {"tools": [WEATHER], "tool_choice": {"type": "none"}},
            "`tool_choice` is `none`",
        ),
        (
            "replies:\n  - text: Hi\n    thinking: Hm\n",
            {"model": "claude-opus-4-8"},
            "thinking is off",
        ),
        (
            "replies:\n  - text: Hi\n",
            {
                "output_config": {
                    "format": {
                        "type": "json_schema",
                        "schema": {"type": "object", "additionalProperties": False},
                    }
                }
            },
            "text is not JSON",
        ),
        (
            "replies:\n  - json: {name: 1}\n",
            {
                "output_config": {
                    "format": {
                        "type": "json_schema",
                        "schema": {"type": "object", "additionalProperties": False},
                    }
                }
            },
            "name is not in the schema",
        ),
    ],
)
def test_a_reply_that_its_request_cannot_get_is_refused_and_found(start, script, request_, words):
    standin = start(script)
    with pytest.raises(anthropic.BadRequestError) as caught:
        standin.client.messages.create(**HELLO | request_)
    assert str(caught.value.api_message).startswith("a.replies.yaml:2: ")
    (finding,) = standin.findings
    assert (finding.code, finding.severity, finding.line) == ("replies-mismatch", "error", 2)
    assert words in finding.message


def test_a_delay_passes_on_the_clock_of_the_stand_in_alone(start):
    standin = start("replies: [{text: A}, {text: B, delay: 200}, {text: C, delay: 400.5}]")
    system = [{"type": "text", "text": "word " * 900, "cache_control": {"type": "ephemeral"}}]
    reads = [
        standin.client.messages.create(**HELLO, system=system).usage.cache_read_input_tokens > 0
        for _ in range(4)
    ]
    assert reads == [False, True, False, True]


def test_a_request_that_only_fills_the_cache_takes_no_reply(start):
    standin = start("replies: [{text: One}]")
    empty = standin.client.messages.create(**HELLO | {"max_tokens": 0})
    assert (empty.content, empty.stop_reason) == ([], "max_tokens")
    assert standin.client.messages.create(**HELLO).content[0].text == "One"
    assert standin.findings == ()


def test_a_script_may_say_which_container_ran_and_what_was_cleared(start):
    script = """
replies:
  - text: Done.
    container: {skills: [{type: anthropic, skill_id: pdf, version: latest}]}
  - text: Cleared.
    context_management:
      applied_edits:
        - {type: clear_tool_uses_20250919, cleared_input_tokens: 900, cleared_tool_uses: 2}
"""
    standin = start(script)
    tools = [{"type": "code_execution_20260521", "name": "code_execution"}]
    message = standin.client.beta.messages.create(**HELLO, tools=tools)
    assert message.container is not None
    assert message.container.id.startswith("container_")
    assert [skill.skill_id for skill in message.container.skills or ()] == ["pdf"]
    edits = {"edits": [{"type": "clear_tool_uses_20250919"}]}
    betas = ["context-management-2025-06-27"]
    message = standin.client.beta.messages.create(**HELLO, context_management=edits, betas=betas)
    assert message.context_management is not None
    assert message.context_management.applied_edits[0].cleared_input_tokens == 900
    assert standin.findings == ()


@pytest.mark.parametrize("part", ["container: {}", "context_management: {applied_edits: []}"])
def test_what_a_request_did_not_ask_for_does_not_come(start, part):
    standin = start(f"replies: [{{text: A, {part}}}]")
    with pytest.raises(anthropic.BadRequestError, match=part.partition(":")[0]):
        standin.client.messages.create(**HELLO)


@pytest.mark.parametrize(
    ("error", "type_", "message"),
    [
        ("{status: 500}", "api_error", "Internal server error"),
        ("{status: 429, error_code: too_fast}", "rate_limit_error", "rate limit"),
        ("{status: 529, message: Later.}", "overloaded_error", "Later."),
        ("{status: 400, type: odd_error}", "odd_error", "Bad Request"),
    ],
)
def test_any_error_may_come_amid_a_stream(start, error, type_, message):
    standin = start(f"replies: [{{text: One two three., break_after: 1, error: {error}}}]")
    with (
        pytest.raises(anthropic.APIStatusError, match=message) as raised,
        standin.client.messages.stream(**HELLO) as stream,
    ):
        stream.until_done()
    assert (raised.value.status_code, raised.value.type) == (200, type_)
    assert standin.findings == ()
    [text] = [block.text for block in stream.current_message_snapshot.content]
    assert text == "One"
