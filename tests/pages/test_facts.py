from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown import Markdown

from linernotes.pages.facts import (
    Facts,
    read_facts,
    stale_facts,
    unknown_facts,
    used_facts,
    with_facts,
)

FACTS = """\
limits:
  body: {value: 32 MB, source: "https://docs.example/limits", checked: 2026-11-21, about: Request body}
  pages: {value: "600", source: a|b.py, checked: 2026-01-02, about: Pages of a PDF}
model: {value: claude-sonnet-5-5, source: model.py, checked: 2026-11-21, about: The default}
"""


def facts_of(root: Path, text: str = FACTS) -> Facts:
    (root / "facts.yml").write_text(text)
    facts, findings = read_facts(root)
    assert not findings, findings
    return facts


def test_a_value_stands_where_its_name_is_written(tmp_path: Path):
    facts = facts_of(tmp_path)

    text = with_facts("Up to {{ fact.limits.body }} for `{{ fact.model }}`.", facts)

    assert text == "Up to 32 MB for `claude-sonnet-5-5`."


def test_code_is_left_alone(tmp_path: Path):
    page = "> ```python\n> '{{ fact.model }}'\n> ```\n\n```text\n{{ facts.limits }}\n```\n"

    assert with_facts(page, facts_of(tmp_path)) == page


def test_a_section_is_a_table_with_sources_and_days(tmp_path: Path):
    text = with_facts("    {{ facts.limits }}", facts_of(tmp_path))

    assert text.split("\n")[2:] == [
        "    | Request body | 32 MB | <https://docs.example/limits> | 2026-11-21 |",
        "    | Pages of a PDF | 600 | a\\|b.py | 2026-01-02 |",
    ]


def test_all_facts_are_a_table_too(tmp_path: Path):
    assert len(with_facts("{{ facts }}", facts_of(tmp_path)).split("\n")) == 5


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        ("a\n{{ fact.limits.boby }}", 6, "did you mean `limits.body`?"),
        ("## Up to {{ fact.limits.body }}", 5, "anchor"),
        ("{{fact.limits.body}}", 5, "write `{{ fact.section.name }}`"),
        ("Inline {{ facts.limits }} table", 5, "on a line of its own"),
        ("{{ facts.limit }}", 5, "no facts below `limit`"),
        ("{{ table ragged.csv }}", 5, "as many cells in each row"),
        ("{{ table none.csv }}", 5, "no table in `none.csv`"),
        ("Inline {{ table ragged.csv }}", 5, "on a line of its own"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, body: str, line: int, said: str):
    (tmp_path / "ragged.csv").write_text("a,b\n1\n")

    (finding,) = unknown_facts(body, "docs/a.md", 5, facts_of(tmp_path))

    assert finding.line == line
    assert said in str(finding)


def test_what_other_tools_write_in_braces_is_none_of_our_business(tmp_path: Path):
    body = (
        "{{ page.title }} {{ factory }} ```{{ fact.x }}```\n\n```jinja\n{{ fact.unknown }}\n```\n"
    )

    assert not unknown_facts(body.replace("```{{ fact.x }}```", ""), "p", 1, facts_of(tmp_path))


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: b: c", 1, "not valid YAML"),
        ("a: 1\n", 1, "neither a section nor a fact"),
        ("- a\n", 1, "neither a section nor a fact"),
        ("a:\n  value: 1\n  source: s\n  about: x\n", 2, "lacks `checked`"),
        ("a:\n  {value: 1, source: s, about: x, checked: soon}\n", 2, "such as 2026-11-21"),
        ("a:\n  {value: 1, source: s, about: x, checked: 2026-11-21, unit: MB}\n", 2, "`unit`"),
        ("a:\n  {value: [1], source: s, about: x, checked: 2026-11-21}\n", 2, "a line of text"),
        ("a:\n  {value: '', source: s, about: x, checked: 2026-11-21}\n", 2, "a line of text"),
    ],
)
def test_a_fact_without_its_source_or_day_is_none(tmp_path: Path, text: str, line: int, said: str):
    (tmp_path / "facts.yml").write_text(text)

    facts, (finding,) = read_facts(tmp_path)

    assert not facts.by_name
    assert (finding.page, finding.line) == ("facts.yml", line)
    assert said in str(finding)


def test_a_file_that_is_not_text_is_told(tmp_path: Path):
    (tmp_path / "facts.yml").write_bytes(b"\xff\xfe")

    assert [finding.code for finding in read_facts(tmp_path)[1]] == ["bad-facts"]


def test_a_project_needs_no_facts(tmp_path: Path):
    assert read_facts(tmp_path) == (Facts(tmp_path), ())


def test_a_file_of_rows_is_a_table(tmp_path: Path):
    (tmp_path / "rows.csv").write_text('Thing,Where\n"a | b","[Here](a.md)"\n')
    facts = facts_of(tmp_path)

    assert not unknown_facts("{{ table rows.csv }}", "p", 1, facts)
    assert with_facts("{{ table rows.csv }}", facts).split("\n") == [
        "| Thing | Where |",
        "|---|---|",
        "| a \\| b | [Here](a.md) |",
    ]


def test_a_table_comes_from_the_project_only(tmp_path: Path):
    (tmp_path / "rows.csv").write_text("a,b\n")
    inner = tmp_path / "inner"
    inner.mkdir()

    assert with_facts("{{ table ../rows.csv }}", facts_of(inner)) == "{{ table ../rows.csv }}"


def test_a_fact_is_stale_half_a_year_after_it_was_checked(tmp_path: Path):
    facts = facts_of(tmp_path)

    assert not stale_facts(facts, date(2026, 6, 1))
    (finding,) = stale_facts(facts, date(2026, 11, 21))
    assert (finding.line, finding.severity) == (3, "warning")
    assert "limits.pages" in finding.message


def test_a_table_uses_every_fact_in_it(tmp_path: Path):
    facts = facts_of(tmp_path)

    assert used_facts("{{ facts.limits }}\n{{ fact.model }}", facts) == facts.by_name.keys()


@given(st.text())
def test_text_without_facts_stays_as_it_is(text: str):
    assert with_facts(text, Facts()) == text


def test_readers_see_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    facts_of(tmp_path)
    (tmp_path / "mkdocs.yml").write_text("site_name: x\n")
    monkeypatch.chdir(tmp_path)

    html = Markdown(extensions=["linernotes", "tables"]).convert(
        "`{{ fact.model }}`\n\n{{ facts.limits }}\n"
    )

    assert "<code>claude-sonnet-5-5</code>" in html
    assert "<td>32 MB</td>" in html


def test_readers_see_a_value_that_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    facts_of(tmp_path)
    (tmp_path / "mkdocs.yml").write_text("site_name: x\n")
    monkeypatch.chdir(tmp_path)
    md = Markdown(extensions=["linernotes"])
    md.convert("{{ fact.model }}")

    facts_of(tmp_path, FACTS.replace("claude-sonnet-5-5", "claude-opus-5-5!"))

    assert "claude-opus-5-5!" in md.reset().convert("{{ fact.model }}")
