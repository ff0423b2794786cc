from __future__ import annotations

import pytest
from requests_to_check import CALL, RESULT, TOOL, body, check, conversation, only

SMALL = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}


def structured(schema):
    return body(output_config={"format": {"type": "json_schema", "schema": schema}})


def test_the_first_message_must_be_the_users():
    violation = check(body(messages=[{"role": "assistant", "content": "Hi"}]))[0]
    assert violation.message == 'messages: first message must use the "user" role'


def test_there_must_be_a_message():
    assert only(check(body(messages=[]))).message == "messages: at least one message is required"


def test_a_text_block_must_not_be_empty():
    assert only(check(body(messages=conversation("")))).path == "messages.0.content"


def test_a_tool_loop_is_taken():
    request = body(messages=conversation("Weather?", [CALL], [RESULT], "18 °C.", "Thanks"))
    assert check(request) == ()


def test_a_tool_use_without_result_is_refused():
    violation = only(check(body(messages=conversation("Weather?", [CALL], "Well?"))))
    assert violation.path == "messages.1"
    assert "`tool_use` ids were found without `tool_result` blocks immediately after: toolu_1" in (
        violation.message
    )


def test_a_tool_use_at_the_end_is_refused():
    assert only(check(body(messages=conversation("Weather?", [CALL])))).path == "messages.1"


def test_a_tool_result_after_text_comes_too_late():
    late = [{"type": "text", "text": "Here:"}, RESULT]
    assert only(check(body(messages=conversation("Weather?", [CALL], late)))).path == "messages.1"


def test_results_may_be_spread_over_messages_of_one_turn():
    second = CALL | {"id": "toolu_2"}
    messages = [
        *conversation("Weather?", [CALL, second], [RESULT]),
        {"role": "user", "content": [RESULT | {"tool_use_id": "toolu_2"}]},
    ]
    assert check(body(messages=messages)) == ()


def test_one_of_two_results_missing_is_refused_by_its_id():
    calls = [CALL, CALL | {"id": "toolu_2"}]
    violation = only(check(body(messages=conversation("Weather?", calls, [RESULT]))))
    assert violation.found == '["toolu_2"]'


def test_a_tool_result_without_its_call_is_refused():
    violation = only(check(body(messages=conversation([RESULT]))))
    assert violation.path == "messages.0.content.0"
    assert violation.message.startswith(
        "messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1."
    )


def test_a_thread_that_continues_has_its_calls_on_the_server():
    thread = {"type": "continue", "previous_message_id": "msg_1"}
    request = body(messages=conversation([RESULT]), thread=thread)
    assert check(request, betas=["message-threads-2026-08-12"]) == ()


def test_prefill_is_refused_from_4_6_on():
    messages = conversation("Name a colour.", "The colour is")
    assert check(body(model="claude-haiku-4-5", messages=messages)) == ()
    violation = only(check(body(model="claude-opus-4-6", messages=messages)))
    assert violation.message.startswith("This model does not support assistant message prefill.")


def test_prefill_is_refused_while_thinking_is_on():
    request = body(
        model="claude-haiku-4-5",
        max_tokens=4096,
        messages=conversation("Name a colour.", "The colour is"),
        thinking={"type": "enabled", "budget_tokens": 1024},
    )
    assert only(check(request)).path == "messages.1"


def test_a_paused_turn_may_be_sent_back():
    search = {
        "type": "server_tool_use",
        "id": "srvtoolu_1",
        "name": "web_search",
        "input": {"query": "q"},
    }
    assert check(body(messages=conversation("Search.", [search]))) == ()


def test_system_messages_are_refused_by_models_without_them():
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "system", "content": "Be brief."},
    ]
    assert check(body(model="claude-opus-4-8", messages=messages)) == ()
    violation = only(check(body(model="claude-sonnet-5", messages=messages)))
    assert violation.message == "role 'system' is not supported on this model"


def marked(text, ttl="5m"):
    return {"type": "text", "text": text, "cache_control": {"type": "ephemeral", "ttl": ttl}}


def test_a_fifth_cache_breakpoint_is_refused():
    tool = TOOL | {"cache_control": {"type": "ephemeral"}}
    four = body(
        tools=[tool], system=[marked("s")], messages=conversation([marked("a"), marked("b")])
    )
    assert check(four) == ()
    violation = only(check(four | {"cache_control": {"type": "ephemeral"}}))
    assert violation.message == (
        "A maximum of 4 blocks with cache_control may be provided. Found 5."
    )


