from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linernotes.pages.front_matter import declared_files, json_schema, line_of, load, read_minutes
from linernotes.pages.front_matter_model import FrontMatter

SEED = """---
title: Anthropic overview and setup
description: Configure access, pick the right model, and ship.
audience_levels: [beginner, intermediate]
personas: [developer, admin, team-lead]
categories: [providers]
min_read_minutes: 12
last_reviewed: 2025-02-17
related:
  [
    "/docs/providers/compare-providers.md",
    "/docs/concepts/safety-basics.md"
  ]
search_keywords: ["claude api", "tool use"]
show_toc: false
---
"""


def block(*lines: str) -> str:
    return "\n".join(["---", *lines, "---", ""])


def problems(*lines: str) -> list[tuple[int | None, str, str]]:
    _, findings = load(block(*lines), "docs/a.md")
    return [(finding.line, finding.severity, finding.code) for finding in findings]


def test_the_vocabulary_of_the_provider_guide_is_read():
    front_matter, findings = load(SEED, "docs/a.md")

    assert findings == ()
    assert front_matter is not None
    assert front_matter.title == "Anthropic overview and setup"
    assert front_matter.audience_levels == ("beginner", "intermediate")
    assert front_matter.personas == ("developer", "admin", "team-lead")
    assert front_matter.min_read_minutes == 12
    assert front_matter.last_reviewed == date(2025, 2, 17)
    assert front_matter.related[1] == "/docs/concepts/safety-basics.md"
    assert front_matter.show_toc is False
    assert front_matter.review_every_days == 180


def test_a_page_without_front_matter_has_every_key_absent():
    assert load(None, "docs/a.md") == (FrontMatter(), ())


def test_a_key_without_a_value_counts_as_absent():
    front_matter, findings = load(block("title:", 'description: ""', "related:"), "docs/a.md")

    assert (front_matter, findings) == (FrontMatter(), ())


@pytest.mark.parametrize(
    "line",
    [
        "hide: [navigation, toc]",
        "hide: toc",
        "icon: material/key",
        "status: new",
        "subtitle: More",
        "template: home.html",
        "tags: [a, 2]",
        "search: {exclude: true, boost: 2}",
        "social: {cards_layout: default/variant}",
        "comments: true",
        "draft: true",
        "noindex: true",
        "date: {created: 2025-01-01}",
        "authors: [me]",
        "slug: a",
        "readtime: 3",
        "pin: true",
        "links: [a.md]",
        "revision_date: today",
    ],
)
def test_the_keys_of_mkdocs_and_material_pass(line: str):
    assert problems(line) == []


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (["title: a: b"], 2),
        (["title: A", "personas: [developer"], 4),
        (["title: A", "", "- list"], 4),
        (["- a", "- b"], 2),
        (["just text"], 2),
        ([""], 2),
        (["title: A", "? [a, b]", ": c"], 3),
        (["title: A", "last_reviewed: 2025-02-30"], 3),
        (["title: \u2028A", "last_reviewed: 2025-02-30"], 3),
        (["# größe 😀", "last_reviewed: 2025-02-30"], 3),
        (["title: A", "icon: !!python/name:os.system"], 3),
        (["title: A", "--- more"], 3),
        (["title: A", 'icon: "\x00"'], None),
        (["title: A", 'icon: "\udc80"'], None),
        (["a: " + "[" * 90_000], 2),
        (["a: " + "{a: " * 20_000], 2),
    ],
)
def test_front_matter_that_mkdocs_would_print_is_an_error_where_it_breaks(
    lines: list[str], line: int | None
):
    front_matter, (finding,) = load(block(*lines), "docs/a.md")

    assert front_matter is None
    assert (finding.code, finding.severity, finding.page) == (
        "bad-front-matter",
        "error",
        "docs/a.md",
    )
    assert finding.hint
    if line is not None:
        assert finding.line == line


def test_aliases_that_would_expand_without_end_are_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]

    assert problems(*lines) == [(4, "error", "front-matter-aliases")]


def test_an_alias_inside_what_it_stands_for_is_refused():
    assert problems("title: A", "tags: &a [*a]") == [(3, "error", "front-matter-aliases")]


