from __future__ import annotations

import re
from datetime import date
from textwrap import dedent, indent
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making_twins import below_pointer, twin_and_findings, twin_of

from linernotes.pages.dialect import HOUSE, dialect
from linernotes.pages.facts import Fact, Facts
from linernotes.pages.fences import scan

if TYPE_CHECKING:
    from pathlib import Path


def test_the_first_line_points_to_the_index_and_the_description_is_below_the_title():
    made, _ = twin_and_findings("# Streams\n\nText.\n", description="What\nstreams are.")
    assert made == (
        "> Fetch the complete documentation index at: https://docs.example/llms.txt\n\n"
        "# Streams\n\n> What streams are.\n\nText.\n"
    )


def test_a_page_without_a_heading_gets_its_title():
    made, _ = twin_and_findings("---\ntitle: T\n---\nText.\n", title="T", description="About.")
    assert below_pointer(made) == "# T\n\n> About.\n\nText.\n"


def test_tabs_become_sections_below_the_heading_they_are_under():
    made = twin_of(
        dedent("""\
        # A

        ## Send

        === "Python"

            ```python title="a.py"
            print(1)
            ```

        === "cURL"

            ``` { .bash #send .annotate }
            curl x
            ```

        Both do the same.

        === "One"

            text

        ## Next
        """)
    )
    assert made == dedent("""\
        # A

        ## Send

        ### Python

        ```python title="a.py"
        print(1)
        ```

        ### cURL

        ```bash
        curl x
        ```

        ---

        Both do the same.

        ### One

        text

        ## Next
        """)


def test_tabs_in_tabs_and_headings_in_tabs_stay_below_each_other():
    made = twin_of(
        dedent("""\
        ## A

        === "Linux"

            ### Install

            === "apt"

                one

            === "dnf"

                two

        === "macOS"

            three
        """)
    )
    assert re.findall(r"^#+ .*", made, re.MULTILINE) == [
        *("## A", "### Linux", "#### Install", "##### apt", "##### dnf", "### macOS"),
    ]


def test_tabs_in_a_list_stay_in_their_item():
    made = twin_of('## A\n\n1. First:\n\n    === "Python"\n\n        text\n\n2. Second\n')
    assert made == "## A\n\n1. First:\n\n    ### Python\n\n    text\n\n2. Second\n"


@pytest.mark.parametrize(
    ("box", "head"),
    [
        ('!!! note "Mind this"', "[!NOTE] Mind this"),
        ("!!! note", "[!NOTE]"),
        ('!!! warning ""', "[!WARNING]"),
        ("!!! danger", "[!CAUTION] Danger"),
        ('??? tip "More"', "[!TIP] More"),
        ("???+ example inline end", "[!NOTE] Example"),
        ('??? "Only a title"', "[!NOTE] Only a title"),
        (
            '!!! note "See [tools](tools.md)"',
            "[!NOTE] See [tools](https://docs.example/guides/tools.md)",
        ),
    ],
)
def test_boxes_become_alerts(box: str, head: str):
    assert twin_of(f"A.\n\n{box}\n\n    One\n    two.\n\n    - x\n\nB.\n") == (
        f"A.\n\n> {head}\n> One\n> two.\n>\n> - x\n\nB.\n"
    )


def test_hidden_set_up_is_left_out_and_its_output_is_not_invented():
    made = twin_of("A\n\n``` { .python .hidden #x }\nsecret = 1\n```\n\nB\n")
    assert made == "A\n\nB\n"


def test_text_around_a_hidden_fence_stays_two_paragraphs():
    assert twin_of("A\n``` { .python .hidden #x }\nsecret = 1\n```\nB\n") == "A\n\nB\n"


