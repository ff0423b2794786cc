from __future__ import annotations

import json
from pathlib import Path

import markdown
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rendering.built_sites import CONFIGURATION, built, elements, html, page, project

from linernotes.rendering.listings import listing_path
from linernotes.rendering.templating import as_markdown

NAV = """\
nav:
  - index.md
  - Guides:
      - guides/z.md
      - Deep:
          - guides/a.md
  - Elsewhere: https://example.com/
"""
PAGES = {
    "index.md": page({"title": "Home", "personas": ["developer"]}),
    "guides/z.md": page(
        {
            "title": "Zebras",
            "description": "All about stripes.",
            "audience_levels": ["beginner"],
            "personas": ["developer", "team-lead"],
            "categories": ["The *wild*"],
            "min_read_minutes": 7,
        }
    ),
    "guides/a.md": page(
        {"title": "Apes", "audience_levels": ["advanced"], "personas": ["developer"]}
    ),
    "extra/x.md": page({"title": "Extra", "personas": ["developer"]}),
    "guides/draft.md": page({"title": "Draft", "draft": True, "personas": ["developer"]}),
    "guides/hidden.md": page({"title": "Hidden", "noindex": True, "personas": ["developer"]}),
}


@pytest.fixture(scope="module", params=["mkdocs", "zensical"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param == "zensical":
        pytest.importorskip("zensical")
    root = project(tmp_path_factory.mktemp(request.param), PAGES, CONFIGURATION + NAV)
    return built(root, request.param)


def listed(site: Path, path: str) -> list[str]:
    """Return the headings and links of a browse page, in their order."""
    text = html(site, path)
    article = text[text.index("<h2") : text.index("</article>")]
    return [
        f"# {one.text.rstrip('¶')}" if one.name == "h2" else one.text
        for one in elements(article)
        if one.name == "h2" or (one.name == "a" and "headerlink" not in one.classes)
    ]


def test_a_browse_page_lists_pages_by_section_in_the_order_of_the_navigation(site: Path) -> None:
    assert listed(site, "browse/persona/developer") == [
        *("# Overview", "Home"),
        *("# Guides", "Zebras", "Apes"),
        *("# Extra", "Extra"),
    ]


def test_pages_are_listed_with_description_levels_and_reading_time(site: Path) -> None:
    texts = [one.text for one in elements(html(site, "browse/level/beginner")) if one.name == "li"]
    assert "Zebras All about stripes. Beginner · 7 min" in texts


def test_the_index_leads_to_every_list_with_its_number_of_pages(site: Path) -> None:
    assert listed(site, "browse") == [
        *("# By audience level", "Beginner", "Advanced"),
        *("# By persona", "Developer", "Team lead"),
        *("# By category", "The *wild*"),
    ]
    assert "Developer 4 pages" in [one.text for one in elements(html(site, "browse"))]


def test_links_of_browse_pages_lead_to_pages(site: Path) -> None:
    for path in (site / "browse").rglob("index.html"):
        text = path.read_text(encoding="utf-8")
        article = text[text.index("<h2") : text.index("</article>")]
        for one in elements(article):
            link = one.attributes.get("href", "#")
            assert link.startswith("#") or (path.parent / link / "index.html").is_file(), link


def test_the_filter_knows_the_pages_of_the_navigation(site: Path) -> None:
    data = json.loads((site / "assets/linernotes/pages.json").read_text(encoding="utf-8"))
    assert data["levels"] == [["beginner", "Beginner"], ["advanced", "Advanced"]]
    assert data["personas"] == [["developer", "Developer"], ["team-lead", "Team lead"]]
    assert data["pages"]["guides/z/"] == [[0], [0, 1]]
    assert "guides/hidden/" not in data["pages"]
    assert (site / data["browse"] / "index.html").is_file()


def test_every_page_loads_style_and_script_once(site: Path) -> None:
    for path in ("", "guides/z", "browse"):
        found = elements(html(site, path))
        scripts = [one for one in found if "linernotes.js" in one.attributes.get("src", "")]
        styles = [one for one in found if "linernotes.css" in one.attributes.get("href", "")]
        assert (len(scripts), len(styles)) == (1, 1), path
        assert "defer" in scripts[0].attributes


def test_script_and_data_are_small(site: Path) -> None:
    assert (site / "assets/linernotes/linernotes.js").stat().st_size < 10_000


def test_a_project_whose_pages_say_nothing_has_no_browse_pages(tmp_path: Path) -> None:
    site = built(project(tmp_path, {"index.md": "# Home\n\nHello.\n"}))
    assert not (site / "browse").exists()


def test_a_project_s_own_browse_page_is_left_alone(tmp_path: Path) -> None:
    site = built(project(tmp_path, PAGES | {"browse/index.md": "# Mine\n\nMine.\n"}))
    assert "Mine." in html(site, "browse")


@given(st.text(), st.text())
@example("a b", "a-b")
@example("Ä", "ä")
@example("", "-")
@example("x" * 100, "x" * 101)
def test_each_name_has_a_file_of_its_own(one: str, other: str) -> None:
    paths = listing_path("category", one), listing_path("category", other)
    assert paths[0].isascii()
    assert paths[0].count("/") == 2
    assert one == other or paths[0] != paths[1]


_EXTENSIONS = [
    *("admonition", "attr_list", "def_list", "footnotes", "md_in_html", "tables", "abbr"),
    *(f"pymdownx.{name}" for name in ("betterem", "caret", "critic", "details", "keys", "mark")),
    *(f"pymdownx.{name}" for name in ("magiclink", "superfences", "tabbed", "tilde", "snippets")),
    "linernotes",
]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
@example("1. one")
@example("- two")
@example("www.example.com and https://example.com, me@example.com")
@example("--8<-- 'x'")
@example("{{ fact.a }} {#id .c} [a](b) ![c](d) <!-- e --> `f` ++ctrl++ {++g++}")
@example("!!! note")
@example('=== "tab"')
@example("&amp; &#42; \\* \\")
def test_text_in_generated_markdown_shows_as_it_is(text: str) -> None:
    wanted = " ".join(text.split())
    found = elements(
        f"<div>{markdown.markdown(f'x {as_markdown(text)}', extensions=_EXTENSIONS)}</div>"
    )
    assert found[0].text == f"x {wanted}".strip()
    assert [one.name for one in found] == ["div", "p"]
    alone = markdown.markdown(as_markdown(text), extensions=_EXTENSIONS)
    assert [one.name for one in elements(alone)] == (["p"] if wanted else [])
