from __future__ import annotations

import asyncio
import base64
from typing import Any

import anthropic
import pytest
from asking import HELLO, MODEL, WEATHER, events
from pydantic import BaseModel

from linernotes.contract.responses import check_response

THINKING = {"type": "adaptive", "display": "summarized"}


def test_the_sdk_reads_an_answer_and_its_ids(standin):
    message = standin.client.messages.create(**HELLO)
    assert message.stop_reason == "end_turn"
    assert "simulated" in message.content[0].text
    assert message.model == MODEL
    assert message.id.startswith("msg_01")
    assert message._request_id.startswith("req_01")
    assert message.usage.input_tokens > 0
    assert message.usage.output_tokens_details.thinking_tokens == 0


def test_an_alias_answers_with_its_snapshot(standin):
    message = standin.client.messages.create(**HELLO | {"model": "claude-haiku-4-5"})
    assert message.model == "claude-haiku-4-5-20251001"
    assert message.usage.inference_geo == "not_available"


def test_answers_and_streams_are_what_the_contract_says(standin):
    for more in ({}, {"thinking": THINKING}, {"tools": [WEATHER]}):
        assert check_response("/v1/messages", standin.post(HELLO | more).json()) == ()
        streamed = standin.post(HELLO | more | {"stream": True})
        assert streamed.headers["content-type"].startswith("text/event-stream")
        assert check_response("/v1/messages", events(streamed)) == ()


def test_a_stream_has_the_order_and_the_pieces_of_the_real_one(start):
    script = "replies: [{text: The quick brown fox jumps over the lazy dog and rests.}]"
    found = events(start(script).post(HELLO | {"stream": True}))
    kinds = [event["type"] for event in found]
    assert kinds[:3] == ["message_start", "content_block_start", "ping"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(kinds[3:-3]) == {"content_block_delta"}
    texts = [event["delta"]["text"] for event in found if "text" in event.get("delta", {})]
    assert "".join(texts) == "The quick brown fox jumps over the lazy dog and rests."
    assert texts[0] == "The"
    assert len(texts) == 3
    assert found[0]["message"]["content"] == []
    assert found[0]["message"]["stop_reason"] is None
    final = found[-2]
    assert final["delta"]["stop_reason"] == "end_turn"
    assert final["usage"]["output_tokens"] > found[0]["message"]["usage"]["output_tokens"]


def test_a_streamed_message_is_the_same_as_one_that_comes_at_once(start):
    script = "replies: [&a {thinking: Let me see., text: Well. Then!}]".replace("&a ", "")
    at_once = start(script).client.messages.create(**HELLO, thinking=THINKING)
    with start(script).client.messages.stream(**HELLO, thinking=THINKING) as stream:
        streamed = stream.get_final_message()
    assert [block.to_dict() for block in streamed.content] == [
        block.to_dict() for block in at_once.content
    ]
    assert streamed.usage.output_tokens == at_once.usage.output_tokens


def test_the_sdks_stream_helpers_work(standin):
    with standin.client.messages.stream(**HELLO) as stream:
        text = "".join(stream.text_stream)
        assert stream.get_final_text() == text
    assert "simulated" in text


def test_a_stream_may_be_left_early(standin):
    with standin.client.messages.stream(**HELLO) as stream:
        for _ in stream.text_stream:
            break
    assert standin.client.messages.create(**HELLO).stop_reason == "end_turn"


def test_async_clients_work_side_by_side(standin):
    async def ask_all():
        async with anthropic.AsyncAnthropic(base_url=standin.url, api_key="k") as client:

            async def ask(number):
                request = HELLO.copy()
                request["messages"] = [{"role": "user", "content": f"Number {number}"}]
                async with client.messages.stream(**request) as stream:
                    return await stream.get_final_text()

            return await asyncio.gather(*(ask(number) for number in range(20)))

    answers = asyncio.run(ask_all())
    assert all(f"Number {number}" in answer for number, answer in enumerate(answers))


def test_a_tool_is_called_and_its_result_answered(standin):
    messages: list[Any] = [{"role": "user", "content": "What's the weather?"}]
    request = HELLO | {"tools": [WEATHER]}
    first = standin.client.messages.create(**request | {"messages": messages})
    assert first.stop_reason == "tool_use"
    (call,) = first.content
    assert (call.name, call.input) == ("get_weather", {"city": "Paris", "unit": "celsius"})
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "18 °C and sunny"}
    messages += [first.to_param(), {"role": "user", "content": [result]}]
    second = standin.client.messages.create(**request | {"messages": messages})
    assert second.stop_reason == "end_turn"
    assert "18 °C and sunny" in second.content[0].text