def test_outputs_are_labelled_with_where_they_come_from():
    page = "```python title='a.py'\nprint(1)\n```\n``` { .text .output }\n1\n```\n"
    assert below_pointer(twin_and_findings(page)[0]) == (
        '```python title="a.py"\nprint(1)\n```\n\nOutput:\n\n```text\n1\n```\n'
    )
    made, _ = twin_and_findings(page, outputs={4: "simulated"})
    assert "\nOutput (simulated):\n\n```text\n1\n" in made


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ("[a](tools.md)", "[a](https://docs.example/guides/tools.md)"),
        ("[a](tools.md#run-it)", "[a](https://docs.example/guides/tools.md#run-it)"),
        ("[a](../setup/index.md)", "[a](https://docs.example/setup/index.md)"),
        ("[a](../index.md 'Home')", "[a](https://docs.example/index.md 'Home')"),
        ("[a](#here)", "[a](https://docs.example/guides/here.md#here)"),
        ("[a](../tools/)", "[a](https://docs.example/guides/tools.md)"),
        ("[a](/guides/tools/)", "[a](https://docs.example/guides/tools/)"),
        (
            "[a\nb](tools.md){ .button target=_blank }",
            "[a\nb](https://docs.example/guides/tools.md)",
        ),
        ("![a](../img/x%20y.png){ width=3 }", "![a](https://docs.example/img/x%20y.png)"),
        (
            "[![a](x.png)](tools.md)",
            "[![a](https://docs.example/guides/x.png)](https://docs.example/guides/tools.md)",
        ),
        ("[a](https://x.example/y.md)", "[a](https://x.example/y.md)"),
        ("[a](mailto:a@b.example)", "[a](mailto:a@b.example)"),
        ("[a][t]\n\n[t]: tools.md", "[a][t]\n\n[t]: https://docs.example/guides/tools.md"),
        ("`[a](tools.md){ .x }`", "`[a](tools.md){ .x }`"),
        ("`#!python x = 1` y", "`x = 1` y"),
        ("**a**{ .big } and `b`{ .c }", "**a** and `b`"),
        ("f({x}) and {{ y }} and {z}", "f({x}) and {{ y }} and {z}"),
        ("Text\n{ #id .class }", "Text"),
        ("a <!-- not shown --> b", "a  b"),
        ("a<br>b <kbd>Ctrl</kbd>", "a<br>b <kbd>Ctrl</kbd>"),
        ('<a href="../tools/">t</a> x', '<a href="https://docs.example/guides/tools/">t</a> x'),
        ("- [ ] open\n- [x] done", "- [ ] open\n- [x] done"),
        (
            "A[^1]\n\n[^1]: See [t](tools.md).",
            "A[^1]\n\n[^1]: See [t](https://docs.example/guides/tools.md).",
        ),
        ("A[^1]\n\n[^1]:\n    One\n\n    Two", "A[^1]\n\n[^1]: One\n\n    Two"),
        ("Term\n:   What it is.", "- **Term**: What it is."),
        (
            "A\nB\n:   One\n:   Two\n\n    more",
            "- **A**, **B**:\n    - One\n    - Two\n\n        more",
        ),
        ("Term\n\n:   What it is.", "- **Term**: What it is."),
        (
            "| a | b |\n|---|:-:|\n| [t](tools.md) | `x|y` { .c } |",
            "| a | b |\n|---|:-:|\n| [t](https://docs.example/guides/tools.md) | `x|y` |",
        ),
        ("Title\n=====\n\nPart { #p }\n----", "# Title\n\n## Part"),
        ("## A `b` { #c .d } ", "## A `b`"),
        ("[TOC]\n\nA", "A"),
        ("> q [t](tools.md)\n> r", "> q [t](https://docs.example/guides/tools.md)\n> r"),
        ("A\n\n    [t](tools.md) is code", "A\n\n    [t](tools.md) is code"),
        ("- a\n    - b\n\n        c\n- d", "- a\n    - b\n\n        c\n- d"),
        ("1. a\nlazy\n2. b", "1. a\n    lazy\n2. b"),
        (
            '<div class="grid" markdown>\n\n- [t](tools.md)\n\n</div>\n\nB',
            "- [t](https://docs.example/guides/tools.md)\n\nB",
        ),
        ("A\n\n***\n\nB", "A\n\n***\n\nB"),
        ("<!-- a\nb -->\n\nC", "C"),
    ],
)
def test_each_construct_has_its_form(written: str, made: str):
    assert twin_of(f"{written}\n") == f"{made}\n"


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("A\n\n<table>\n<tr><td>x</td></tr>\n</table>\n", 3),
        ('<iframe src="https://x.example"></iframe>\n', 1),
        ("<div>\n\nA\n\n</div>\n", 1),
        ("/// note\nA\n///\n", 1),
        ("::: package.module\n", 1),
    ],
)
def test_what_has_no_form_is_kept_and_reported(written: str, line: int):
    made, findings = twin_and_findings(written)
    assert [(one.code, one.severity, one.line) for one in findings] == [
        ("no-markdown-form", "warning", line)
    ]
    assert findings[0].hint
    for text in written.split():
        assert text in made


