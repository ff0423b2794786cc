"""A reader filters the navigation to "developer, beginner", and stays in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

ROOT = Path(__file__).parents[2]
GUIDE = "/guides/streaming/"


def fitting(persona: str | None = None, level: str | None = None) -> set[str]:
    """Return the pages of the navigation that are for a reader, by their front matter alone."""
    listed = re.findall(
        r"[- ]([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE
    )
    found: set[str] = set()
    for path in listed:
        head = (ROOT / "docs" / path).read_text("utf-8").split("---\n")[1]
        meta = yaml.safe_load(head)
        if (persona is None or persona in meta.get("personas", ())) and (
            level is None or level in meta.get("audience_levels", ())
        ):
            found.add(path)
    return found


def addresses(pages: set[str], section: str) -> set[str]:
    return {f"/{page.removesuffix('.md')}/" for page in pages if page.startswith(f"{section}/")}


def shown(page: Page, section: str) -> set[str]:
    """Return the addresses of a section that the navigation shows."""
    visible = """Array.from(document.querySelectorAll(".md-nav--primary a.md-nav__link"))
        .filter(link => link.checkVisibility()).map(link => new URL(link.href).pathname)"""
    return {path for path in page.evaluate(visible) if path.startswith(f"/{section}/")}


@pytest.fixture
def guide(page: Page) -> Page:
    page.goto(GUIDE)
    expect(page.get_by_role("combobox", name="Reader").locator("option")).not_to_have_count(1)
    return page


def count(page: Page) -> Locator:
    return page.get_by_role("form", name="Filter the navigation").get_by_role("status")


def test_a_choice_filters_the_navigation_and_counts_right(guide: Page):
    assert shown(guide, "guides") == addresses(fitting(), "guides")

    guide.get_by_role("combobox", name="Level").select_option("Beginner")
    beginners = fitting(level="beginner")
    expect(count(guide)).to_have_text(f"{len(beginners)} pages")
    assert shown(guide, "guides") == addresses(beginners, "guides") | {GUIDE}  # where one is

    guide.get_by_role("combobox", name="Reader").select_option("Developer")
    both = fitting("developer", "beginner")
    expect(count(guide)).to_have_text(f"{len(both)} pages")
    assert shown(guide, "guides") == addresses(both, "guides") | {GUIDE}


def test_a_choice_stays_from_page_to_page_until_it_is_taken_back(guide: Page):
    reader = guide.get_by_role("combobox", name="Reader")
    level = guide.get_by_role("combobox", name="Level")
    reader.select_option("Developer")
    level.select_option("Beginner")

    both = fitting("developer", "beginner")
    target = min(addresses(both, "guides"))
    guide.locator(f".md-nav--primary a[href*='{target.split('/')[2]}']").first.click()
    expect(guide).to_have_url(re.compile(f"{target}$"))
    for _ in range(2):
        expect(reader).to_have_value("developer")
        expect(level).to_have_value("beginner")
        expect(count(guide)).to_have_text(f"{len(both)} pages")
        assert shown(guide, "guides") == addresses(both, "guides") | {target}
        guide.goto("/guides/messages/")
        target = "/guides/messages/"

    guide.get_by_role("button", name="Show all").click()
    expect(count(guide)).to_be_hidden()
    expect(reader).to_be_focused()
    assert shown(guide, "guides") == addresses(fitting(), "guides")
    guide.reload()
    expect(level.locator("option")).not_to_have_count(1)
    expect(reader).to_have_value("")
    assert shown(guide, "guides") == addresses(fitting(), "guides")


def test_the_filter_is_used_by_keyboard(guide: Page):
    guide.get_by_role("combobox", name="Reader").focus()
    guide.keyboard.press("Tab")
    expect(guide.get_by_role("combobox", name="Level")).to_be_focused()
    guide.keyboard.press("ArrowDown")

    expect(count(guide)).to_be_visible()
    guide.keyboard.press("Tab")
    guide.keyboard.press("Enter")
    expect(count(guide)).to_be_hidden()


def test_a_narrow_telephone_has_the_filter_in_its_drawer(page: Page):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto("/")
    page.locator(".md-header__button[for=__drawer]").click()

    page.get_by_role("combobox", name="Reader").select_option("Admin")

    expect(count(page)).to_have_text(f"{len(fitting('admin'))} pages")


def test_the_chips_of_a_page_lead_to_all_pages_like_it(page: Page):
    page.goto(GUIDE)
    page.locator(".ln-chip", has_text="Developer").click()

    expect(page).to_have_url(re.compile("/browse/persona/developer/$"))
    for path in ("guides/messages.md", "get-started/quickstart.md"):
        assert path in fitting("developer")
        link = page.locator(f"article a[href*='{path.removesuffix('.md')}']").first
        expect(link).to_be_visible()
