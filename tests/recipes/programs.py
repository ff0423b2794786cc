"""What the tests of recipes share: the program of a page, and a Claude for it to talk to.

`claude` is the stand-in, which checks what it is sent. A transport in Claude's place, for what no
script can say, is made of an `Answer` to each request.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anthropic
import httpx2

from linernotes.standin.app import create_app, script_findings
from linernotes.standin.replies import load_replies
from linernotes.standin.server import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from types import ModuleType

ROOT = Path(__file__).parents[2]

Answer = dict[str, Any] | httpx2.Response | Exception


def program(page: str, snippet: str) -> ModuleType:
    """Import the module that is made of a recipe's program."""
    path = ROOT / "snippets/recipes" / page / f"{snippet}.py"
    spec = importlib.util.spec_from_file_location(f"recipe_{page}_{snippet}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


@contextmanager
def claude(*replies: dict[str, Any]) -> Generator[dict[str, Any]]:
    """Serve a stand-in that gives these replies; yield the options of a client for it.

    Each reply has to have been asked for when the block ends.
    """
    script, findings = load_replies(json.dumps({"replies": replies}), "the replies")
    assert findings == ()
    app = create_app(script, today=dt.date(2026, 11, 21))
    with serve(app) as url:
        yield {"base_url": url, "api_key": "sk-ant-test", "max_retries": 0}
    assert script_findings(app) == ()


def message(text: str = "", stop_reason: str | None = "end_turn", **more: Any) -> dict[str, Any]:
    """Return a message as the API would send it. `more` replaces members, such as `usage`."""
    return {
        "id": "msg_test",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-5-5",
        "content": [{"type": "text", "text": text}] if text else [],
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 5},
    } | more


def failure(status: int, kind: str = "api_error") -> httpx2.Response:
    """Return an error response as the API would send it."""
    error = {"type": kind, "message": kind}
    return httpx2.Response(status, json={"type": "error", "error": error})


def response(answer: Answer) -> httpx2.Response:
    """Return what a transport returns for an answer; raise it if it is an exception."""
    if isinstance(answer, Exception):
        raise answer
    if isinstance(answer, httpx2.Response):
        return answer
    return httpx2.Response(200, json=answer)


def transport(answer: Callable[[httpx2.Request], Answer]) -> httpx2.MockTransport:
    return httpx2.MockTransport(lambda request: response(answer(request)))


def sync_client(
    answer: Callable[[httpx2.Request], Answer], middleware: Sequence[anthropic.Middleware] = ()
) -> anthropic.Anthropic:
    """Return a client whose every request is answered by the function."""
    http_client = httpx2.Client(transport=transport(answer))
    return anthropic.Anthropic(
        api_key="test", max_retries=0, http_client=http_client, middleware=middleware
    )


def async_client(
    answer: Callable[[httpx2.Request], Answer], middleware: Sequence[anthropic.Middleware] = ()
) -> anthropic.AsyncAnthropic:
    """The same for async code."""
    http_client = httpx2.AsyncClient(transport=transport(answer))
    return anthropic.AsyncAnthropic(
        api_key="test", max_retries=0, http_client=http_client, middleware=middleware
    )


def body(request: httpx2.Request) -> dict[str, Any]:
    return json.loads(request.content)


def asked(request: httpx2.Request) -> str:
    """Return the text of the last message of a request."""
    return body(request)["messages"][-1]["content"]
