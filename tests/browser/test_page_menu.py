"""The page menu takes the page along as Markdown: the same that agents fetch."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

GUIDE = "/guides/streaming/"


def opened(page: Page, path: str = GUIDE) -> Locator:
    page.goto(path)
    menu = page.locator(".ln-menu")
    menu.locator("summary").click()
    return menu


@pytest.mark.parametrize(
    ("path", "twin"),
    [(GUIDE, "/guides/streaming.md"), ("/", "/index.md"), ("/recipes/", "/recipes.md")],
)
def test_copy_as_markdown_copies_exactly_the_twin(page: Page, path: str, twin: str):
    opened(page, path).get_by_role("button", name="Copy as Markdown").click()

    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    served = page.request.get(twin).text()
    assert served.startswith(">")
    assert page.evaluate("navigator.clipboard.readText()") == served


def test_view_as_markdown_leads_to_the_same_text(page: Page):
    link = opened(page).get_by_role("link", name="View as Markdown")

    address = link.evaluate("link => link.href")
    viewed = page.request.get(address)
    assert viewed.status == 200
    assert urlsplit(address).path.endswith(".md")
    assert viewed.text() == page.request.get("/guides/streaming.md").text()
    assert viewed.text() == page.request.get("/guides/streaming/index.md").text()


def test_open_in_claude_asks_about_this_page(page: Page):
    link = opened(page).get_by_role("link", name="Open in Claude")

    address = urlsplit(link.get_attribute("href") or "")
    assert (address.scheme, address.netloc, address.path) == ("https", "claude.ai", "/new")
    (question,) = parse_qs(address.query)["q"]
    canonical = page.locator("link[rel=canonical]").get_attribute("href") or "nothing"
    assert canonical.endswith(GUIDE)
    assert canonical in question
    assert f"{canonical.rstrip('/')}.md" in question or f"{canonical}index.md" in question


def test_the_menu_is_used_by_keyboard(page: Page):
    page.goto(GUIDE)
    summary = page.locator(".ln-menu > summary")
    items = page.locator(".ln-menu__items")
    summary.focus()

    page.keyboard.press("Enter")
    expect(items).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Copy as Markdown")).to_be_focused()
    page.keyboard.press("Escape")

    expect(items).to_be_hidden()
    expect(summary).to_be_focused()
    page.keyboard.press("Space")
    expect(items).to_be_visible()


def test_a_click_elsewhere_closes_the_menu(page: Page):
    menu = opened(page)

    page.get_by_role("heading", level=1).click()

    expect(menu.locator(".ln-menu__items")).to_be_hidden()


def test_what_cannot_be_copied_is_said(page: Page):
    menu = opened(page)
    page.route("**/*.md", lambda route: route.abort())

    menu.get_by_role("button").click()

    expect(menu.get_by_role("button")).to_contain_text("copy here: view it instead")
