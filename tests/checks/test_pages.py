from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from linernotes.checks.pages import check_page, check_pages
from linernotes.checks.site import site_of
from linernotes.findings import Finding
from linernotes.pages.dialect import dialect

TODAY = date(2026, 11, 21)
HEAD = "---\ntitle: A\ndescription: About A.\n---\n"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    directory = tmp_path / "docs"
    directory.mkdir()
    return directory


def write(docs: Path, **pages: str) -> None:
    for name, text in pages.items():
        path = docs / f"{name.replace('__', '/')}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def check(docs: Path) -> list[tuple[str, int | None, str, str]]:
    return [(f.page, f.line, f.severity, f.code) for f in check_pages(docs, TODAY)]


def test_good_pages_have_no_findings(docs: Path):
    write(
        docs,
        index=HEAD + "# A\n\n[b](guides/b.md#two) ![i](i.png) [x](https://example.com)\n",
        guides__b=HEAD + "# B\n\n## Two\n\n[a](../index.md) [a](../index.md#a) [two](#two)\n",
    )
    (docs / "i.png").write_bytes(b"")

    assert check(docs) == []


def test_a_docs_directory_that_does_not_exist_is_a_finding(tmp_path: Path):
    (finding,) = check_pages(tmp_path / "docs", TODAY)

    assert (finding.code, finding.severity) == ("no-docs-directory", "error")


def test_findings_name_pages_from_the_root_and_lines_from_the_file(tmp_path: Path):
    docs = tmp_path / "site" / "docs"
    docs.mkdir(parents=True)
    write(docs, a=HEAD + "# A\n\n[b](b.md)\n")

    (finding,) = check_pages(docs, TODAY, root=tmp_path)

    assert (finding.page, finding.line) == ("site/docs/a.md", 7)


def test_one_page_is_checked_alone_against_all_files(docs: Path):
    write(docs, a=HEAD + "[b](b.md) [c](c.md)\n", b="[d](d.md)\n")

    findings = check_page(docs / "a.md", site_of(docs), TODAY)

    assert [(f.page, f.code) for f in findings] == [("docs/a.md", "dead-link")]


def test_only_the_pages_asked_for_are_checked(docs: Path):
    write(docs, a="[c](c.md)\n", b="[d](d.md)\n")

    findings = check_pages(docs, TODAY, pages=[docs / "b.md"])

    assert [f.page for f in findings] == ["docs/b.md"]


def test_a_page_that_is_not_utf8_is_one_finding_at_the_first_bad_byte(docs: Path):
    (docs / "a.md").write_bytes(b"# A\n\ngr\xfc\xdfe\n[b](b.md)\n")
    write(docs, c=HEAD + "[a](a.md#b)\n")

    (finding,) = check_pages(docs, TODAY, front_matter_required=True)

    assert (finding.page, finding.line, finding.code) == ("docs/a.md", 3, "not-utf8")


def test_a_page_that_cannot_be_read_is_a_finding(docs: Path):
    (docs / "a.md").symlink_to(docs / "nowhere.md")

    assert check(docs) == [("docs/a.md", None, "error", "unreadable-page")]


def test_broken_front_matter_does_not_hide_what_else_is_wrong(docs: Path):
    write(docs, a="---\ntitle: a: b\n---\n# A\n\n[b](b.md)\n")

    assert check(docs) == [
        ("docs/a.md", 2, "error", "bad-front-matter"),
        ("docs/a.md", 6, "error", "dead-link"),
    ]


def test_findings_come_page_by_page_and_line_by_line(docs: Path):
    write(
        docs,
        b=HEAD + "# B\n# C\n",
        a="---\ntitle: A\ndescription: A.\nlast_reviewed: 2026-01-01\nicno: a\n---\n[b](x.md)\n",
    )

    assert check(docs) == [
        ("docs/a.md", 4, "warning", "overdue-review"),
        ("docs/a.md", 5, "warning", "unknown-front-matter-key"),
        ("docs/a.md", 7, "error", "dead-link"),
        ("docs/b.md", 6, "warning", "several-titles"),
    ]


