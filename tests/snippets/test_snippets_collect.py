from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from linernotes.findings import Finding
from linernotes.project import ConfigurationError, Project, find_project
from linernotes.snippets.collect import Target, collect, module_of

if TYPE_CHECKING:
    from pathlib import Path

    from linernotes.snippets.collect import PageExamples

SNIPPET = "```{{ .python #{} }}\nprint(1)\n```\n\n"


def project_of(root: Path, **pages: str) -> Project:
    (root / "mkdocs.yml").write_text("markdown_extensions: [pymdownx.superfences]\n")
    for name, text in pages.items():
        file = root / "docs" / name.replace("__", "/")
        file = file.with_name(f"{file.name}.md")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return find_project(root)


def addresses(pages: list[PageExamples]) -> list[str]:
    return [example.snippet.address for page in pages for example in page.examples]


def codes(pages: list[PageExamples]) -> list[tuple[str, int | None, str]]:
    return [(one.page, one.line, one.code) for page in pages for one in page.findings]


TWO = SNIPPET.format("a") + SNIPPET.format("b")


def test_all_pages_are_collected_in_order(tmp_path: Path):
    pages = list(collect(project_of(tmp_path, b=TWO, a__z=TWO, a=TWO)))

    assert [page.page for page in pages] == ["docs/a.md", "docs/a/z.md", "docs/b.md"]
    assert pages[0].python == ("print(1)", "print(1)")
    assert addresses(pages)[:3] == ["docs/a.md#a", "docs/a.md#b", "docs/a/z.md#a"]


def test_an_example_knows_where_everything_of_it_is(tmp_path: Path):
    project = project_of(tmp_path, get_started__quick=TWO)

    (page,) = collect(project)

    example = page.examples[0]
    assert str(example.module) == "get_started/quick/a.py"
    assert example.cassette == tmp_path / "tests/cassettes/get_started/quick/a.yaml"
    assert example.replies == tmp_path / "tests/cassettes/get_started/quick/a.replies.yaml"
    module = module_of(project, example)
    assert not isinstance(module, Finding)
    assert "python snippets/get_started/quick/a.py\n" in module.text


def test_targets_choose_pages_and_snippets(tmp_path: Path):
    project = project_of(tmp_path, a=TWO, b=TWO, c=TWO)

    pages = list(collect(project, [Target("docs/c.md"), Target("docs/a.md", "b")]))

    assert addresses(pages) == ["docs/a.md#b", "docs/c.md#a", "docs/c.md#b"]
    assert pages[0].python is None


@pytest.mark.parametrize(
    ("target", "code", "hint"),
    [
        (Target("docs/pgae.md"), "no-such-page", "did you mean docs/page.md?"),
        (Target("other"), "no-such-page", "pages are below docs/"),
        (Target("docs/page.md", "aa"), "no-such-snippet", "did you mean docs/page.md#a?"),
        (Target("docs/page.md", "xyz"), "no-such-snippet", "its snippets are a, b"),
    ],
)
def test_a_target_that_does_not_exist_is_an_error(
    tmp_path: Path, target: Target, code: str, hint: str
):
    project = project_of(tmp_path, page=TWO)

    with pytest.raises(ConfigurationError) as caught:
        list(collect(project, [target]))

    assert (caught.value.finding.code, caught.value.finding.hint) == (code, hint)


def test_two_ids_of_a_page_with_one_module_are_a_finding(tmp_path: Path):
    text = SNIPPET.format("json") + SNIPPET.format("json-example")

    pages = list(collect(project_of(tmp_path, page=text)))

    assert addresses(pages) == ["docs/page.md#json"]
    assert codes(pages) == [("docs/page.md", 5, "duplicate-id")]
    assert "`json` in line 1" in pages[0].findings[0].message


NAMESAKES = {"a-b": SNIPPET.format("x"), "a_b": SNIPPET.format("y") + SNIPPET.format("x")}


def test_two_pages_with_one_module_are_a_finding(tmp_path: Path):
    pages = list(collect(project_of(tmp_path, **NAMESAKES)))

    assert addresses(pages) == ["docs/a-b.md#x", "docs/a_b.md#y"]
    assert codes(pages) == [("docs/a_b.md", 5, "duplicate-id")]
    assert "`docs/a-b.md#x`: a_b/x.py" in pages[1].findings[0].message


def test_a_page_asked_for_alone_has_the_same_findings(tmp_path: Path):
    project = project_of(tmp_path, **NAMESAKES)

    pages = list(collect(project, [Target("docs/a_b.md")]))

    assert codes(pages) == [("docs/a_b.md", 5, "duplicate-id")]


def test_declared_files_are_beside_the_page(tmp_path: Path):
    text = f"---\nfiles:\n  - data.csv\n  - more/none.csv\n---\n\n{TWO}"
    project = project_of(tmp_path, guides__page=text)
    (tmp_path / "docs/guides/data.csv").write_text("")

    (page,) = collect(project)

    assert page.examples[0].files[0] == (tmp_path / "docs/guides/data.csv", "data.csv")
    assert codes([page]) == [("docs/guides/page.md", 4, "no-such-file")]


def test_an_extension_that_is_not_installed_is_an_error_of_the_configuration(tmp_path: Path):
    project = project_of(tmp_path, page=TWO)
    (tmp_path / "mkdocs.yml").write_text("markdown_extensions: [no_such_extension]\n")

    with pytest.raises(ConfigurationError) as caught:
        list(collect(project))

    assert caught.value.finding.code == "unknown-extension"


def test_a_page_that_is_not_utf8_is_a_finding(tmp_path: Path):
    project = project_of(tmp_path, page="")
    (tmp_path / "docs/page.md").write_bytes(b"# Page\n\n\xe9\n")

    assert codes(list(collect(project))) == [("docs/page.md", 3, "not-utf8")]
