from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making_snippets import snippets_in

from linernotes.pages.dialect import dialect
from linernotes.pages.page import read_page
from linernotes.snippets.snippet import chain_of, snippets_of

if TYPE_CHECKING:
    from pathlib import Path

    from linernotes.snippets.snippet import Snippet


def page(*headers: str, source: str = "print(1)") -> str:
    """Return a page with a fence for each of `headers`, five lines each."""
    return "".join(f"```{header}\n{source}\n```\n\nText.\n" for header in headers)


def ids(directory: Path, *headers: str) -> list[tuple[str, bool]]:
    snippets, _ = snippets_in(directory, page(*headers))
    return [(one.id, one.named) for one in snippets]


def codes(directory: Path, *headers: str) -> list[tuple[str, int | None]]:
    _, findings = snippets_in(directory, page(*headers))
    return [(one.code, one.line) for one in findings]


# --- ids


def test_a_snippet_has_the_id_or_else_the_title_of_its_header(tmp_path: Path):
    assert ids(
        tmp_path, ' { .python #one title="two.py" }', ' { .python title="Two words.py" }'
    ) == [
        ("one", True),
        ("two-words", True),
    ]


def test_a_snippet_without_either_is_numbered_among_the_snippets_of_the_page(tmp_path: Path):
    assert ids(tmp_path, "python", "text", ' { .py title="日本" }', "PYTHON") == [
        ("snippet-1", False),
        ("snippet-2", False),
        ("snippet-3", False),
    ]


def test_numbers_leave_out_what_authors_have_taken(tmp_path: Path):
    headers = ("python", " { .python #snippet-1 }", "python", ' { .python title="3.py" }')

    assert ids(tmp_path, *headers) == [
        ("snippet-2", False),
        ("snippet-1", True),
        ("snippet-4", False),
        ("snippet-3", True),
    ]
    assert codes(tmp_path, *headers) == []


def test_an_id_that_is_taken_is_a_finding_and_the_snippet_is_still_counted(tmp_path: Path):
    headers = (" { .python #x }", ' { .python title="X" }', " { .python #x-2 }")

    assert ids(tmp_path, *headers) == [("x", True), ("x-3", False), ("x-2", True)]
    assert codes(tmp_path, *headers) == [("duplicate-id", 6)]


def test_a_header_with_a_typing_error_is_a_finding_and_the_snippet_is_still_counted(tmp_path: Path):
    assert ids(tmp_path, " { .python #x .hiden }") == [("x", True)]
    assert codes(tmp_path, " { .python #x .hiden }") == [("unknown-class", 1)]


# --- chains


def chains(directory: Path, *headers: str) -> list[list[str]]:
    snippets, _ = snippets_in(directory, page(*headers))
    by_id = {one.id: one for one in snippets}
    return [[one.id for one in chain_of(snippet, by_id)] for snippet in snippets]


def test_snippets_go_on_from_the_one_before_or_from_the_one_they_name(tmp_path: Path):
    assert chains(
        tmp_path,
        " { .python #a }",
        " { .python #b .continue }",
        "text",
        ' { .python #c continue="a" }',
        " { .python #d .continue }",
    ) == [["a"], ["a", "b"], ["a", "c"], ["a", "c", "d"]]


@pytest.mark.parametrize(
    ("headers", "line"),
    [
        ([" { .python .continue }"], 1),
        (["python", ' { .python continue="later" }', " { .python #later }"], 6),
        ([' { .python #self continue="self" }'], 1),
    ],
)
def test_going_on_from_nothing_is_a_finding(tmp_path: Path, headers: list[str], line: int):
    assert codes(tmp_path, *headers) == [("nothing-to-continue", line)]
    assert all(len(chain) == 1 for chain in chains(tmp_path, *headers))


RUNS, NORUN, SKIP = "", '.norun reason="r"', '.skip reason="r"'
RAISES = 'raises="ValueError"'


@pytest.mark.parametrize(
    ("first", "second", "good"),
    [
        (RUNS, RUNS, True),
        (RUNS, NORUN, True),
        (RUNS, RAISES, True),
        (NORUN, RUNS, False),
        (NORUN, NORUN, True),
        (NORUN, SKIP, True),
        (SKIP, RUNS, False),
        (SKIP, NORUN, False),
        (SKIP, SKIP, True),
        (RAISES, RUNS, False),
        (RAISES, NORUN, False),
        (RAISES, SKIP, True),
    ],
)
def test_nothing_goes_on_from_what_does_not_run_to_its_end(
    tmp_path: Path, first: str, second: str, good: bool
):
    headers = (f" {{ .python #a {first} }}", f" {{ .python #b .continue {second} }}")

    assert codes(tmp_path, *headers) == ([] if good else [("continues-unrun", 6)])
    assert chains(tmp_path, *headers)[1] == (["a", "b"] if good else ["b"])


