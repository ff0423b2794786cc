from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

QUICKSTART = "/get-started/quickstart/"


def clipboard(page: Page) -> str:
    return page.evaluate("navigator.clipboard.readText()")


def test_search_finds_a_page_by_a_keyword_of_its_front_matter(page: Page):
    page.goto("/")
    page.keyboard.press("/")
    page.get_by_role("textbox", name="Search").fill("pacing")  # of operate/rate-limits.md

    expect(page.locator(".md-search-result__link").first).to_have_attribute(
        "href", re.compile(r"operate/rate-limits/")
    )


def test_tabs_of_a_language_switch_together_and_stay_so(page: Page):
    page.goto(QUICKSTART)
    labels = page.locator(".tabbed-labels > label", has_text="TypeScript")
    assert labels.count() > 1

    labels.first.click()

    chosen = "label => document.getElementById(label.htmlFor).checked"
    assert [labels.nth(number).evaluate(chosen) for number in range(labels.count())] == [
        True
    ] * labels.count()
    page.reload()
    page.wait_for_function(
        "Array.from(document.querySelectorAll('.tabbed-labels > label'))"
        ".filter(label => label.textContent.trim() === 'TypeScript')"
        ".every(label => document.getElementById(label.htmlFor).checked)"
    )


def test_the_copy_button_copies_the_code_and_nothing_else(page: Page):
    page.goto("/")
    block = page.locator("div.highlight").first
    shown = block.locator("pre > code").inner_text()

    block.hover()
    block.get_by_role("button", name=re.compile("copy", re.IGNORECASE)).click()

    page.wait_for_function("navigator.clipboard.readText().then(text => text.length > 0)")
    assert clipboard(page).rstrip() == shown.rstrip()
    assert clipboard(page).startswith("from anthropic import Anthropic\n")


def test_dark_mode_is_one_click_away_and_stays(page: Page):
    page.emulate_media(color_scheme="light")
    page.goto("/")
    body = page.locator("body")
    expect(body).to_have_attribute("data-md-color-scheme", "default")

    page.locator("label[title=Dark]").click()

    expect(body).to_have_attribute("data-md-color-scheme", "slate")
    page.goto(QUICKSTART)
    expect(body).to_have_attribute("data-md-color-scheme", "slate")


def test_an_address_that_is_not_there_leads_on(page: Page):
    answer = page.goto("/guides/no-such-page/")

    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("This page isn't here")
    page.get_by_role("link", name="Troubleshooting").last.click()
    expect(page).to_have_url(re.compile(r"/operate/troubleshooting/$"))


@pytest.mark.parametrize("path", ["/", QUICKSTART, "/guides/streaming/"])
def test_a_page_fits_a_narrow_telephone(page: Page, path: str):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(path)

    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 360


@pytest.mark.parametrize("path", ["/", QUICKSTART, "/guides/tool-use/"])
def test_a_page_asks_nobody_but_its_own_site(page: Page, address: str, path: str):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path, wait_until="networkidle")

    hosts = {urlsplit(url).netloc for url in asked}
    assert hosts - {""} == {urlsplit(address).netloc}


def test_nothing_on_a_page_fails(page: Page):
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("requestfailed", lambda request: problems.append(request.url))
    page.on(
        "console",
        lambda message: problems.append(message.text) if message.type == "error" else None,
    )
    for path in ("/", QUICKSTART, "/harness/"):
        page.goto(path, wait_until="networkidle")

    assert not problems


def test_a_page_can_be_printed_without_its_surroundings(page: Page):
    page.goto(QUICKSTART)
    page.emulate_media(media="print")

    expect(page.locator(".md-header")).to_be_hidden()
    expect(page.locator(".md-sidebar").first).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