def test_a_few_aliases_and_a_merged_mapping_are_fine():
    lines = ["search: &both {exclude: true}", "social: *both"]
    merged = ["social: &more {title: Merged}", "<<: *more"]

    assert problems(*lines) == []
    assert problems(*merged) == []
    front_matter, _ = load(block(*merged), "docs/a.md")
    assert front_matter is not None
    assert front_matter.title == "Merged"


def test_an_endless_front_matter_is_refused_and_a_long_title_is_not():
    assert problems(f"title: {'x' * 10_000}") == []
    assert problems(f"title: {'x' * 100_000}") == [(1, "error", "front-matter-too-large")]


def test_a_mistyped_key_is_an_error_that_names_the_right_one():
    for typo, right in (("titel", "title"), ("file", "files"), ("last_reviewd", "last_reviewed")):
        _, (finding,) = load(block("icon: a", f"{typo}: x"), "docs/a.md")

        assert (finding.code, finding.severity, finding.line) == (
            "unknown-front-matter-key",
            "error",
            3,
        )
        assert finding.hint == f"did you mean `{right}`?"


def test_a_key_of_its_own_may_belong_to_a_plugin_and_is_only_a_warning():
    for key in ("og_description", "nav_order", "show_nav", "tag"):
        assert problems(f"{key}: x") == [(2, "warning", "unknown-front-matter-key")]


def test_a_key_given_twice_is_an_error_at_the_second():
    _, (finding,) = load(block("title: A", "icon: a", "title: B"), "docs/a.md")

    assert (finding.code, finding.line) == ("duplicate-front-matter-key", 4)
    assert "line 2" in finding.message


@pytest.mark.parametrize(
    ("lines", "line", "words"),
    [
        (["title: 2024"], 2, "isn't text"),
        (["title: [A]"], 2, "isn't text"),
        (["personas: developer"], 2, "isn't a list"),
        (["personas: [developer, Team Lead]"], 2, "lower case"),
        (["personas:", "  - developer", "  - Team Lead"], 4, "lower case"),
        (
            ["audience_levels:", "  - beginner", "  - beginer"],
            4,
            "beginner, intermediate, advanced",
        ),
        (["last_reviewed: last week"], 2, "isn't a date"),
        (["last_reviewed: 2025"], 2, "isn't a date"),
        (["last_reviewed: 86400"], 2, "isn't a date"),
        (["last_reviewed: 2025-02-17 10:00:00"], 2, "isn't a date"),
        (["min_read_minutes: 0"], 2, "at least 1"),
        (["min_read_minutes: soon"], 2, "whole number"),
        (["review_every_days: 1.5"], 2, "whole number"),
        (["show_toc: maybe"], 2, "true or false"),
        (["search_keywords: [a, ' ', 3]"], 2, "isn't text"),
        (["related: {a: b}"], 2, "isn't a list"),
        (["files: [../secret.txt]"], 2, "leaves the page's directory"),
        (["files:", "  - a.txt", "  - /etc/passwd"], 4, "isn't relative"),
    ],
)
def test_a_wrong_value_is_an_error_in_its_line_and_in_plain_words(
    lines: list[str], line: int, words: str
):
    front_matter, (finding,) = load(block(*lines), "docs/a.md")

    assert front_matter is None
    assert (finding.code, finding.severity, finding.line) == (
        "bad-front-matter-value",
        "error",
        line,
    )
    assert words in finding.message


def test_a_mistyped_level_is_told_the_right_one():
    _, (finding,) = load(block("audience_levels: [beginer]"), "docs/a.md")

    assert finding.hint == "did you mean beginner?"


def test_all_problems_of_a_block_are_told_at_once_by_line():
    assert [line for line, _, _ in problems("titel: A", "show_toc: 5", "zzz: 1", "title: 1")] == [
        2,
        3,
        4,
        5,
    ]


def test_a_long_wrong_value_is_shortened():
    _, (finding,) = load(block(f"show_toc: {'x' * 10_000}"), "docs/a.md")

    assert len(finding.message) < 200


def test_text_of_any_script_arrives_intact():
    title = "<b>\"quoted\" & 'x'</b> שלום 👩‍👩‍👧"
    front_matter, findings = load(block("title: |-", f"  {title}"), "docs/a.md")

    assert findings == ()
    assert front_matter is not None
    assert front_matter.title == title


