"""Documents become rows: once, whole, checked, and with where they came from."""

from __future__ import annotations

import base64
import datetime as dt
import json
import sqlite3
from typing import TYPE_CHECKING, Any

import anthropic
import httpx2
import pytest
from programs import ROOT, Answer, body, claude, failure, message, program, sync_client

if TYPE_CHECKING:
    from pathlib import Path

recipe = program("extraction_to_database", "extract")

LINES = [
    {"item": "lamp", "quantity": 2, "unit_price": 39.5},
    {"item": "bulb", "quantity": 1.5, "unit_price": 0.29},
]
INVOICE = {
    "supplier": "Lumen Ltd",
    "vat_id": "IE1",
    "number": "7",
    "issued": "2026-11-03",
    "currency": "EUR",
    "lines": LINES,
    "tax": 19.3,
    "total": 98.73,
}


def said(**changes: Any) -> dict[str, Any]:
    return message(json.dumps({"invoice": INVOICE | changes}))


NOTHING = message(json.dumps({"invoice": None}))


@pytest.fixture
def db():
    connection = recipe.open_database(":memory:")
    with connection:
        connection.execute("INSERT INTO suppliers VALUES ('IE1', 'Lumen Ltd')")
    yield connection
    connection.close()


@pytest.fixture
def inbox(tmp_path: Path):
    """Write documents with these texts, and return their paths."""

    def write(*texts: str | bytes) -> list[Path]:
        paths = []
        for number, text in enumerate(texts):
            path = tmp_path / f"{number}.txt"
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            paths.append(path)
        return paths

    return write


