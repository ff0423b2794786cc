"""At each Python block stands what is known of it, and nowhere else."""

from __future__ import annotations

import json
import re
from textwrap import indent
from typing import TYPE_CHECKING

import pytest
from built_sites import CONFIGURATION, built, html, page
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rendered_pages import MKDOCS, codes, details, marks, rendered
from writing_pages import CALL, fence, named, output

from linernotes.rendering.marks import Addition, with_additions
from linernotes.rendering.preview import PREVIEW

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Site


@pytest.fixture
def book(site: Site) -> Site:
    site.write("mkdocs.yml", MKDOCS)
    return site


def in_order(content: str, *wanted: str) -> bool:
    """Whether the parts come one after the other."""
    return re.search(".*?".join(map(re.escape, wanted)), content, re.DOTALL) is not None


def test_a_snippet_that_was_never_verified_says_so_and_how_to_do_it(book: Site):
    book.page(named("print(1)", "one"))

    content = rendered(book.root)

    assert marks(content) == ["Not verified yet"]
    assert "linernotes verify docs/page.md#one" in details(content)


def test_a_mark_says_what_became_of_its_snippet(book: Site):
    book.page(
        named("print(1)", "fine"),
        named("import json\njson.loads(1)", "typed", '.norun reason="a <b>bad</b> call" '),
        named("x = int(str(1))", "checked", '.norun reason="it & takes long" '),
        named("print 1", "old", ".skip reason=\"Python '2' <only>\" "),
        named("assert not 1, '<script>alert(1)</script>'", "wrong"),
        named("print(2)", "hidden", ".hidden "),
        named("print(3)", "last"),
    )
    book.run("verify")

    content = rendered(book.root)

    assert marks(content) == [
        *("Verified", "Failed", "Type-checked only", "Not run", "Failed", "Verified"),
    ]
    assert "it &amp; takes long" in content
    assert "&lt;only&gt;" in content
    assert "AssertionError: &lt;script&gt;" in content
    assert "<script>" not in content
    assert "<b>bad" not in content


def test_an_edited_snippet_is_not_verified_any_more(book: Site):
    book.page(named("print(1)", "one"), named("print(2)", "two", ".continue "))
    book.run("verify")
    assert marks(rendered(book.root)) == ["Verified", "Verified"]

    book.page(named("print(1 )", "one"), named("print(2)", "two", ".continue "))
    assert marks(rendered(book.root)) == ["Not verified yet", "Not verified yet"]

    book.page("Prose.", named("print(1)", "one"), named("print(2)", "two", ".continue "))
    assert marks(rendered(book.root)) == ["Verified", "Verified"]


def test_an_edited_output_is_not_verified_any_more(book: Site):
    book.page(named("print(1)", "one"), output("1"))
    book.run("verify")
    assert marks(rendered(book.root)) == ["Verified"]

    book.page(named("print(1)", "one"), output("2"))
    assert marks(rendered(book.root)) == ["Not verified yet"]


def test_the_details_of_a_recorded_snippet_show_what_went_over_the_wire(book: Site):
    book.page(named(CALL.replace("Hello", "</pre><script>&"), "call"), output("end_turn"))
    book.write("snippets/page/call.py", "the module")
    book.run("record", "--simulate")
    book.run("verify")

    content = rendered(book.root)
    said = details(content)

    assert marks(content) == ["Verified simulated"]
    assert in_order(content, "Output, simulated", "end_turn", "ln-mark--simulated")
    assert re.search(r"Verified \d+ \w+ 20\d\d, with anthropic \d", said)
    assert "from a stand-in for the API, with anthropic" in said
    assert "API version 20" in said
    assert "POST /v1/messages 200" in said
    assert '"content": "</pre><script>&"' in said
    assert "&lt;/pre&gt;&lt;script&gt;&amp;" in content
    assert "<script>" not in content
    assert '"stop_reason": "end_turn"' in said
    assert 'href="../snippets/page/call.py"' in content
    assert "linernotes standin & ANTHROPIC_BASE_URL=http://127.0.0.1:8787" in said
    assert "python snippets/page/call.py" in said


def test_a_stream_is_shown_as_its_events(book: Site):
    streaming = CALL.replace("create(", "create(stream=True,").replace(
        "print(message.stop_reason)", "print(len(list(message)) > 0)"
    )
    book.page(named(streaming, "call"))
    book.run("record", "--simulate")
    book.run("verify")

    content = rendered(book.root)

    assert '<li><b>message_start</b> {"type": "message_start"' in content


def test_a_link_to_the_module_is_there_only_where_the_module_is(book: Site):
    book.page(named("print(1)", "one"), name="a/page")
    book.run("verify")
    assert "<a href" not in rendered(book.root, "a/page.md")

    book.write("snippets/a/page/one.py", "the module")
    assert 'href="../../snippets/a/page/one.py"' in rendered(book.root, "a/page.md")


