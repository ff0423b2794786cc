"""The count is closed against the project's own renderer, whatever that is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from linernotes.project import ConfigurationError, find_project
from linernotes.running.counting import PageCount, count_page
from linernotes.running.rendered import Rendering
from linernotes.snippets.collect import collect

ONE = "```python\nx = 1\n```\n"


def counts_of(site: Any, **pages: str) -> dict[str, PageCount]:
    for name, text in pages.items():
        site.write(f"docs/{name}.md", text)
    project = find_project(Path.cwd())
    found = list(collect(project))
    with Rendering(project.configuration, [page.file for page in found]) as rendering:
        shown = rendering.result()
    return {Path(page.page).stem: count_page(page, shown[page.file]) for page in found}


def test_what_is_shown_and_known_is_counted(site: Any) -> None:
    site.write("mkdocs.yml", "site_name: A\nmarkdown_extensions: [pymdownx.superfences]\n")
    counts = counts_of(site, one=ONE, none="# Nothing\n", two=f"{ONE}\nText.\n\n{ONE}")
    assert counts == {"one": PageCount(1, 0), "none": PageCount(0, 0), "two": PageCount(2, 0)}


def test_with_mkdocs_defaults_the_count_closes_too(site: Any) -> None:
    assert counts_of(site, one=ONE) == {"one": PageCount(1, 0)}


def test_a_fence_that_an_include_brings_along_is_unaccounted(site: Any) -> None:
    site.write(
        "mkdocs.yml",
        "site_name: A\nmarkdown_extensions:\n- pymdownx.superfences\n"
        "- pymdownx.snippets: {base_path: parts}\n",
    )
    site.write("parts/part.md", ONE)
    count = counts_of(site, one=f'{ONE}\n--8<-- "part.md"\n')["one"]
    assert (count.rendered, count.unaccounted) == (2, 1)
    assert [finding.code for finding in count.findings] == ["unaccounted"]


def test_code_that_is_not_run_is_not_counted_as_executed(site: Any) -> None:
    mistaken = '```{ .python .norun reason="it shows the type checker at work" }\nx: int = ""\n```'
    site.page(ONE, mistaken)
    report = site.json("verify")
    assert [one["verdict"] for one in report["snippets"]] == ["passed", "failed"]
    assert report["summary"]["executed"] == 1
    said = site.run("verify").stdout
    assert "Rendered 2, executed 1, skipped 1, unaccounted 0." in said


EXTENSION = """
import markdown

class Preprocessor(markdown.preprocessors.Preprocessor):
    def run(self, lines):
        print("a word on stdout")
        if "fail" in lines[0]:
            raise RuntimeError("can't be done")
        return lines

class Extension(markdown.Extension):
    def extendMarkdown(self, md):
        md.preprocessors.register(Preprocessor(), "mine", 0)

def makeExtension(**kwargs):
    return Extension(**kwargs)
"""


def test_an_extension_that_fails_on_a_page_fails_that_page(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.write("mkdocs.yml", "site_name: A\nmarkdown_extensions: [fenced_code, my_extension]\n")
    site.write("lib/my_extension.py", EXTENSION)
    monkeypatch.syspath_prepend(str(site.root / "lib"))
    site.write("docs/good.md", ONE)
    site.write("docs/bad.md", "fail\n")
    project = find_project(Path.cwd())
    files = [site.docs / "bad.md", site.docs / "good.md"]
    with Rendering(project.configuration, files) as rendering:
        bad, good = rendering.result().values()
    assert bad == "RuntimeError: can't be done"
    assert isinstance(good, dict)
    assert good.total() == 1


def test_a_renderer_that_cannot_begin_is_told(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with (
        Rendering(site.root / "mkdocs.yml", [site.docs / "page.md"]) as rendering,
        pytest.raises(ConfigurationError) as caught,
    ):
        rendering.result()
    assert caught.value.finding.code == "cannot-render"


def test_many_pages_are_handed_over_without_waiting(site: Any) -> None:
    files = [site.docs / f"{n}-{'x' * 200}.md" for n in range(500)]
    with Rendering(site.root / "mkdocs.yml", files) as rendering:
        assert len(rendering.result()) == 500


def test_a_rendering_that_nobody_waits_for_is_stopped(site: Any) -> None:
    with Rendering(site.root / "mkdocs.yml", [site.docs / "page.md"] * 5000) as rendering:
        process = rendering._process
    assert process.returncode is not None
