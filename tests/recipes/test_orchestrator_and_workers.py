from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import anthropic
import httpx2
import pytest
from programs import Answer, asked, async_client, body, failure, message, program

if TYPE_CHECKING:
    from collections.abc import Callable

crew = program("orchestrator_and_workers", "crew")

OPUS = "claude-opus-5-5"
HAIKU = "claude-haiku-5-5"


def plan_of(*tasks: str) -> dict[str, Any]:
    planned = [{"title": task, "instructions": f"do {task}"} for task in tasks]
    return message(json.dumps({"tasks": planned}), model=OPUS)


class Claude:
    """Plans the tasks, answers each as the worker does, and repeats its material at the end."""

    def __init__(self, *tasks: str, plan: Answer | None = None) -> None:
        self.plan = plan or plan_of(*tasks)
        self.worker: Callable[[str], Answer] = lambda task: message(f"found: {task}", model=HAIKU)
        self.conclusion: Answer | None = None
        self.worked_on: list[str] = []

    def __call__(self, request: httpx2.Request) -> Answer:
        text = asked(request)
        if body(request)["model"] == HAIKU:
            self.worked_on.append(text)
            return self.worker(text)
        if text.startswith("Findings:"):
            return self.conclusion or message(text, model=OPUS)
        return self.plan


def run(claude: Claude, **limits: Any):
    return asyncio.run(crew.Crew(async_client(claude), **limits).run("Move the shop?"))


def test_the_conclusion_is_drawn_from_all_findings_and_the_goal() -> None:
    report = run(Claude("costs", "rules"))
    for part in ("found: do costs", "found: do rules", "Goal: Move the shop?"):
        assert part in report.text
    assert [finding.title for finding in report.findings] == ["costs", "rules"]
    assert report.tokens == {OPUS: 30, HAIKU: 30}


def test_a_worker_sees_its_instructions_and_nothing_of_the_goal() -> None:
    claude = Claude("costs")
    run(claude)
    assert claude.worked_on == ["do costs"]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (failure(529, "overloaded_error"), "OverloadedError"),
        (failure(429, "rate_limit_error"), "RateLimitError"),
        (httpx2.ConnectError("no route"), "APIConnectionError"),
        (message("half", "max_tokens"), "Claude stopped with max_tokens"),
        (message("", "refusal"), "Claude stopped with refusal"),
    ],
)
def test_a_worker_that_fails_is_a_gap_that_the_conclusion_is_told_of(
    answer: Answer, problem: str
) -> None:
    claude = Claude("costs", "rules")
    claude.worker = lambda task: answer if "rules" in task else message("cheap")
    report = run(claude)
    assert report.findings[1] == crew.Finding("rules", problem, done=False)
    assert problem in report.text


def test_workers_that_hang_are_given_up() -> None:
    claude = Claude("costs", "rules")

    async def answer(request: httpx2.Request) -> httpx2.Response:
        if asked(request) == "do rules":
            await asyncio.Event().wait()
        given = claude(request)
        assert isinstance(given, dict)
        return httpx2.Response(200, json=given)

    http_client = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    client = anthropic.AsyncAnthropic(api_key="test", http_client=http_client)
    report = asyncio.run(crew.Crew(client, seconds=0.2).run("Move the shop?"))
    assert report.findings[1].text == "no answer after 0.2 seconds"


def test_no_more_workers_run_together_than_allowed() -> None:
    claude = Claude(*"abcdef")
    running = most = 0

    async def answer(request: httpx2.Request) -> httpx2.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(10):
            await asyncio.sleep(0)
        running -= 1
        given = claude(request)
        assert isinstance(given, dict)
        return httpx2.Response(200, json=given)

    http_client = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    client = anthropic.AsyncAnthropic(api_key="test", http_client=http_client)
    asyncio.run(crew.Crew(client, at_once=2).run("Move the shop?"))
    assert most == 2


def test_tasks_beyond_the_limit_are_not_started_and_named_as_missing() -> None:
    claude = Claude("costs", "rules", "weather")
    report = run(claude, most_tasks=2)
    assert claude.worked_on == ["do costs", "do rules"]
    assert report.findings[2] == crew.Finding("weather", "more tasks than allowed", done=False)


def test_a_mistake_in_the_request_ends_the_run() -> None:
    claude = Claude("costs", "rules")
    claude.worker = lambda _: failure(401, "authentication_error")
    with pytest.raises(anthropic.AuthenticationError):
        run(claude)


def test_without_any_finding_there_is_no_conclusion() -> None:
    claude = Claude("costs")
    claude.worker = lambda _: failure(529, "overloaded_error")
    with pytest.raises(crew.Unfinished, match="no worker finished"):
        run(claude)


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        (message("", "refusal"), "refusal"),
        (message('{"tasks": [', "max_tokens"), "max_tokens"),
        (plan_of(), "no tasks"),
    ],
)
def test_without_a_whole_plan_nobody_starts(plan: Answer, reason: str) -> None:
    claude = Claude(plan=plan)
    with pytest.raises(crew.Unfinished, match=reason):
        run(claude)
    assert claude.worked_on == []


def test_a_conclusion_that_is_cut_off_is_not_returned() -> None:
    claude = Claude("costs")
    claude.conclusion = message("We sho", "max_tokens")
    with pytest.raises(crew.Unfinished, match="max_tokens"):
        run(claude)


@pytest.mark.parametrize("limits", [{"most_tasks": 0}, {"at_once": 0}, {"seconds": 0}])
def test_limits_that_allow_nothing_are_refused(limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="positive"):
        crew.Crew(async_client(Claude()), **limits)