class Claude:
    """Gives these answers, one for each request; the last one comes again."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.bodies: list[dict[str, Any]] = []

    def __call__(self, request: httpx2.Request) -> Answer:
        self.bodies.append(body(request))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def read(self, db: sqlite3.Connection, paths: list[Path]) -> dict[str, int]:
        return dict(recipe.run(sync_client(self), db, paths))


def all_of(db: sqlite3.Connection, query: str) -> list[Any]:
    return [row[0] if len(row) == 1 else row for row in db.execute(query)]


def test_an_invoice_becomes_a_row_and_its_lines_in_hundredths(db, inbox):
    assert Claude(said()).read(db, inbox("one")) == {"stored": 1}
    assert all_of(
        db, "SELECT supplier, vat_id, number, issued, currency, tax, total FROM payable"
    ) == [("Lumen Ltd", "IE1", "7", "2026-11-03", "EUR", 1930, 9873)]
    assert all_of(db, "SELECT position, item, quantity, unit_price FROM lines") == [
        (1, "lamp", 2, 3950),
        (2, "bulb", 1.5, 29),
    ]


def test_a_row_says_where_it_came_from(db, inbox):
    served = said() | {"model": "the-model-that-served-it"}
    answer = httpx2.Response(200, json=served, headers={"request-id": "req_7"})
    (path,) = inbox("one")
    Claude(answer).read(db, [path])
    (row,) = all_of(db, "SELECT hash, path, model, request_id, version, at FROM invoices")
    sha = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    assert row[:5] == (sha, str(path), "the-model-that-served-it", "req_7", recipe.VERSION)
    assert dt.datetime.fromisoformat(row[5]).utcoffset() == dt.timedelta(0)


def test_a_request_has_the_prompt_the_document_and_the_schema(db, inbox):
    model = Claude(said())
    model.read(db, inbox("one"))
    (sent,) = model.bodies
    assert (sent["model"], sent["system"]) == (recipe.MODEL, recipe.PROMPT)
    assert sent["messages"][0]["content"][0]["source"]["data"] == "one"
    schema = sent["output_config"]["format"]["schema"]
    assert schema["additionalProperties"] is False


def test_a_document_is_paid_for_once_whatever_it_is_called(db, inbox, tmp_path):
    model = Claude(said())
    paths = inbox("one", "one")
    assert model.read(db, paths) == {"stored": 1, "known": 1}
    paths[0].rename(tmp_path / "renamed.txt")
    assert model.read(db, [tmp_path / "renamed.txt"]) == {"known": 1}
    assert len(model.bodies) == 1


def test_a_higher_version_reads_again_and_replaces_the_row(db, inbox, monkeypatch):
    paths = inbox("one")
    model = Claude(said(), said(number="8", lines=LINES[:1], total=98.3))
    model.read(db, paths)
    monkeypatch.setattr(recipe, "VERSION", recipe.VERSION + 1)
    assert model.read(db, paths) == {"stored": 1}
    assert all_of(db, "SELECT number, version FROM invoices") == [("8", recipe.VERSION)]
    assert all_of(db, "SELECT position FROM lines") == [1]


def test_a_version_that_fails_leaves_the_old_row_beside_the_failure(db, inbox, monkeypatch):
    paths = inbox("one")
    model = Claude(said(), NOTHING, said())
    model.read(db, paths)
    monkeypatch.setattr(recipe, "VERSION", recipe.VERSION + 1)
    assert model.read(db, paths) == {"failed": 1}
    assert all_of(db, "SELECT version FROM invoices") == [recipe.VERSION - 1]
    assert all_of(db, "SELECT reason FROM failures") == ["not an invoice"]
    assert model.read(db, paths) == {"stored": 1}
    assert all_of(db, "SELECT reason FROM failures") == []


TROUBLE = [
    failure(401),
    failure(403),
    failure(404),
    failure(429),
    failure(529),
    httpx2.ConnectError("no network"),
]


@pytest.mark.parametrize("trouble", TROUBLE)
def test_trouble_that_is_not_a_documents_ends_the_run_and_the_next_goes_on(db, inbox, trouble):
    paths = inbox("one", "two", "three")
    with pytest.raises(anthropic.APIError):
        Claude(said(), trouble).read(db, paths)
    assert all_of(db, "SELECT path FROM invoices") == [str(paths[0])]
    assert all_of(db, "SELECT * FROM failures") == []
    again = Claude(said(number="8"), said(number="9"))
    assert again.read(db, paths) == {"known": 1, "stored": 2}
    assert len(again.bodies) == 2


def test_an_invoice_is_written_whole_or_not_at_all(db, inbox):
    db.execute(
        "CREATE TRIGGER full BEFORE INSERT ON lines WHEN NEW.position = 2"
        " BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    )
    with pytest.raises(sqlite3.DatabaseError, match="disk full"):
        Claude(said()).read(db, inbox("one"))
    assert all_of(db, "SELECT * FROM invoices") == []
    assert all_of(db, "SELECT * FROM lines") == []


FAILURES = {
    "refusal": (message("", "refusal"), "ended with refusal"),
    "cut off": (message('{"invoice": {"supp', "max_tokens"), "ended with max_tokens"),
    "currency": (said(currency="EURO"), "currency"),
    "no date": (said(issued="yesterday"), "issued"),
    "no JSON": (message("Here it is:"), "Invalid JSON"),
    "menu": (NOTHING, "not an invoice"),
    "too long": (failure(400, "prompt is too long"), "prompt is too long"),
    "too large": (failure(413, "request too large"), "request too large"),
}


@pytest.mark.parametrize(("answer", "reason"), FAILURES.values(), ids=FAILURES)
def test_a_document_that_gives_no_invoice_is_kept_with_its_reason(db, inbox, answer, reason):
    paths = inbox("bad", "good")
    assert Claude(answer, said()).read(db, paths) == {"failed": 1, "stored": 1}
    ((path, why, attempts, version),) = all_of(
        db, "SELECT path, reason, attempts, version FROM failures"
    )
    assert reason in why
    assert (path, attempts, version) == (str(paths[0]), 1, recipe.VERSION)
    assert all_of(db, "SELECT path FROM invoices") == [str(paths[1])]


def test_a_failure_has_the_id_of_its_request(db, inbox):
    answers = [
        httpx2.Response(200, json=NOTHING, headers={"request-id": "req_a"}),
        httpx2.Response(400, json={}, headers={"request-id": "req_b"}),
    ]
    Claude(*answers).read(db, inbox("one", "two"))
    assert all_of(db, "SELECT request_id FROM failures ORDER BY path") == ["req_a", "req_b"]


def test_bytes_that_are_no_text_are_never_sent(db, inbox):
    model = Claude(said())
    assert model.read(db, inbox(b"PK\x03\x04\xff\xfe")) == {"failed": 1}
    assert model.bodies == []
    assert all_of(db, "SELECT reason FROM failures") == ["neither PDF nor UTF-8"]


def test_a_document_is_tried_again_in_the_next_run_but_not_for_ever(db, inbox, monkeypatch):
    paths = inbox("bad")
    model = Claude(NOTHING)
    assert [model.read(db, paths) for _ in range(3)] == [{"failed": 1}, {"failed": 1}, {"known": 1}]
    monkeypatch.setattr(recipe, "VERSION", recipe.VERSION + 1)
    assert model.read(db, paths) == {"failed": 1}
    assert len(model.bodies) == 3


def test_many_failures_in_a_row_end_the_run_and_are_not_held_against_the_documents(db, inbox):
    paths = inbox(*(f"document {n}" for n in range(7)))
    for _ in range(3):
        with pytest.raises(RuntimeError, match="5 failures in a row: spend limit"):
            Claude(failure(400, "spend limit")).read(db, paths)
    model = Claude(said())
    model.read(db, paths)
    assert len(model.bodies) == 7


def test_failures_that_are_not_in_a_row_do_not_end_the_run(db, inbox):
    answers = [NOTHING] * 4 + [said()] + [NOTHING] * 4
    paths = inbox(*(f"document {n}" for n in range(9)))
    assert Claude(*answers).read(db, paths) == {"failed": 8, "stored": 1}


DOUBTS = {
    "wrong total": ({"total": 89.74}, ["lines and tax add up to 98.73"]),
    "too small": ({"total": 98.70}, ["lines and tax add up to 98.73"]),
    "rounding": ({"total": 98.71}, []),
    "future": ({"issued": "2026-11-22"}, ["issued in the future"]),
    "today": ({"issued": "2026-11-21"}, []),
    "stranger": ({"vat_id": "IE2"}, ["unknown supplier"]),
    "no VAT id": ({"vat_id": None}, ["unknown supplier"]),
    "all": (
        {"total": 1, "issued": "2030-01-01", "vat_id": None},
        ["lines and tax add up to 98.73", "issued in the future", "unknown supplier"],
    ),
}


@pytest.mark.parametrize(("changes", "doubts"), DOUBTS.values(), ids=DOUBTS)
def test_what_only_you_know_becomes_a_doubt(db, inbox, monkeypatch, changes, doubts):
    class Today(dt.date):
        @classmethod
        def today(cls) -> Any:
            return dt.date(2026, 11, 21)

    monkeypatch.setattr(recipe, "date", Today)
    counts = Claude(said(**changes)).read(db, inbox("one"))
    assert counts == ({"doubtful": 1} if doubts else {"stored": 1})
    assert [json.loads(row) for row in all_of(db, "SELECT doubts FROM invoices")] == [doubts]
    assert len(all_of(db, "SELECT hash FROM payable")) == (0 if doubts else 1)


def test_a_number_that_was_there_before_is_not_payable_twice(db, inbox):
    first, second = inbox("one", "one, scanned once more")
    assert Claude(said()).read(db, [first, second]) == {"stored": 1, "doubtful": 1}
    assert all_of(db, "SELECT path FROM payable") == [str(first)]
    (doubts,) = all_of(db, "SELECT doubts FROM invoices WHERE doubts <> '[]'")
    assert json.loads(doubts) == [f"same number as {first}"]


def test_two_suppliers_may_use_the_same_number(db, inbox):
    db.execute("INSERT INTO suppliers VALUES ('IE2', 'Bolt')")
    assert Claude(said(), said(vat_id="IE2")).read(db, inbox("one", "two")) == {"stored": 2}


def test_a_pdf_goes_out_as_a_pdf(db):
    path = ROOT / "docs/recipes/warranty.pdf"
    model = Claude(said())
    model.read(db, [path])
    source = model.bodies[0]["messages"][0]["content"][0]["source"]
    assert source["media_type"] == "application/pdf"
    assert base64.b64decode(source["data"]) == path.read_bytes()


def test_a_pdf_is_read_too(db):
    answer = {"json": {"invoice": INVOICE}}
    with claude(answer) as options:
        client = anthropic.Anthropic(**options)
        counts = recipe.run(client, db, [ROOT / "docs/recipes/warranty.pdf"])
    assert counts == {"stored": 1}
    assert all_of(db, "SELECT request_id LIKE 'req_%' FROM invoices") == [1]


def test_a_database_is_opened_again_with_what_is_in_it(tmp_path, inbox):
    paths = inbox("one")
    for counts in ({"doubtful": 1}, {"known": 1}):
        connection = recipe.open_database(tmp_path / "invoices.db")
        assert Claude(said()).read(connection, paths) == counts
        connection.close()
