"""A rehearsal: each kind of call once, with made-up answers, before processes are forked.

Everything the SDK builds on a first call and keeps is then there for all of them.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import anthropic
import httpx2
from pydantic import BaseModel

_MESSAGE: dict[str, Any] = {
    "id": "msg_rehearsal",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-5-5",
    "content": [{"type": "text", "text": '{"word": "hello"}'}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
_EVENTS: tuple[dict[str, Any], ...] = (
    {"type": "message_start", "message": {**_MESSAGE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hello"}},
    {"type": "content_block_stop", "index": 0},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 1},
    },
    {"type": "message_stop"},
)


class _Word(BaseModel):
    word: str


def rehearse() -> None:
    """Make each kind of call once. Raises whatever the installed SDK raises."""
    call: dict[str, Any] = {
        "model": "claude-sonnet-5-5",
        "max_tokens": 10,
        "messages": [{"role": "user", "content": "hello"}],
    }
    client = anthropic.Anthropic(
        api_key="rehearsal", http_client=httpx2.Client(transport=httpx2.MockTransport(_answer))
    )
    client.messages.create(**call)
    with client.messages.stream(**call) as stream:
        stream.get_final_message()
    client.messages.parse(**call, output_format=_Word)
    client.close()
    asyncio.run(_rehearse_async(call))


async def _rehearse_async(call: dict[str, Any]) -> None:
    http_client = httpx2.AsyncClient(transport=httpx2.MockTransport(_answer))
    async with anthropic.AsyncAnthropic(api_key="rehearsal", http_client=http_client) as client:
        await client.messages.create(**call)
        async with client.messages.stream(**call) as stream:
            await stream.get_final_message()


def _answer(request: httpx2.Request) -> httpx2.Response:
    if not json.loads(request.content).get("stream"):
        return httpx2.Response(200, json=_MESSAGE)
    text = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in _EVENTS)
    return httpx2.Response(200, text=text, headers={"content-type": "text/event-stream"})
