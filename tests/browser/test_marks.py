"""Marks open and close by keyboard, over the text, which stays where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

# Where each part of the page is, but for the details of marks.
PLACES = """Array.from(document.querySelectorAll("article *"))
    .filter(element => !element.closest(".ln-mark__details"))
    .map(element => {
        const { x, y, width, height } = element.getBoundingClientRect();
        return [element.tagName, x, y, width, height].join(" ");
    })"""


@pytest.fixture
def summary(page: Page) -> Locator:
    """The first mark of a guide, with the keyboard on it."""
    page.goto("/guides/streaming/", wait_until="networkidle")
    found = page.locator(".ln-mark > summary").first
    found.scroll_into_view_if_needed()
    found.focus()
    return found


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_mark_opens_and_closes_by_keyboard(page: Page, summary: Locator, key: str):
    details = page.locator(".ln-mark__details").first
    expect(details).to_be_hidden()

    page.keyboard.press(key)
    expect(details).to_be_visible()
    expect(details).to_contain_text("Recorded")
    page.keyboard.press(key)
    expect(details).to_be_hidden()
    expect(summary).to_be_focused()


def test_escape_closes_a_mark_and_gives_focus_back(page: Page, summary: Locator):
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # to the first exchange
    expect(page.locator(".ln-exchange > summary").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Came back").first).to_be_visible()

    page.keyboard.press("Escape")

    expect(page.locator(".ln-mark__details").first).to_be_hidden()
    expect(summary).to_be_focused()


def test_the_keyboard_goes_on_behind_a_mark_that_is_closed(page: Page, summary: Locator):
    page.keyboard.press("Tab")

    inside = "element => element.contains(document.activeElement)"
    assert not summary.locator("..").evaluate(inside)
    page.keyboard.press("Shift+Tab")
    expect(summary).to_be_focused()


def test_who_uses_the_keyboard_sees_where_it_is(page: Page, summary: Locator):
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")

    style = "element => getComputedStyle(element).outlineStyle"
    assert summary.evaluate(style) == "solid"


def test_nothing_moves_when_a_mark_opens(page: Page, summary: Locator):
    before = page.evaluate(PLACES)
    assert len(before) > 100

    page.keyboard.press("Enter")
    expect(page.locator(".ln-mark__details").first).to_be_visible()

    assert page.evaluate(PLACES) == before


def test_one_mark_is_open_at_a_time_and_a_click_elsewhere_closes_it(page: Page, summary: Locator):
    summary.click()
    page.locator(".ln-mark > summary").nth(1).focus()
    page.keyboard.press("Enter")
    assert page.locator(".ln-mark[open]").count() == 1
    expect(summary.locator("..")).not_to_have_attribute("open", "")

    page.get_by_role("heading", level=1).click()

    assert page.locator(".ln-mark[open]").count() == 0


def test_the_module_behind_a_mark_is_the_code_of_the_page(page: Page, summary: Locator):
    page.keyboard.press("Enter")
    link = page.locator(".ln-mark__details").first.get_by_role("link", name="The whole module")
    code = page.locator(".ln-code pre > code").first.inner_text()

    module = page.request.get(page.evaluate("link => link.href", link.element_handle()))

    assert module.status == 200
    assert code.strip().splitlines()[0] in module.text()
