"""The nightly job against the stand-in, with what goes wrong on the way there and back."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anthropic
import httpx2
import pytest
from programs import claude, program

if TYPE_CHECKING:
    from collections.abc import Callable

recipe = program("nightly_batches", "nightly")

PRAISE = {"json": {"topic": "praise", "urgent": False}}
REFUND = {"json": {"topic": "refund", "urgent": True}}
BUSY = {"error": {"status": 529, "type": "overloaded_error"}}
WRONG = {"error": {"status": 400, "type": "invalid_request_error"}}


class Way(httpx2.BaseTransport):
    """The way to the API: notes what passes, and does on it what the test says."""

    def __init__(self) -> None:
        self.network = httpx2.HTTPTransport()
        self.passed: list[str] = []
        self.trouble: list[tuple[str, Callable[[httpx2.Request, Any], httpx2.Response]]] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path.removeprefix("/v1/messages/batches")
        what = {"": "create" if request.method == "POST" else "list"}.get(
            path, "results" if path.endswith("/results") else "retrieve"
        )
        self.passed.append(what)
        if self.trouble and self.trouble[0][0] == what:
            return self.trouble.pop(0)[1](request, self.network.handle_request)
        return self.network.handle_request(request)


def lost_on_the_way(request: httpx2.Request, send: Any) -> httpx2.Response:
    raise httpx2.ConnectError("no route", request=request)


def lost_on_the_way_back(request: httpx2.Request, send: Any) -> httpx2.Response:
    send(request).read()
    raise httpx2.ReadTimeout("no answer", request=request)


def cut_off(request: httpx2.Request, send: Any) -> httpx2.Response:
    """The first line of the results, and then no more."""
    first = send(request).read().splitlines()[0]

    def lines():
        yield first + b"\n"
        raise httpx2.ReadError("broken", request=request)

    class Body(httpx2.SyncByteStream):
        def __iter__(self):
            return lines()

    return httpx2.Response(200, stream=Body())


def turned_away(request: httpx2.Request, send: Any) -> httpx2.Response:
    error = {"type": "rate_limit_error", "message": "slow down"}
    return httpx2.Response(429, json={"type": "error", "error": error})


def canceled(request: httpx2.Request, send: Any) -> httpx2.Response:
    """Somebody cancels the batch in the Console before it is looked at."""
    cancel = httpx2.Request("POST", f"{request.url}/cancel", headers=request.headers, json={})
    send(cancel).read()
    return send(request)


def in_progress(request: httpx2.Request, send: Any) -> httpx2.Response:
    batch = json.loads(send(request).read())
    return httpx2.Response(200, json=batch | {"processing_status": "in_progress"})


class Job:
    """The program in a directory of its own, on a way with trouble."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch
        self.way = Way()
        self.paused: list[float] = []
        monkeypatch.setattr(recipe.time, "sleep", self.paused.append)

    def write(self, *texts: str) -> None:
        mails = [json.dumps({"id": f"mail/{text}", "text": text}) for text in texts]
        Path("mails.jsonl").write_text("\n".join(mails), encoding="utf-8")

    def run(self, options: dict[str, Any]) -> int:
        http_client = httpx2.Client(transport=self.way)
        client = anthropic.Anthropic(**options, http_client=http_client)
        client = client.with_options(max_retries=2)  # as it is by default
        self.monkeypatch.setattr(recipe, "Anthropic", lambda: client)
        return recipe.main(["state.db", "mails.jsonl"])

    def rows(self) -> list[tuple[Any, ...]]:
        with sqlite3.connect("state.db") as db:
            return db.execute("SELECT text, state, result, tries FROM mail").fetchall()

    @property
    def created(self) -> int:
        return self.way.passed.count("create")


@pytest.fixture
def job(tmp_path, monkeypatch) -> Job:
    monkeypatch.chdir(tmp_path)
    return Job(monkeypatch)


def done(text: str, reply: dict[str, Any], tries: int = 1) -> tuple[Any, ...]:
    return (text, "done", json.dumps(reply["json"], separators=(",", ":")), tries)


def test_each_mail_gets_its_own_label_though_results_come_in_another_order(job, capsys) -> None:
    job.write("Thanks!", "Money back!")
    with claude(PRAISE, REFUND) as options:
        assert job.run(options) == 0
    assert job.rows() == [done("Thanks!", PRAISE), done("Money back!", REFUND)]
    assert "2 done\n$0.0" in capsys.readouterr().out


def test_a_second_run_sends_only_what_is_new(job) -> None:
    job.write("Thanks!")
    with claude(PRAISE, REFUND) as options:
        job.run(options)
        job.run(options)
        assert job.created == 1
        job.write("Thanks!", "Money back!")
        job.run(options)
    assert job.rows() == [done("Thanks!", PRAISE), done("Money back!", REFUND)]