def test_a_long_lived_breakpoint_must_not_follow_a_short_one():
    assert check(body(messages=conversation([marked("a", "1h"), marked("b")]))) == ()
    violation = only(check(body(messages=conversation([marked("a"), marked("b", "1h")]))))
    assert violation.path == "messages.0.content.1.cache_control"


DOCUMENT = {
    "type": "document",
    "source": {"type": "text", "media_type": "text/plain", "data": "A text."},
}
CITED = {
    "type": "text",
    "text": "As said.",
    "citations": [
        {
            "type": "char_location",
            "cited_text": "A",
            "document_index": 0,
            "document_title": None,
            "start_char_index": 0,
            "end_char_index": 1,
        }
    ],
}


def test_documents_in_assistant_turns_are_refused_from_the_new_version_on():
    request = body(messages=conversation("Hi", [DOCUMENT], "Go on"))
    assert check(request, version="2023-06-01") == ()
    assert only(check(request)).path == "messages.1.content.0"


def test_citations_on_user_text_are_refused_from_the_new_version_on():
    request = body(messages=conversation([CITED]))
    assert check(request, version="2023-06-01") == ()
    assert only(check(request)).path == "messages.0.content.0.citations"
    assert check(body(messages=conversation("Hi", [CITED], "Go on"))) == ()


def test_citations_inside_search_results_are_refused_too():
    search = {"type": "search_result", "source": "s", "title": "t", "content": [CITED]}
    violation = only(check(body(messages=conversation([search]))))
    assert violation.path == "messages.0.content.0.content.0.citations"


@pytest.mark.parametrize(
    ("model", "thinking", "message"),
    [
        (
            "claude-sonnet-5-5",
            {"type": "enabled", "budget_tokens": 2000},
            '"thinking.type.enabled"',
        ),
        ("claude-sonnet-5-5", {"type": "disabled"}, '"thinking.type.disabled"'),
        ("claude-opus-5-5", {"type": "between_tools"}, '"thinking.type.between_tools"'),
        ("claude-haiku-4-5", {"type": "adaptive"}, "adaptive thinking is not supported"),
    ],
)
def test_each_model_takes_its_own_types_of_thinking(model, thinking, message):
    violation = only(check(body(model=model, max_tokens=4096, thinking=thinking)))
    assert violation.path == "thinking.type"
    assert violation.message.startswith(message)


def budgeted(budget, **changes):
    return body(
        model="claude-haiku-4-5",
        max_tokens=4096,
        thinking={"type": "enabled", "budget_tokens": budget},
        **changes,
    )


def test_a_budget_lies_between_1024_and_max_tokens():
    assert check(budgeted(1024)) == ()
    assert only(check(budgeted(1023))).message == (
        "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"
    )
    assert only(check(budgeted(4096))).message == (
        "`max_tokens` must be greater than `thinking.budget_tokens`."
    )
    assert check(budgeted(4096), betas=["interleaved-thinking-2025-05-14"]) == ()


def test_each_model_has_its_own_effort_levels():
    violation = only(check(body(model="claude-opus-4-6", output_config={"effort": "xhigh"})))
    assert violation.message == (
        "This model does not support effort level 'xhigh'. "
        "Supported levels: high, low, max, medium."
    )
    violation = only(check(body(model="claude-haiku-4-5", output_config={"effort": "low"})))
    assert violation.message == "This model does not support the effort parameter."


def test_high_effort_does_not_go_with_little_thinking():
    quiet = {"thinking": {"type": "between_tools"}}
    assert check(body(**quiet, output_config={"effort": "high"})) == ()
    assert only(check(body(**quiet, output_config={"effort": "max"}))).path == (
        "output_config.effort"
    )
    off = body(model="claude-opus-5", thinking={"type": "disabled"})
    assert only(check(off | {"output_config": {"effort": "xhigh"}})).allowed == (
        "low",
        "medium",
        "high",
    )


def test_forced_tools_are_refused_where_the_model_refuses_them():
    forced = {"tools": [TOOL], "tool_choice": {"type": "any"}}
    assert check(body(model="claude-sonnet-5", **forced)) == ()
    violation = only(check(body(**forced)))
    assert violation.message == (
        'tool_choice: type "tool" and "any" are not supported for this model.'
    )
    violation = only(check(budgeted(1024, **forced)))
    assert violation.message == "Thinking may not be enabled when tool_choice forces tool use."


