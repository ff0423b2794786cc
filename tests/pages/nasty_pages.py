"""Pages nobody should write, and the whole renderer to compare with."""

from __future__ import annotations

import functools
from html.parser import HTMLParser
from typing import Any

import markdown
from hypothesis import strategies as st

from linernotes.pages.dialect import HOUSE, Dialect, dialect

MINIMAL = dialect(["toc", "tables", "fenced_code", "pymdownx.superfences"], {})
OLD_TABS = dialect(HOUSE.extensions, {"pymdownx.tabbed": {"alternate_style": False}})
EVERYTHING = dialect(
    [
        *("toc", "tables", "fenced_code", "pymdownx.extra", "admonition", "nl2br", "smarty"),
        *("pymdownx.caret", "pymdownx.details", "pymdownx.emoji", "pymdownx.highlight"),
        *("pymdownx.inlinehilite", "pymdownx.keys", "pymdownx.magiclink", "pymdownx.mark"),
        *("pymdownx.smartsymbols", "pymdownx.tabbed", "pymdownx.tilde"),
    ],
    {},
)
DIALECTS = (HOUSE, MINIMAL, OLD_TABS, EVERYTHING)


def shown_by_mkdocs(text: str, dialect: Dialect = HOUSE) -> list[tuple[str, str]]:
    """Return language and source of what the finished HTML has as elements, by a whole conversion.

    Nothing of `linernotes.pages.renderer` is used, and nothing is left out but Pygments.
    """
    md, found = _converter(dialect)
    md.reset()
    found.clear()
    # As MkDocs reads a page: universal newlines, and no empty lines at its top.
    page = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\n")
    elements = _Elements()
    elements.feed(md.convert(page))
    elements.close()
    return [fence for number, fence in enumerate(found) if number in elements.seen]


@functools.cache
def _converter(dialect: Dialect) -> tuple[markdown.Markdown, list[tuple[str, str]]]:
    configs = {name: dict(config) for name, config in dialect.configs.items()}
    md = markdown.Markdown(extensions=list(dialect.extensions), extension_configs=configs)
    found: list[tuple[str, str]] = []

    def keep(*, src, language, **_):
        found.append((language or "", src))
        return f'<div class="kept" data-number="{len(found) - 1}"></div>'

    fenced: Any = md.preprocessors["fenced_code_block"]
    fenced.extension.superfences[0]["formatter"] = keep
    return md, found


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[int] = set()

    def handle_starttag(self, tag, attrs):
        if tag == "div" and attrs[:1] == [("class", "kept")]:
            self.seen.add(int(dict(attrs)["data-number"]))


FENCES = ["```", "```", "````", "~~~", "~~~~"]
HEADERS = [
    *("", "", "python", "python", "py", "text", 'python title="x.py"', 'py hl_lines="1"'),
    *("{ .python }", "{.python #a .x}", "python {.foo}", " {python}", 'python reason="x"'),
    *("python{.x}", "{ .python", "python linenums", "{ .python linenums }", "c++", ".js"),
    *('{ linenums="1" .py }', "python foo", "a b c", "{}", 'title="x"', "python\xa0x", "`"),
    *("x `y`", " python ", "\tpython", "{ .a } x", '#!python r="x"', "python\x0bx"),
]
CODE = [
    *("print(1)", "", "  y", "    z", "```", "~~~", "```python", "<!-- h -->", "</div>", "-->"),
    *("\ttab", "> q", "\xa0", "\x0b", " ```", "=== x", "- a", "x = 2", "    "),
]
PROSE = [
    *("text", "Run it:", "Run `cmd` now:", "See [a](b.md):", "a < b", "`code", "``x` y"),
    *("[ref]: http://x", "[foo]:", "[foo]", "[x](", "**bold", "more**", "# Head", "## H ##"),
    *("#hash", "# H \\", "---", "===", "***", "* * *", "- - -", "| a | b |", "|---|---|"),
    *("a | b", "--|--", "Term", ": def", ":       -", "[^1]: foot", "[^1]:", "*[H]: x", "*[H]:"),
    *("text[^1]", "{: .cls}", "```code```", "~~~~ x ~~~~", "&amp;", "[TOC]", "`#!python x", "$$"),
]
MARKUP = [
    *("<!-- c -->", "<!--", "-->", "text <!-- c", "x <!-- c --> y", "<!-- c --> <div>", "<div>"),
    *("</div>", "<div markdown>", '<div class="grid" markdown="1">', "<pre>", "</pre>", "<p>"),
    *("<script>", "</script>", "x <script>", "<style>", "</style>", "<br>", "<b>", "</b>"),
    *("<details>", "</details>", "<your-key>", "x <your-key> y", "<https://x.y>", "<?php", "?>"),
    *("<![CDATA[", "]]>", "<hr>", '<a href="x>', "<textarea>", "<!-->", "<p markdown>", "</p>"),
]
CONTAINERS = [
    *('=== "A"', '=== "B"', '===! "C"', "!!! note", '!!! note "T"', "??? tip", '???+ tip "T"'),
    *("- item", "- `a` b", "1. item", "+ a | b", "- # h", "- > q", "-     code", "* ", "- [ ] t"),
]
NOT_CONTAINERS = ["> quote", ">     code", "> - a", ">", "!!!", "=== B", ' === "A"', "Term\n: def"]
ODDITIES = ["\x0b", "\x0c", "a\u2028b", "\u2028", "\x85", "x\x1cy", "\x02", "\x02wzxhzdk:0\x03"]