def test_facts_stand_in_the_twin_but_not_in_its_code():
    day = date(2026, 11, 21)
    facts = Facts(by_name={"a.b": Fact("a.b", "32 MB", "the docs", day, "the limit", 1)})
    page = "{{ facts.a }}\n\nUp to {{ fact.a.b }}.\n\n```python\n{{ fact.a.b }}\n```\n"
    made, _ = twin_and_findings(page, facts=facts)
    assert below_pointer(made) == (
        "| What | Value | Source | Checked |\n|---|---|---|---|\n"
        "| the limit | 32 MB | the docs | 2026-11-21 |\n\n"
        "Up to 32 MB.\n\n```python\n{{ fact.a.b }}\n```\n"
    )


def test_included_files_are_in_the_twin_and_findings_keep_their_lines(tmp_path: Path):
    (tmp_path / "part.md").write_text("One [t](tools.md).\n\nTwo.\n", encoding="utf-8")
    configs = {"pymdownx.snippets": {"base_path": [str(tmp_path)]}}
    page = '# A\n\n--8<-- "part.md"\n\n<hr class="x">\n\n<object></object>\n'
    made, findings = twin_and_findings(page, dialect=dialect(HOUSE.extensions, configs))
    assert "One [t](https://docs.example/guides/tools.md).\n\nTwo." in made
    assert [one.line for one in findings] == [7]


def test_tabs_in_code_stay():
    made = twin_of("```make\nall:\n\techo\n```\n")
    assert made == "```make\nall:\n\techo\n```\n"


def test_a_fence_that_holds_fences_stays_one():
    inside = "```python\nx\n```\n~~~~\n"
    made = twin_of(f"`````` {{ .markdown }}\n{inside}``````\n")
    assert made == f"````markdown\n{inside}````\n"


CODE = st.text(st.sampled_from("ab \t`~#>*-=![]{}()<&|\"'\\:;\n"), min_size=1, max_size=60).map(
    lambda text: text.strip("\n") or "x"
)
HEADERS = st.sampled_from(
    ["python", "", "text", ' { .python #one title="a.py" hl_lines="1" }', " { .bash .annotate }"]
)


@st.composite
def fences(draw: st.DrawFn) -> str:
    """A fence as an author writes it, maybe in a tab, a box, a list or a quote."""
    code = draw(CODE)
    longest = max((len(run) for run in re.findall("`+", code)), default=0)
    ticks = "`" * max(3, longest + 1)
    fence = f"{ticks}{draw(HEADERS)}\n{code}\n{ticks}"
    around = draw(
        st.sampled_from(["", '=== "Tab"', "!!! note", '??? tip "T"', "- item", "1. item"])
    )
    if around:
        return f"{around}\n\n{indent(fence, '    ')}"
    return fence


@st.composite
def pages(draw: st.DrawFn) -> str:
    prose = st.sampled_from(
        [
            "Text with `code`.",
            "## Part",
            "[l](tools.md){ .x }",
            "- a\n- b",
            "> quote",
            "| a |\n|---|\n| b |",
            "***",
        ]
    )
    return "\n\n".join(draw(st.lists(st.one_of(fences(), prose), min_size=1, max_size=6))) + "\n"


@settings(max_examples=150, deadline=None)
@given(pages())
def test_no_line_of_code_is_changed(page: str):
    made, _ = twin_and_findings(page)
    assert code_in(made) == code_in(page)


def code_in(text: str) -> list[list[str]]:
    lines = text.split("\n")
    return [
        [line[fence.indent :] for line in lines[fence.line : fence.end_line - 1]]
        for fence in scan(text, "page.md")[0]
    ]


@settings(max_examples=150, deadline=None)
@given(pages())
def test_the_twin_of_a_twin_is_the_same(page: str):
    once = below_pointer(twin_and_findings(page)[0])
    assert below_pointer(twin_and_findings(once)[0]) == once


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("ab `~#>*-=!?[]{}()<&|\"':/\\1.^\n    "), max_size=200))
def test_any_text_gives_a_twin(text: str):
    made, _ = twin_and_findings(text)
    assert made.endswith("\n")
    assert "\x02" not in made