def test_what_may_pass_is_sent_again_and_what_cannot_is_not(job, capsys) -> None:
    job.write("a", "b", "c")
    refused = {"stop_reason": "refusal"}
    with claude(BUSY, WRONG, refused, BUSY, PRAISE) as options:
        assert job.run(options) == 1
    assert job.rows() == [
        done("a", PRAISE, tries=3),
        ("b", "failed", "invalid_request_error", 1),
        ("c", "failed", "refusal", 1),
    ]
    assert "mail/b: invalid_request_error\nmail/c: refusal\n" in capsys.readouterr().out


def test_three_tries_are_all(job) -> None:
    job.write("a")
    with claude(BUSY, BUSY, BUSY) as options:
        assert job.run(options) == 1
        job.run(options)
    assert job.rows() == [("a", "failed", "overloaded_error", 3)]


def test_what_was_canceled_is_sent_again(job) -> None:
    job.write("a")
    job.way.trouble = [("retrieve", canceled)]
    with claude(PRAISE, PRAISE) as options:
        assert job.run(options) == 0
    assert job.rows() == [done("a", PRAISE, tries=2)]


def test_a_batch_that_was_created_unheard_is_found_and_not_paid_twice(job, capsys) -> None:
    job.write("a", "b")
    job.way.trouble = [("create", lost_on_the_way_back)]
    with claude(PRAISE, REFUND) as options:
        assert job.run(options) == 75
        assert job.run(options) == 0
    assert job.created == 1
    assert job.rows() == [done("a", PRAISE), done("b", REFUND)]
    assert "run it again" in capsys.readouterr().err


def test_a_batch_that_never_arrived_is_sent_again(job) -> None:
    job.write("a")
    job.way.trouble = [("create", lost_on_the_way)]
    with claude(PRAISE) as options:
        assert job.run(options) == 75
        assert job.run(options) == 0
    assert job.rows() == [done("a", PRAISE)]


def test_batches_of_others_are_not_taken_for_ours(job) -> None:
    job.write("a")
    job.way.trouble = [("create", lost_on_the_way)]
    with claude(PRAISE, REFUND) as options:
        other = recipe.request("other-1-1", "theirs")
        batches = anthropic.Anthropic(**options).messages.batches
        assert job.run(options) == 75
        batches.create(requests=[other])
        assert job.run(options) == 0
    assert job.rows() == [done("a", REFUND)]


def test_only_newer_batches_are_looked_at(job) -> None:
    job.write("a")
    with claude(PRAISE, REFUND) as options:
        job.run(options)
        job.write("a", "b")
        job.way.trouble = [("create", lost_on_the_way)]
        assert job.run(options) == 75
        job.way.passed.clear()
        assert job.run(options) == 0
    assert job.way.passed[:2] == ["list", "list"]


def test_a_batch_that_was_turned_away_leaves_the_mails_waiting(job) -> None:
    job.write("a")
    job.way.trouble = [("create", turned_away)]
    with claude(PRAISE) as options:
        assert job.run(options) == 75
        assert job.rows() == [("a", "waiting", None, 0)]
        assert job.run(options) == 0


def test_results_that_break_off_are_read_again_from_the_start(job) -> None:
    job.write("a", "b")
    job.way.trouble = [("results", cut_off)]
    with claude(PRAISE, REFUND) as options:
        assert job.run(options) == 75
        assert [row[1] for row in job.rows()] == ["sent", "sent"]
        assert job.run(options) == 0
    assert job.rows() == [done("a", PRAISE), done("b", REFUND)]
    assert job.created == 1


def test_it_looks_less_and_less_often(job) -> None:
    job.write("a")
    job.way.trouble = [("retrieve", in_progress)] * 12
    with claude(PRAISE) as options:
        assert job.run(options) == 0
    assert job.paused[:3] == [15, 22.5, 33.75]
    assert job.paused[-1] == job.paused[-2] == 300


def test_a_large_night_is_sent_in_parts(job) -> None:
    with claude(PRAISE, PRAISE, REFUND) as options, sqlite3.connect("state.db") as db:
        client = anthropic.Anthropic(**options, http_client=httpx2.Client(transport=job.way))
        nightly = recipe.Nightly(client, db, most_requests=2)
        nightly.add([("1", "a"), ("2", "b"), ("3", "c")])
        nightly.run()
    assert job.created == 2
    assert job.rows()[2] == done("c", REFUND)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"id": "1", "text": ""}', "mail 1 has 0 characters"),
        (json.dumps({"id": "1", "text": "x" * 20_001}), "mail 1 has 20001 characters"),
        ('{"id": "1"}', "text"),
        ("[]", "indices"),
        ("{", "Expecting"),
    ],
)
def test_mails_that_make_no_sense_are_told_before_any_is_sent(job, capsys, line, problem) -> None:
    Path("mails.jsonl").write_text(f'{{"id": "0", "text": "fine"}}\n{line}\n', encoding="utf-8")
    with claude() as options:
        assert job.run(options) == 2
    assert problem in capsys.readouterr().err
    assert job.rows() == []
    assert job.way.passed == []


def test_a_file_that_is_not_there_is_told(job, capsys) -> None:
    with claude() as options:
        assert job.run(options) == 2
    assert "mails.jsonl" in capsys.readouterr().err
