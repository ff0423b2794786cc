"""An id stands once in a page."""

from __future__ import annotations

import re

import markdown
import pytest

EXTENSIONS = ["attr_list", "toc", "pymdownx.superfences", "pymdownx.highlight", "linernotes"]


def ids(page: str) -> list[str]:
    html = markdown.markdown(page, extensions=EXTENSIONS)
    return re.findall(r'\bid="([^"]+)"', html)


@pytest.mark.parametrize(
    "header", ["{ .python #stream-text }", '{ .python #stream-text title="x" }']
)
def test_a_heading_keeps_the_id_that_its_snippet_has_too(header: str) -> None:
    page = f"## Stream text\n\n``` {header}\nprint(1)\n```\n"
    assert ids(page) == ["stream-text"]
    html = markdown.markdown(page, extensions=EXTENSIONS)
    assert '<h2 id="stream-text">' in html


def test_a_snippet_keeps_an_id_of_its_own() -> None:
    assert ids("## Stream\n\n``` { .python #stream-text }\nprint(1)\n```\n") == [
        "stream",
        "stream-text",
    ]


def test_ids_in_the_text_of_code_are_left_alone() -> None:
    page = '## A\n\n```text\n<div id="a">\n```\n'
    html = markdown.markdown(page, extensions=EXTENSIONS)
    assert '&lt;div id="a"&gt;' in html
