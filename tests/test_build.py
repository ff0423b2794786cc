from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from rendering.built_sites import CONFIGURATION, elements, html, page, project

from linernotes.engines.derived import derived_configuration
from linernotes.engines.prepared import prepare
from linernotes.project import load_project

SNIPPET = "# First\n\n```python\nprint(6 * 7)\n```\n\n``` { .text .output }\n42\n```\n"
PAGES = {
    "index.md": page({"title": "Home", "related": ["a.md"]}, "# Home\n\n[First](a.md)\n"),
    "a.md": page({"title": "First", "description": "One.", "personas": ["admin"]}, SNIPPET),
    "b.md": page({"title": "Draft", "draft": True}),
    "data.csv": "a,b\n",
}
NAV = "nav: [index.md, {Deep: [a.md, b.md]}]\n"


def linernotes(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "linernotes.cli", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )


def files(site: Path) -> set[str]:
    names = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    return {
        name for name in names if not name.startswith(("assets/", "search")) or "linernotes" in name
    }


@pytest.mark.parametrize(("anchor", "code"), [("sum", 0), ("sun", 1)])
def test_a_link_may_lead_to_a_snippet(tmp_path: Path, anchor: str, code: int) -> None:
    pages = {
        "index.md": page({"title": "Home"}, f"# Home\n\n[The sum](a.md#{anchor})\n"),
        "a.md": page({"title": "A"}, "# A\n\n``` { .python #sum }\nprint(6 * 7)\n```\n"),
    }
    root = project(tmp_path, pages, f"{CONFIGURATION}strict: true\nvalidation: {{anchors: warn}}\n")
    run = linernotes(root, "build")
    assert run.returncode == code, run.stdout + run.stderr


def test_both_engines_build_the_same_site(tmp_path: Path) -> None:
    pytest.importorskip("zensical")
    root = project(tmp_path, PAGES, CONFIGURATION + NAV)
    assert linernotes(root, "verify").returncode == 0
    for engine in ("mkdocs", "zensical"):
        run = linernotes(root, "build", "--engine", engine, "--site-dir", engine)
        assert run.returncode == 0, run.stdout + run.stderr
    one, other = root / "mkdocs", root / "zensical"
    assert files(one) - {"sitemap.xml.gz"} == files(other)
    assert {"llms.txt", "a.md", "browse/persona/admin/index.html", "data.csv"} <= files(one)
    for css_class in ("ln-chip", "ln-card", "ln-mark"):
        for path in ("", "a"):
            seen = [
                [it.text for it in elements(html(site, path), css_class)] for site in (one, other)
            ]
            assert seen[0] == seen[1], (css_class, path)
    assert "ln-mark" in html(one, "a")


def test_without_the_plugin_mkdocs_would_build_less_and_is_not_run(tmp_path: Path) -> None:
    root = project(tmp_path, PAGES, "site_name: A\n")
    run = linernotes(root, "build")
    assert run.returncode == 2
    assert "no-plugin" in run.stderr
    assert not (root / "site").exists()


def test_zensical_warns_of_a_dead_link_and_fails_where_the_project_is_strict(
    tmp_path: Path,
) -> None:
    pytest.importorskip("zensical")
    root = project(tmp_path, {"index.md": "# A\n\n[x](no.md)\n"}, CONFIGURATION + "strict: true\n")
    assert linernotes(root, "build", "--engine", "zensical").returncode == 1
    assert not (root / "site").exists()


@pytest.mark.parametrize("place", [".", "docs", ".."])
def test_a_site_is_never_built_over_the_project(tmp_path: Path, place: str) -> None:
    pytest.importorskip("zensical")
    root = project(tmp_path / "p", PAGES)
    run = linernotes(root, "build", "--engine", "zensical", "--site-dir", place)
    assert run.returncode == 2
    assert "bad-site-dir" in run.stderr
    assert (root / "docs/index.md").is_file()


def test_the_copy_is_written_again_only_where_something_changed(tmp_path: Path) -> None:
    root = project(tmp_path, PAGES, CONFIGURATION + NAV)
    loaded = load_project(root / "mkdocs.yml")
    docs = prepare(loaded).parent / "docs"
    assert not (docs / "b.md").exists()
    before = {path: path.stat().st_ino for path in docs.rglob("*") if path.is_file()}
    prepare(loaded)
    assert {path: path.stat().st_ino for path in docs.rglob("*") if path.is_file()} == before
    (root / "docs/a.md").write_text("# Other\n", encoding="utf-8")
    (root / "docs/data.csv").unlink()
    prepare(loaded)
    assert (docs / "a.md").read_text(encoding="utf-8").startswith("# Other\n")
    assert not (docs / "data.csv").exists()
    assert not list(docs.glob("browse/persona/*"))


def test_zensical_builds_again_what_shows_something_new_and_nothing_else(tmp_path: Path) -> None:
    pytest.importorskip("zensical")
    root = project(tmp_path, PAGES, CONFIGURATION + NAV)
    command = ("build", "--engine", "zensical")

    def build() -> dict[str, bytes]:
        assert linernotes(root, *command).returncode == 0
        return {name: (root / "site" / name).read_bytes() for name in files(root / "site")}

    first = build()
    assert build() == first
    assert "Verified" not in html(root / "site", "a")
    assert linernotes(root, "verify").returncode == 0
    build()
    assert "Verified" in html(root / "site", "a")
    page_text = (root / "docs/a.md").read_text(encoding="utf-8").replace("One.", "Two.")
    (root / "docs/a.md").write_text(page_text, encoding="utf-8")
    build()
    assert [one.text for one in elements(html(root / "site"), "ln-card")] == ["FirstTwo."]


def test_the_derived_configuration_keeps_tags_and_finds_what_is_beside_the_original(
    tmp_path: Path,
) -> None:
    configuration = tmp_path / "mkdocs.yml"
    configuration.write_text(
        "INHERIT: base.yml\n"
        "theme: {name: material, custom_dir: overrides}\n"
        "nav: [index.md, {Deep: [b.md]}, {B: b.md}]\n"
        "plugins: [search, {linernotes: {}}]\n"
        "markdown_extensions:\n"
        "  - pymdownx.superfences:\n"
        "      custom_fences:\n"
        "        - name: x\n"
        "          format: !!python/name:pymdownx.superfences.fence_div_format\n",
        encoding="utf-8",
    )
    text = derived_configuration(configuration, tmp_path / "docs", {"b.md"})
    assert "!!python/name:pymdownx.superfences.fence_div_format" in text

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("", lambda *_: None)
    derived = yaml.load(text, Loader)  # is safe
    assert derived["INHERIT"] == str(tmp_path / "base.yml")
    assert derived["theme"]["custom_dir"] == str(tmp_path / "overrides")
    assert derived["nav"] == ["index.md"]
    assert derived["plugins"] == ["search"]
    assert derived["markdown_extensions"][-1] == "linernotes"
    assert derived["docs_dir"] == "docs"
    assert derived["extra"]["linernotes_docs"] == str(tmp_path / "docs")