def test_a_tool_choice_must_name_a_tool():
    choice = {"type": "tool", "name": "get_wether"}
    violation = only(check(body(model="claude-sonnet-5", tools=[TOOL], tool_choice=choice)))
    assert violation.allowed == ("get_weather",)


def test_tool_names_are_short_plain_and_unique():
    assert only(check(body(tools=[TOOL | {"name": "get weather"}]))).path == "tools.0.name"
    assert only(check(body(tools=[TOOL, TOOL]))).message == "tools: Tool names must be unique."


def test_a_tools_schema_must_be_an_object():
    tool = {"name": "f", "input_schema": {"properties": {}}}
    violation = only(check(body(tools=[tool])))
    assert violation.message == "tools.0.custom.input_schema.type: Field required"


def test_max_tokens_has_the_models_limit():
    violation = only(check(body(max_tokens=128_001)))
    assert violation.message == (
        "max_tokens: 128001 > 128000, which is the maximum allowed number of output tokens for "
        "claude-sonnet-5-5"
    )
    assert only(check(body(max_tokens=-1))).path == "max_tokens"


def test_no_output_only_fills_the_cache():
    assert check(body(max_tokens=0)) == ()
    violation = only(check(body(max_tokens=0, stream=True)))
    assert violation.path == "max_tokens"
    assert "`stream`" in violation.remedy


def test_objects_of_an_output_schema_must_be_closed():
    assert check(structured(SMALL)) == ()
    inner = {"type": "object", "properties": {}}
    violation = only(check(structured(SMALL | {"properties": {"a": inner}})))
    assert violation.path == "output_config.format.schema.properties.a"
    assert violation.message == (
        "output_config.format.schema: For 'object' type, 'additionalProperties' must be "
        "explicitly set to false"
    )


def test_bounds_are_refused_in_an_output_schema():
    bounded = SMALL | {"properties": {"a": {"type": "integer", "minimum": 1}}}
    assert only(check(structured(bounded))).path == (
        "output_config.format.schema.properties.a.minimum"
    )
    listed = SMALL | {"properties": {"a": {"type": "array", "minItems": 2}}}
    assert only(check(structured(listed))).allowed == ("0", "1")


def test_strict_tools_have_the_same_rules():
    strict = TOOL | {"strict": True}
    assert only(check(body(tools=[strict]))).path == "tools.0.input_schema"
    assert check(body(tools=[TOOL])) == ()


def test_a_recursive_output_schema_is_refused():
    node = SMALL | {"properties": {"next": {"$ref": "#/$defs/Node"}}}
    schema = SMALL | {"$defs": {"Node": node}, "properties": {"a": {"$ref": "#/$defs/Node"}}}
    assert "Recursive" in only(check(structured(schema))).message
    leaf = SMALL | {"$defs": {"Leaf": SMALL}, "properties": {"a": {"$ref": "#/$defs/Leaf"}}}
    assert check(structured(leaf)) == ()


def test_a_schema_elsewhere_is_refused():
    schema = SMALL | {"properties": {"a": {"$ref": "https://example.com/a.json"}}}
    assert "External" in only(check(structured(schema))).message


def test_a_schema_has_at_most_24_optional_parameters():
    def wide(count):
        return SMALL | {"properties": {f"p{n}": {"type": "string"} for n in range(count)}}

    assert check(structured(wide(24))) == ()
    assert "optional parameters (25)" in only(check(structured(wide(25)))).message


def test_structured_output_goes_with_neither_citations_nor_prefill():
    cited = [DOCUMENT | {"citations": {"enabled": True}}, {"type": "text", "text": "Sum up."}]
    request = structured(SMALL) | {"messages": conversation(cited)}
    assert "citations" in only(check(request)).message
    request = structured(SMALL) | {
        "model": "claude-haiku-4-5",
        "messages": conversation("Name?", "{"),
    }
    assert "prefill" in only(check(request)).message


def test_citations_are_on_for_all_documents_or_none():
    def document(**more):
        source = {"type": "text", "media_type": "text/plain", "data": "Hello"}
        return {"type": "document", "source": source, **more}

    cited = document(citations={"enabled": True})
    for content in ([cited, cited], [document(), document(citations={"enabled": False})]):
        assert check(body(messages=conversation(content))) == ()
    violation = only(check(body(messages=conversation([cited, document()]))))
    assert violation.path == "messages.0.content.1.citations"


def test_the_beta_that_gateways_still_send_is_taken():
    assert check(body(), betas=["messages-2023-12-15"]) == ()