def test_a_request_that_changed_shows_the_difference_and_what_mends_it(book: Site):
    book.page(named(CALL, "call"))
    book.run("record", "--simulate")
    book.page(named(CALL.replace("300", "400"), "call"))
    book.run("verify")

    said = details(rendered(book.root))

    assert said.startswith("Failed Line 6:")
    assert "max_tokens" in said
    assert "linernotes record --simulate docs/page.md#call" in said


def test_an_unrecorded_snippet_says_how_to_record_it(book: Site):
    book.page(named(CALL, "call"))
    book.run("verify")

    content = rendered(book.root)

    assert marks(content) == ["Not recorded yet"]
    assert "linernotes record --simulate docs/page.md#call" in details(content)


def test_a_wrong_output_shows_both_and_the_command_that_writes_it(book: Site):
    book.page(named("print('<new>')", "one"), output("<old>"))
    book.run("verify")

    content = rendered(book.root)

    assert "<del>- &lt;old&gt;</del>\n<ins>+ &lt;new&gt;</ins>" in content
    assert "linernotes verify --update docs/page.md#one" in details(content)


def test_in_the_preview_a_failure_is_open_at_its_snippet(
    book: Site, monkeypatch: pytest.MonkeyPatch
):
    book.page(named("assert not 1", "wrong"), named("print(1)", "fine"))
    book.run("verify")
    monkeypatch.setenv(PREVIEW, str(book.root / "nothing.json"))

    content = rendered(book.root)

    assert in_order(content, '<div class="ln-failure"', "AssertionError", "ln-mark--passed")
    assert content.count("<details") == 1


def test_a_hidden_snippet_has_no_mark_unless_it_failed_above_its_output(book: Site):
    hidden = named("print(1)", "one", ".hidden ")
    book.page(hidden, output("1"), named("print(2)", "two"))
    book.run("verify")
    content = rendered(book.root)
    assert marks(content) == ["Verified"]
    assert in_order(content, 'ln-label" data-search-exclude>Output<', "print", "ln-mark--passed")

    book.page(hidden, output("3"), named("print(2)", "two"))
    book.run("verify")
    assert marks(rendered(book.root)) == ["Failed", "Verified"]


def test_an_output_further_down_is_labelled_and_not_joined(book: Site):
    book.page(named("print(1)", "one"), "It prints:", output("1"))
    book.run("verify")

    content = rendered(book.root)

    assert "--joined" not in content
    assert in_order(content, "ln-mark--passed", "It prints:", ">Output<")


CONTEXTS = {
    "alone": "{}",
    "between lines": "Above.\n{}\nBelow.",
    "in a tab": '=== "A"\n\n    {}\n\n=== "B"\n\n    Text.',
    "in an admonition": '!!! note "N"\n\n    {}\n\n    Below.',
    "in details": '??? note "N"\n\n    {}\n\n    Below.',
    "in a list": "1. One\n\n    {}\n\n2. Two",
    "in a nested list": "- One\n\n    - Inner\n\n        {}\n\n- Two",
    "in a quote": "> {}\n>\n> Below.",
    "in HTML": "<div markdown>\n\n{}\n\n</div>",
}


def put(context: str, text: str) -> str:
    template = CONTEXTS[context]
    line = next(line for line in template.split("\n") if "{}" in line)
    prefix = line.replace("{}", "")
    return template.replace("{}", indent(text, prefix, lambda _: True).removeprefix(prefix))


def test_a_mark_is_in_its_block_wherever_that_is(book: Site):
    inner = f"{named('print(1)', 'one')}\n\n{output('1')}\n\n{named('print(2)', 'two')}"
    for number, context in enumerate(CONTEXTS):
        book.page(put(context, inner), name=f"page-{number}")
    book.run("verify")

    for number, context in enumerate(CONTEXTS):
        content = rendered(book.root, f"page-{number}.md")
        blocks = re.findall(
            r'<div(?: id="\w+")? class="ln-(?:code|output)[^>]*>.*?</pre>.*?</div>(?=\n</details>)?',
            content,
            re.DOTALL,
        )
        assert len(blocks) == 3, context
        assert marks(content) == ["Verified", "Verified"], context
        assert in_order(content, 'id="one"', ">Output<", "<details", 'id="two"', "<details"), (
            context
        )
        assert "ln-at-" not in content, context


HEADERS = ["python", 'python title="a.py"', 'py hl_lines="1"', "{ .python }", 'python linenums="1"']


def test_any_form_of_header_gets_a_mark_and_keeps_what_it_says(book: Site):
    for number, header in enumerate(HEADERS):
        book.page(fence("print(1)", header), name=f"page-{number}")
    book.run("verify")

    for number, header in enumerate(HEADERS):
        content = rendered(book.root, f"page-{number}.md")
        assert marks(content) == ["Verified"], header
        assert ("a.py" in content) == ("a.py" in header)
        assert ('class="hll"' in content) == ("hl_lines" in header)
        assert ("linenos" in content) == ("linenums" in header)
        assert "print(1)\n" in codes(content)


