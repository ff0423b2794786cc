from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mkdocs.config import load_config
from mkdocs.structure.files import get_files

from linernotes.findings import Finding
from linernotes.project import (
    ConfigurationError,
    Project,
    find_project,
    load_project,
    page_paths,
    page_stem,
)


def make(root: Path, mkdocs: str | None = "site_name: Test\n", *files: str) -> Path:
    if mkdocs is not None:
        (root / "mkdocs.yml").write_text(mkdocs)
    (root / "docs").mkdir(exist_ok=True)
    for name in files:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("# Page\n")
    return root


def refusal(root: Path) -> Finding:
    with pytest.raises(ConfigurationError) as caught:
        page_paths(find_project(root))
    return caught.value.finding


def names(project: Project) -> list[str]:
    return [project.relative(path) for path in page_paths(project)]


# --- where everything is


def test_a_directory_with_a_mkdocs_yml_is_a_project(tmp_path: Path):
    project = find_project(make(tmp_path))

    assert project == Project(
        root=tmp_path,
        docs=tmp_path / "docs",
        snippets=tmp_path / "snippets",
        cassettes=tmp_path / "tests/cassettes",
        configuration=tmp_path / "mkdocs.yml",
        timeout=10.0,
    )


def test_a_project_is_found_from_anywhere_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    make(tmp_path, "site_name: a", "docs/guides/page.md")
    monkeypatch.chdir(tmp_path / "docs")

    assert find_project(Path("guides")).root == tmp_path


def test_the_nearest_project_counts(tmp_path: Path):
    (tmp_path / "inner").mkdir()
    make(make(tmp_path) / "inner", None)
    (tmp_path / "inner/mkdocs.yaml").write_text("site_name: a")

    assert find_project(tmp_path / "inner/docs").configuration == tmp_path / "inner/mkdocs.yaml"


def test_no_project_is_an_error(tmp_path: Path):
    finding = refusal(tmp_path)

    assert (finding.code, finding.page) == ("no-project", tmp_path.as_posix())


def test_paths_are_absolute_however_the_configuration_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(make(tmp_path))

    assert load_project(Path("mkdocs.yml")) == find_project(tmp_path)


def test_settings_are_in_a_pyproject_toml(tmp_path: Path):
    make(tmp_path)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.linernotes]\nsnippets = "examples"\ncassettes = "../recorded"\ntimeout = 2\n'
        'environment = { REGION = "eu" }\n'
    )

    project = find_project(tmp_path)

    assert project.snippets == tmp_path / "examples"
    assert project.relative(project.cassettes) == "../recorded"
    assert (project.timeout, project.environment) == (2.0, {"REGION": "eu"})


def test_a_pyproject_toml_of_something_else_is_fine(tmp_path: Path):
    make(tmp_path)
    (tmp_path / "pyproject.toml").write_text('tool = 1\nproject = {name = "a"}\n')

    assert find_project(tmp_path).timeout == 10.0


@pytest.mark.parametrize(
    ("toml", "line", "said"),
    [
        ("[tool.linernotes]\n\ntimeuot = 3\n", 3, "no key `timeuot`"),
        ("[tool.other]\ntimeout = 1\n[tool.linernotes]\ntimeout = true\n", 4, "`timeout`"),
        ("[tool.linernotes]\ntimeout = -1\n", 2, "-1"),
        ("[tool.linernotes]\ntimeout = 0\n", 2, "0"),
        ("[tool.linernotes]\ntimeout = nan\n", 2, "nan"),
        ("[tool.linernotes]\ntimeout = inf\n", 2, "inf"),
        ("[tool.linernotes]\ntimeout = '20'\n", 2, "'20'"),
        ("[tool.linernotes]\nsnippets = 1\n", 2, "`snippets`"),
        ("[tool.linernotes]\nsnippets = ''\n", 2, "`snippets`"),
        ('[tool.linernotes]\n"cassettes" = "a\\u0000b"\n', 2, "`cassettes`"),
        ("[tool.linernotes]\nenvironment = ['A']\n", 2, "`environment`"),
        ("[tool.linernotes.environment]\nA = 'a'\nB = 1\n", None, "'B', which isn't text"),
        ("[tool.linernotes]\nenvironment = {'A=B' = 'c'}\n", 2, "'A=B'"),
        ("[tool.linernotes]\nenvironment = {'' = 'c'}\n", 2, "''"),
        ('[tool.linernotes]\nenvironment = {A = "\\u0000"}\n', 2, "'A', which isn't text"),
        ("[tool]\nlinernotes = 3\n", 2, "isn't a table"),
        ("[tool.linernotes\n", 1, "not valid TOML"),
        ("a = 1\nb = \xff\n", None, "not valid TOML"),
        ("a = " + "[" * 10_000, None, "not valid TOML"),
    ],
)
def test_a_wrong_setting_is_an_error_with_its_line(
    tmp_path: Path, toml: str, line: int | None, said: str
):
    make(tmp_path)
    (tmp_path / "pyproject.toml").write_bytes(toml.encode("latin-1"))

    finding = refusal(tmp_path)

    assert (finding.page, finding.line) == ("pyproject.toml", line)
    assert said in finding.message


