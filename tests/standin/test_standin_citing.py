from __future__ import annotations

import pytest
from asking import HELLO, WEATHER, events
from test_standin_media import document, pdf

from linernotes.contract.responses import check_response

ON = {"citations": {"enabled": True}}
FACTS = "The grass is green. The sky is blue! Water freezes at 0 °C."


def written(data, **more):
    source = {"type": "text", "media_type": "text/plain", "data": data}
    return {"type": "document", "source": source, "title": "Facts", **ON, **more}


def result(*texts, **more):
    content = [{"type": "text", "text": one} for one in texts]
    source = {"source": "https://example.com/a", "title": "A page"}
    return {"type": "search_result", **source, "content": content, **ON, **more}


def cited(standin, *blocks, asked="What colour is the sky?", **more):
    """Return the citation in the answer, after checking that the answer is as the API's."""
    content = [*blocks, {"type": "text", "text": asked}]
    request = HELLO | {"messages": [{"role": "user", "content": content}]} | more
    response = standin.post(request).json()
    assert check_response("/v1/messages", response) == ()
    with_citations = [block for block in response["content"] if block.get("citations")]
    (citation,) = with_citations[0]["citations"]
    assert with_citations[0]["text"] == citation["cited_text"]
    return citation


def test_a_text_is_cited_by_its_characters(standin):
    citation = cited(standin, written("Something else."), written(FACTS))
    assert citation == {
        "type": "char_location",
        "cited_text": "The sky is blue!",
        "document_index": 1,
        "document_title": "Facts",
        "file_id": None,
        "start_char_index": 20,
        "end_char_index": 36,
    }
    assert FACTS[20:36] == "The sky is blue!"


def test_a_pdf_is_cited_by_its_page(standin):
    block = document(pdf("Grass is green", "The sky is blue")) | ON
    citation = cited(standin, block)
    assert citation["type"] == "page_location"
    assert citation["cited_text"] == "Page: The sky is blue!"
    assert (citation["start_page_number"], citation["end_page_number"]) == (2, 3)


def test_a_document_of_blocks_is_cited_by_its_block(standin):
    content = [{"type": "text", "text": one} for one in ("Green grass", "The blue sky")]
    block = {"type": "document", "source": {"type": "content", "content": content}, **ON}
    citation = cited(standin, block)
    assert citation["type"] == "content_block_location"
    assert (citation["start_block_index"], citation["end_block_index"]) == (1, 2)


def test_search_results_are_cited_also_from_a_tool(standin):
    citation = cited(standin, result("Green grass"), result("A blue", "A blue sky"))
    assert citation["type"] == "search_result_location"
    assert citation["search_result_index"] == 1
    assert citation["start_block_index"] == 1
    call = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Rome"}}
    answered = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [result("Rain")]}
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [answered]},
    ]
    message = standin.client.messages.create(**HELLO | {"messages": messages}, tools=[WEATHER])
    assert message.content[-1].citations[0].cited_text == "Rain"


def test_citations_are_streamed(standin):
    content = [written(FACTS), {"type": "text", "text": "What is green?"}]
    request = HELLO | {"messages": [{"role": "user", "content": content}], "stream": True}
    deltas = [event.get("delta", {}) for event in events(standin.post(request))]
    (citation,) = [one["citation"] for one in deltas if one.get("type") == "citations_delta"]
    assert citation["cited_text"] == "The grass is green."


@pytest.mark.parametrize(
    "block",
    [
        written(FACTS, citations={"enabled": False}),
        written(" "),
        {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}, **ON},
    ],
)
def test_what_cannot_be_cited_is_not(standin, block):
    content = [block, {"type": "text", "text": "What is green?"}]
    message = standin.client.messages.create(
        **HELLO | {"messages": [{"role": "user", "content": content}]}
    )
    assert [part.citations for part in message.content] == [None]
