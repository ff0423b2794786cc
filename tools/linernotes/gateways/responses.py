"""OpenAI's Responses, as far as Chat Completions can answer them.

The open gateway translates Chat Completions for Claude and not Responses. Shapes are those of the
`openai` package (types/responses), which the tests hold against these.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from linernotes.gateways.relaying import NotPlayedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SAME = ("model", "stop", "user", "parallel_tool_calls")
_OWN = {"input", "instructions", "max_output_tokens", "metadata", "store", "stream", "tools"}
_TEXTS = ("input_text", "output_text")

DELTA = 16
"""Characters in each event of a stream."""


def chat_request(question: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Chat Completions request that asks the same. Raises NotPlayedError."""
    for name in question.keys() - _OWN - {*_SAME, "tool_choice"}:
        raise NotPlayedError(f"`{name}` of a Responses request isn't played here")
    chat: dict[str, Any] = {name: question[name] for name in _SAME if name in question}
    chat["messages"] = list(_messages(question))
    if "max_output_tokens" in question:
        chat["max_tokens"] = question["max_output_tokens"]
    if question.get("tools"):
        chat["tools"] = [_tool(tool) for tool in question["tools"]]
    choice = question.get("tool_choice")
    if isinstance(choice, dict):
        chat["tool_choice"] = {"type": "function", "function": {"name": choice.get("name")}}
    elif choice:
        chat["tool_choice"] = choice
    return chat


def answer(question: Mapping[str, Any], chat: Mapping[str, Any]) -> tuple[str, bytes]:
    """Return content type and body of the answer to a Responses request, a stream if it asks so."""
    response = _response(question, chat)
    if not question.get("stream"):
        return "application/json", _json(response)
    events = (
        f"event: {event['type']}\ndata: {_json({**event, 'sequence_number': number}).decode()}\n\n"
        for number, event in enumerate(_events(response))
    )
    return "text/event-stream", "".join(events).encode()


def _messages(question: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if question.get("instructions"):
        yield {"role": "system", "content": question["instructions"]}
    given = question.get("input") or ""
    for item in [{"role": "user", "content": given}] if isinstance(given, str) else given:
        type_ = item.get("type", "message")
        if type_ == "message":
            yield {"role": item["role"], "content": _content(item["content"])}
        elif type_ == "function_call":
            function = {"name": item["name"], "arguments": item["arguments"]}
            call = {"id": item["call_id"], "type": "function", "function": function}
            yield {"role": "assistant", "tool_calls": [call]}
        elif type_ == "function_call_output":
            yield {"role": "tool", "tool_call_id": item["call_id"], "content": item["output"]}
        else:
            raise NotPlayedError(f"an input item of type `{type_}` isn't played here")


def _content(content: Any) -> Any:
    return content if isinstance(content, str) else [_part(part) for part in content]


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    if part["type"] in _TEXTS:
        return {"type": "text", "text": part["text"]}
    if part["type"] == "input_image" and "image_url" in part:
        return {"type": "image_url", "image_url": {"url": part["image_url"]}}
    raise NotPlayedError(f"a content part of type `{part['type']}` isn't played here")


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    if tool.get("type") != "function":
        raise NotPlayedError(f"a tool of type `{tool.get('type')}` isn't played here")
    names = ("name", "description", "parameters")
    return {"type": "function", "function": {name: tool[name] for name in names if name in tool}}


def _response(question: Mapping[str, Any], chat: Mapping[str, Any]) -> dict[str, Any]:
    choice, usage = chat["choices"][0], chat["usage"]
    cut = choice["finish_reason"] == "length"
    id_ = str(chat["id"]).removeprefix("msg_")
    return {
        "id": f"resp_{id_}",
        "object": "response",
        "created_at": chat["created"],
        "status": "incomplete" if cut else "completed",
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "instructions": question.get("instructions"),
        "max_output_tokens": question.get("max_output_tokens"),
        "metadata": question.get("metadata") or {},
        "model": question["model"],
        "output": list(_output(choice["message"], id_)),
        "parallel_tool_calls": question.get("parallel_tool_calls", True),
        "temperature": None,
        "tool_choice": question.get("tool_choice", "auto"),
        "tools": question.get("tools") or [],
        "top_p": None,
        "usage": {
            "input_tokens": usage["prompt_tokens"],
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": usage["completion_tokens"],
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": usage["total_tokens"],
        },
    }


def _output(message: Mapping[str, Any], id_: str) -> Iterator[dict[str, Any]]:
    if message.get("content"):
        text = {"type": "output_text", "text": message["content"], "annotations": []}
        yield {
            "type": "message",
            "id": f"msg_{id_}",
            "status": "completed",
            "role": "assistant",
            "content": [text],
        }
    for call in message.get("tool_calls") or ():
        yield {
            "type": "function_call",
            "id": f"fc_{call['id'].removeprefix('toolu_')}",
            "call_id": call["id"],
            "status": "completed",
            **call["function"],
        }


def _events(response: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    begun = {**response, "status": "in_progress", "output": [], "usage": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(response["output"]):
        place = {"output_index": index, "item_id": item["id"]}
        empty = {"content": []} if item["type"] == "message" else {"arguments": ""}
        started = {**item, **empty, "status": "in_progress"}
        yield {"type": "response.output_item.added", "output_index": index, "item": started}
        if item["type"] == "message":
            yield from _text_events(item["content"][0], {**place, "content_index": 0})
        else:
            yield from _call_events(item, place)
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": f"response.{response['status']}", "response": response}


def _text_events(part: Mapping[str, Any], place: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"type": "response.content_part.added", **place, "part": {**part, "text": ""}}
    for delta in _pieces(part["text"]):
        yield {"type": "response.output_text.delta", **place, "delta": delta, "logprobs": []}
    done = {"text": part["text"], "logprobs": []}
    yield {"type": "response.output_text.done", **place, **done}
    yield {"type": "response.content_part.done", **place, "part": part}


def _call_events(item: Mapping[str, Any], place: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for delta in _pieces(item["arguments"]):
        yield {"type": "response.function_call_arguments.delta", **place, "delta": delta}
    done = {"name": item["name"], "arguments": item["arguments"]}
    yield {"type": "response.function_call_arguments.done", **place, **done}


def _pieces(text: str) -> Iterator[str]:
    yield from (text[start : start + DELTA] for start in range(0, len(text), DELTA))


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
