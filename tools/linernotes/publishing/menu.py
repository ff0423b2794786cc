"""The menu at a page's title: take the page along as Markdown."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from linernotes.rendering.addresses import relative_url

if TYPE_CHECKING:
    from linernotes.publishing.published import PublishedPage, PublishedSite

_CLASS = "ln-menu"
_POINTER = "ln-pointer"
# What the Agent-Friendly Documentation Spec has for what only people are to see.
_NOT_IN_MARKDOWN = "data-markdown-ignore"
_EXCLUDED = (
    " data-search-exclude",
    ' class="headerlink"',
    ' class="tabbed-labels"',
    ' class="ln-keywords"',
)


def with_menu(article: str, site: PublishedSite, page: PublishedPage) -> str:
    """Return the article of a page with its menu before its title; one without a title as it is.

    It is a `details` element beside the title, so that it works without a script and nothing moves
    when it appears. The button that copies is shown by the script, which it needs.
    """
    title = article.find("<h1")
    if title < 0:
        return article
    return f"{article[:title]}{_menu(site, page)}{article[title:]}"


def with_pointer(html: str, page: PublishedPage) -> str:
    """Return a built page that begins by telling agents where its Markdown is, and the index.

    People don't see it, nor do screen readers read it: for them the menu has the same links.
    """
    body = html.find("<body")
    start = html.find(">", body) + 1 if body >= 0 else 0
    if start == 0:
        return html
    twin = escape(relative_url(page.twin, page.html))
    index = escape(relative_url("llms.txt", page.html))
    pointer = (
        f'<p class="{_POINTER}" aria-hidden="true" {_NOT_IN_MARKDOWN}>For AI agents: this page is'
        " also served as plain Markdown, which is shorter and has the same text, at"
        f' <a href="{twin}" tabindex="-1">this address</a>. The index of all pages of this'
        f' documentation is at <a href="{index}" tabindex="-1">/llms.txt</a>.</p>'
    )
    return f"{html[:start]}{pointer}{html[start:]}"


def with_exclusions(article: str) -> str:
    """Return the article of a page with a sign at all that the twin says in other words.

    That is what isn't for search either (marks, labels, chips, cards), the signs for permanent
    links, and the labels of tabs, which are headings in the twin.
    """
    for sign in _EXCLUDED:
        article = article.replace(sign, f"{sign} {_NOT_IN_MARKDOWN}")
    return article


def claude_url(site: PublishedSite, page: PublishedPage) -> str:
    """Return the address that opens Claude with a question about the page."""
    question = (
        f"Read {site.links.page(page.path)} (as Markdown: {site.links.twin(page.path)})"
        " and help me with it."
    )
    return f"https://claude.ai/new?q={quote(question, safe='')}"


def _menu(site: PublishedSite, page: PublishedPage) -> str:
    twin = escape(relative_url(page.twin, page.html))
    index = escape(relative_url("llms.txt", page.html))
    copy = f'type="button" class="{_CLASS}__item" data-copy="{twin}" hidden'
    items = [
        f"<button {copy}>Copy as Markdown</button>",
        f'<a class="{_CLASS}__item" href="{twin}" type="text/markdown">View as Markdown</a>',
    ]
    if site.has_url:
        items.append(
            f'<a class="{_CLASS}__item" href="{escape(claude_url(site, page))}" rel="noopener">'
            "Open in Claude</a>"
        )
    items.append(f'<a class="{_CLASS}__item" href="{index}">Index for agents: /llms.txt</a>')
    return (
        f'<details class="{_CLASS}" data-search-exclude><summary>Page</summary>'
        f'<div class="{_CLASS}__items">{"".join(items)}</div></details>\n'
    )