def test_a_message_does_not_repeat_what_the_environment_holds(tmp_path: Path):
    make(tmp_path)
    (tmp_path / "pyproject.toml").write_text(
        "[tool.linernotes.environment]\nTOKEN = 'sk-secret'\nB = 1\n"
    )

    assert "sk-secret" not in str(refusal(tmp_path))


# --- mkdocs.yml


@pytest.mark.parametrize(
    ("mkdocs", "line", "said"),
    [
        ("", 1, "isn't a mapping"),
        ("- a\n", 1, "isn't a mapping"),
        ("site_name: a\nb: [\n", 3, "not valid YAML"),
        ("a: b: c\n", 1, "not valid YAML"),
        ("site_name: a\nday: 2026-99-99\n", None, "not valid YAML"),
        ("a: !!int ''\n", None, "not valid YAML"),
        ("a: \0\n", None, "not valid YAML"),
        ("site_name: a\ndocs_dir: [docs]\n", 2, "`docs_dir` is ['docs'], which isn't text"),
        ("site_name: a\ndocs_dir: none\n", 2, "the docs directory none does not exist"),
        ("site_name: a\ndocs_dir: mkdocs.yml\n", 2, "the docs directory mkdocs.yml is a file"),
        ("site_name: a\nexclude_docs: [a]\n", 2, "`exclude_docs` is ['a']"),
        ("site_name: a\nexclude_docs: '!'\n", 2, "`exclude_docs` isn't a list of patterns"),
        ("INHERIT: base.yml\n", 1, "base.yml, which doesn't exist"),
        ("site_name: a\nINHERIT: mkdocs.yml\n", 2, "mkdocs.yml, and that from it"),
        ("site_name: a\nINHERIT: [a]\n", 2, "doesn't exist"),
    ],
)
def test_a_wrong_configuration_is_an_error_with_its_line(
    tmp_path: Path, mkdocs: str, line: int | None, said: str
):
    finding = refusal(make(tmp_path, mkdocs))

    assert (finding.severity, finding.page, finding.line) == ("error", "mkdocs.yml", line)
    assert said in finding.message


def test_a_configuration_that_is_not_utf8_is_an_error(tmp_path: Path):
    make(tmp_path)
    (tmp_path / "mkdocs.yml").write_bytes(b"site_name: caf\xe9\n")

    assert refusal(tmp_path).code == "bad-mkdocs-yml"


@given(mkdocs=st.binary())
@example(mkdocs=b"\xef\xbb\xbfsite_name: a")
@example(mkdocs=b"&a [*a]")
@example(mkdocs=b"? [a]\n: b")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_bytes_are_a_configuration_or_an_error(tmp_path: Path, mkdocs: bytes):
    make(tmp_path)
    (tmp_path / "mkdocs.yml").write_bytes(mkdocs)

    with contextlib.suppress(ConfigurationError):
        load_project(tmp_path / "mkdocs.yml")


def test_tags_of_other_extensions_are_fine(tmp_path: Path):
    make(
        tmp_path,
        "emoji: !!python/name:material.extensions.emoji.twemoji\n"
        "slug: !!python/object/apply:pymdownx.slugs.slugify {kwds: {case: lower}}\n"
        "path: !relative $config_dir\n",
    )

    assert find_project(tmp_path).docs == tmp_path / "docs"


def test_the_docs_directory_may_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    make(tmp_path, "docs_dir: !ENV [THE_DOCS, docs]\n", "other/page.md")
    monkeypatch.setenv("THE_DOCS", "other")

    assert names(find_project(tmp_path)) == ["other/page.md"]


def test_settings_are_inherited_and_paths_belong_to_the_heir(tmp_path: Path):
    make(tmp_path, "INHERIT: shared/base.yml\nsite_name: a\n", "pages/a.md", "pages/b.md")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/base.yml").write_text("docs_dir: pages\nexclude_docs: b.md\n")

    assert names(find_project(tmp_path)) == ["pages/a.md"]


def test_files_that_inherit_from_each_other_are_an_error(tmp_path: Path):
    make(tmp_path, "INHERIT: base.yml\n")
    (tmp_path / "base.yml").write_text("a: b\nINHERIT: ./mkdocs.yml\n")

    finding = refusal(tmp_path)

    assert (finding.page, finding.line) == ("base.yml", 2)


# --- the docs directory