# --- outputs


def test_an_output_belongs_to_the_snippet_right_before_it(tmp_path: Path):
    (one, two), findings = snippets_in(
        tmp_path, page("python", " { .text .output }", "python", "text", source="x")
    )

    assert findings == ()
    assert one.output is not None
    assert (one.output.line, one.output.end_line, one.output.text) == (6, 8, "x")
    assert two.output is None


def test_an_output_of_nothing_is_a_finding(tmp_path: Path):
    headers = (" { .text .output }", "python", "bash", " { .text .output }")

    assert codes(tmp_path, *headers) == [("lonely-output", 1), ("lonely-output", 16)]


def test_findings_are_in_the_order_of_the_page(tmp_path: Path):
    headers = (" { .python .continue }", " { .python #A }", "bash", " { .text .output }")

    assert [line for _, line in codes(tmp_path, *headers)] == [1, 6, 16]


# --- lines

PLACES = {
    "nothing": ("{}", ""),
    "front matter": ("---\ntitle: A\n---\n\n\n{}", ""),
    "a list": ("- item\n\n{}", "    "),
    "a tab": ('=== "A"\n\n{}', "    "),
    "a tab in an admonition in a list": (
        '- item\n\n    !!! note\n\n        === "A"\n\n{}',
        " " * 12,
    ),
    "a quote": ("{}", "> "),
    "a quote in a quote": ("> text\n\n{}", "> > "),
    "tabs": ('=== "A"\n\n{}', "\t"),
    "details in tabs": ('??? note\n\n\t=== "A"\n\n{}', "\t\t"),
}
CODE = st.lists(
    st.text(st.sampled_from("x =1(\t'é\x0c\u2028#:"), max_size=8).map("x{}x".format)
    | st.just("")
    | st.just("    x"),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@given(code=CODE)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_each_line_of_a_snippet_knows_its_line_in_the_file(
    place: tuple[str, str], end: str, code: list[str], tmp_path: Path
):
    before, prefix = place
    fence = "\n".join(prefix + line for line in ["```python", *code, "```"])
    text = before.format(fence) + "\n\nmore\n"

    (snippet,), findings = snippets_in(tmp_path, text.replace("\n", end))

    lines = text.split("\n")
    assert findings == ()
    assert lines[snippet.line - 1] == f"{prefix}```python"
    assert lines[snippet.end_line - 1] == f"{prefix}```"
    for number, source in enumerate(snippet.source.split("\n"), 1):
        shown = lines[snippet.page_line(number) - 1]
        assert shown.expandtabs(4).removeprefix(prefix.expandtabs(4)).rstrip() == source.rstrip()


def test_lines_that_a_snippet_includes_have_the_line_that_includes_them(tmp_path: Path):
    (tmp_path / "code.py").write_text("a = 1\nb = 2")
    included = (tmp_path / "code.py").as_posix()

    (snippet,) = _with_includes(tmp_path, f'```python\nx = 1\n--8<-- "{included}"\ny = 1\n```\n')

    assert snippet.source == "x = 1\na = 1\nb = 2\ny = 1"
    assert [snippet.page_line(number) for number in (1, 2, 3, 4)] == [2, 3, 3, 4]


def _with_includes(directory: Path, text: str) -> tuple[Snippet, ...]:
    file = directory / "page.md"
    file.write_text(text)
    markdown = dialect(
        ["pymdownx.superfences", "pymdownx.snippets"],
        {"pymdownx.snippets": {"base_path": ["/"], "restrict_base_path": False}},
    )
    return snippets_of(read_page(file, "docs/page.md", markdown))[0]


def test_an_empty_fence_is_a_snippet_of_its_own_line(tmp_path: Path):
    (snippet,), _ = snippets_in(tmp_path, "```python\n```\n")

    assert snippet.page_line(1) == 1


def test_a_line_beyond_the_end_is_the_last_one(tmp_path: Path):
    (snippet,), _ = snippets_in(tmp_path, "```python\nx\ny\n```\n")

    assert snippet.page_line(99) == 3
