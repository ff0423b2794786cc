from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown import Markdown

from linernotes.checks.anchors import anchors
from linernotes.checks.links import dead_links, links
from linernotes.checks.prose import prose
from linernotes.checks.site import site_of
from linernotes.pages.fences import scan
from linernotes.pages.front_matter import split
from linernotes.pages.page import Page

if TYPE_CHECKING:
    from pathlib import Path

    from linernotes.findings import Finding

MATERIAL = [
    "admonition",
    "attr_list",
    "def_list",
    "footnotes",
    "md_in_html",
    "pymdownx.details",
    "pymdownx.highlight",
    "pymdownx.superfences",
    "tables",
    "toc",
]


def page_of(text: str) -> Page:
    front_matter, body, line = split(text)
    fences, findings = scan(body, "docs/a.md", line)
    return Page("docs/a.md", front_matter, body, line, fences, findings)


def targets(text: str) -> list[tuple[int, str]]:
    page = page_of(text)
    return [(link.line, link.target) for link in links(page, prose(page))]


def dead(docs: Path, text: str, file: str = "a.md") -> list[Finding]:
    page = page_of(text)
    (docs / file).parent.mkdir(parents=True, exist_ok=True)
    (docs / file).write_text(text, encoding="utf-8")
    return list(dead_links(page, prose(page), file, site_of(docs)))


@pytest.mark.parametrize(
    "text",
    [
        "[a](b.md)",
        "![a](b.md)",
        '[a](b.md "title")',
        "[a](b.md 'title')",
        "[a]( b.md )",
        "[a](<b.md>)",
        "[*a* `b`](b.md)",
        "[![i](https://x.io/i.png)](b.md)",
        "[a]: b.md",
        "[a]: <b.md>",
        '[a]: b.md "title"',
        "> [a](b.md)",
        "- [a](b.md)",
        "| [a](b.md) |",
        "[a](b.md){ .md-button }",
        "`` ` `` [a](b.md)",
        "\\`[a](b.md) \\`",
        "a ` b\n\n[a](b.md) ` c",
        "<!-- x --> [a](b.md)",
        "- item\n\n    [a](b.md)",
        "- item\n\n    para\n\n    - nested\n\n        [a](b.md)",
        "1. item\n\n    [a](b.md)",
        '!!! note "N"\n\n    [a](b.md)',
        "!!! note\n    [a](b.md)",
        '=== "A"\n\n    [a](b.md)',
        '=== "A"\n\n    !!! note\n\n        [a](b.md)',
        "text\n    [a](b.md)",
        "[^1]: note\n\n    [a](b.md)",
        "term\n:   what\n\n    [a](b.md)",
        "- x\n    ```text\n    y\n    ```\n    [a](b.md)",
    ],
)
def test_links_are_found(text: str):
    assert [target for _, target in targets(text) if "://" not in target] == ["b.md"]


@pytest.mark.parametrize(
    "text",
    [
        "`[a](b.md)`",
        "``[a](b.md) ` ``",
        "`a\n[a](b.md)`",
        "```text\n[a](b.md)\n```",
        "- x\n\n    ```text\n    [a](b.md)\n    ```",
        "    [a](b.md)",
        "text\n\n    [a](b.md)",
        "- item\n\n        [a](b.md)",
        "!!! note\n        [a](b.md)",
        '=== "A"\n\n        [a](b.md)',
        "- item\n\ntext\n\n    [a](b.md)",
        "    [a](b.md)\n\n    more\n    [c](d.md)",
        "<!-- [a](b.md) -->",
        "<!--\n[a](b.md)\n-->",
        "<pre>[a](b.md)</pre>",
        "<script>x[a](b.md)</script>",
        "\\[a\\](b.md)",
        "[^1]: b.md",
        "[a] (b.md)",
    ],
)
def test_what_only_looks_like_a_link_is_none(text: str):
    assert targets(text) == []


