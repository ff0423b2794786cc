"""What is a fence, what isn't, and what an author is told about it."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest
from nasty_pages import EVERYTHING, HOUSE, MINIMAL, shown_by_mkdocs

from linernotes.findings import has_errors
from linernotes.pages.dialect import dialect
from linernotes.pages.fences import scan


def sources(text, dialect=HOUSE):
    """Return the fences as (language, source), after making sure that MkDocs shows the same."""
    found = [(one.language, one.source) for one in scan(text, "page.md", 1, dialect)[0]]
    assert found == shown_by_mkdocs(text, dialect)
    return found


def findings(text):
    return scan(text, "docs/page.md")[1]


X = ("python", "x")

RENDERED = {
    "of backticks": "```python\nx\n```",
    "of tildes": "~~~python\nx\n~~~",
    "of more than three backticks": "`````python\nx\n`````",
    "right after a paragraph": "Run it:\n```python\nx\n```\nDone.",
    "right after a paragraph with inline code": "Run `it` [now](a.md):\n```python\nx\n```",
    "right after a heading": "# Title\n```python\nx\n```",
    "indented by less than code": "   ```python\n   x\n   ```",
    "in an item of a list": "1. Step\n\n    ```python\n    x\n    ```\n\n2. Next",
    "right below an item of a list": "- Step:\n    ```python\n    x\n    ```",
    "in an item of an item": "- a\n    - b\n\n        ```python\n        x\n        ```",
    "in a loose list": "- a\n\n    - b\n\n        ```python\n        x\n        ```\n\n    - c",
    "below a list in an item": "- a\n    - b\n\n    ```python\n    x\n    ```",
    "in a tab": '=== "A"\n\n    ```python\n    x\n    ```\n\n=== "B"\n\n    text',
    "right below a tab": '=== "A"\n    ```python\n    x\n    ```',
    "in the second tab": '=== "A"\n\n    a\n\n=== "B"\n\n    ```python\n    x\n    ```',
    "in an admonition": "!!! note\n\n    ```python\n    x\n    ```",
    "in an admonition with a title": '!!! note "T"\n\n    y\n\n    ```python\n    x\n    ```',
    "in an open details block": "???+ tip\n\n    ```python\n    x\n    ```",
    "in a tab in an item": '1. a\n\n    === "A"\n\n        ```python\n        x\n        ```',
    "in an item in a tab": '=== "A"\n\n    1. a\n\n        ```python\n        x\n        ```',
    "in an item in an admonition": "!!! note\n\n    - a\n\n        ```python\n        x\n        ```",
    "in a tab in a tab": '=== "A"\n\n    === "B"\n\n        ```python\n        x\n        ```',
    "in a box in an item in a box": (
        "!!! a\n\n    - b\n\n        !!! c\n\n            ```python\n            x\n            ```"
    ),
    "in a block quote": "> ```python\n> x\n> ```",
    "in a block quote after text": "> text\n>\n> ```python\n> x\n> ```",
    "in a block quote in an item": "- a\n\n    > ```python\n    > x\n    > ```",
    "in nested block quotes": "> > ```python\n> > x\n> > ```",
    "in a definition": "Term\n\n:   text\n\n    ```python\n    x\n    ```",
    "in a footnote": "text[^1]\n\n[^1]: note\n\n    ```python\n    x\n    ```",
    "in an element with Markdown in it": "<div markdown>\n\n```python\nx\n```\n\n</div>",
    "in raw HTML": "<div>\n```python\nx\n```\n</div>",
    "in an HTML list": "<ul><li>\n\n```python\nx\n```\n\n</li></ul>",
    "in <pre>": "<pre>\n```python\nx\n```\n</pre>",
    "between comments": "<!-- a -->\n\n```python\nx\n```\n\n<!-- b -->",
    "right after a comment": "<!-- a -->\n```python\nx\n```",
    "below an inline comment": "Text <!-- a\n\n```python\nx\n```\n\n-->",
    "below a placeholder in angle brackets": "Use <your-key> and a < b.\n\n```python\nx\n```",
    "below an unclosed comment": "<!-- a\n\n```python\nx\n```",
    "below a rule": "text\n\n---\n\n```python\nx\n```",
    "in a heading": "```python\nx\n```\n===",
    "with Windows line ends": "text\r\n\r\n```python\r\nx\r\n```\r\n",
    "with old Mac line ends": "```python\rx\r```\r",
    "indented by a tab": "- a\n\n\t```python\n\tx\n\t```",
    "with blanks behind its ends": "```python  \nx\n```   ",
    "of a page that ends with it": "text\n\n```python\nx\n```",
    "after lines of blanks": "text\n    \n```python\nx\n```\n  ",
    "with a title": '```python title="a.py"\nx\n```',
    "with numbered lines": '```python linenums="1" hl_lines="1-2 4"\nx\n```',
    "with a brace header": '``` { .python #id .norun reason="no" }\nx\n```',
    "with a tight brace header": "```{.python}\nx\n```",
    "with language and braces": "```python {.annotate}\nx\n```",
    "with a dot before its language": "```.python\nx\n```",
    "with a space before its language": "``` python\nx\n```",
}


@pytest.mark.parametrize("text", RENDERED.values(), ids=RENDERED)
def test_a_fence_is_found(text):
    assert sources(text) == [X]
    assert findings(text) == ()


HIDDEN = {
    "in a comment": "<!--\n```python\nx\n```\n-->",
    "in a comment with blank lines": "<!-- off\n\n```python\nx\n```\n\n-->",
    "in an inline comment": "Text <!-- a\n```python\nx\n```\n--> b",
    "in a script": "<script>\n```python\nx\n```\n</script>",
    "below an unclosed inline script": "a <script>\n\n```python\nx\n```",
    "in indented code": "text\n\n    ```python\n    x\n    ```",
    "in indented code of an item": "- a\n\n        ```python\n        x\n        ```",
    "in indented code of a tab": '=== "A"\n\n        ```python\n        x\n        ```',
    "in indented code of a quote": ">     ```python\n>     x\n>     ```",
    "in indented code of a quote below an item": "- a\n\n>     ```python\n>     x\n>     ```",
    "right below indented code": "    code\n```python\nx\n```",
    "right below indented code in a quote": ">     code\n```python\nx\n```",
    "right below blanks at the top": "    \n```python\nx\n```",
    "right below blanks after empty lines at the top": "\n\n    \n```python\nx\n```",
    "below a tab that is over": '=== "A"\n\n    a\n\ntext\n\n    ```python\n    x\n    ```',
    "below a list that is over": "- a\n\ntext\n\n    ```python\n    x\n    ```",
    "below a heading in a list": "- a\n# H\n\n    ```python\n    x\n    ```",
    "below an item that is a heading": "- a\n---\n\n    ```python\n    x\n    ```",
    "below an item with a rule": "- a\n***\n\n    ```python\n    x\n    ```",
    "below an item that is a table": "- a | b\n    --|--\n\n    ```python\n    x\n    ```",
    "below a rule that looks like an item": "* * *\n\n    ```python\n    x\n    ```",
    "below an item that is a row of a table": (
        "- a | b\n--|--\n- c\n\n    ```python\n    x\n    ```"
    ),
    "below an item in a paragraph below a list": (
        "- a\n\ntext\n- b\n\n    ```python\n    x\n    ```"
    ),
    "below an item in a paragraph": "text\n- a\n\n    ```python\n    x\n    ```",
    "below a box in the text of an item": (
        "- a\n    !!! note\n\n        ```python\n        x\n        ```"
    ),
    "below an indented tab": ' === "A"\n\n    ```python\n    x\n    ```',
    "below a tab without a title": "=== A\n\n    ```python\n    x\n    ```",
    "below a comment in a tab": '=== "A"\n\n<!-- c -->\n\n    ```python\n    x\n    ```',
    "in indented code of a definition": "T\n\n:       -\n```python\nx\n```",
    "as the target of a reference": "[foo]:\n```python\nx\n```",
    "as the target of a link": "[foo](\n```python\nx\n```\n)",
    "as the target of a link in an item": "- [foo](\n    ```python\n    x\n    ```\n    )",
    "in highlighted inline code": "a `#!python\n```python\nx\n```\nb`",
    "in highlighted inline code of an element": (
        "<p markdown>`#!python a\n\n```python\nx\n```\n\nb`</p>"
    ),
    "in highlighted inline code of an element behind a comment": (
        "<!-- c --><p markdown>`#!python a\n\n```python\nx\n```\n\nb`</p>"
    ),
    "in highlighted inline code of a fence": 'a\n```#!python r="1"\n~~~python\nx\n~~~\n```',
}


@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN)
def test_text_that_nobody_sees_as_a_fence_is_none(text):
    assert sources(text) == []


def test_a_footnote_that_another_replaces_is_not_shown():
    text = "a[^1]\n\n[^1]: one\n\n    ```python\n    x\n    ```\n\n[^1]: two\n"
    assert sources(text) == []


def test_a_fence_may_show_fences():
    text = "````markdown\n```python\nx\n```\n````\n\n~~~text\n```\n~~~"
    assert sources(text) == [("markdown", "```python\nx\n```"), ("text", "```")]


def test_a_fence_ends_with_as_many_marks_as_it_began_with():
    assert sources("```text\n````\n~~~\n ```\n```") == [("text", "````\n~~~\n ```")]


def test_html_in_code_is_code():
    text = "```html\n<!--\n<script>\n```\n\n```python\nx\n```\n\n```html\n-->\n```"
    assert [one for one, _ in sources(text)] == ["html", "python", "html"]


def test_code_is_dedented_by_the_indent_of_its_fence_and_no_more():
    text = '=== "A"\n\n    ```python\n    if x:\n        y\n\n    z\n    ```'
    assert sources(text) == [("python", "if x:\n    y\n\nz")]


def test_tabs_become_columns():
    assert sources("```make\na:\n\tb\nab\tc\n```") == [("make", "a:\n    b\nab  c")]


def test_lines_of_blanks_are_emptied():
    assert sources("```text\na\n    \n\n  \nb\n```") == [("text", "a\n\n\n\nb")]


def test_block_quote_marks_are_not_code():
    text = "> ```text\n> a\n>\n>  b\n> > c\n> ```"
    assert sources(text) == [("text", "a\n\n b\n> c")]


def test_a_fence_in_a_block_quote_ends_with_it():
    assert sources("> ```python\n> x\n>> y\n> ```") == []
    assert sources("> ```python\n> x\n\ny\n") == []
    assert sources("> ```python\n> x\ny\n> ```") == []
    assert sources(">> ```python\n>> x\n\n>  y\n>> ```") == []
    assert sources(">> ```python\n>> x\n>  y\n>> ```") == [("python", "x\ny")]


def test_a_fence_in_a_block_quote_may_show_fences():
    assert sources("> ```text\n> ```python\n> ```") == [("text", "```python")]


def test_a_line_that_looks_empty_may_be_indented_less():
    assert sources("- a\n\n    ```text\n\x0b\n    x\n    ```") == [("text", "\nx")]


def test_empty_fences_are_fences():
    assert sources("```\n```\n\n```\n\n```") == [("", ""), ("", "")]


@pytest.mark.parametrize("separator", ["\x0b", "\x0c", "\x1c", "\x1d", "\x85", "\u2028", "\u2029"])
def test_only_a_line_feed_ends_a_line(separator):
    text = f"a{separator}b\n\n```python\nx{separator}y\n```\n\n```py\nz\n```"
    fences, found = scan(text, "page.md")
    assert sources(text) == [("python", f"x{separator}y"), ("py", "z")]
    assert [(one.line, one.end_line) for one in fences] == [(3, 5), (7, 9)]
    assert found == ()


def test_the_renderers_own_marks_in_a_page_do_no_harm():
    assert sources("\x02wzxhzdk:0\x03\n\n```python\nx\x02y\n```\n") == [("python", "xy")]


def test_a_fence_knows_its_lines_in_the_file():
    text = dedent(
        """\
        # Title

        - Step

            ``` { .python #first title="a.py" }
            x = 1

            y = 2
            ```
        """
    )
    fences, _ = scan(text, "docs/page.md", first_line=11)
    (fence,) = fences
    assert (fence.line, fence.end_line, fence.indent) == (15, 19, 4)
    assert fence.header_text == '{ .python #first title="a.py" }'
    assert list(zip(fence.source.split("\n"), fence.source_lines, strict=True)) == [
        ("x = 1", 16),
        ("", 17),
        ("y = 2", 18),
    ]
    assert fence.header.id == "first"


def test_lines_are_right_where_the_renderer_has_to_be_asked():
    text = "<div markdown>\n\n> ```python\n> x\n> y\n> ```\n\n</div>"
    ((fence,), _) = scan(text, "docs/page.md", first_line=5)
    assert (fence.line, fence.end_line, fence.indent) == (7, 10, 2)
    assert list(fence.source_lines) == [8, 9]
    assert fence.header_text == "python"


def test_containers_count_only_where_their_extension_is_enabled():
    tab = '=== "A"\n\n    ```python\n    x\n    ```'
    assert sources(tab, MINIMAL) == []
    assert sources(tab, EVERYTHING) == [X]


def test_a_project_without_superfences_has_fences_in_the_first_column_only():
    plain = dialect(["toc", "tables", "fenced_code"], {})
    text = "```python\nx\n```\n\n- a\n\n    ```python\n    y\n    ```\n"
    ((fence,), _) = scan(text, "page.md", 1, plain)
    assert (fence.line, fence.end_line, fence.source) == (1, 3, "x")


def test_an_extension_nobody_knows_is_asked():
    critic = dialect([*HOUSE.extensions, "pymdownx.critic"], {})
    text = "{--\n\n```python\nx\n```\n\n--}\n\n```python\ny\n```\n"
    assert [one.source for one in scan(text, "page.md", 1, critic)[0]] == [
        source for _, source in shown_by_mkdocs(text, critic)
    ]


def test_an_unclosed_fence_is_an_error():
    text = "text\n\n```python\nx\n\n# More\n\n~~~\ny\n~~~\n"
    assert sources(text) == []
    (finding,) = findings(text)
    assert (finding.code, finding.severity, finding.line) == ("unclosed-fence", "error", 3)
    assert "never closed" in finding.message
    assert finding.hint == "close it with a line ```"


def test_a_fence_whose_code_is_indented_less_is_unclosed_there():
    (finding,) = findings("- a\n\n    ```python\n    x\n  y\n    z\n")
    assert (finding.code, finding.line) == ("unclosed-fence", 3)
    assert "line 5" in finding.message


def test_an_unclosed_fence_in_code_or_in_a_comment_is_no_error():
    assert findings("text\n\n    ```python\n    x\n") == ()
    assert findings("<!--\n```python\nx\n-->\n") == ()


def test_an_unclosed_fence_in_an_html_block_is_an_error():
    (finding,) = findings("<div markdown>\n\n```python\nx\n\n</div>\n")
    assert (finding.code, finding.line) == ("unclosed-fence", 3)


REFUSED = {
    "an unknown key": ('```python reason="x"', '``` { .python reason="x" }'),
    "a directive": ("```python continue", "``` { .python .continue }"),
    "a class": ('```python .norun reason="x"', '``` { .python .norun reason="x" }'),
    "an id": ("```python #first", "``` { .python #first }"),
    "a brace without space": ("```python{.hidden}", "``` { .python .hidden }"),
    "a brace that stays open": ("``` { .python .hidden", "``` { .python .hidden }"),
    "no value": ("```python linenums", '``` { .python linenums="1" }'),
    "a key without a value": ("```python raises", '``` { .python raises="…" }'),
    "a value that isn't one": ('```python hl_lines="a"', '``` { .python hl_lines="a" }'),
    "a title without quotes": ("```python title=a.py", '``` { .python title="a.py" }'),
    "a title without a name": ("~~~~python My example", '~~~~ { .python title="My example" }'),
    "a no-break space": ('```python\xa0title="x"', '``` { .python title="x" }'),
    "an alien key": ('```python icon="x" title="y"', '``` { .python title="y" }'),
    "an alien key elsewhere": ('```bash icon="x"', '``` { .bash icon="x" }'),
}


@pytest.mark.parametrize(("opening", "instead"), REFUSED.values(), ids=REFUSED)
def test_a_header_that_is_refused_is_an_error_with_what_to_write(opening, instead):
    text = f"text\n\n{opening}\nx\n{instead.split(' ')[0]}\n"
    assert sources(text) == []
    (finding,) = findings(text)
    assert (finding.code, finding.line) == ("bad-fence-header", 3)
    assert finding.hint == f"write {instead}"
    assert sources(text.replace(opening, instead))


def test_refused_headers_are_reported_wherever_they_are_prose():
    (finding,) = findings('- a\n\n    ```python reason="x"\n    x\n')
    assert (finding.code, finding.line) == ("bad-fence-header", 3)
    (finding,) = findings('text `\n```python reason="x"\nx\n')
    assert (finding.code, finding.line) == ("bad-fence-header", 2)


def test_refused_headers_in_code_or_comments_are_nobodys_business():
    assert findings('text\n\n    ```python reason="x"\n    x\n    ```\n') == ()
    assert findings('<!--\n```python reason="x"\nx\n```\n-->\n') == ()


def test_inline_code_of_three_backticks_is_no_fence():
    assert findings("text\n\n```code``` and more\n\n~~~ x ~~~\n") == ()


def test_the_fence_that_a_refused_header_swallows_is_as_rendered():
    text = '```python reason="x"\na\n```\ntext\n```python\nb\n```\n'
    assert sources(text) == [("", "text\n```python\nb")]
    assert [one.code for one in findings(text)] == ["bad-fence-header"]


SLIPS = {
    "a language without its dot": ('``` { python title="x" }', "error"),
    "a directive before the language": ('``` { .norun .python reason="x" }', "error"),
    "output without a language": ("``` { .output }", "error"),
    "output with an unknown class": ("``` { .text .output .norun }", "error"),
    "Python as output": ("``` { .python .output }", "error"),
    "Python with a slip of the pen": ("```pyhton", "warning"),
}


@pytest.mark.parametrize(("opening", "severity"), SLIPS.values(), ids=SLIPS)
def test_a_slip_that_would_switch_testing_off_is_found(opening, severity):
    (finding,) = findings(f"{opening}\nx\n```\n")
    assert (finding.severity, finding.line) == (severity, 1)
    assert finding.hint


def test_other_languages_may_say_what_they_like():
    text = "``` { .mermaid .norun #X a=b }\nx\n```\n\n```cython\nx\n```\n\n```output\nx\n```\n"
    assert not has_errors(findings(text))
    assert findings(text) == ()


def test_a_page_on_which_an_extension_fails_is_a_finding(tmp_path, monkeypatch):
    (tmp_path / "fragile.py").write_text(
        dedent(
            """\
            from markdown.extensions import Extension
            from markdown.blockprocessors import BlockProcessor

            class Fragile(BlockProcessor):
                def test(self, parent, block):
                    if block == "fragile":
                        raise ValueError("too fragile")
                    return False

                def run(self, parent, blocks):
                    return False

            class makeExtension(Extension):
                def extendMarkdown(self, md):
                    md.parser.blockprocessors.register(Fragile(md.parser), "fragile", 50)
            """
        )
    )
    monkeypatch.syspath_prepend(tmp_path)
    broken = dialect(["pymdownx.superfences", "fragile"], {})
    assert scan("```python\nx\n```\n", "page.md", 1, broken)[0]
    fences, found = scan("```python\nx\n```\n\n- a\n\n    fragile", "page.md", 1, broken)
    assert fences == ()
    assert [(one.code, one.severity) for one in found] == [("unrenderable-page", "error")]
    assert "too fragile" in found[0].message
    # Neither pages without fences nor the next page suffer from it.
    assert scan("- a\n\n    fragile\n", "page.md", 1, broken) == ((), ())
    assert scan("- a\n\n    ```python\n    x\n    ```\n", "page.md", 1, broken)[0]


def test_a_page_without_fences_is_quiet():
    assert scan("", "page.md") == ((), ())
    assert scan("text `code`\n\n    code\n", "page.md") == ((), ())


def test_scanning_imports_no_markdown():
    code = (
        "import sys; from linernotes.pages.fences import scan;"
        r"scan('''=== \"A\"\n\n    ```py\n    x\n    ```\n''', 'p');"
        "sys.exit(bool({'markdown', 'pymdownx', 'yaml'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('# A\n\n```python title="x.py"\na = 1\n```\n', 3),
        ("- a\n\n    ```python\n    a = 1\n    ```\n", 3),
        ("# A\n\n```python\na = 1\n", 3),
        ('# A\n\n```python reason="no"\na = 1\n```\n', 3),
    ],
)
def test_what_only_superfences_would_render_is_an_error_without_it(text: str, line: int) -> None:
    fences, findings = scan(text, "page.md", 1, dialect(["toc", "tables", "fenced_code"], {}))
    assert fences == ()
    assert [(finding.severity, finding.line) for finding in findings] == [("error", line)]


def test_what_is_in_a_comment_is_no_mistake_without_superfences() -> None:
    text = '<!--\n```python title="a"\nx\n```\n-->\n'
    assert scan(text, "page.md", 1, dialect(["fenced_code"], {})) == ((), ())


@pytest.mark.parametrize(
    ("header", "extension"),
    [('=== "A"', "pymdownx.tabbed"), ("!!! note", "admonition"), ("??? tip", "pymdownx.details")],
)
def test_a_fence_in_a_tab_or_admonition_that_isnt_enabled_is_an_error(
    header: str, extension: str
) -> None:
    text = f"{header}\n\n    Run it:\n\n    ```python\n    x\n    ```\n"
    fences, (finding,) = scan(text, "page.md", 1, MINIMAL)
    assert fences == ()
    assert (finding.code, finding.severity, finding.line) == ("shown-as-text", "error", 5)
    assert f"enable {extension} " in (finding.hint or "")
    assert scan(text.replace("python", "text"), "page.md", 1, MINIMAL) == ((), ())
    assert scan(f"Write:\n\n    {header}\n\n        ```python\n", "p", 1, MINIMAL)[1] == ()
    enabled = dialect(["pymdownx.superfences", extension], {})
    fences, findings = scan(text, "page.md", 1, enabled)
    assert (len(fences), findings) == (1, ())


def test_indented_code_that_shows_a_fence_is_no_mistake() -> None:
    text = "Write:\n\n    ```python\n    x\n    ```\n"
    assert scan(text, "page.md", 1, MINIMAL) == ((), ())