def test_docs_may_be_outside_of_the_project(tmp_path: Path):
    make(tmp_path, None, "docs/guides/page.md")
    (tmp_path / "site").mkdir()
    (tmp_path / "site/mkdocs.yml").write_text("docs_dir: ../docs\n")

    project = find_project(tmp_path / "site")

    assert names(project) == ["../docs/guides/page.md"]
    assert str(page_stem(*names(project), project.relative(project.docs))) == "guides/page"


@pytest.mark.parametrize("name", ["{}/docs", "./docs/", "docs/../docs"])
def test_pages_are_named_alike_however_the_docs_directory_is_written(tmp_path: Path, name: str):
    make(tmp_path, f"docs_dir: {name.format(tmp_path)}\n", "docs/page.md")

    assert names(find_project(tmp_path)) == ["docs/page.md"]


@pytest.mark.parametrize("target", ["real", "../real"])
def test_docs_may_be_a_link_and_pages_keep_their_names(tmp_path: Path, target: str):
    root = tmp_path / "project"
    root.mkdir()
    (root / "mkdocs.yml").write_text("site_name: a\n")
    real = root / target
    real.mkdir()
    (real / "page.md").write_text("# Page\n")
    (root / "docs").symlink_to(target)

    project = find_project(root)

    assert names(project) == ["docs/page.md"]
    assert project.relative((real / "page.md").resolve()) == "docs/page.md"


def test_a_project_may_be_reached_through_a_link(tmp_path: Path):
    (tmp_path / "real").mkdir()
    make(tmp_path / "real", "site_name: a", "docs/page.md")
    (tmp_path / "link").symlink_to("real")

    project = find_project(tmp_path / "link/docs")

    assert (project.root, names(project)) == (tmp_path / "link", ["docs/page.md"])
    assert project.relative(tmp_path / "real/docs/page.md") == "docs/page.md"


def test_the_cache_is_in_the_project(tmp_path: Path):
    assert find_project(make(tmp_path)).cache == tmp_path / ".linernotes"


# --- pages

TREE = (
    *("docs/index.md", "docs/README.md", "docs/a.markdown", "docs/b.mdown", "docs/c.MD"),
    *("docs/sub/README.md", "docs/sub/page.md", "docs/sub/page.markdown", "docs/sub/deep/a.b.md"),
    *("docs/.hidden.md", "docs/.hidden/page.md", "docs/templates/page.md", "docs/x.txt"),
    *("docs/sub/templates/page.md", "docs/draft.md", "docs/dir.md/page.md", "docs/é/日本.md"),
)


@pytest.mark.parametrize(
    "setting",
    [
        "",
        "exclude_docs: |\n  draft.md\n  /sub/deep/\n",
        "exclude_docs: |\n  *.md\n  !index.md\n",
        "exclude_docs: |\n  # a comment\n\n  !.hidden/\n  !/templates/\n",
        "exclude_docs: index.md\n",
        "exclude_docs: sub/page.md\n",
        "not_in_nav: draft.md\n",
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_pages_are_those_that_mkdocs_builds(
    tmp_path: Path, setting: str, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.CRITICAL, "mkdocs")
    make(tmp_path, f"site_name: a\nplugins: []\n{setting}", *TREE)
    files = get_files(load_config(str(tmp_path / "mkdocs.yml")))
    built = [one.src_uri for one in files.documentation_pages() if one.inclusion.is_included()]

    assert names(find_project(tmp_path)) == sorted(f"docs/{name}" for name in built)


def test_drafts_are_pages_too(tmp_path: Path):
    make(tmp_path, "draft_docs: draft.md\n", "docs/draft.md")

    assert names(find_project(tmp_path)) == ["docs/draft.md"]


def test_pages_and_directories_may_be_links(tmp_path: Path):
    make(tmp_path, "site_name: a\n", "README.md", "more/page.md", "docs/a.md")
    (tmp_path / "docs/index.md").symlink_to("../README.md")
    (tmp_path / "docs/more").symlink_to("../more")

    assert names(find_project(tmp_path)) == ["docs/a.md", "docs/index.md", "docs/more/page.md"]


def test_links_that_go_in_circles_or_nowhere_are_not_followed(tmp_path: Path):
    make(tmp_path, "site_name: a\n", "docs/a/page.md", "docs/b/page.md")
    (tmp_path / "docs/a/up").symlink_to("..")
    (tmp_path / "docs/a/self").symlink_to("self")
    (tmp_path / "docs/gone.md").symlink_to("nowhere.md")
    (tmp_path / "docs/loop.md").symlink_to("loop.md")

    assert names(find_project(tmp_path)) == ["docs/a/page.md", "docs/b/page.md"]


def test_what_is_not_a_file_is_not_a_page(tmp_path: Path):
    make(tmp_path, "site_name: a\n", "docs/a.md")
    os.mkfifo(tmp_path / "docs/pipe.md")

    assert names(find_project(tmp_path)) == ["docs/a.md"]
