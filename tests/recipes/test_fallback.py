"""Who is asked next, who isn't, and what is left of it in logs, records and conversations."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

import anthropic
import httpx2
import pytest
from programs import Answer, async_client, body, claude, failure, message, program, response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

recipe = program("fallback", "fallback")

ASK: list[Any] = [{"role": "user", "content": "Hello"}]
HI = message("Hi.")
SPENT = httpx2.Response(
    429,
    json={
        "type": "error",
        "error": {
            "type": "rate_limit_error",
            "message": "spent",
            "details": {"error_code": "enforced_spend_limit_reached"},
        },
    },
)


class Api:
    """Models that give these answers, one after the other, and what they were asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {
            model: list(given) if isinstance(given, tuple) else [given]
            for model, given in answers.items()
        }
        self.asked: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.hang = asyncio.Event()

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        sent = body(request)
        self.asked.append(sent["model"])
        self.bodies.append(sent)
        answers = self.answers[sent["model"]]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer == "hangs":
            await self.hang.wait()
        return response(answer() if callable(answer) else answer)


def fallback(api: Api, *names: str, seconds: float = 30, total: float = 60) -> Any:
    http_client = httpx2.AsyncClient(transport=httpx2.MockTransport(api))
    client = anthropic.AsyncAnthropic(api_key="test", http_client=http_client)
    names = names or tuple(api.answers)
    candidates = [recipe.Candidate(name, client, name, seconds) for name in names]
    return recipe.Fallback(candidates, total)


def ask(asked: Any, history: Any = ASK) -> Any:
    """Ask, and fail instead of hanging if nothing bounds the wait."""
    return asyncio.run(asyncio.wait_for(asked.ask(history, max_tokens=64), 10))


def read(asked: Any, history: Any = ASK) -> list[Any]:
    """Read a stream to its end: pieces of text, then the answer, then an error if one came."""

    async def collect() -> list[Any]:
        parts: list[Any] = []
        try:
            async for part in asked.stream(history, max_tokens=64):
                parts.append(part)  # noqa: PERF401 - an error must not lose them
        except Exception as error:  # noqa: BLE001 - it is what some tests are about
            parts.append(error)
        return parts

    return asyncio.run(collect())


class Body(httpx2.AsyncByteStream):
    """The events of a stream, and how it ends."""

    def __init__(self, *events: dict[str, Any], ends: Exception | str | None = None) -> None:
        self.events = events
        self.ends = ends
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for event in self.events:
            yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
        if isinstance(self.ends, Exception):
            raise self.ends
        if self.ends == "hangs":
            await asyncio.Event().wait()

    async def aclose(self) -> None:
        self.closed = True


def streamed(content: Body) -> httpx2.Response:
    return httpx2.Response(200, stream=content, headers={"content-type": "text/event-stream"})


START = {"type": "message_start", "message": message("", None)}
OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
INVALID = {"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}
END = (
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 5},
    },
    {"type": "message_stop"},
)


def block(kind: str, index: int = 0, **delta: Any) -> tuple[dict[str, Any], ...]:
    empty = {
        "text": {"type": "text", "text": ""},
        "thinking": {"type": "thinking", "thinking": "", "signature": ""},
        "tool_use": {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}},
    }[kind]
    start = {"type": "content_block_start", "index": index, "content_block": empty}
    stop = {"type": "content_block_stop", "index": index}
    if not delta:
        return (start, stop)
    return (start, {"type": "content_block_delta", "index": index, "delta": delta}, stop)


def text(words: str, index: int = 0) -> tuple[dict[str, Any], ...]:
    return block("text", index, type="text_delta", text=words)


THINKING = block("thinking", type="thinking_delta", thinking="Hm.")


def test_the_first_candidate_is_enough_when_it_answers():
    api = Api(first=HI, second=HI)
    answer = ask(fallback(api))
    assert (answer.candidate, answer.passed, api.asked) == ("first", (), ["first"])
    assert answer.message.content[0].text == "Hi."


PASSING = {
    "RateLimit": failure(429, "rate_limit_error"),
    "RequestTimeout": failure(408),
    "Conflict": failure(409),
    "Internal": failure(500),
    "Unavailable": failure(503),
    "GatewayTimeout": failure(504, "timeout_error"),
    "Overloaded": failure(529, "overloaded_error"),
    "no connection": httpx2.ConnectError("refused"),
    "cut": httpx2.RemoteProtocolError("cut"),
    "slow": httpx2.ReadTimeout("slow"),
}


@pytest.mark.parametrize("trouble", PASSING.values(), ids=PASSING)
def test_what_may_pass_moves_on_after_one_attempt_with_a_warning(trouble, caplog):
    api = Api(first=trouble, second=HI)
    assert ask(fallback(api)).candidate == "second"
    assert api.asked == ["first", "second"]
    levels = [r.levelno for r in caplog.records if r.name == "claude.fallback"]
    assert levels == [logging.WARNING]


