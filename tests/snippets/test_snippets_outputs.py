from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from making_snippets import read, snippets_in

from linernotes.snippets.output import output_difference, same_output, with_outputs

if TYPE_CHECKING:
    from pathlib import Path

    from linernotes.pages.fences import Fence
    from linernotes.snippets.snippet import Output


def page_with(shown: str, prefix: str = "", fence: str = "```", opening: str = "") -> str:
    """Return a page with a snippet and its output, each line behind `prefix`."""
    lines = [
        "```python",
        "print(1)",
        "```",
        "",
        f"{fence} {{ .text .output }}",
        *(shown.split("\n") if shown else []),
        fence,
        "",
        "```text",
        "more",
        "```",
    ]
    return "".join(f"{line}\n" for line in [*opening.split("\n"), *(prefix + x for x in lines)])


def output_of(directory: Path, text: str) -> Output:
    (snippet,), findings = snippets_in(directory, text)
    assert findings == ()
    assert snippet.output is not None
    return snippet.output


def test_trailing_white_space_makes_no_difference():
    assert same_output("a\n\nb", "a  \n\nb\n\n")
    assert same_output("", "\n")
    assert not same_output("a", " a")
    assert not same_output("a", "\na")


def test_a_page_cannot_show_tabs_and_carriage_returns():
    assert same_output("a   b", "a\tb")
    assert same_output("10 %\n20 %", "10 %\r20 %\r\n")


def test_a_difference_shows_what_the_page_says_and_what_was_printed():
    assert output_difference("a\nb is 1", "a\nb is 2") == "  a\n- b is 1\n+ b is 2"


def test_what_was_printed_takes_the_place_of_what_is_shown(tmp_path: Path):
    text = page_with("old")

    assert with_outputs(text, {output_of(tmp_path, text): "new\n\nlines\n"}) == page_with(
        "new\n\nlines"
    )


def test_a_page_that_shows_the_right_thing_stays_as_it_is(tmp_path: Path):
    text = page_with("a   b  \n\n\n")

    assert with_outputs(text, {output_of(tmp_path, text): "a\tb\n"}) == text


def test_an_empty_output_leaves_the_fence_empty(tmp_path: Path):
    text = page_with("old")

    assert with_outputs(text, {output_of(tmp_path, text): "\n"}) == page_with("")


def test_several_outputs_of_a_page_are_written_at_once(tmp_path: Path):
    text = page_with("1\n2\n3") + page_with("4") + page_with("")
    snippets, _ = snippets_in(tmp_path, text)
    outputs = {one.output: f"{n}\n" * n for n, one in enumerate(snippets) if one.output}

    assert with_outputs(text, outputs) == page_with("") + page_with("1") + page_with("2\n2")


@pytest.mark.parametrize("fence", ["```", "````", "~~~", "~~~~~"])
def test_a_fence_that_its_content_would_close_gets_longer(tmp_path: Path, fence: str):
    text = page_with("old", fence=fence)
    printed = f"{fence}\nx\n  {fence}{fence[0]} y\n"

    new = with_outputs(text, {output_of(tmp_path, text): printed})

    assert new == page_with(printed.rstrip(), fence=fence + fence[0] * 2)
    assert output_of(tmp_path, new).text == printed.rstrip()


def test_lines_of_the_other_kind_of_fence_change_nothing(tmp_path: Path):
    text = page_with("old")

    new = with_outputs(text, {output_of(tmp_path, text): "~~~\n``\n"})

    assert new == page_with("~~~\n``")


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_stay_what_they_are(tmp_path: Path, end: str):
    text = page_with("old").replace("\n", end)

    new = with_outputs(text, {output_of(tmp_path, text): "a\nb\n"})

    assert new == page_with("a\nb").replace("\n", end)


def test_only_line_ends_that_markdown_knows_are_line_ends(tmp_path: Path):
    text = page_with("old", opening="a\x0cb\u2028c\x85d")

    new = with_outputs(text, {output_of(tmp_path, text): "new"})

    assert new == page_with("new", opening="a\x0cb\u2028c\x85d")


@pytest.mark.parametrize("lines", range(1, 9))
def test_a_page_that_changed_in_the_meantime_is_left_alone(tmp_path: Path, lines: int):
    text = page_with("old")
    output = output_of(tmp_path, text)
    longer, shorter = "a\n" * lines + text, "".join(text.splitlines(keepends=True)[lines:])

    assert with_outputs(longer, {output: "new"}) == longer
    assert with_outputs(shorter, {output: "new"}) == shorter


def test_a_fence_that_got_longer_in_the_meantime_is_left_alone(tmp_path: Path):
    output = output_of(tmp_path, page_with("old"))
    longer = page_with("old\nolder")

    assert with_outputs(longer, {output: "new"}) == longer
    assert with_outputs("", {output: "new"}) == ""


CONTAINERS = {
    "nothing": ("", ""),
    "a list": ("- item\n", "    "),
    "a nested list": ("1. item\n\n    - item\n", "        "),
    "a quote": ("", "> "),
    "a nested quote": ("", "> > "),
    "a tab": ('=== "Python"\n', "    "),
    "an admonition": ("!!! note\n", "    "),
    "a definition in tabs": ('!!! note\n\n    === "Python"\n', "\t\t"),
}
PRINTED = st.text(
    st.one_of(
        st.sampled_from("`~>- \t\n\r*#<!=:1a"), st.characters(exclude_categories=("Cs",))
    ).filter("8".__ne__)  # 8< includes a file
)


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS.keys())
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@given(printed=PRINTED, fence=st.sampled_from(["```", "~~~~"]))
@example(printed="```\n", fence="```")
@example(printed="> a\n>\n    b\n<!-- ~~~~\n", fence="~~~~")
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_printed_the_page_shows_it_and_stays_whole(
    container: tuple[str, str], end: str, printed: str, fence: str, tmp_path: Path
):
    opening, prefix = container
    text = page_with("old", prefix, fence, opening).replace("\n", end)
    output = output_of(tmp_path, text)

    new = with_outputs(text, {output: printed})

    again = output_of(tmp_path, new)
    assert same_output(again.text, printed)
    assert _others(read(tmp_path, new).fences) == _others(read(tmp_path, text).fences)
    assert with_outputs(new, {again: printed}) == new
    assert with_outputs(new, {replace(again, text="another"): printed}) == new


def _others(fences: tuple[Fence, ...]) -> list[str]:
    assert len(fences) == 3
    return [fence.source for fence in fences if "output" not in fence.header.classes]