_prose = st.sampled_from(PROSE + CONTAINERS + NOT_CONTAINERS)
_any_line = st.one_of(_prose, _prose, st.sampled_from(MARKUP + ODDITIES))
_indents = st.sampled_from(["", "", "", *("    " * n for n in (1, 1, 2, 3)), " ", "  ", "   "])
_odd_indents = st.sampled_from(
    [" " * 5, " " * 6, " " * 7, "\t", " \t", "> ", ">", "> > ", ">     "]
)


@st.composite
def _fences(draw):
    fence = draw(st.sampled_from(FENCES))
    header = draw(st.one_of(st.sampled_from(["", "python", "text"]), st.sampled_from(HEADERS)))
    code = draw(st.lists(st.sampled_from(CODE), max_size=3))
    ends = [[fence]] * 8 + [[], [fence + "  "], [fence + "`"], [" " + fence], [fence[:-1]], [""]]
    return [fence + header, *code, *draw(st.sampled_from(ends))]


def _indented(prefix, lines):
    return [prefix + line if line else line for line in lines]


def _soups(line):
    """Lines at any indent, without a plan."""
    part = st.one_of(
        line.map(lambda text: text.split("\n")), _fences(), st.just([""]), st.just([""])
    )
    indent = st.one_of(_indents, _indents, _indents, _odd_indents)
    parts = st.builds(_indented, indent, part)
    return st.lists(parts, max_size=8).map(lambda found: [line for part in found for line in part])


def _nested(line):
    """Containers in containers, mostly indented as they should be."""
    gap = st.sampled_from([[], [""], [""], ["", ""], ["    "]])
    leaf = st.one_of(_fences(), _fences(), line.map(lambda text: text.split("\n")))
    head = st.sampled_from([*CONTAINERS, "> quote", "text", "[^1]: f", "<div markdown>"])
    prefix = st.sampled_from(["    "] * 8 + ["   ", "  ", "\t", "     "])

    def extend(inner):
        spaced = st.lists(st.builds(lambda a, b: a + b, inner, gap), min_size=1, max_size=4)
        content = spaced.map(lambda found: [line for part in found for line in part])
        return st.builds(
            lambda head, gap, prefix, content: [head, *gap, *_indented(prefix, content)],
            *(head, gap, prefix, content),
        )

    part = st.recursive(leaf, extend, max_leaves=8)
    parts = st.lists(st.builds(lambda a, b: a + b, part, gap), min_size=1, max_size=4)
    return parts.map(lambda found: [line for part in found for line in part])


def _pages():
    plain = st.sampled_from(["text", "Run it:", "# Head", "***", *CONTAINERS])
    lines = st.one_of(_soups(plain), _nested(plain), _soups(_any_line), _nested(_any_line))
    ends = st.sampled_from(["\n", "\n", "\n", "\n", "\r\n", "\r"])
    starts = st.sampled_from(["", "", "", "", "\n", "    \n", "\n    \n", "\t\n"])
    return st.builds(lambda start, end, lines: start + end.join(lines), starts, ends, lines)


NOISE = st.lists(
    st.sampled_from(
        [
            *'`~ \n\t>-*1.!="{}py<>/#:x',
            *("```", "~~~", "\n\n", "    ", "\n```\n", "~~~\n", "```py\n"),
        ]
    ),
    max_size=60,
).map("".join)

PAGES = st.one_of(_pages(), _pages(), _pages(), NOISE)