def test_each_link_knows_its_line():
    text = (
        "---\ntitle: A\n---\n\n[a](a.md)\n\n```text\nx\n```\n\n[b]: b.md\n[c](c.md) [d](\nd.md)\n"
    )

    assert targets(text) == [(5, "a.md"), (11, "b.md"), (12, "c.md"), (12, "d.md")]


@pytest.mark.parametrize(
    "target",
    [
        "b.md",
        "b.md?x=1",
        "./b.md",
        "../docs/b.md",
        "guides/c%20d.md",
        "i.png",
        "i.png#xywh=1",
        "https://example.com/x.md",
        "//example.com/x.md",
        "mailto:a@b.io",
        "a@b.io",
        "/absolute.md",
        "#",
        "",
        ".",
        "{{ page }}.md",
        "guides/",
        "guides",
        "../b/",
        "../guides/e/",
        "b",
        "http://[x",
    ],
)
def test_links_that_lead_somewhere_are_fine(tmp_path: Path, target: str):
    docs = tmp_path / "docs"
    for name in ("b.md", "i.png", "guides/c d.md", "guides/index.md", "guides/e.md"):
        (docs / name).parent.mkdir(parents=True, exist_ok=True)
        (docs / name).write_text("")

    if target == "../docs/b.md":  # leaves the docs directory, so MkDocs doesn't find it either
        assert [f.code for f in dead(docs, f"[x](<{target}>)")] == ["dead-link"]
    else:
        assert dead(docs, f"[x](<{target}>)") == []


@pytest.mark.parametrize(
    ("target", "severity", "hint"),
    [
        ("streeming.md", "error", "did you mean streaming.md?"),
        ("tools.md", "error", "did you mean ../start/tools.md?"),
        ("Streaming.md", "error", "did you mean streaming.md?"),
        ("../img/cat.pgn", "error", "did you mean ../img/cat.png?"),
        ("../../x.md", "error", None),
        ("part/index.md", "error", None),
        ("qqqq.md#part", "error", None),
        ("../streeming/", "warning", "link to the page's file, such as streaming.md"),
        ("streeming", "warning", "did you mean streaming.md?"),
    ],
)
def test_a_dead_link_is_told_where_it_was_meant_to_lead(
    tmp_path: Path, target: str, severity: str, hint: str | None
):
    docs = tmp_path / "docs"
    for name in ("index.md", "guides/streaming.md", "start/tools.md", "img/cat.png"):
        (docs / name).parent.mkdir(parents=True, exist_ok=True)
        (docs / name).write_text("")

    (finding,) = dead(docs, f"# A\n\n[x]({target})\n", "guides/a.md")

    assert (finding.code, finding.severity, finding.line) == ("dead-link", severity, 3)
    assert finding.hint == hint


HEADINGS = """# The *first* `code` heading

## Two words
### With { #explicit }
## Two words
## [Link](a.md) and ![image](https://x.io/i.png)
## Größe & Maß
## :material-key: Keys
## snake_case _and_ emphasis
Setext heading
--------------
## C++ / C#
## `{{macro}}`

=== "Python tab"

    ## In a tab

> ## In a quote

<a id="html-id"></a> <a name='named'></a>

A paragraph.
{: #paragraph .wide }

``` { .python #stream-text title="stream.py" }
# no heading
```
"""


@pytest.mark.parametrize(
    "anchor",
    [
        "the-first-code-heading",
        "two-words",
        "two-words_1",
        "explicit",
        "link-and",
        "groe-ma",
        "größe-maß",
        "größe--maß",
        "keys",
        "snake_case-and-emphasis",
        "setext-heading",
        "c-c",
        "C--C",
        "python-tab",
        "in-a-tab",
        "in-a-quote",
        "html-id",
        "named",
        "paragraph",
        "stream-text",
        "fn:1",
        "__tabbed_1_1",
        "gr%C3%B6%C3%9Fe-ma%C3%9F",
        ":~:text=Setext",
    ],
)
def test_anchors_that_a_page_may_have_are_fine(tmp_path: Path, anchor: str):
    assert dead(tmp_path, f"{HEADINGS}\n[x](#{anchor}) [y](a.md#{anchor})\n") == []


