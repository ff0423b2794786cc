"""Questions about documents: places a reader can find, and files that can't be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anthropic
import pytest
from programs import ROOT, claude, program

recipe = program("document_questions", "document_questions")
PAPERS = ROOT / "docs/recipes"


@pytest.fixture(autouse=True)
def desk(tmp_path, monkeypatch):
    """A directory with the papers of the page, where the program runs."""
    for name in ("manual.txt", "warranty.pdf"):
        (tmp_path / name).write_bytes((PAPERS / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-test")


def run(monkeypatch: pytest.MonkeyPatch, replies: tuple[dict[str, Any], ...], *args: str) -> int:
    with claude(*replies) as options:
        monkeypatch.setattr(recipe, "Anthropic", lambda: anthropic.Anthropic(**options))
        return recipe.main(args)


def citing(text: str, **place: Any) -> dict[str, Any]:
    citation = {"document_title": None, "file_id": None, **place}
    return {"content": [{"type": "text", "text": text, "citations": [citation]}]}


def page(first: int, last: int) -> dict[str, Any]:
    return citing(
        "So it is.",
        type="page_location",
        cited_text="1.  The warranty\nlasts",
        document_index=1,
        start_page_number=first,
        end_page_number=last + 1,
    )


@pytest.mark.parametrize(("first", "last", "said"), [(1, 1, "p. 1:"), (1, 2, "pp. 1\N{EN DASH}2:")])
def test_a_pdf_is_cited_by_the_pages_a_reader_counts(monkeypatch, capsys, first, last, said):
    code = run(monkeypatch, (page(first, last),), "manual.txt", "warranty.pdf", "-q", "Why?")

    assert code == 0
    assert f"[1] warranty.pdf, {said} “1. The warranty lasts”" in capsys.readouterr().out


def test_the_second_question_reads_the_documents_from_the_cache(monkeypatch, capsys):
    answers = ({"text": "Yes."}, {"text": "No."})
    run(monkeypatch, answers, "warranty.pdf", "manual.txt", "-q", "One?", "-q", "Two?")
    first, second = (
        line for line in capsys.readouterr().out.splitlines() if "from the cache" in line
    )

    assert first.startswith("(0 of ")
    cached, whole = (int(word) for word in second.strip("(").split() if word.isdigit())
    assert 0 < whole - cached < 30


def test_a_failed_question_does_not_keep_the_others_from_an_answer(monkeypatch, capsys):
    answers = (
        {"stop_reason": "refusal"},
        {"error": {"status": 400, "type": "invalid_request_error", "message": "too long"}},
        {"text": "Yes."},
    )
    questions = ("-q", "One?", "-q", "Two?", "-q", "Three?")
    code = run(monkeypatch, answers, "manual.txt", *questions)
    printed = capsys.readouterr()

    assert code == 1
    assert "No answer to “One?”: refusal" in printed.err
    assert "too long" in printed.err
    assert printed.out.startswith("Three?\nYes.")


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("empty.txt", b" \n", "is empty"),
        ("word.docx", b"PK\x03\x04\xff\xfe", "neither PDF nor UTF-8"),
        ("locked.pdf", b"%PDF-1.7\ntrailer << /Encrypt 5 0 R >>", "encrypted"),
        ("gone.txt", None, "gone.txt"),
    ],
)
def test_a_file_that_cannot_be_asked_about_is_told_before_anything_is_sent(
    monkeypatch, capsys, name, data, problem
):
    if data is not None:
        Path(name).write_bytes(data)
    code = run(monkeypatch, (), "manual.txt", name, "-q", "What?")

    assert code == 2
    assert problem in capsys.readouterr().err


def test_files_that_are_too_large_together_are_refused(monkeypatch, capsys):
    monkeypatch.setattr(recipe, "MOST_BYTES", 3000)
    code = run(monkeypatch, (), "manual.txt", "warranty.pdf", "-q", "What?")

    assert code == 2
    assert "3,000 bytes" in capsys.readouterr().err


def test_a_question_is_required(monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run(monkeypatch, (), "manual.txt")

    assert "--question" in capsys.readouterr().err


def test_no_documents_is_a_mistake_of_the_caller():
    client = anthropic.Anthropic(api_key="test")

    with pytest.raises(ValueError, match="no documents"):
        recipe.ask(client, [], "What?")


def test_lines_are_counted_from_one_also_after_letters_of_two_bytes(monkeypatch, capsys):
    Path("a.txt").write_text("Ärger.\nGroß.\n", encoding="utf-8")
    place = {"start_char_index": 7, "end_char_index": 12}
    answer = citing("Big.", type="char_location", cited_text="Groß.", document_index=0, **place)
    run(monkeypatch, (answer,), "a.txt", "-q", "How?")

    assert "[1] a.txt, line 2: “Groß.”" in capsys.readouterr().out
