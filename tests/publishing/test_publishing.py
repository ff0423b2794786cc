from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import pytest

from linernotes.pages import page as pages
from linernotes.project import find_project
from linernotes.publishing import twin
from linernotes.publishing.publish import agent_files, publish
from linernotes.publishing.published import read_site

if TYPE_CHECKING:
    from conftest import Site

MKDOCS = """\
site_name: Ours & <theirs>
site_description: What   it is.
site_url: https://docs.example/sub/
theme: {name: material, language: en}
plugins: [search, linernotes]
markdown_extensions: [admonition, attr_list, pymdownx.superfences, pymdownx.tabbed]
nav:
  - index.md
  - Guides:
      - guides/a.md
      - Deep: [guides/b.md]
"""
HEAD = "---\ntitle: {title}\ndescription: {about}\n---\n"


@pytest.fixture
def project(site: Site) -> Site:
    site.write("mkdocs.yml", MKDOCS)
    site.write(
        "docs/index.md", HEAD.format(title="Home", about="Start.") + "# Home\n\n[a](guides/a.md)\n"
    )
    site.write(
        "docs/guides/a.md", HEAD.format(title='"A [1]"', about="One.") + "# A\n\nText.\n\n## Part\n"
    )
    site.write("docs/guides/b.md", HEAD.format(title="B", about="Two.") + "# B\n\n[p](a.md#part)\n")
    return site


def build(site: Site) -> Path:
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet"]
    subprocess.run(command, cwd=site.root, env=environment, check=True, capture_output=True)
    return site.root / "site"


def test_llms_txt_has_the_form_and_the_order_of_the_navigation(project: Site):
    text = (build(project) / "llms.txt").read_text(encoding="utf-8")
    assert re.sub(r"\nLinks lead.*\n", "\n…\n", text) == (
        "# Ours & <theirs>\n\n> What it is.\n\n…\n\n"
        "## Overview\n\n- [Home](https://docs.example/sub/index.md): Start.\n\n"
        "## Guides\n\n- [A \\[1\\]](https://docs.example/sub/guides/a.md): One.\n"
        "- [B](https://docs.example/sub/guides/b.md): Two.\n\n"
        "## Optional\n\n"
        "- [All pages in one file](https://docs.example/sub/llms-full.txt): the text of every page above\n"
    )


@pytest.mark.parametrize("directory_urls", [True, False])
def test_each_page_has_its_twin_at_both_addresses_and_a_head_that_leads_there(
    project: Site, *, directory_urls: bool
):
    project.write("mkdocs.yml", MKDOCS + f"use_directory_urls: {str(directory_urls).lower()}\n")
    built = build(project)
    twin = (built / "guides/a.md").read_text(encoding="utf-8")
    assert twin.startswith(
        "> Fetch the complete documentation index at: https://docs.example/sub/llms.txt\n"
    )
    assert (built / "guides/a/index.md").read_text(encoding="utf-8") == twin
    page = built / ("guides/a/index.html" if directory_urls else "guides/a.html")
    head = page.read_text(encoding="utf-8").partition("</head>")[0]
    found = re.search(r'<link rel="alternate" type="text/markdown" href="([^"]*)">', head)
    assert found is not None
    assert (page.parent / found[1]).resolve() == (built / "guides/a.md").resolve()
    index = re.search(r'<link rel="describedby" href="([^"]*)">', head)
    assert index is not None
    assert (page.parent / index[1]).resolve() == (built / "llms.txt").resolve()
    assert "guides/a.md#part" in (built / "guides/b.md").read_text(encoding="utf-8")
    assert project.run("check", "--site", "site").exit_code == 0


def test_publishing_twice_changes_nothing(project: Site):
    built = build(project)
    files = {path: path.read_bytes() for path in built.rglob("*") if path.is_file()}
    assert publish(find_project(project.root), built) == ()
    assert {path: path.read_bytes() for path in built.rglob("*") if path.is_file()} == files


NASTY = (
    "</script><script>alert(1)</script> \"q\" 'a' & \u202b\u05e9\u05dc\u05d5\u05dd\u202c 🎞 "
    + "long " * 2000
)