def test_tools_that_a_question_names_are_called_together(standin):
    def called(text, **more):
        time = WEATHER | {"name": "get_time"}
        messages = [{"role": "user", "content": text}]
        request = HELLO | {"messages": messages, "tools": [WEATHER, time]} | more
        content = standin.client.messages.create(**request).content
        return [block.name for block in content if block.type == "tool_use"]

    assert called("What are the weather and the time in Riga?") == ["get_weather", "get_time"]
    assert called("What time is it in Riga?") == ["get_time"]
    assert called("Hello") == ["get_weather"]
    alone = {"type": "auto", "disable_parallel_tool_use": True}
    assert called("The weather and the time, please", tool_choice=alone) == ["get_weather"]


def test_tool_input_is_streamed_in_pieces_of_json(standin):
    with standin.client.messages.stream(**HELLO, tools=[WEATHER]) as stream:
        pieces = [event.partial_json for event in stream if event.type == "input_json"]
        final = stream.get_final_message()
    assert pieces[0] == ""
    assert len(pieces) > 3
    assert final.content[0].input == {"city": "Paris", "unit": "celsius"}


def test_tool_choice_is_followed(standin):
    other = WEATHER | {"name": "get_time"}
    request = HELLO | {"model": "claude-opus-4-8", "tools": [WEATHER, other]}

    def first_block(choice):
        return standin.client.messages.create(**request, tool_choice=choice).content[0]

    assert first_block({"type": "none"}).type == "text"
    assert first_block({"type": "any"}).name == "get_weather"
    assert first_block({"type": "tool", "name": "get_time"}).name == "get_time"


def test_the_tool_runner_goes_through_its_loop(standin):
    @anthropic.beta_tool
    def get_weather(city: str) -> str:
        """Return the weather.

        Args:
            city: A city, e.g. Paris
        """
        return f"18 °C in {city}"

    for thread in ({}, {"thread": False}):
        runner = standin.client.beta.messages.tool_runner(**HELLO, tools=[get_weather], **thread)
        assert "18 °C in Paris" in runner.until_done().content[0].text


class Person(BaseModel):
    name: str
    born: int
    languages: list[str]
    email: str | None = None


def test_structured_output_fits_the_schema(standin):
    parsed = standin.client.messages.parse(**HELLO, output_format=Person).parsed_output
    assert isinstance(parsed, Person)
    assert parsed.languages


def test_tokens_are_counted_as_they_are_charged(standin):
    counted = standin.client.messages.count_tokens(
        model=MODEL, messages=HELLO["messages"], tools=[WEATHER]
    )
    charged = standin.client.messages.create(**HELLO, tools=[WEATHER])
    assert counted.input_tokens == charged.usage.input_tokens


def test_a_thought_is_shown_or_left_out_as_the_request_says(standin):
    def thought(**more):
        message = standin.client.messages.create(**HELLO | more)
        return message.content[0]

    assert thought(thinking=THINKING).thinking
    hidden = thought(thinking={"type": "adaptive"})
    assert (hidden.type, hidden.thinking) == ("thinking", "")
    assert hidden.signature
    old = {"model": "claude-haiku-4-5", "max_tokens": 4096}
    assert thought(**old, thinking={"type": "enabled", "budget_tokens": 1024}).thinking
    assert thought().type == "text"


def test_an_omitted_thought_is_streamed_as_its_signature_alone(standin):
    found = events(standin.post(HELLO | {"thinking": {"type": "adaptive"}, "stream": True}))
    deltas = [event["delta"]["type"] for event in found if event["type"] == "content_block_delta"]
    assert deltas[:2] == ["signature_delta", "text_delta"]


