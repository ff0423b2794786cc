from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown import Markdown

from linernotes.rendering.directives import without_directives
from linernotes.rendering.markdown_extension import LinernotesExtension

MATERIAL = [
    *("abbr", "admonition", "attr_list", "def_list", "footnotes", "md_in_html", "tables", "toc"),
    *("pymdownx.betterem", "pymdownx.caret", "pymdownx.details", "pymdownx.emoji"),
    *("pymdownx.highlight", "pymdownx.inlinehilite", "pymdownx.keys", "pymdownx.mark"),
    *("pymdownx.smartsymbols", "pymdownx.snippets", "pymdownx.superfences", "pymdownx.tabbed"),
    *("pymdownx.tasklist", "pymdownx.tilde"),
]
Configs = dict[str, dict[str, Any]]

CONFIGS: Configs = {
    "pymdownx.highlight": {"anchor_linenums": True, "line_spans": "__span"},
    "pymdownx.tabbed": {"alternate_style": True},
    "toc": {"permalink": True},
}


def html_of(text: str, configs: Configs | None = None) -> str:
    return converter(configs, LinernotesExtension()).convert(text)


def plain(text: str, configs: Configs | None = None) -> str:
    return converter(configs).convert(text)


def converter(configs: Configs | None, *ours: LinernotesExtension) -> Markdown:
    if configs is None:
        return usual_converter(*map(type, ours)).reset()
    extensions = [*MATERIAL, *ours]
    return Markdown(extensions=extensions, extension_configs=CONFIGS | configs)


@cache
def usual_converter(*ours: type[LinernotesExtension]) -> Markdown:
    return Markdown(extensions=[*MATERIAL, *(one() for one in ours)], extension_configs=CONFIGS)


def fence(header: str, source: str = "x = 1", mark: str = "```") -> str:
    return f"{mark} {header}\n{source}\n{mark}"


CONTEXTS = {
    "alone": "{}",
    "in prose": "# Page\n\nAbove.\n\n{}\n\nBelow.",
    "right between lines": "Above.\n{}\nBelow.",
    "in a tab": '=== "A"\n\n    Above.\n\n    {}\n\n=== "B"\n\n    Below.',
    "first in a tab": '=== "A"\n\n    {}\n\n    Below.\n\n=== "B"\n\n    Text.',
    "right under a tab": '=== "A"\n    {}\n    Below.\n=== "B"\n    Text.',
    "in an admonition": '!!! note "N"\n\n    Above.\n\n    {}\n\n    Below.\n\nAfter.',
    "in details": '??? note "N"\n\n    {}\n\n    Below.',
    "in a list": "1. One\n\n    {}\n\n2. Two\n\n3. Three",
    "last in a list": "- One\n- Two\n\n    {}\n\nAfter.",
    "in a nested list": "- One\n\n    - Inner\n\n        {}\n\n    - Inner too\n\n- Two",
    "in a tight list": "- One\n    {}\n- Two\n- Three",
    "in a tight numbered list": "9. One\n    {}\n10. Two",
    "in a quote": "> Above.\n>\n> {}\n>\n> Below.\n\nAfter.",
    "tight in a quote": "> Above.\n> {}\n> Below.",
    "in a list in a tab": '=== "A"\n\n    1. One\n\n        {}\n\n    2. Two\n\n=== "B"\n\n    Text.',
    "in a tab in an admonition": '!!! tip\n\n    === "A"\n\n        {}\n\n    === "B"\n\n        Text.',
    "in a footnote": "Text[^1].\n\n[^1]: Note\n\n    {}\n\nAfter.",
    "in a definition": "Term\n\n:   What\n\n    {}\n\nAfter.",
}


def put(context: str, block: str) -> str:
    before, after = CONTEXTS[context].split("{}")
    prefix = before.rpartition("\n")[2]
    return before + indent(block, prefix, lambda _: True).removeprefix(prefix) + after + "\n"


def take_out(context: str) -> str:
    """The page as its author would write it without the fence."""
    kept = []
    for line in CONTEXTS[context].split("\n"):
        if line.strip("> ") != "{}":
            kept.append(line)
        elif context in ("right between lines", "tight in a quote"):
            kept.append(line.removesuffix("{}").rstrip())
    return "\n".join(kept) + "\n"