def test_the_older_style_is_read_with_its_lines():
    front_matter, findings = load("Title: A\nLast_Reviewed: 2025-02-17\nNote: x\n", "docs/a.md")

    assert front_matter is not None
    assert (front_matter.title, front_matter.last_reviewed) == ("A", date(2025, 2, 17))
    (finding,) = findings
    assert (finding.line, finding.severity) == (3, "warning")
    assert "doesn't print them" in (finding.hint or "")


def test_line_of_finds_keys_and_items():
    assert line_of(SEED, "last_reviewed") == 8
    assert line_of(SEED, "related", 1) == 12
    assert line_of(SEED, "absent") == 1


def test_declared_files_are_those_of_the_model():
    text = block("title: A", "files: [data.csv, images/cat.png]")

    assert declared_files(text, "docs/a.md") == (("data.csv", "images/cat.png"), ())
    front_matter, _ = load(text, "docs/a.md")
    assert front_matter is not None
    assert front_matter.files == ("data.csv", "images/cat.png")


@pytest.mark.parametrize(
    "path",
    [
        "../a",
        "a/../../b",
        "/a",
        "C:/a",
        "C:a",
        "a\\b",
        ".",
        "./",
        "a/..",
        "..",
        "\x00",
        "file:///a",
    ],
)
def test_a_declared_path_can_lead_nowhere_but_below_the_page(path: str):
    text = block(f'files: ["{path.encode("unicode_escape").decode()}", ok.txt]')

    paths, (finding,) = declared_files(text, "docs/a.md")
    front_matter, (same,) = load(text, "docs/a.md")

    assert paths == ("ok.txt",)
    assert front_matter is None
    assert finding == same


def test_declared_files_of_the_wrong_type_are_findings():
    paths, (finding,) = declared_files(block("files: data.csv"), "docs/a.md")
    assert (paths, finding.line, finding.code) == ((), 2, "bad-front-matter-value")

    paths, (finding,) = declared_files(block("files: [7, a.txt]"), "docs/a.md")
    assert (paths, finding.line, finding.code) == (("a.txt",), 2, "bad-front-matter-value")


def test_files_of_front_matter_that_is_not_yaml_are_a_finding_too():
    paths, (finding,) = declared_files(block("files: [a.txt"), "docs/a.md")

    assert paths == ()
    assert finding.code == "bad-front-matter"


def test_the_schema_for_editors_has_the_whole_vocabulary():
    schema = json_schema()

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["additionalProperties"] is False
    assert schema["properties"]["audience_levels"]["items"]["enum"] == [
        "beginner",
        "intermediate",
        "advanced",
    ]
    assert set(schema["properties"]) == set(FrontMatter.model_fields)


def test_reading_time_is_counted_in_words_and_never_nothing():
    assert read_minutes("") == 1
    assert read_minutes("word " * 200) == 1
    assert read_minutes("word " * 201) == 2


def test_of_tabs_side_by_side_one_is_read():
    tab = f'=== "{{}}"\n\n    {"word " * 150}\n\n'
    tabs = tab.format("Python") + tab.format("TypeScript")
    assert read_minutes(f"{tabs}Text.\n") == 1
    assert read_minutes(f"{tabs}Text.\n\n{tabs}") == 2


yaml_like = st.lists(
    st.one_of(
        st.text(max_size=12),
        st.sampled_from(
            [
                *("title: A", "files: [a, ..]", "files:", "- b", "<<: *a", "a: &a [1]", "b: *a"),
                *("title: !!set {a}", "last_reviewed: 2025-99-99", "0x: 1", "null: 1", "[: ]"),
                *("tags: !!binary x", "1: 2", "on: 1", "hide: {a: 1}", "&a a: 1", "icon: !!int x"),
                *("{", "'", "? x"),
            ]
        ),
    ),
    max_size=6,
)


@settings(deadline=None)
@given(lines=yaml_like, dashes=st.booleans())
def test_no_front_matter_whatever_raises(lines: list[str], dashes: bool):
    text = block(*lines) if dashes else "\n".join(lines)

    front_matter, findings = load(text, "docs/a.md")
    declared_files(text, "docs/a.md")

    assert front_matter is not None or any(f.severity == "error" for f in findings)
    for finding in findings:
        assert finding.line is not None
        assert 1 <= finding.line <= text.count("\n") + 1
