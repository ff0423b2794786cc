from __future__ import annotations

import json
import tempfile
from pathlib import Path

import markdown
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rendering.built_sites import CONFIGURATION, built, elements, html, page, project

ENGINES = ("mkdocs", "zensical")
PAGES = {
    "index.md": page({"title": "Home"}, "# Home\n\nHello.\n"),
    "guides/a.md": page(
        {
            "title": "First",
            "description": "What the first is for.",
            "audience_levels": ["advanced", "beginner"],
            "personas": ["team-lead"],
            "last_reviewed": "2026-11-02",
            "related": ["guides/b.md", "/docs/index.md", "https://example.com/x", "guides/no.md"],
            "search_keywords": ["zebra crossing", "<b>okapi</b>"],
        },
        "# First\n\n" + "word " * 450 + "\n\n## Second part\n\nMore.\n",
    ),
    "guides/b.md": page(
        {"title": "Second", "description": "What the second is for.", "show_toc": False},
        "# Second\n\nText.\n\n## Part\n\nMore.\n",
    ),
    "guides/c.md": page({"title": "Draft", "draft": True, "personas": ["admin"]}),
    "guides/d.md": page(
        {"title": "Secret", "noindex": True, "related": ["guides/c.md"], "personas": ["admin"]},
        "# Secret\n\nPassphrase.\n",
    ),
}


@pytest.fixture(scope="module", params=ENGINES)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param == "zensical":
        pytest.importorskip("zensical")
    return built(project(tmp_path_factory.mktemp(request.param), PAGES), request.param)


def index(site: Path) -> list[dict[str, str]]:
    for name, key in (("search/search_index.json", "docs"), ("search.json", "items")):
        if (site / name).is_file():
            return json.loads((site / name).read_text(encoding="utf-8"))[key]
    raise AssertionError("there is no search index")


def test_chips_below_the_title_say_for_whom_a_page_is_easiest_first(site: Path) -> None:
    chips = elements(html(site, "guides/a"), "ln-chip")
    assert [chip.text for chip in chips] == ["Beginner", "Advanced", "Team lead"]
    assert [chip.attributes["href"] for chip in chips] == [
        "../../browse/level/beginner/",
        "../../browse/level/advanced/",
        "../../browse/persona/team-lead/",
    ]
    for chip in chips:
        assert (site / "guides/a" / chip.attributes["href"] / "index.html").is_file()
    text = html(site, "guides/a")
    assert text.index("</h1>") < text.index("ln-head") < text.index("word word")


def test_the_reading_time_is_counted_and_the_review_named(site: Path) -> None:
    (facts,) = elements(html(site, "guides/a"), "ln-facts")
    assert facts.text == "3 min read Reviewed 2 November 2026"


def test_related_pages_are_cards_with_title_and_description(site: Path) -> None:
    cards = elements(html(site, "guides/a"), "ln-card")
    assert [(card.attributes["href"], card.text) for card in cards] == [
        ("../b/", "SecondWhat the second is for."),
        ("../../", "Home"),
        ("https://example.com/x", "example.com"),
    ]


def test_a_page_that_says_nothing_of_itself_stays_as_it_is(site: Path) -> None:
    assert not elements(html(site), "ln-head")
    assert not elements(html(site), "ln-related")


def test_show_toc_false_hides_the_table_of_contents(site: Path) -> None:
    def hidden(path: str) -> bool:
        (toc,) = elements(html(site, path), "md-sidebar--secondary")
        return "hidden" in toc.attributes

    assert hidden("guides/b")
    assert not hidden("guides/a")


def test_search_finds_a_page_by_its_keywords_which_nobody_sees(site: Path) -> None:
    (keywords,) = elements(html(site, "guides/a"), "ln-keywords")
    assert "hidden" in keywords.attributes
    assert keywords.text == "zebra crossing, <b>okapi</b>"
    found = [entry["location"] for entry in index(site) if "zebra crossing" in entry["text"]]
    assert found == ["guides/a/"]


def test_chips_and_cards_are_not_what_search_finds(site: Path) -> None:
    texts = " ".join(entry["text"] for entry in index(site) if entry["location"] == "guides/a/")
    assert "Team lead" not in texts
    assert "What the second" not in texts


def test_drafts_are_nowhere_and_noindex_pages_not_in_search(site: Path) -> None:
    assert not (site / "guides/c").exists()
    assert (site / "guides/d/index.html").is_file()
    assert not elements(html(site, "guides/d"), "ln-card")
    assert not [entry for entry in index(site) if entry["location"].startswith("guides/d")]
    assert not (site / "browse/persona/admin").exists()


@pytest.mark.parametrize("engine", ENGINES)
def test_without_directory_urls_links_lead_to_files(engine: str, tmp_path: Path) -> None:
    if engine == "zensical":
        pytest.importorskip("zensical")
    site = built(project(tmp_path, PAGES, CONFIGURATION + "use_directory_urls: false\n"), engine)
    text = (site / "guides/a.html").read_text(encoding="utf-8")
    links = [
        one.attributes["href"] for one in elements(text, "ln-chip") + elements(text, "ln-card")
    ]
    assert links[:2] == ["../browse/level/beginner.html", "../browse/level/advanced.html"]
    for link in links[:-1]:
        assert (site / "guides" / link).is_file(), link


def test_plain_markdown_has_no_site_and_no_head() -> None:
    assert markdown.markdown("# A\n\nB", extensions=["linernotes"]) == "<h1>A</h1>\n<p>B</p>"


# What front matter can hold: all of Unicode but what YAML doesn't take.
_characters = st.characters(
    exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff"
)
_texts = st.text(_characters, min_size=1).filter(lambda text: text.split())
_HOSTILE = (
    '<script>alert("1")</script>',
    "</h1></title></head><img src=x onerror=alert(1)>",
    "\"'&amp;&lt;`**_[x](javascript:alert(1))_**`{{ 7*7 }}{% raw %}",
    "\u202eevil \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "\U0001f3c4\u200d\u2640\ufe0f \U0001f600 --8<-- $x$ ==a== ^b^ ~c~ *[d]: !!! note",
    "1. one",
    "- - -",
    "x" * 10_000,
    "long and wide " * 700,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_texts, min_size=3, max_size=3, unique=True))
@example(list(_HOSTILE[0:3]))
@example(list(_HOSTILE[3:6]))
@example(list(_HOSTILE[6:9]))
def test_any_title_description_and_category_is_shown_as_it_is(values: list[str]) -> None:
    title, description, category = values
    pages = {
        "index.md": page({"title": "Home", "related": ["a.md"]}),
        "a.md": page(
            {
                "title": title,
                "description": description,
                "categories": [category],
                "personas": [category],
                "search_keywords": [category],
            },
            "# A\n\nText.\n",
        ),
    }
    one, two, three = (" ".join(value.split()) for value in values)
    with tempfile.TemporaryDirectory() as root:
        site = built(project(Path(root), pages))
        (card,) = elements(html(site), "ln-card")
        assert card.text == f"{one}{two}"
        (keywords,) = elements(html(site, "a"), "ln-keywords")
        assert keywords.text == three
        (listing,) = (site / "browse/category").glob("*/index.html")
        listed = elements(listing.read_text(encoding="utf-8"))
        # In the list and in the theme's own navigation.
        assert {one} == {it.text for it in listed if it.attributes.get("href") == "../../../a/"}
        assert two in [it.text for it in listed if it.name == "p"]
        scripts = [it for it in listed if it.name == "script"]
        assert len(scripts) == len([it for it in elements(html(site)) if it.name == "script"])