HEADERS = [
    ("{ .python .continue }", "{ .python }"),
    ("{ .python .continue }", "python"),
    ('{ .python continue="other" }', "{ .python }"),
    ('{ .python #stream .norun reason="needs a key" }', "{ .python #stream }"),
    ('{ .python .skip reason="old" title="a.py" }', '{ .python title="a.py" }'),
    ('{ .python raises="anthropic.BadRequestError" timeout="20" }', "{ .python }"),
    ("{ .py .continue #two .annotate }", "{ .py #two .annotate }"),
    (
        '{ .python .continue hl_lines="1" linenums="3" title="a \'b\' <c>" }',
        '{ .python hl_lines="1" linenums="3" title="a \'b\' <c>" }',
    ),
    ("{ .python .continue title='say \"hi\"' }", "{ .python title='say \"hi\"' }"),
    ("{ .python .continue title='}' }", "{ .python title='}' }"),
    ("{ .python timeout=20 data-x=1 }", "{ .python data-x=1 }"),
    ("{.python .continue}", "{.python}"),
    ("python { .norun reason='no' }", "python"),
    ("{ .python .no-copy .continue .select }", "{ .python .no-copy .select }"),
    ("{ .text .output }", "{ .text .ln-output }"),
    ('{ .json .output #reply title="Reply" }', '{ .json .ln-output #reply title="Reply" }'),
    ("text { .output }", "{ .text .ln-output }"),
]


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize(("written", "rendered"), HEADERS)
def test_a_page_with_directives_renders_as_the_page_without_them(
    context: str, written: str, rendered: str
):
    assert html_of(put(context, fence(written))) == plain(put(context, fence(rendered)))


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize(
    "written", ["{ .python .hidden }", '{ .py #a .hidden title="b" .continue }']
)
def test_a_page_with_a_hidden_snippet_renders_as_the_page_without_it(context: str, written: str):
    page = put(context, fence(written, "setup = 1\n\nmore = 2"))

    assert html_of(page) == plain(take_out(context))


def test_a_hidden_snippet_between_the_items_of_a_list_does_not_break_the_list():
    html = html_of(f"1. One\n\n{fence('{ .python .hidden }')}\n\n2. Two\n")

    assert html.count("<ol>") == 1
    assert "setup" not in html


def test_two_paragraphs_around_a_hidden_snippet_stay_two():
    assert html_of(f"One.\n{fence('{ .python .hidden }')}\nTwo.").count("<p>") == 2


def test_a_list_right_below_a_hidden_snippet_is_a_list():
    html = html_of(f"Text:\n{fence('{ .python .hidden }')}\n- One\n- Two\n")

    assert html == plain("Text:\n\n- One\n- Two\n")


def test_hidden_snippets_in_a_row_leave_nothing():
    hidden = fence("{ .python .hidden }")
    page = f"Above.\n\n{hidden}\n{hidden}\n\n{hidden}\n\nBelow.\n"

    assert html_of(page) == plain("Above.\n\nBelow.\n")


def test_longer_fences_and_tildes_are_taken_out_whole():
    inner = fence("{ .python .hidden }", "print('a')")
    page = f"A\n\n{fence('{ .python .hidden }', inner, '````')}\n\n"
    page += f"{fence('{ .py .hidden }', inner, '~~~')}\n\nB\n"

    assert html_of(page) == plain("A\n\nB\n")


@pytest.mark.parametrize(
    "text",
    [
        "    ``` { .python .hidden }\n    x = 1\n    ```\n",
        "Write it so:\n\n    ``` { .python .norun reason='why' }\n    x = 1\n    ```\n",
        fence("{ .markdown }", fence("{ .python .hidden }"), "````"),
        fence("markdown", fence("{ .python .norun reason='x' }"), "~~~~"),
        f"<!--\n{fence('{ .python .hidden }')}\n-->\n\ntext\n",
        "Inline `{ .python .hidden }` and ```` ``` { .python .norun } ````.\n",
        "``` { .python .hidden }\nnever closed\n",
        fence("{ .bash .hidden }"),
        fence('{ .console .skip reason="x" timeout="3" }'),
        fence("{ .hidden }"),
        fence("{ .python .unknown }"),
        fence('python title=".hidden"'),
        fence('{ .python title=".norun reason=" }'),
        fence("{ .python }", "print('.output timeout=')"),
        fence("mermaid", "graph LR\n  a.output"),
        "A sentence with .continue and reason= in it.\n",
        ".output  \n\ttab\n\n\n\n   ",
    ],
)
def test_everything_else_stays_as_it_is_byte_for_byte(text: str):
    assert without_directives(text) == text