def test_hidden_files_are_no_pages(docs: Path):
    write(docs, **{".a": "[x](y.md)", ".git__b": "[x](y.md)"})

    assert check(docs) == []


def test_a_link_to_a_directory_that_leads_back_ends(docs: Path):
    write(docs, guides__a=HEAD + "# A\n")
    (docs / "guides" / "again").symlink_to(docs, target_is_directory=True)

    assert site_of(docs).files == {"guides/a.md"}
    assert check(docs) == []


def test_the_working_directory_does_not_matter(docs: Path, monkeypatch: pytest.MonkeyPatch):
    write(docs, a=HEAD + "[b](b.md)\n")
    monkeypatch.chdir(docs.parent)

    assert check(Path("docs")) == [("docs/a.md", 5, "error", "dead-link")]
    assert [f.page for f in check_pages(Path("docs"), TODAY, pages=[Path("docs/a.md")])] == [
        "docs/a.md"
    ]


def test_two_hundred_pages_that_link_to_each_other_read_each_page_twice_at_most(
    docs: Path, monkeypatch: pytest.MonkeyPatch
):
    for number in range(200):
        others = " ".join(f"[{n}](p{n}.md#part-{n})" for n in range(200))
        write(docs, **{f"p{number}": f"{HEAD}# P\n\n## Part {number}\n\n{others}\n"})
    reads: list[Path] = []
    read_bytes = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: (reads.append(path), read_bytes(path))[1])

    assert check(docs) == []
    assert len(reads) <= 400


def test_fences_are_those_that_the_project_renders(docs: Path):
    write(docs, a="# A\n\n```python 3.12 only!\nx = 1\n```\n")
    name = "pymdownx.superfences"

    assert check(docs) == [("docs/a.md", 3, "error", "bad-fence-header")]
    relaxed = dialect((name,), {name: {"relaxed_headers": True}})
    assert check_pages(docs, TODAY, dialect=relaxed) == ()


# --- front matter


def test_front_matter_without_title_or_description_is_a_warning(docs: Path):
    write(docs, a="---\ntitle: A\n---\n# A\n", b="---\nicon: a\n---\n# B\n")

    findings = check_pages(docs, TODAY)

    assert [(f.severity, f.line, f.code) for f in findings] == [
        ("warning", 1, "missing-front-matter-key")
    ] * 2
    assert "no description" in findings[0].message
    assert "no title and no description" in findings[1].message


def test_pages_without_front_matter_are_warned_of_where_the_project_asks_for_it(docs: Path):
    write(docs, a="# A\n")

    assert check(docs) == []
    (finding,) = check_pages(docs, TODAY, front_matter_required=True)
    assert finding.code == "missing-front-matter-key"


@pytest.mark.parametrize("text", ["---\ntitle: A\n\n# A\n", "---\ntitle: A\n---"])
def test_front_matter_without_an_end_is_an_error(docs: Path, text: str):
    write(docs, a=text)

    assert check(docs)[0] == ("docs/a.md", 1, "error", "unclosed-front-matter")


def test_a_page_that_begins_with_a_rule_has_no_front_matter(docs: Path):
    write(docs, a="---\n\nSome text.\n")

    assert check(docs) == []


# --- related pages


@pytest.mark.parametrize(
    "entry",
    [
        "/docs/guides/b.md",
        "/guides/b.md",
        "guides/b.md",
        "b.md",
        "./b.md",
        "../guides/b.md",
        "../guides/b.md#part",
        "/guides/b",
        "/docs/guides/",
        "/index.md",
        "https://example.com/b",
    ],
)
def test_related_pages_are_found_however_they_are_written(docs: Path, entry: str):
    write(docs, index=HEAD, guides__index=HEAD, guides__b=HEAD)
    write(docs, guides__a=f'---\ntitle: A\ndescription: A.\nrelated: ["{entry}"]\n---\n')

    assert check(docs) == []


