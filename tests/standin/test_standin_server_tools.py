from __future__ import annotations

import pytest
from asking import HELLO, WEATHER, events

from linernotes.contract.responses import check_response

SEARCH = {"type": "web_search_20260318", "name": "web_search"}
FETCH = {"type": "web_fetch_20260318", "name": "web_fetch"}
CODE = {"type": "code_execution_20260521", "name": "code_execution"}
OLD_CODE = {"type": "code_execution_20250522", "name": "code_execution"}


def asking(tool, text="Read https://example.org/a, please."):
    return HELLO | {"tools": [tool], "messages": [{"role": "user", "content": text}]}


@pytest.mark.parametrize(
    ("tool", "called", "result"),
    [
        (SEARCH, "web_search", "web_search_tool_result"),
        (FETCH, "web_fetch", "web_fetch_tool_result"),
        (CODE, "bash_code_execution", "bash_code_execution_tool_result"),
        (OLD_CODE, "code_execution", "code_execution_tool_result"),
    ],
)
def test_a_server_tool_is_called_and_answered_in_one_turn(start, tool, called, result):
    response = start().post(asking(tool)).json()
    assert check_response("/v1/messages", response) == ()
    kinds = [block["type"] for block in response["content"]]
    assert kinds == ["text", "server_tool_use", result, "text"]
    use, answered = response["content"][1:3]
    assert use["name"] == called
    assert answered["tool_use_id"] == use["id"]
    assert response["stop_reason"] == "end_turn"
    with start().client.messages.stream(**asking(tool)) as stream:
        streamed = stream.get_final_message()
    assert [block.type for block in streamed.content] == kinds
    assert streamed.content[1].input == use["input"]


def test_server_tools_are_charged_by_the_request(standin):
    def requests(tool):
        return standin.post(asking(tool)).json()["usage"]["server_tool_use"]

    assert requests(SEARCH) == {"web_search_requests": 1, "web_fetch_requests": 0}
    assert requests(FETCH) == {"web_search_requests": 0, "web_fetch_requests": 1}


def test_code_runs_in_a_container(standin):
    assert standin.post(asking(CODE)).json()["container"]["id"].startswith("container_01")
    assert "container" not in standin.post(asking(SEARCH)).json()


def test_only_urls_of_the_conversation_are_fetched(standin):
    fetched = standin.client.messages.create(**asking(FETCH))
    assert fetched.content[1].input == {"url": "https://example.org/a"}
    (block,) = standin.client.messages.create(**asking(FETCH, "Read something.")).content
    assert block.type == "text"


def test_what_was_found_is_cited_and_goes_back_unchanged(standin):
    found = standin.client.messages.create(**asking(SEARCH))
    assert found.content[3].citations[0].url == found.content[2].content[0].url
    messages = [found.to_param(), {"role": "user", "content": "And now?"}]
    request = asking(SEARCH)
    request["messages"] += messages
    assert standin.client.messages.create(**request).stop_reason == "end_turn"


def test_the_requests_own_tools_come_first(standin):
    request = asking(SEARCH) | {"tools": [SEARCH, WEATHER]}
    assert standin.client.messages.create(**request).stop_reason == "tool_use"


def test_a_paused_turn_goes_on(start):
    script = """
replies:
  - content:
      - {type: text, text: Searching.}
      - {type: server_tool_use, name: web_search, input: {query: news}}
    stop_reason: pause_turn
"""
    standin = start(script)
    request = asking(SEARCH)
    paused = standin.client.messages.create(**request)
    content = [block.to_dict() for block in paused.content]
    request["messages"].append({"role": "assistant", "content": content})
    assert paused.stop_reason == "pause_turn"
    assert standin.client.messages.create(**request).stop_reason == "end_turn"
    assert events(standin.post(request | {"stream": True}))[-1]["type"] == "message_stop"


def found(standin, tool, text="Which museums are open?"):
    content = standin.post(asking(tool, text)).json()["content"]
    return content[1]["input"], content[2]["content"]


def test_a_search_finds_only_what_the_domains_allow(standin):
    _, (result,) = found(standin, SEARCH | {"allowed_domains": ["museums.example.org"]})
    assert result["url"] == "https://museums.example.org/"
    _, (result,) = found(standin, SEARCH | {"blocked_domains": ["example.com"]})
    assert result["url"] == "https://example.org/"
    everything = ["example.com", "example.net", "example.org"]
    assert found(standin, SEARCH | {"blocked_domains": everything})[1] == []


def test_a_search_has_one_list_of_domains(standin):
    both = {"allowed_domains": ["a.org"], "blocked_domains": ["b.org"]}
    assert standin.post(asking(SEARCH | both)).status_code == 400


def test_a_search_knows_where_the_user_is(standin):
    place = {"type": "approximate", "city": "Riga", "country": "LV"}
    asked, _ = found(standin, SEARCH | {"user_location": place})
    assert asked["query"] == "Which museums are open? Riga"


@pytest.mark.parametrize("tool", [SEARCH, FETCH])
def test_a_tool_whose_uses_are_used_up_says_so(standin, tool):
    _, result = found(standin, tool | {"max_uses": 0}, "Read https://example.org/a, please.")
    assert result["error_code"] == "max_uses_exceeded"


def test_a_page_on_a_domain_that_is_not_allowed_is_not_fetched(standin):
    text = "Read https://sub.example.org/a, please."
    _, result = found(standin, FETCH | {"allowed_domains": ["example.com"]}, text)
    assert result["error_code"] == "url_not_allowed"
    _, result = found(standin, FETCH | {"allowed_domains": ["example.org"]}, text)
    assert result["type"] == "web_fetch_result"
