"""The evaluation of a prompt: what stops a merge, what doesn't, and what gives no result."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest
from programs import claude, program

recipe = program("evaluating_prompts", "evaluate")

GOOD = {"text": "Within 30 days."}
BAD = {"text": "Whenever you like."}
YES = {"json": {"reason": "It is so.", "passed": True}}
NO = {"json": {"reason": "It promises Friday.", "passed": False}}
RETURN = {"id": "return", "question": "Until when?", "contains": ["30 DAYS"]}
PROMISE = {"id": "promise", "question": "By Friday?", "criterion": "It promises no day."}


@pytest.fixture(autouse=True)
def desk(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("old.txt").write_text("the old prompt", encoding="utf-8")
    Path("new.txt").write_text("the new prompt", encoding="utf-8")


def cases(*given: dict[str, Any]) -> None:
    lines = "\n".join(json.dumps(case) for case in given)
    Path("cases.jsonl").write_text(lines, encoding="utf-8")


def run(monkeypatch: pytest.MonkeyPatch, *replies: dict[str, Any], options: str = "") -> int:
    """Evaluate with these replies: for each case the old prompt's runs, then the new one's."""
    with claude(*replies) as given:
        monkeypatch.setattr(recipe, "Anthropic", lambda: anthropic.Anthropic(**given))
        arguments = f"cases.jsonl old.txt new.txt --runs 1 --at-once 1 {options}"
        return recipe.main(arguments.split())


def test_equals_pass(monkeypatch, capsys) -> None:
    cases(RETURN, PROMISE)
    assert run(monkeypatch, GOOD, GOOD, GOOD, YES, GOOD, YES) == 0
    printed = capsys.readouterr().out
    assert "old passed 2 of 2, new 2\nwon 0 cases, lost 0" in printed
    assert "in 100.0% of comparisons\nnot shown to be worse" in printed


def test_five_cases_lost_stop_the_merge(monkeypatch, capsys) -> None:
    cases(*[RETURN | {"id": f"return {n}"} for n in range(5)])
    assert run(monkeypatch, *[GOOD, BAD] * 5) == 1
    printed = capsys.readouterr().out
    assert "return 4: doesn't say '30 DAYS'" in printed
    assert "won 0 cases, lost 5" in printed
    assert printed.endswith("in 3.1% of comparisons\nWORSE\n")


def test_a_stricter_alpha_lets_them_pass(monkeypatch) -> None:
    cases(*[RETURN | {"id": f"return {n}"} for n in range(5)])
    assert run(monkeypatch, *[GOOD, BAD] * 5, options="--alpha 0.01") == 0


def test_a_case_is_lost_if_more_of_its_runs_fail(monkeypatch, capsys) -> None:
    cases(RETURN)
    replies = (GOOD, GOOD, BAD, GOOD, BAD, BAD)
    assert run(monkeypatch, *replies, options="--runs 3") == 0
    assert "old passed 2 of 3, new 1\nwon 0 cases, lost 1" in capsys.readouterr().out


def test_a_case_is_won_the_other_way_round(monkeypatch, capsys) -> None:
    cases(RETURN)
    run(monkeypatch, BAD, GOOD)
    assert "won 1 cases, lost 0" in capsys.readouterr().out


def test_a_critical_case_has_to_pass_in_each_run(monkeypatch, capsys) -> None:
    cases(RETURN | {"critical": True})
    assert run(monkeypatch, BAD, BAD, GOOD, BAD, options="--runs 2") == 1
    assert "critical, and failed: return\nWORSE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("check", "answer", "problem"),
    [
        ({"contains": ["receipt"]}, GOOD, "doesn't say 'receipt'"),
        ({"lacks": ["WHENEVER"]}, BAD, "says 'WHENEVER'"),
        ({"most_words": 2}, GOOD, "has 3 words"),
        ({}, {"stop_reason": "refusal"}, "stopped with refusal"),
        ({}, {"text": "Within", "stop_reason": "max_tokens"}, "stopped with max_tokens"),
    ],
)
def test_what_code_finds_wrong_is_told_and_not_judged(
    monkeypatch, capsys, check, answer, problem
) -> None:
    cases(PROMISE | check)
    run(monkeypatch, answer, answer)  # a judge would find no reply
    assert f"promise: {problem}\n" in capsys.readouterr().out


def test_most_words_are_allowed(monkeypatch, capsys) -> None:
    cases(RETURN | {"most_words": 3})
    run(monkeypatch, GOOD, GOOD)
    assert "new 1\n" in capsys.readouterr().out


def test_the_judge_s_reason_is_told(monkeypatch, capsys) -> None:
    cases(PROMISE)
    run(monkeypatch, GOOD, YES, BAD, NO)
    assert "promise: It promises Friday.\nold passed 1 of 1, new 0" in capsys.readouterr().out


@pytest.mark.parametrize(
    "reply",
    [{"stop_reason": "refusal"}, {"error": {"status": 529, "type": "overloaded_error"}}],
)
def test_without_a_judgement_there_is_no_result(monkeypatch, capsys, reply) -> None:
    cases(PROMISE)
    assert run(monkeypatch, GOOD, reply) == 2
    assert "No result: " in capsys.readouterr().err


def test_an_answer_that_fails_for_good_is_no_result_either(monkeypatch) -> None:
    cases(RETURN)
    busy = {"error": {"status": 529, "type": "overloaded_error"}}
    assert run(monkeypatch, GOOD, busy) == 2


def test_above_the_budget_nothing_is_asked(monkeypatch, capsys) -> None:
    cases(RETURN)
    assert run(monkeypatch, options="--runs 1000 --budget 0.5") == 2
    printed = capsys.readouterr()
    assert "1 cases, 1000 runs: at most $2." in printed.out
    assert "more than $0.50" in printed.err


def test_the_estimate_is_never_less_than_the_cost() -> None:
    asked: list[dict[str, Any]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(json.loads(request.content))
        return httpx2.Response(200, json={"input_tokens": 1000})

    http_client = httpx2.Client(transport=httpx2.MockTransport(answer))
    client = anthropic.Anthropic(api_key="test", http_client=http_client)
    both = [recipe.Case(**RETURN), recipe.Case(**PROMISE)]
    dollars = recipe.estimate(client, ["old", "new"], both, 3)
    answers = 12 * (1000 * 0.10 + 2048 * 0.50) / 1e6
    judgements = 6 * ((1000 + 2048) * 4 + 2048 * 20) / 1e6
    assert dollars == pytest.approx(answers + judgements)
    assert [body["model"] for body in asked].count(recipe.JUDGE) == 2


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "nothing to compare"),
        ('{"id": "a", "question": "?", "contain": ["x"]}', "contain"),
        ('{"id": "a"}', "question"),
        ("{", "JSON"),
    ],
)
def test_cases_that_check_nothing_are_no_success(monkeypatch, capsys, text, problem) -> None:
    Path("cases.jsonl").write_text(text, encoding="utf-8")
    assert run(monkeypatch) == 2
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize("options", ["--runs 0", "--at-once 0"])
def test_no_runs_are_no_success(monkeypatch, options) -> None:
    cases(RETURN)
    assert run(monkeypatch, options=options) == 2


def test_a_prompt_that_is_not_there_is_told(monkeypatch, capsys) -> None:
    cases(RETURN)
    Path("new.txt").unlink()
    assert run(monkeypatch) == 2
    assert "new.txt" in capsys.readouterr().err


def test_many_at_once_keep_their_places(monkeypatch, capsys) -> None:
    cases(*[RETURN | {"id": str(n), "question": f"question {n}"} for n in range(8)])
    replies = [
        (GOOD if n % 2 else BAD) | {"when": f"question {n}"} for n, _ in product(range(8), range(2))
    ]
    run(monkeypatch, *replies, options="--at-once 4")
    printed = capsys.readouterr().out
    assert [line[0] for line in printed.splitlines() if "doesn't" in line] == ["0", "2", "4", "6"]


@pytest.mark.parametrize(("won", "lost"), [(0, 0), (0, 5), (2, 5), (1, 8), (7, 7), (9, 0)])
def test_the_chance_is_that_of_a_coin(won: int, lost: int) -> None:
    tosses = list(product((0, 1), repeat=won + lost))
    as_bad = sum(1 for toss in tosses if sum(toss) >= lost)
    result = recipe.Comparison(won=["case"] * won, lost=["case"] * lost)
    assert result.chance == pytest.approx(float(Fraction(as_bad, len(tosses))))