def test_a_related_page_that_is_not_there_is_an_error_with_its_line(docs: Path):
    related = 'related:\n  - /docs/guides/b.md\n  - /docs/guides/strem.md\n  - "//["\n'
    write(docs, guides__stream=HEAD, guides__b=HEAD)
    write(docs, a=f"---\ntitle: A\ndescription: A.\n{related}---\n")

    findings = check_pages(docs, TODAY)

    assert [(f.line, f.severity, f.code) for f in findings] == [
        (6, "error", "dead-related"),
        (7, "error", "dead-related"),
    ]
    assert findings[0].hint == "did you mean /guides/stream.md?"


def test_a_related_page_with_a_leading_dot_is_beside_the_page_only(docs: Path):
    write(docs, b=HEAD)
    write(docs, guides__a="---\ntitle: A\ndescription: A.\nrelated: [./b.md]\n---\n")

    assert check(docs) == [("docs/guides/a.md", 4, "error", "dead-related")]


# --- reviews


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ("last_reviewed: 2026-05-25", None),
        ("last_reviewed: 2026-05-24", "overdue-review"),
        ("last_reviewed: 2026-05-24\nreview_every_days: 365", None),
        ("last_reviewed: 2026-11-14\nreview_every_days: 7", None),
        ("last_reviewed: 2026-11-13\nreview_every_days: 7", "overdue-review"),
        ("last_reviewed: 2026-11-21", None),
        ("last_reviewed: 2026-11-22", "future-review"),
        ("last_reviewed: 9999-12-31", "future-review"),
        ("last_reviewed: 2026-11-20\nreview_every_days: 99999999999", None),
        ("icon: a", None),
    ],
)
def test_reviews_are_due_after_half_a_year_or_what_the_page_says(
    docs: Path, keys: str, code: str | None
):
    write(docs, a=f"---\ntitle: A\ndescription: A.\n{keys}\n---\n")

    assert check(docs) == ([] if code is None else [("docs/a.md", 4, "warning", code)])


def test_an_overdue_review_says_since_when(docs: Path):
    write(docs, a="---\ntitle: A\ndescription: A.\nlast_reviewed: 2026-05-24\n---\n")

    (finding,) = check_pages(docs, TODAY)

    assert finding.message == "the page's review was due on 2026-11-20, 1 day ago"


# --- titles


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# A\n\ntext\n\n# B\n", 5),
        ("A\n===\n\nB\n===\n", 4),
        ("# A\n\n<h1>B</h1>\n", 3),
        ("# A\n\n```python\n# comment\n```\n", None),
        ("# A\n\n    # comment\n", None),
        ("# A\n\n<!--\n# B\n-->\n", None),
        ("# A\n\n## B\n\n### C\n\nD\n---\n", None),
        ("## A\n", None),
        ("# A\n\n`# B`\n", None),
    ],
)
def test_a_second_first_level_heading_is_a_warning(docs: Path, text: str, line: int | None):
    write(docs, a=text)

    assert check(docs) == (
        [] if line is None else [("docs/a.md", line, "warning", "several-titles")]
    )


def test_no_finding_has_a_place_outside_of_its_page(docs: Path):
    write(docs, a="---\ntitel: 1\nrelated: [x]\n---\n\n\n# A\n# B\n[x](y.md)\n[x](#z)")

    for finding in check_pages(docs, TODAY):
        assert isinstance(finding, Finding)
        assert finding.line is not None
        assert 1 <= finding.line <= 10


def test_pages_are_found_under_all_their_endings(docs: Path):
    for name in ("a.md", "b.markdown", "c.mkd", "d.txt"):
        (docs / name).write_text("[x](y.md)\n")

    assert [page for page, *_ in check(docs)] == ["docs/a.md", "docs/b.markdown", "docs/c.mkd"]