def test_pages_without_superfences_have_marks_too(book: Site):
    book.write("mkdocs.yml", "site_name: S\nplugins: []\nmarkdown_extensions: [linernotes]\n")
    book.page(
        fence("print(1)"),
        "- Item\n\n    ```python\n    print(3)\n    ```",
        fence("print(2)", "{ .python .hidden }"),
        fence("print(4)", "{ .python #four }"),
        fence("4", "{ .text .output }"),
        fence("x", 'python title="not a fence here"'),
    )
    book.run("verify")

    content = rendered(book.root)

    assert codes(content) == ["print(1)\n", "print(4)\n", "4\n"]
    assert "print(2)" not in content
    assert marks(content) == ["Verified", "Verified"]
    assert in_order(content, "print(1)", "<details", "print(3)", "print(4)", "<details", "not a")


def test_other_code_has_no_mark(book: Site):
    book.page(fence("x", "pycon"), fence("x", "text"), fence("```python\nx\n```", "`markdown"))

    assert marks(rendered(book.root)) == []


def test_a_page_shows_what_verify_found_in_the_meantime(book: Site):
    book.page(named("print(1)", "one"))
    assert marks(rendered(book.root)) == ["Not verified yet"]

    book.run("verify")
    assert marks(rendered(book.root)) == ["Verified"]


def test_broken_proofs_prove_nothing(book: Site):
    book.page(named("print(1)", "one"))
    for broken in ("", "{", "[]", '{"format": 1}', '{"format": 1, "pages": {"a": 1}}'):
        book.write(".linernotes/proofs.json", broken)
        assert marks(rendered(book.root)) == ["Not verified yet"]

    book.run("verify")
    assert marks(rendered(book.root)) == ["Verified"]


def test_what_looks_like_a_place_in_other_html_is_left_alone():
    wanted = {3: Addition("ln-code", "<b>", "</b>")}

    for block in (
        '<div class="x"><pre>class="ln-at-3 "</pre></div>',
        '<div class="ln-at-4 x"></div>',
        '<p title="ln-at-3',
        "ln-at-3",
        "",
    ):
        assert with_additions(block, wanted) == block


source = st.text(st.sampled_from("ab1 \n\t#'\"<>&`~{}()=:\\é😀\x02"), max_size=40).map(
    lambda text: f"x = 1  # {text}"
)


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    sources=st.lists(source, min_size=1, max_size=3),
    context=st.sampled_from(list(CONTEXTS)),
    header=st.sampled_from(
        ["python", 'python title="a"', "{ .python .hidden }", '{ .python title="<\'>" }']
    ),
)
def test_marks_never_change_code(
    tmp_path_factory: pytest.TempPathFactory, sources: list[str], context: str, header: str
):
    root = tmp_path_factory.mktemp("book")
    (root / "docs").mkdir()
    text = "\n\n".join(f"~~~~~ {header}\n{source}\n~~~~~" for source in sources)
    _write(root, text, context, MKDOCS)

    with_marks = rendered(root)
    # Where no mkdocs.yml is found, there is no project, and so there are no marks.
    other = MKDOCS.replace("  - linernotes\n", "")
    _write(root, "\n\n".join(_visible(text, header)), context, other)

    assert codes(with_marks) == codes(rendered(root))


def _write(root: Path, text: str, context: str, configuration: str) -> None:
    (root / "mkdocs.yml").write_text(configuration)
    (root / "docs" / "page.md").write_text(put(context, text))


def _visible(text: str, header: str) -> list[str]:
    return [] if ".hidden" in header else [text]


@pytest.mark.parametrize("plugin", ["search", "material/search"])
def test_search_finds_nothing_of_marks_and_cards(book: Site, plugin: str):
    book.write("mkdocs.yml", CONFIGURATION.replace("search", plugin))
    about = page({"personas": ["admin"], "related": ["b.md"]}, "# A\n\n")
    book.write("docs/a.md", f"{about}{named(CALL, 'call')}\n\n{output('end_turn')}\n\nAfter it.\n")
    book.write("docs/b.md", page({"title": "B", "description": "What the second is for."}))
    book.run("record", "--simulate")
    book.run("verify")

    site = built(book.root)

    entries = json.loads((site / "search/search_index.json").read_text())["docs"]
    [text] = [entry["text"] for entry in entries if entry["location"] == "a/"]
    assert "After it." in text
    assert not re.search("erified|Run it|standin|simulated|second|Admin", text)
    shown = html(site, "a")
    assert in_order(shown, "Admin", "/v1/messages", "After it.", "What the second")
    assert "ln-aside" not in shown