def test_any_title_stands_escaped_and_whole_in_the_head(project: Site):
    said = json.dumps(NASTY, ensure_ascii=False)
    front = f"---\ntitle: {said}\ndescription: {said}\n---\n"
    project.write("docs/guides/a.md", f"{front}# A\n")
    built = build(project)
    html = (built / "guides/a/index.html").read_text(encoding="utf-8")
    assert "alert(1)</script>" not in html.partition("<body")[0]
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    data = json.loads(found[1])
    whole = " ".join(NASTY.split())
    assert (data["@type"], data["headline"], data["description"]) == ("TechArticle", whole, whole)
    assert data["url"] == "https://docs.example/sub/guides/a/"
    assert f"]({data['encoding']['contentUrl']}): " in (built / "llms.txt").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("kind", ["draft", "noindex"])
def test_hidden_pages_are_in_no_output(project: Site, kind: str):
    project.write("docs/guides/a.md", f"---\ntitle: Secret\n{kind}: true\n---\n# Secret\n\nxyzzy\n")
    project.write("docs/guides/b.md", "# B\n")
    project.write("docs/index.md", "# Home\n")
    built = build(project)
    page = built / "guides/a/index.html"
    assert page.exists() == (kind == "noindex")
    for path in built.rglob("*"):
        if path.is_file() and path != page and path.suffix in (".md", ".txt", ".xml", ".json"):
            text = path.read_text(encoding="utf-8")
            assert "xyzzy" not in text, path
            assert "guides/a" not in text, path
    assert b"guides/a" not in gzip.decompress((built / "sitemap.xml.gz").read_bytes())
    if kind == "noindex":
        assert '<meta name="robots" content="noindex">' in page.read_text(encoding="utf-8")


def test_a_link_to_a_draft_is_an_error(project: Site):
    project.write(
        "docs/guides/a.md", "---\ntitle: A\ndescription: D\ndraft: true\n---\n# A\n\n## Part\n"
    )
    codes = {one["code"]: one["page"] for one in project.json("check")["findings"]}
    assert codes["link-to-draft"] in ("docs/index.md", "docs/guides/b.md")