def test_a_thought_goes_back_unchanged_or_not_at_all(standin):
    first = standin.client.messages.create(**HELLO, thinking=THINKING)
    messages = [*HELLO["messages"], first.to_param(), {"role": "user", "content": "Go on"}]
    request = HELLO | {"messages": messages, "thinking": THINKING}
    assert standin.client.messages.create(**request).stop_reason == "end_turn"
    block = first.content[0].to_dict() | {"thinking": "Something else."}
    messages[1] = {"role": "assistant", "content": [block, *first.content[1:]]}
    with pytest.raises(anthropic.BadRequestError, match="Invalid `signature`"):
        standin.client.messages.create(**request)


def test_a_foreign_thought_is_taken_by_models_that_do_not_bind_it(standin):
    foreign = base64.b64encode(bytes(200)).decode()
    thought = {"type": "thinking", "thinking": "Hm.", "signature": foreign}
    content = [thought, {"type": "text", "text": "Hi"}]
    messages = [*HELLO["messages"], {"role": "assistant", "content": content}]
    request = HELLO | {"messages": [*messages, {"role": "user", "content": "Go on"}]}
    assert standin.post(request | {"model": "claude-opus-4-8"}).status_code == 200
    refused = standin.post(request | {"model": "claude-fable-5-2"})
    assert "Invalid `signature`" in refused.json()["error"]["message"]


FABLE = {"model": "claude-fable-5-2", "thinking": THINKING, "system": "Be brief."}
MARKED = {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 200),
        ({"system": [MARKED]}, 200),
        ({"system": "Go on."}, 400),
        ({"tools": [WEATHER]}, 400),
    ],
)
def test_a_thought_of_fable_5_2_goes_back_after_the_same_beginning(standin, change, status):
    first = standin.client.messages.create(**HELLO | FABLE)
    answered = {"role": "assistant", "content": first.to_dict()["content"]}
    messages = [*HELLO["messages"], answered, {"role": "user", "content": "Go on"}]
    assert standin.post(HELLO | FABLE | {"messages": messages} | change).status_code == status


def test_a_thought_of_fable_5_2_is_bound_to_the_messages_before_it(standin):
    first = standin.client.messages.create(**HELLO | FABLE)
    answered = {"role": "assistant", "content": first.to_dict()["content"]}
    go_on = {"role": "user", "content": "Go on"}
    changed = {"role": "user", "content": "Something else"}
    same = {"role": "user", "content": [{"type": "text", "text": HELLO["messages"][0]["content"]}]}
    statuses = [
        standin.post(HELLO | FABLE | {"messages": [beginning, answered, go_on]}).status_code
        for beginning in (HELLO["messages"][0], same, changed)
    ]
    assert statuses == [200, 200, 400]
    second = standin.client.messages.create(
        **HELLO | FABLE | {"messages": [*HELLO["messages"], answered, go_on]}
    )
    more = {"role": "assistant", "content": second.to_dict()["content"]}
    history = [*HELLO["messages"], answered, go_on, more, go_on]
    assert standin.post(HELLO | FABLE | {"messages": history}).status_code == 200
    assert standin.post(HELLO | FABLE | {"messages": history[2:]}).status_code == 400


def test_a_stop_sequence_ends_the_answer(start):
    standin = start("replies: [{text: 'One, two, END, three.'}]")
    message = standin.client.messages.create(**HELLO, stop_sequences=["three", "END"])
    assert message.content[0].text == "One, two, "
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", "END")


def test_max_tokens_cuts_the_answer(standin):
    message = standin.client.messages.create(**HELLO | {"max_tokens": 5})
    assert message.stop_reason == "max_tokens"
    assert message.usage.output_tokens == 5
    assert message.content[0].text == "This is a simulat"


def test_no_output_tokens_give_no_content(standin):
    message = standin.client.messages.create(**HELLO | {"max_tokens": 0}, thinking=THINKING)
    assert (message.content, message.stop_reason) == ([], "max_tokens")
    assert message.usage.output_tokens == 0


def test_the_same_requests_get_the_same_bytes(start):
    def answers():
        standin = start()
        bodies = [HELLO, HELLO, HELLO | {"stream": True}, HELLO | {"tools": [WEATHER]}]
        return [
            (response.content, sorted(response.headers.items()))
            for response in map(standin.post, bodies)
        ]

    first, second = answers(), answers()
    assert first == second
    assert first[0] != first[1]


def test_ids_do_not_depend_on_other_requests(start):
    alone = start().post(HELLO).content
    busy = start()
    busy.post(HELLO | {"max_tokens": 7})
    assert busy.post(HELLO).content == alone
