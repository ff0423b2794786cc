"""Whatever front matter says is shown as it was written: escaped, and whole."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from published_site import LINERNOTES, served
from rendering.built_sites import page as page_with
from rendering.built_sites import project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

TEXTS = {
    "html": "<script>alert(1)</script><img src=x onerror=alert(2)> </title> &amp; & <b>bold</b>",
    "quotes": "\"double\" 'single' `code` «angled» \\back {{ braces }} {% tag %} *stars* [x](y)",
    "rtl": "مرحبا بالعالم: البث שלום עולם",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 family & flag 🇨🇭",
    "long": "Title without an end " * 476 + "END.",
    "unbroken": "x" * 10_000,
}
SITE = """\
site_name: <Site> & "co"
site_url: https://example.com/
theme: {name: material, font: false}
plugins: [search, linernotes]
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site whose pages have each text as title and description, and lead to one another."""
    root = tmp_path_factory.mktemp("any-front-matter")
    pages = {
        f"{name}.md": page_with(
            {
                "title": text,
                "description": text,
                "categories": [text],
                "personas": ["admin"],
                "audience_levels": ["beginner"],
                "search_keywords": [text],
                "related": [f"{other}.md" for other in TEXTS if other != name],
            },
            "# A page\n\nText.\n",
        )
        for name, text in TEXTS.items()
    }
    project(root, {"index.md": "# Home\n", **pages}, SITE)
    subprocess.run([LINERNOTES, "build"], cwd=root, check=True, capture_output=True)
    with served(root / "site") as address:
        yield address


@pytest.fixture
def tab(chromium: Browser, address: str) -> Iterator[Page]:
    """A tab that fails where a script of the texts runs."""
    context = chromium.new_context(base_url=address, viewport={"width": 360, "height": 740})
    page = context.new_page()
    wrong: list[str] = []
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: wrong.append("x") if request.url.endswith("/x") else None)
    yield page
    context.close()
    assert not wrong


def content(page: Page, selector: str) -> str | None:
    return page.locator(selector).first.get_attribute("content")


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_whole_in_the_head_of_its_page(tab: Page, name: str):
    text = TEXTS[name].strip()
    tab.goto(f"/{name}/")

    assert tab.title().startswith(" ".join(text.split()))
    assert content(tab, "meta[name=description]") == text
    assert content(tab, "meta[property='og:title']") == text
    assert content(tab, "meta[property='og:description']") == text
    data = json.loads(tab.locator("script[type='application/ld+json']").text_content() or "")
    assert (data["headline"], data["description"]) == (text, text)
    assert tab.locator("h1").count() == 1
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_whole_on_the_cards_and_lists_of_other_pages(tab: Page, name: str):
    text = " ".join(TEXTS[name].split())
    tab.goto("/quotes/" if name != "quotes" else "/html/")

    card = tab.locator(f".ln-card[href*='{name}']")
    assert " ".join((card.locator(".ln-card__title").text_content() or "").split()) == text
    assert " ".join((card.locator(".ln-card__text").text_content() or "").split()) == text
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360

    tab.goto("/browse/persona/admin/")
    listed = tab.locator("article li", has=tab.locator(f"a[href*='/{name}/']"))
    parts = listed.locator("p").all_text_contents()
    assert [" ".join(part.split()) for part in parts[:2]] == [text, text]
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_text_is_whole_in_the_navigation(tab: Page):
    tab.set_viewport_size({"width": 1440, "height": 900})
    tab.goto("/")

    links = tab.locator(".md-nav--primary .md-nav__link").all_text_contents()
    labels = {" ".join(label.split()) for label in links}
    assert {" ".join(text.split()) for text in TEXTS.values()} <= labels