def test_crawlers_find_the_sitemap_and_the_index(project: Site):
    built = build(project)
    robots = (built / "robots.txt").read_text(encoding="utf-8")
    assert "Sitemap: https://docs.example/sub/sitemap.xml\n" in robots
    assert "https://docs.example/sub/llms.txt" in robots
    tree = ET.fromstring((built / "sitemap.xml").read_text(encoding="utf-8"))
    locations = [one.text for one in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert sorted(map(str, locations)) == [
        "https://docs.example/sub/",
        "https://docs.example/sub/guides/a/",
        "https://docs.example/sub/guides/b/",
    ]


def test_a_site_without_a_sitemap_gets_one(project: Site):
    built = build(project)
    (built / "sitemap.xml").unlink()
    publish(find_project(project.root), built)
    assert "<loc>https://docs.example/sub/guides/a/</loc>" in (built / "sitemap.xml").read_text()


def test_files_of_the_projects_own_are_left_alone(project: Site):
    project.write("docs/robots.txt", "User-agent: *\nDisallow: /x\n")
    project.write("docs/llms.txt", "# Mine\n")
    built = build(project)
    assert (built / "robots.txt").read_text() == "User-agent: *\nDisallow: /x\n"
    assert (built / "llms.txt").read_text() == "# Mine\n"


def test_what_the_theme_says_already_is_not_said_twice(project: Site):
    html = (build(project) / "guides/a/index.html").read_text(encoding="utf-8")
    for sign in ('rel="canonical"', 'name="description"', "linernotes.css", "linernotes.js"):
        assert html.count(sign) == 1, sign


def test_the_page_menu_leads_to_the_twin_and_to_claude(project: Site):
    html = (build(project) / "guides/a/index.html").read_text(encoding="utf-8")
    menu = html[html.index('<details class="ln-menu"') : html.index("</details>")]
    assert html.index("<article") < html.index(menu) < html.index("<h1")
    assert 'data-copy="../a.md" hidden' in menu
    claude = re.search(r'href="(https://claude.ai/new\?[^"]*)"', menu)
    assert claude is not None
    assert "https://docs.example/sub/guides/a/" in parse_qs(urlsplit(claude[1]).query)["q"][0]


def test_a_site_without_a_url_warns_and_still_has_twins(project: Site):
    project.write("mkdocs.yml", MKDOCS.replace("site_url: https://docs.example/sub/\n", ""))
    codes = [one["code"] for one in project.json("check")["findings"]]
    assert "no-site-url" in codes
    assert "(/guides/a.md)" in (build(project) / "index.md").read_text(encoding="utf-8")


def test_files_over_their_budget_warn(project: Site):
    project.write(
        "docs/guides/b.md",
        HEAD.format(title="B", about="x" * 51_000) + "# B\n\n" + "word " * 11_000,
    )
    found = [
        one for one in project.json("check")["findings"] if one["code"] == "agent-file-too-large"
    ]
    assert sorted((one["page"], one["severity"]) for one in found) == [
        ("docs/guides/b.md", "warning"),
        ("llms.txt", "warning"),
    ]


def test_projects_without_the_plugin_are_not_bothered(project: Site):
    project.write(
        "mkdocs.yml", MKDOCS.replace("plugins: [search, linernotes]\n", "").replace("site_url", "x")
    )
    project.write(
        "docs/guides/b.md", HEAD.format(title="B", about="b") + "# B\n\n<table></table>\n"
    )
    assert project.json("check")["findings"] == []


def test_a_built_site_is_checked_against_its_sources(project: Site):
    built = build(project)
    (built / "llms.txt").write_text(
        "Docs\n\n## Part\n\n- [a](https://docs.example/sub/no.md)\ntext\n"
    )
    (built / "guides/b.md").unlink()
    project.write(
        "docs/guides/a.md", HEAD.format(title="A", about="One.") + "# A\n\n## Part\n\nNew.\n"
    )
    page = built / "index.html"
    page.write_text(page.read_text().replace('rel="describedby"', 'rel="x"'))
    result = project.run("check", "--site", "site")
    assert result.exit_code == 1
    for said in (
        "site/guides/b.md: error: the built site doesn't have it [missing-agent-file]",
        "site/guides/a.md: warning: it isn't what the sources say now [stale-agent-file]",
        "llms.txt:1: error: it doesn't begin with the site's name as an H1 [bad-llms-txt]",
        "llms.txt:6: error: the line isn't an item of links [bad-llms-txt]",
        "site/llms.txt: error: the link https://docs.example/sub/no.md leads nowhere [dead-agent-link]",
        'site/index.html: error: its head has no link rel="describedby" [missing-head-link]',
    ):
        assert said in result.output


def test_a_dead_anchor_in_a_built_site_is_found(project: Site):
    built = build(project)
    page = built / "guides/a/index.html"
    page.write_text(page.read_text().replace('id="part"', 'id="other"'))
    assert "guides/a.md#part leads nowhere" in project.run("check", "--site", "site").output


def test_snippets_json_has_all_that_ran_and_nothing_that_changed_since(project: Site):
    project.write(
        "docs/guides/a.md",
        "# A\n\n``` { .python .hidden #setup }\nimport json\n```\n\n"
        '``` { .python #use title="use.py" continue="setup" }\nprint(json.dumps(1))\n```\n'
        "``` { .text .output }\n1\n```\n\n"
        "```python title='other.py'\nx = 1\n```\n\n"
        "``` { .python .norun reason='slow' #slow }\nx = 1\n```\n",
    )
    assert project.run("verify").exit_code == 0
    assert project.run("extract").exit_code == 0
    page = project.root / "docs/guides/a.md"
    page.write_text(page.read_text().replace("x = 1\n```\n\n", "x = 2\n```\n\n"))
    built = build(project)
    (one,) = json.loads((built / "snippets.json").read_text())["snippets"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", one.pop("verified"))
    assert one == {
        "address": "docs/guides/a.md#use",
        "title": "use.py",
        "page": "https://docs.example/sub/guides/a/#use",
        "page_title": "A",
        "markdown": "https://docs.example/sub/guides/a.md",
        "code": "import json\n\nprint(json.dumps(1))\n",
        "hidden_setup": True,
        "continues": ["docs/guides/a.md#setup"],
        "imports": ["json"],
        "output": "1",
        "verdict": "passed",
        "raises": None,
        "provenance": None,
        "recorded": None,
        "sdk_version": None,
        "api_version": None,
        "module": "https://docs.example/sub/snippets/guides/a/use.py",
    }
    module = project.root / "snippets/guides/a/use.py"
    assert (built / "snippets/guides/a/use.py").read_bytes() == module.read_bytes()


def test_every_page_is_scanned_once(project: Site, monkeypatch: pytest.MonkeyPatch):
    seen: list[str] = []
    for module in (pages, twin):
        scan = module.scan
        monkeypatch.setattr(
            module,
            "scan",
            lambda text, page, *rest, scan=scan: seen.append(page) or scan(text, page, *rest),
        )
    site = read_site(find_project(project.root))
    agent_files(site)
    assert sorted(seen) == sorted(set(seen))
