"""Reply scripts: `check` reads them all, and says of each whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from writing_pages import CALL, named

if TYPE_CHECKING:
    from conftest import Site

SCRIPT = "replies:\n- text: Hello.\n"


def found(site: Site) -> list[tuple[str, str, int | None]]:
    findings = site.json("check")["findings"]
    return [(one["code"], one["page"], one["line"]) for one in findings]


def test_the_script_of_a_snippet_that_runs_is_fine(site: Site) -> None:
    site.page(named(CALL, "plain"))
    site.write("tests/cassettes/page/plain.replies.yaml", SCRIPT)
    assert found(site) == []


def test_a_mistake_in_a_script_is_told_with_its_line(site: Site) -> None:
    site.page(named(CALL, "plain"))
    name = "tests/cassettes/page/plain.replies.yaml"
    site.write(name, "replies:\n- txet: Hello.\n")
    assert found(site) == [("replies-form", name, 2)]


def test_a_script_that_no_snippet_uses_is_told(site: Site) -> None:
    site.page(named(CALL, "plain"))
    name = "tests/cassettes/page/gone.replies.yaml"
    site.write(name, SCRIPT)
    assert found(site) == [("replies-orphaned", name, None)]


def test_a_script_under_the_name_of_its_id_is_told_where_it_is_looked_for(site: Site) -> None:
    site.page(named(CALL, "trace"), named(CALL, "ask-twice"))
    for name in ("trace", "ask-twice"):
        site.write(f"tests/cassettes/page/{name}.replies.yaml", SCRIPT)
    hints = [one["hint"] for one in site.json("check")["findings"]]
    assert hints == [
        "that of docs/page.md#ask-twice is looked for at tests/cassettes/page/ask_twice.replies.yaml",
        "that of docs/page.md#trace is looked for at tests/cassettes/page/trace_example.replies.yaml",
    ]
