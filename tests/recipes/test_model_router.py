from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import anthropic
import httpx2
import pytest
from programs import Answer, body, failure, message, program, sync_client

if TYPE_CHECKING:
    from collections.abc import Callable

router = program("model_router", "router")

HAIKU, SONNET, OPUS = (tier.model for tier in router.TIERS)


class Models:
    """Models that give these answers, and what they were asked."""

    def __init__(self, prompt: int = 1000, **answers: Answer) -> None:
        self.prompt = prompt
        self.answers = answers
        self.asked: list[str] = []
        self.bodies: list[dict[str, Any]] = []

    def __call__(self, request: httpx2.Request) -> Answer:
        if request.url.path.endswith("/count_tokens"):
            return {"input_tokens": self.prompt}
        sent = body(request)
        self.asked.append(sent["model"])
        self.bodies.append(sent)
        return self.answers[sent["model"].split("-")[1]]


def said(text: str, output: int = 100, prompt: int = 1000, stop: str = "end_turn") -> Answer:
    usage = {"input_tokens": prompt, "output_tokens": output}
    return message(text, stop, usage=usage)


def routing(models: Models, dollars: float = 1.0):
    return router.Router(sync_client(models), router.Budget(dollars))


def task(model: str = HAIKU, accept: Callable[[str], bool] = bool, **more: Any):
    return router.Task("Label it.", model=model, accept=accept, **more)


def is_bug(text: str) -> bool:
    return text == "bug"


def test_a_task_starts_on_its_own_model_with_its_own_settings() -> None:
    models = Models(sonnet=said("Hello."))
    answer = routing(models).ask(task(SONNET, max_tokens=300, effort="low"), "Hi")
    assert (answer.text, answer.model) == ("Hello.", SONNET)
    sent = models.bodies[0]
    assert (sent["max_tokens"], sent["system"]) == (300, "Label it.")
    assert sent["output_config"] == {"effort": "low"}


@pytest.mark.parametrize("first", [said("hm"), said(""), said("", stop="refusal")])
def test_an_answer_that_the_task_does_not_accept_goes_up_one_tier(first: Answer) -> None:
    models = Models(haiku=first, sonnet=said("bug"))
    assert routing(models).ask(task(accept=is_bug), "x").model == SONNET
    assert models.asked == [HAIKU, SONNET]


def test_above_the_last_tier_there_is_no_answer() -> None:
    models = Models(haiku=said("a"), sonnet=said("b"), opus=said("c"))
    with pytest.raises(router.NoAnswer):
        routing(models).ask(task(accept=is_bug), "x")
    assert models.asked == [HAIKU, SONNET, OPUS]


def test_a_cut_answer_is_not_tried_on_a_dearer_model() -> None:
    models = Models(haiku=said("bu", stop="max_tokens"))
    with pytest.raises(router.NoAnswer, match="max_tokens"):
        routing(models).ask(task(), "x")
    assert models.asked == [HAIKU]


def test_each_answer_is_paid_as_it_was_also_those_that_were_not_accepted() -> None:
    routed = routing(Models(haiku=said("hm"), sonnet=said("bug")))
    answer = routed.ask(task(accept=is_bug), "x")
    haiku = (1000 * 0.10 + 100 * 0.50) / 1e6
    sonnet = (1000 * 2.00 + 100 * 10.00) / 1e6
    assert answer.dollars == pytest.approx(sonnet)
    assert routed.budget.left == pytest.approx(1 - haiku - sonnet)


def test_a_long_prompt_costs_haiku_s_higher_price() -> None:
    haiku = router.TIERS[0]
    assert haiku.cost(100_000, 0) == pytest.approx(0.01)
    assert haiku.cost(100_001, 0) == pytest.approx(0.05, rel=1e-4)
    with pytest.raises(ValueError, match="no price for 1000001 tokens"):
        haiku.cost(1_000_001, 0)


def test_without_the_money_for_the_worst_case_nothing_is_sent() -> None:
    models = Models()
    with pytest.raises(router.NoMoney, match=OPUS):
        routing(models, dollars=0.01).ask(task(OPUS), "x")
    assert models.asked == []


def test_a_task_that_may_goes_down_to_the_dearest_model_that_fits() -> None:
    models = Models(sonnet=said("Dear Ada"))
    routed = routing(models, dollars=0.03)  # Opus may cost 0.045, Sonnet 0.0225
    assert routed.ask(task(OPUS, may_go_down=True), "x").model == SONNET


def test_even_the_cheapest_model_needs_money() -> None:
    models = Models()
    with pytest.raises(router.NoMoney, match=HAIKU):
        routing(models, dollars=0.0001).ask(task(OPUS, may_go_down=True), "x")
    assert models.asked == []


def test_going_up_needs_money_too() -> None:
    models = Models(haiku=said("hm"))
    with pytest.raises(router.NoMoney, match=SONNET):
        routing(models, dollars=0.01).ask(task(accept=is_bug), "x")


@pytest.mark.parametrize(
    ("answer", "error", "left"),
    [
        (failure(400, "invalid_request_error"), anthropic.BadRequestError, 1),
        (failure(429, "rate_limit_error"), anthropic.RateLimitError, 1),
        (failure(529, "overloaded_error"), anthropic.OverloadedError, 1 - 0.001124),
        (httpx2.ReadTimeout("slow"), anthropic.APITimeoutError, 1 - 0.001124),
    ],
)
def test_money_comes_back_only_if_the_request_was_turned_away(
    answer: Answer, error: type[Exception], left: float
) -> None:
    routed = routing(Models(haiku=answer))
    with pytest.raises(error):
        routed.ask(task(), "x")
    assert routed.budget.left == pytest.approx(left)


def test_threads_do_not_spend_the_same_dollar() -> None:
    budget = router.Budget(10)
    granted: list[bool] = []
    start = threading.Barrier(8)

    def spend() -> None:
        start.wait()
        granted.extend(budget.reserve(1) for _ in range(5))

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert granted.count(True) == 10
    assert budget.left == 0


def test_a_model_without_a_tier_and_a_budget_of_nothing_are_mistakes() -> None:
    with pytest.raises(ValueError, match="no tier has claude-opus-4-6"):
        routing(Models()).ask(task("claude-opus-4-6"), "x")
    with pytest.raises(ValueError, match="positive"):
        router.Budget(0)