def test_only_the_lines_of_directives_change():
    page = (
        'A\t\n\n``` { .python  .continue   title="a"}  \nx\t= 1 \n```  \n\n  B \n'
        "``` bash\n```\n```   {.python   .annotate}\n``` \n"
    )

    changed = without_directives(page)

    assert changed == page.replace(
        '``` { .python  .continue   title="a"}  ', '``` { .python title="a" }'
    )


@pytest.mark.parametrize("pygments", [True, False])
@pytest.mark.parametrize("title", ["", ' title="stream.py"'])
@pytest.mark.parametrize("linenums", ["", ' linenums="1"'])
@pytest.mark.parametrize("style", ["table", "inline", "pymdownx-inline"])
def test_the_id_of_a_snippet_is_the_id_of_one_element_of_the_page(
    pygments: bool, title: str, linenums: str, style: str
):
    html = html_of(
        fence(f'{{ .python #stream-text .norun reason="x"{title}{linenums} }}'),
        {"pymdownx.highlight": {"use_pygments": pygments, "linenums_style": style}},
    )

    assert len(re.findall(r'\sid="stream-text"', html)) == 1
    assert "norun" not in html
    assert "reason" not in html


def test_nothing_of_a_directive_is_left_without_pygments_either():
    settings_ = {"pymdownx.highlight": {"use_pygments": False}}
    page = fence('{ .python .continue raises="E" timeout="3" .norun reason="r" title="t" }')

    assert html_of(page, settings_) == plain(fence('{ .python title="t" }'), settings_)


def test_tabs_that_superfences_preserves_are_kept():
    settings_ = {"pymdownx.superfences": {"preserve_tabs": True}}
    page = f"- a\n\n{indent(fence('{ .python .continue }', chr(9) + 'x = 1'), '    ')}\n"

    assert html_of(page, settings_) == plain(page.replace(" .continue", ""), settings_)
    assert "\t" in html_of(page, settings_)
    hidden = f"A\n\n{fence('{ .python .hidden }', chr(9) + 'x')}\n\nB\n"
    assert html_of(hidden, settings_) == plain("A\n\nB\n", settings_)


def test_fences_indented_by_tabs_are_changed_like_others():
    page = "- One\n\n\t``` { .python .continue }\n\tx\n\t```\n"
    assert html_of(page) == plain(page.replace(" .continue", ""))

    tight = (
        "- One\n    - Inner\n\t\t``` { .python .hidden }\n\t\tx\n\t\t```\n    - Inner too\n- Two\n"
    )
    assert html_of(tight) == plain("- One\n    - Inner\n    - Inner too\n- Two\n")


def test_a_quote_around_a_hidden_snippet_stays_one_quote():
    md = Markdown(extensions=["pymdownx.superfences", "pymdownx.quotes", LinernotesExtension()])

    html = md.convert("> One.\n> ``` { .python .hidden }\n> x\n> ```\n> Two.\n")

    assert html.count("<blockquote>") == 1
    assert html.count("<p>") == 2


def test_text_that_only_mentions_an_include_includes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "part.md").write_text("```text\nnever closed\n")
    monkeypatch.chdir(tmp_path)
    page = f'A\n\n;--8<-- "part.md"\n\n{fence("{ .python .hidden }")}\n\nB\n'

    assert html_of(page) == plain('A\n\n;--8<-- "part.md"\n\nB\n')


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_other_line_ends_make_no_difference(end: str):
    page = f"A\n\n{fence('{ .python .hidden }')}\n\n{fence('{ .python .continue }')}\n"

    assert html_of(page.replace("\n", end)) == html_of(page)