@pytest.mark.parametrize("anchor", ["two-words_2", "no-heading", "with", "three-words", "Explicit"])
def test_an_anchor_that_a_page_has_not_is_an_error(tmp_path: Path, anchor: str):
    (tmp_path / "b.md").write_text(HEADINGS)

    (finding,) = dead(tmp_path, f"[y](b.md#{anchor})\n")

    assert (finding.code, finding.severity, finding.line) == ("dead-anchor", "error", 1)
    assert anchor in finding.message


def test_a_near_miss_of_an_anchor_is_told(tmp_path: Path):
    (finding,) = dead(tmp_path, "# Two words\n\n[x](#two-wrds)\n")

    assert finding.hint == "did you mean #two-words?"


@pytest.mark.parametrize(
    "text", ['--8<-- "part.md"', "::: package.module", "{{ macro() }}", "{% x %}"]
)
def test_anchors_of_a_page_that_includes_other_text_are_not_judged(tmp_path: Path, text: str):
    (tmp_path / "b.md").write_text(f"# B\n\n{text}\n")

    assert dead(tmp_path, "[x](b.md#anything)\n") == []


words = st.sampled_from(
    [
        *("Use", "the", "`max_tokens`", "*now*", "__bold__", "[link](x.md)", "![i](j.png)"),
        *("C#", "a_b_c", "&", "&amp;", "<b>x</b>", "1.", "-", "{ #own }", "{ .cls }", "\\*"),
        *("`a*b`", "#", "Größe", "日本"),
    ]
)


@settings(deadline=None)
@given(st.lists(st.lists(words, min_size=1, max_size=5).map(" ".join), min_size=1, max_size=4))
def test_every_heading_id_that_is_rendered_is_known(titles: list[str]):
    text = "\n\n".join(f"## {title}" for title in titles) + "\n"
    page = page_of(text)
    html = Markdown(extensions=MATERIAL).convert(text)

    known = anchors(page, prose(page))

    assert known is not None
    assert set(re.findall(r'<h2[^>]* id="([^"]*)"', html)) <= known


pieces = st.sampled_from(
    [
        *("`", "``", "<!--", "-->", "<pre>", "</pre>", "[a](b.md)", "[", "](", ")", "    "),
        *("\n", "\n\n", "- ", "> ", "```", "~~~", "text", "# ", "!!! note", '=== "A"'),
        *("[x]: y.md", "\\", "\t", "<", "{"),
    ]
)


@settings(deadline=None)
@given(st.lists(pieces, max_size=25).map("".join))
def test_blanking_keeps_every_line_and_no_text_breaks_a_check(text: str):
    page = page_of(text)

    blanked = prose(page)

    assert blanked.text.count("\n") == blanked.with_code.count("\n") == page.body.count("\n")
    for link in links(page, blanked):
        assert 1 <= link.line <= text.count("\n") + 1
    anchors(page, blanked)


blocks = st.sampled_from(
    [
        *("- item", "    para", "        deep", "text", "1. one", "!!! note", "    - nested"),
        *("    [a](l{}.md)", "[a](l{}.md)", "        [a](l{}.md)", "            [a](l{}.md)"),
        *("> [a](l{}.md)", "- [a](l{}.md)"),
    ]
)


@settings(deadline=None)
@given(st.lists(blocks, max_size=9))
def test_a_link_that_is_rendered_is_seen_and_one_in_code_is_not(lines: list[str]):
    text = "\n\n".join(line.format(number) for number, line in enumerate(lines)) + "\n"
    html = Markdown(extensions=MATERIAL).convert(text)

    assert [target for _, target in targets(text)] == re.findall(r'href="(l\d+\.md)"', html)
