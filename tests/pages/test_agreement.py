"""The scanner and the renderer say the same of every page, however badly written."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from nasty_pages import DIALECTS, PAGES, shown_by_mkdocs

from linernotes.pages.fences import scan
from linernotes.pages.renderer import rendered_fences

thorough = settings(
    max_examples=int(os.environ.get("LINERNOTES_EXAMPLES", "300")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@thorough
@given(text=PAGES, dialect=st.sampled_from(DIALECTS))
def test_scanning_finds_what_the_renderer_shows(text, dialect):
    note(text)
    fences, _ = scan(text, "page.md", 1, dialect)
    found = rendered_fences(text, dialect.extensions, dialect.configs)
    assert [(one.line, one.language, one.source) for one in fences] == [
        (one.line, one.language, one.source) for one in found
    ]


@thorough
@given(text=PAGES, dialect=st.sampled_from(DIALECTS))
def test_the_shortcuts_of_the_renderer_change_nothing(text, dialect):
    note(text)
    found = rendered_fences(text, dialect.extensions, dialect.configs)
    assert [(one.language, one.source) for one in found] == shown_by_mkdocs(text, dialect)


@thorough
@given(text=PAGES)
def test_every_source_line_is_the_page_line_it_claims_to_be(text):
    note(text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for fence in scan(text, "page.md", 1)[0]:
        source = fence.source.split("\n") if fence.source_lines else []
        assert len(source) == len(fence.source_lines)
        assert list(fence.source_lines) == list(range(fence.line + 1, fence.end_line))
        for code, line in zip(source, fence.source_lines, strict=True):
            written = lines[line - 1].replace("\x02", "").replace("\x03", "").expandtabs(4)
            assert written.strip(" ").endswith(code.strip(" "))


@thorough
@given(text=PAGES)
def test_findings_are_in_order_and_on_the_page(text):
    note(text)
    _, findings = scan(text, "page.md", 10)
    lines = [one.line or 0 for one in findings]
    last = 9 + len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    assert lines == sorted(lines)
    assert all(10 <= line <= last for line in lines)