@pytest.mark.parametrize("trouble", [*(failure(s) for s in (401, 402, 403, 404)), SPENT])
def test_what_somebody_must_correct_moves_on_and_is_an_error_in_the_log_once(trouble, caplog):
    asked = fallback(Api(first=trouble, second=HI))
    assert [ask(asked).candidate for _ in range(3)] == ["second"] * 3
    levels = [r.levelno for r in caplog.records if r.name == "claude.fallback"]
    assert levels == [logging.ERROR]


def test_a_candidate_that_was_corrected_is_reported_anew_when_it_breaks_again(caplog):
    asked = fallback(Api(first=(failure(401), HI, failure(401)), second=HI))
    assert [ask(asked).candidate for _ in range(3)] == ["second", "first", "second"]
    assert caplog.text.count("first: 401") == 2


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_request_that_is_wrong_is_raised_and_asked_of_nobody_else(status):
    api = Api(first=failure(status), second=HI)
    with pytest.raises(anthropic.APIStatusError) as caught:
        ask(fallback(api))
    assert caught.value.status_code == status
    assert api.asked == ["first"]


def test_a_refusal_is_an_answer():
    api = Api(first=message("", "refusal"), second=HI)
    assert ask(fallback(api)).message.stop_reason == "refusal"
    assert api.asked == ["first"]


def test_the_record_says_who_was_asked_before_and_why_it_was_not_them():
    overloaded = failure(529, "overloaded_error")
    overloaded.headers["request-id"] = "req_1"
    answer = ask(fallback(Api(a=overloaded, b=SPENT, c=httpx2.ConnectError("no"), d=HI)))
    assert [(p.candidate, p.reason, p.request_id) for p in answer.passed] == [
        ("a", "529 overloaded_error", "req_1"),
        ("b", "429 enforced_spend_limit_reached", None),
        ("c", "APIConnectionError", None),
    ]


def test_when_nobody_answers_the_error_tells_all_the_reasons():
    api = Api(a=failure(500, "api_error"), b=failure(401, "authentication_error"))
    with pytest.raises(recipe.NobodyAnswered, match="a: 500 api_error; b: 401 auth") as caught:
        ask(fallback(api))
    assert [passed.candidate for passed in caught.value.passed] == ["a", "b"]


def test_a_candidate_that_is_listed_twice_gets_a_second_attempt():
    api = Api(a=(failure(529), HI), b=failure(529))
    assert ask(fallback(api, "a", "b", "a")).candidate == "a"
    assert api.asked == ["a", "b", "a"]


def test_a_candidate_that_hangs_is_left_when_its_time_is_up():
    api = Api(first="hangs", second=HI)
    answer = ask(fallback(api, seconds=0.05))
    assert answer.candidate == "second"
    assert answer.passed[0].reason == "TimeoutError"


def test_nobody_is_asked_after_the_deadline():
    api = Api(first="hangs", second=HI)
    with pytest.raises(recipe.NobodyAnswered, match=r"^first: TimeoutError$"):
        ask(fallback(api, total=0.05))
    assert api.asked == ["first"]


def test_options_go_to_every_candidate_with_its_own_model():
    api = Api(first=failure(529), second=HI)
    asyncio.run(fallback(api).ask(ASK, max_tokens=7, system="Be brief."))
    sent = [(b["model"], b["max_tokens"], b["system"]) for b in api.bodies]
    assert sent == [("first", 7, "Be brief."), ("second", 7, "Be brief.")]


THOUGHT = {"type": "thinking", "thinking": "", "signature": "c2ln"}
REDACTED = {"type": "redacted_thinking", "data": "eHh4"}
SAID = {"type": "text", "text": "Hi."}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": "it"}}


def contents(sent: dict[str, Any]) -> list[Any]:
    return [turn["content"] for turn in sent["messages"] if turn["role"] == "assistant"]


def test_thinking_goes_back_to_the_one_who_thought_it_and_to_nobody_else():
    thoughtful = message(content=[THOUGHT, REDACTED, SAID, CALL])
    api = Api(first=(thoughtful, failure(529), HI), second=HI)
    asked = fallback(api)
    history = [*ASK, ask(asked), *ASK]
    second = ask(asked, history)
    ask(asked, [*history, second, *ASK])
    mine, theirs, again = api.bodies[1:]
    assert contents(mine) == [[THOUGHT, REDACTED, SAID, CALL]]
    assert contents(theirs) == [[SAID, CALL]]
    assert contents(again) == [[THOUGHT, REDACTED, SAID, CALL], [SAID]]


def test_a_turn_of_nothing_but_thinking_is_left_out_for_others():
    api = Api(first=(message(content=[THOUGHT]), failure(529)), second=HI)
    asked = fallback(api)
    ask(asked, [*ASK, ask(asked), *ASK])
    assert [turn["role"] for turn in api.bodies[-1]["messages"]] == ["user", "user"]


def test_a_history_is_not_changed_by_being_asked():
    api = Api(first=(message(content=[THOUGHT, SAID]), failure(529)), second=HI)
    asked = fallback(api)
    first = ask(asked)
    ask(asked, [*ASK, first, *ASK])
    assert [b.type for b in first.message.content] == ["thinking", "text"]