def test_fences_of_an_included_file_are_treated_like_the_page(tmp_path: Path):
    (tmp_path / "part.md").write_text(
        f"{fence('{ .python .hidden }', 'setup = 1')}\n\n{fence('{ .python .continue }')}\n"
    )

    html = html_of('A\n\n--8<-- "part.md"\n', {"pymdownx.snippets": {"base_path": [tmp_path]}})

    assert html == plain(f"A\n\n{fence('python')}\n")


def test_one_converter_serves_many_pages():
    md = Markdown(extensions=[*MATERIAL, LinernotesExtension()], extension_configs=CONFIGS)
    page = f"A\n\n{fence('{ .python .hidden }')}\n\n{fence('{ .python .continue }')}\n"

    assert md.convert(page) == md.reset().convert(page)


def test_pages_without_superfences_are_served_too():
    page = fence('{ .python #a .continue title="x" }')
    extensions = ["fenced_code", "attr_list"]

    html = Markdown(extensions=[*extensions, LinernotesExtension()]).convert(page)

    assert html == Markdown(extensions=extensions).convert(page.replace(" .continue", ""))


directive = st.sampled_from(
    [
        *(".continue", 'continue="a-b"', ".norun", ".skip", 'reason="it\'s {so}"'),
        *("reason='a \"b\"'", 'raises="a.B"', 'timeout="20"', "timeout=3"),
    ]
)
kept = st.sampled_from(
    [
        *("#an-id", 'title="a.py"', "title='<b> & \"c\"'", 'hl_lines="1-2"', 'linenums="1 2"'),
        *(".annotate", ".no-copy", 'data-x="1"'),
    ]
)


@settings(deadline=None)
@given(
    header=st.lists(
        st.one_of(directive.map(lambda it: (it, True)), kept.map(lambda it: (it, False)))
    ),
    language=st.sampled_from(["python", "py", "Python3"]),
    context=st.sampled_from(list(CONTEXTS)),
    source=st.sampled_from(
        ["x = 1", "x = 1\n\ny = 2", "", "# .norun\n``` { .python .hidden }", "é\t1"]
    ),
    mark=st.sampled_from(["````", "~~~"]),
)
def test_directives_never_change_what_is_rendered(
    header: list[tuple[str, bool]], language: str, context: str, source: str, mark: str
):
    written = " ".join([f".{language}", *(part for part, _ in header)])
    rendered = " ".join([f".{language}", *(part for part, gone in header if not gone)])

    html = html_of(put(context, fence(f"{{ {written} }}", source, mark)))

    assert html == plain(put(context, fence(f"{{ {rendered} }}", source, mark)))


pieces = st.sampled_from(
    [
        *("```", "~~~", "````", " python", " { .python }", ' { .bash title=".norun" }', "\n"),
        *("\n\n", "    ", "- ", "> ", "x", "\t", ' === "A"', "<!--", "-->", ".hidden"),
        *("reason=", "{ .output }", "\\"),
    ]
)


@settings(deadline=None)
@given(st.lists(pieces, max_size=25).map("".join))
def test_text_without_directives_in_headers_is_never_touched(text: str):
    assert without_directives(text) == text


def test_a_site_with_directives_builds_strictly_with_mkdocs(tmp_path: Path):
    docs = tmp_path / "docs"
    docs.mkdir()
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: Site\n"
        "theme: {name: material, font: false}\n"
        "plugins: []\n"
        "markdown_extensions:\n"
        "  - pymdownx.superfences\n"
        "  - pymdownx.highlight\n"
        "  - linernotes.rendering.markdown_extension:LinernotesExtension\n"
    )
    (docs / "index.md").write_text(
        "---\ntitle: Home\n---\n# Home\n\n"
        f"{fence('{ .python .hidden }', 'secret_setup = 1')}\n\n"
        f"{fence('{ .python #hello .continue }', 'print(1)')}\n\n"
        f"{fence('{ .text .output }', '1')}\n\n[to it](#hello)\n"
    )
    tools = Path(__file__).parents[2] / "tools"

    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tools), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    html = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "secret_setup" not in html
    assert 'id="hello" class="' in html
    assert 'class="ln-output ' in html
    assert "continue" not in html.partition('id="hello"')[2][:60]
