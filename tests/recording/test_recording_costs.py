"""What answers cost, by the documented prices."""

from __future__ import annotations

import json

import pytest

from linernotes.cassettes.cassette import (
    Cassette,
    Event,
    EventsBody,
    Interaction,
    Json,
    JsonBody,
    Request,
    Response,
    TextBody,
)
from linernotes.contract.models import MODELS
from linernotes.recording.costs import Cost, cost_of
from linernotes.recording.prices import PRICES, dollars

URL = "https://api.anthropic.com/v1/messages"
MILLION = 1_000_000


@pytest.mark.parametrize(
    ("model", "usage", "expected"),
    [
        ("claude-sonnet-5-5", {"input_tokens": MILLION}, 2),
        ("claude-sonnet-5-5", {"output_tokens": MILLION}, 10),
        ("claude-haiku-4-5-20251001", {"input_tokens": MILLION, "output_tokens": MILLION}, 6),
        ("claude-haiku-5-5", {"input_tokens": 100_000}, 0.01),
        ("claude-haiku-5-5", {"input_tokens": 100_001}, 0.0500005),
        ("claude-sonnet-5-5", {"cache_read_input_tokens": MILLION}, 0.2),
        ("claude-opus-5-5", {"cache_read_input_tokens": MILLION}, 0.2),
        ("claude-fable-5-2", {"cache_read_input_tokens": MILLION}, 0.2),
        ("claude-opus-5-5", {"cache_creation_input_tokens": MILLION}, 5),
        (
            "claude-fable-5-2",
            {
                "cache_creation_input_tokens": 2 * MILLION,
                "cache_creation": {"ephemeral_1h_input_tokens": MILLION},
            },
            10 + 16,
        ),
        ("claude-sonnet-5-5", {"input_tokens": MILLION, "service_tier": "batch"}, 1),
        ("claude-sonnet-5-5", {"input_tokens": MILLION, "inference_geo": "us"}, 2.2),
        ("claude-sonnet-5-5", {"server_tool_use": {"web_search_requests": 3}}, 0.03),
        ("claude-sonnet-5-5", {"input_tokens": None, "cache_creation": None}, 0),
        ("claude-opus-5-5", {"input_tokens": 1, "speed": "fast"}, None),
        ("claude-9", {"input_tokens": 1}, None),
    ],
)
def test_an_answer_costs_what_the_documentation_says(
    model: str, usage: dict, expected: float | None
) -> None:
    cost = dollars(model, usage)
    assert cost == (None if expected is None else pytest.approx(expected))


def test_every_model_that_can_be_called_has_a_price() -> None:
    assert {model.id for model in MODELS} == set(PRICES)


def cassette(asked: Json, *answers: Response, url: str = URL) -> Cassette:
    request = Request("POST", url, (), JsonBody(asked))
    return Cassette(None, tuple(Interaction(request, answer) for answer in answers))


def ok(body: JsonBody | EventsBody | TextBody) -> Response:
    return Response(200, "OK", (), body)


def test_the_cost_of_a_cassette_is_that_of_its_answers() -> None:
    message = {"model": "claude-sonnet-5-5", "usage": {"input_tokens": 1000, "output_tokens": 10}}
    start = {"type": "message_start", "message": message}
    delta = {"type": "message_delta", "usage": {"output_tokens": 90}}
    stream = EventsBody((Event("message_start", start), Event("message_delta", delta)))
    asked = {"model": "claude-sonnet-5-5", "max_tokens": 100}
    cost = cost_of(cassette(asked, ok(JsonBody(message)), ok(stream)))
    assert cost.usd == pytest.approx((2 * 1000 * 2 + 100 * 10) / MILLION)
    assert cost.at_most == pytest.approx((2 * 1000 * 2 + 200 * 10) / MILLION)
    counted = {"input_tokens": 12}
    assert cost_of(cassette(asked, ok(JsonBody(counted)), ok(TextBody("x")))) == Cost()


def test_the_results_of_a_batch_cost_half() -> None:
    message = {"model": "claude-sonnet-5-5", "usage": {"input_tokens": 1000, "output_tokens": 100}}
    line = json.dumps({"custom_id": "a", "result": {"type": "succeeded", "message": message}})
    failed = json.dumps({"custom_id": "b", "result": {"type": "errored", "error": {}}})
    results = ok(TextBody(f"{line}\n{failed}\n{line}\nno json\n"))
    cost = cost_of(cassette(None, results, url=f"{URL}/batches/msgbatch_1/results"))
    assert cost.usd == pytest.approx(2 * (1000 * 2 + 100 * 10) / MILLION / 2)


def test_an_answer_without_a_known_price_is_counted() -> None:
    message = {"model": "claude-9", "usage": {"input_tokens": 1, "output_tokens": 1}}
    assert cost_of(cassette({}, ok(JsonBody(message)))) == Cost(unpriced=1)
