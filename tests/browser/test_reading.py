from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from pathlib import Path

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


@pytest.mark.parametrize("key", ["/", "s"])
def test_the_search_loads_its_index_when_somebody_turns_to_it(page: Page, key: str):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/", wait_until="networkidle")
    assert not any("search_index" in url for url in asked)

    with page.expect_response("**/search_index.json"):
        page.keyboard.press(key)


def test_an_address_with_a_query_shows_what_is_found(page: Page):
    page.goto("/?q=pacing")

    expect(page.locator(".md-search-result__link").first).to_be_visible()


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


def test_every_page_fits_a_narrow_telephone(page: Page, built: Path):
    page.set_viewport_size({"width": 360, "height": 740})
    wide: dict[str, int] = {}
    for file in sorted(built.rglob("*.html")):
        path = file.relative_to(built).as_posix()
        page.goto(f"/{path}", wait_until="domcontentloaded")
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 360:
            wide[path] = width

    assert not wide


@pytest.mark.parametrize(
    "path", ["/", QUICKSTART, "/guides/tool-use/", "/reference/models/", "/browse/", "/not-here/"]
)
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


@pytest.mark.parametrize("path", ["/", QUICKSTART, "/browse/"])
def test_a_link_preview_has_a_card(page: Page, path: str):
    page.goto(path)

    def said(name: str) -> str:
        tag = page.locator(f"meta[property='{name}'], meta[name='{name}']")
        return tag.get_attribute("content") or ""

    assert said("twitter:card") == "summary_large_image"
    assert said("og:title")
    assert said("og:url").endswith(path)
    card = urlsplit(said("og:image")).path
    size = page.evaluate(
        """async (card) => {
            const bitmap = await createImageBitmap(await (await fetch(card)).blob());
            return [bitmap.width, bitmap.height];
        }""",
        card,
    )
    assert size == [1200, 630]
    assert len(page.request.get(card).body()) < 100_000


def test_text_does_not_move_while_a_page_loads(page: Page):
    page.add_init_script("""
        window.shifts = 0;
        new PerformanceObserver((list) => {
            for (const one of list.getEntries()) window.shifts += one.value;
        }).observe({ type: "layout-shift", buffered: true });
    """)
    for path in ("/", "/guides/streaming/", "/browse/"):
        page.goto(path, wait_until="networkidle")
        assert page.evaluate("window.shifts") < 0.02, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_is_printed_in_dark_ink_and_without_its_surroundings(
    page: Page, scheme: Literal["light", "dark"]
):
    page.emulate_media(color_scheme=scheme, media="print")
    page.goto(QUICKSTART)

    expect(page.locator(".md-header")).to_be_hidden()
    expect(page.locator(".md-sidebar").first).to_be_hidden()
    expect(page.locator(".ln-menu")).to_be_hidden()
    expect(page.locator(".md-code__nav").first).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    lightness = page.evaluate("""() => {
        const sum = (element, property) => getComputedStyle(element)[property]
            .match(/[\\d.]+/g).slice(0, 3).reduce((all, one) => all + Number(one), 0) / 765;
        const heading = document.querySelector("h1");
        return {
            paper: sum(document.body, "backgroundColor"),
            heading: sum(heading, "color"),
            code: sum(document.querySelector("pre > code"), "backgroundColor"),
            text: sum(document.querySelector("pre > code"), "color"),
        };
    }""")
    assert min(lightness["paper"], lightness["code"]) > 0.9
    assert max(lightness["heading"], lightness["text"]) < 0.3


def test_nothing_moves_for_who_asked_for_less_motion(page: Page):
    page.goto("/guides/streaming/")
    moving = """Array.from(document.querySelectorAll("*")).filter(element =>
        ["transitionDuration", "animationDuration"].some(property =>
            getComputedStyle(element)[property].split(",").some(time => parseFloat(time) > 0.001)
        )
    ).map(element => element.outerHTML.slice(0, 80))"""

    assert page.evaluate(moving) == []  # the fixture's browser asks for it