def test_a_stream_gives_its_text_in_pieces_and_its_record_last():
    api = Api(
        first=failure(529, "overloaded_error"),
        second=lambda: streamed(Body(START, *THINKING, *text("Hel", 1), *text("lo", 2), *END)),
    )
    *pieces, answer = read(fallback(api))
    assert pieces == ["Hel", "lo"]
    assert (answer.candidate, str(answer.passed[0])) == ("second", "first: 529 overloaded_error")
    assert answer.message.stop_reason == "end_turn"


BREAKS = {
    "error event": ((OVERLOADED,), None),
    "broken connection": ((), httpx2.ReadError("gone")),
    "silent end": ((), None),
}


@pytest.mark.parametrize("said", [(), THINKING], ids=["nothing", "thinking"])
@pytest.mark.parametrize(("events", "ends"), BREAKS.values(), ids=BREAKS)
def test_before_the_first_text_a_broken_stream_moves_on(said, events, ends):
    api = Api(
        first=lambda: streamed(Body(START, *said, *events, ends=ends)),
        second=lambda: streamed(Body(START, *text("Hi."), *END)),
    )
    *pieces, answer = read(fallback(api))
    assert pieces == ["Hi."]
    assert answer.candidate == "second"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("error event", anthropic.APIStatusError),
        ("broken connection", httpx2.TransportError),
        ("silent end", httpx2.TransportError),
    ],
)
def test_after_the_first_text_a_broken_stream_is_an_error(name, error):
    events, ends = BREAKS[name]
    api = Api(first=lambda: streamed(Body(START, *text("Half"), *events, ends=ends)), second=HI)
    piece, problem = read(fallback(api))
    assert piece == "Half"
    assert isinstance(problem, error)
    assert api.asked == ["first"]


@pytest.mark.parametrize("trouble", [failure(400), None], ids=["status", "event"])
def test_a_wrong_request_is_raised_from_a_stream_too(trouble):
    api = Api(first=trouble or (lambda: streamed(Body(START, INVALID))), second=HI)
    (problem,) = read(fallback(api))
    assert isinstance(problem, anthropic.APIStatusError)
    assert api.asked == ["first"]


@pytest.mark.parametrize("said", [(), THINKING], ids=["nothing", "thinking"])
def test_a_stream_that_keeps_its_text_back_is_left_when_its_time_is_up(said):
    silent = Body(START, *said, ends="hangs")
    api = Api(
        first=lambda: streamed(silent),
        second=lambda: streamed(Body(START, *text("Hi."), *END)),
    )
    piece, answer = read(fallback(api, seconds=0.05))
    assert (piece, answer.passed[0].reason) == ("Hi.", "TimeoutError")
    assert silent.closed


def test_a_stream_without_text_is_only_its_answer():
    call = block("tool_use", type="input_json_delta", partial_json="{}")
    api = Api(first=lambda: streamed(Body(START, *call, *END)))
    (answer,) = read(fallback(api))
    assert answer.message.content[0].type == "tool_use"


def test_a_reader_who_leaves_closes_the_stream():
    endless = Body(START, *text("Once"), ends="hangs")

    async def leave() -> None:
        parts = fallback(Api(first=lambda: streamed(endless))).stream(ASK, max_tokens=64)
        assert await anext(parts) == "Once"
        await parts.aclose()

    asyncio.run(leave())
    assert endless.closed


def test_a_stream_that_nobody_begins_names_the_reasons():
    (problem,) = read(fallback(Api(a=failure(529), b=httpx2.ConnectError("no"))))
    assert isinstance(problem, recipe.NobodyAnswered)
    assert [passed.candidate for passed in problem.passed] == ["a", "b"]


def test_it_works_over_a_real_connection():
    overloaded = {"error": {"status": 529, "type": "overloaded_error"}}
    broken = {"text": "Half", "break_after": 0}
    with claude({"thinking": "Hm.", "text": "Hello."}, overloaded, broken, {"text": "Hi."}) as of:

        async def talk() -> list[Any]:
            async with anthropic.AsyncAnthropic(**of) as client:
                models = ("claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-5-5")
                asked = recipe.Fallback([recipe.Candidate(m, client, m) for m in models])
                first = await asked.ask(ASK, max_tokens=64)
                history = [*ASK, first, *ASK]
                return [part async for part in asked.stream(history, max_tokens=64)]

        *pieces, answer = asyncio.run(talk())
    assert "".join(pieces) == "Hi."
    assert answer.candidate == "claude-opus-5-5"
    assert [passed.reason for passed in answer.passed] == [
        "529 overloaded_error",
        "200 overloaded_error",
    ]


def test_a_fallback_without_candidates_or_time_is_a_mistake():
    def answer(_: httpx2.Request) -> Answer:
        return HI

    candidate = recipe.Candidate("a", async_client(answer), "claude-sonnet-5-5")
    for candidates, seconds in (([], 60), ([candidate], 0)):
        with pytest.raises(ValueError, match="candidates, and time"):
            recipe.Fallback(candidates, seconds)
