"""The tool loop with guards: it ends, and writes nothing twice or unasked."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import anthropic
import pytest
from programs import claude, program
from pydantic import BaseModel

recipe = program("guarded_tool_loop", "guarded_loop")
DONE = {"text": "Done."}


class Row(BaseModel):
    row: int
    note: str = ""


class Table:
    """The tools' own world: what was read and written in it."""

    def __init__(self) -> None:
        self.read: list[int] = []
        self.written: list[int] = []
        self.asked: list[Row] = []
        self.allows = True

    async def get(self, row: Row) -> str:
        self.read.append(row.row)
        return f"row {row.row}"

    async def put(self, row: Row) -> str:
        self.written.append(row.row)
        return "stored"

    async def approve(self, _tool: object, row: Row) -> bool:
        self.asked.append(row)
        return self.allows

    def tools(self) -> list[Any]:
        return [
            recipe.Tool("get", "Read a row.", Row, self.get),
            recipe.Tool("put", "Write a row.", Row, self.put, writes=True),
        ]


@pytest.fixture
def table() -> Table:
    return Table()


def calls(*named: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {"tool_calls": [{"name": name, "input": given} for name, given in named]}


def talk(table: Table, *replies: dict[str, Any], **options: Any) -> Any:
    tools = options.pop("tools", table.tools())

    async def ask(client_options: dict[str, Any]) -> Any:
        async with anthropic.AsyncAnthropic(**client_options) as client:
            return await recipe.run(client, "Go.", tools, table.approve, **options)

    with claude(*replies) as client_options:
        return asyncio.run(ask(client_options))


def states(calls_seen: list[str]) -> Any:
    return lambda call, state: calls_seen.append(f"{call.name} {state}")


def test_a_question_without_a_call_is_one_request(table):
    outcome = talk(table, {"text": "Hello."})

    assert (outcome.text, outcome.ended, outcome.turns) == ("Hello.", "end_turn", 1)
    assert outcome.tokens > 0


def test_the_tools_run_and_the_answer_comes_back(table):
    outcome = talk(table, calls(("get", {"row": 1}), ("get", {"row": 2})), DONE)

    assert outcome.text == "Done."
    assert sorted(table.read) == [1, 2]


def test_the_last_turn_is_an_answer(table):
    asked = [calls(("get", {"row": n})) for n in range(2)]
    outcome = talk(table, *asked, {"text": "So far."}, limits=recipe.Limits(turns=3))

    assert (outcome.ended, outcome.text, outcome.turns) == ("turns", "So far.", 3)
    assert table.read == [0, 1]


def test_a_single_turn_runs_no_tool(table):
    outcome = talk(table, {"text": "I can't look."}, limits=recipe.Limits(turns=1))

    assert (outcome.ended, table.read) == ("turns", [])


def test_a_spent_budget_ends_the_conversation_with_an_answer(table):
    once = calls(("get", {"row": 1}))
    outcome = talk(table, once, {"text": "So far."}, limits=recipe.Limits(tokens=1))

    assert (outcome.ended, outcome.turns) == ("tokens", 2)


def test_a_cut_off_call_is_not_run(table):
    cut = {**calls(("put", {"row": 1})), "stop_reason": "max_tokens"}
    outcome = talk(table, cut)

    assert (outcome.ended, table.written) == ("max_tokens", [])


def test_a_write_happens_once_even_if_its_input_is_spelled_otherwise(table):
    again = calls(("put", {"row": 1, "note": ""}))
    talk(table, calls(("put", {"row": 1})), again, DONE)

    assert table.written == [1]
    assert len(table.asked) == 1


def test_what_was_declined_is_not_asked_again(table):
    table.allows = False
    seen: list[str] = []
    put = calls(("put", {"row": 1}))
    talk(table, put, put, DONE, audit=states(seen))

    assert table.written == []
    assert len(table.asked) == 1
    assert "put started" not in seen


def test_a_read_may_be_repeated_once(table):
    get = calls(("get", {"row": 1}))
    talk(table, get, get, get, DONE)

    assert table.read == [1, 1]


def test_the_calls_of_a_message_keep_their_order_if_one_of_them_writes(table):
    seen: list[str] = []
    both = calls(("put", {"row": 1}), ("get", {"row": 1}))
    talk(table, both, DONE, audit=states(seen))

    assert seen == ["put started", "put done", "get started", "get done"]


def test_a_write_that_hangs_is_told_to_be_unknown_and_not_repeated(table):
    async def hang(_row: Row) -> str:
        await asyncio.Event().wait()
        return "never"

    seen: list[str] = []
    tools = [recipe.Tool("put", "Write.", Row, hang, timeout=0.01, writes=True)]
    put = calls(("put", {"row": 1}))
    talk(table, put, put, DONE, tools=tools, audit=states(seen))

    assert seen[0] == "put started"
    assert "Whether it was done is unknown" in seen[1]
    assert "before" in seen[2]


def test_a_broken_tool_is_logged_and_its_secret_kept_from_claude(table, caplog):
    async def broken(_row: Row) -> str:
        raise RuntimeError("password=hunter2")

    seen: list[str] = []
    tools = [recipe.Tool("get", "Read.", Row, broken)]
    outcome = talk(table, calls(("get", {"row": 1})), DONE, tools=tools, audit=states(seen))

    assert outcome.text == "Done."
    assert seen[1] == "get failed: The tool is broken. Don't call it again."
    assert "hunter2" in caplog.text


def test_a_tools_own_words_reach_claude(table):
    async def none(_row: Row) -> str:
        raise recipe.CallFailed("There are 12 rows.")

    seen: list[str] = []
    tools = [recipe.Tool("get", "Read.", Row, none)]
    talk(table, calls(("get", {"row": 99})), DONE, tools=tools, audit=states(seen))

    assert seen[1] == "get failed: There are 12 rows."


def test_wrong_input_and_unknown_tools_are_answered_not_raised(table):
    seen: list[str] = []
    guard = recipe.Guard({"get": table.tools()[0]}, 2, table.approve, states(seen))
    wrong = anthropic.types.ToolUseBlock(
        id="toolu_1", name="get", input={"row": "one"}, type="tool_use"
    )
    unknown = anthropic.types.ToolUseBlock(id="toolu_2", name="drop", input={}, type="tool_use")
    results = asyncio.run(guard.results([wrong, unknown]))

    assert [result["tool_use_id"] for result in results] == ["toolu_1", "toolu_2"]
    assert all(result["is_error"] for result in results)
    assert "row" in results[0]["content"]
    assert "no tool 'drop'" in results[1]["content"]


def test_the_log_tells_of_each_call(table, caplog):
    caplog.set_level(logging.INFO, logger="tools")
    talk(table, calls(("put", {"row": 7})), DONE)

    assert [line.message.count('"row": 7') for line in caplog.records] == [1, 1]
    assert '"state": "started"' in caplog.records[0].message


def test_limits_below_one_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        recipe.Limits(turns=0)
