"""What a page shows of its front matter: who it is for, below the title; related pages, at its end.

It is made in the Markdown extension, so that MkDocs and Zensical both have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from markupsafe import escape

from linernotes.pages.related import related_path
from linernotes.rendering.browse import is_browse_page
from linernotes.rendering.current_site import CurrentSite, current_site
from linernotes.rendering.listings import listing_path
from linernotes.rendering.preview import findings_of, is_preview, without_revision
from linernotes.rendering.summary import Summary, label, read_summary, summary
from linernotes.rendering.templating import render

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from markdown import Markdown

    from linernotes.rendering.listings import Kind

# Before every other preprocessor: words are counted as they are written.
_FIRST = 1000
# After raw_html (30) and what else changes HTML: what we put in is not to be looked at again.
_LAST = 3

_TITLE_ENDS = "</h1>"


@dataclass(frozen=True, slots=True)
class Chip:
    """A level or persona under the title; `link` is to the page that lists its pages."""

    kind: Kind
    label: str
    link: str | None


@dataclass(frozen=True, slots=True)
class Card:
    """A related page."""

    link: str
    title: str
    description: str


class _Read(Preprocessor):
    """Reads what the page says of itself before anything changes its text.

    `whole` says that the page's HTML is being finished: the table of contents has postprocessors
    run on each heading before (markdown/extensions/toc.py, `run_postprocessors`).
    """

    def __init__(self, md: Markdown) -> None:
        super().__init__(md)
        self._md = md
        self.site: CurrentSite | None = None
        self.page: Summary | None = None
        self.whole = False

    def run(self, lines: list[str]) -> list[str]:
        """Return the page's lines; what the theme is to know goes into the page's meta."""
        lines = without_revision(lines)
        self.site = current_site(self._md)
        if self.site is not None:
            self.page = summary(self.site.path, self.site.meta, "\n".join(lines))
            _tell_theme(self.page, self.site)
        return lines


class _Finished(Treeprocessor):
    """Notes that what comes now is the whole page."""

    def __init__(self, md: Markdown, head: _Read) -> None:
        super().__init__(md)
        self._head = head

    def run(self, root: Element) -> None:  # noqa: ARG002  # Markdown's interface
        """Change nothing."""
        self._head.whole = True


class _PutIn(Postprocessor):
    """Puts the head and the related pages into the page's HTML."""

    def __init__(self, md: Markdown, head: _Read) -> None:
        super().__init__(md)
        self._head = head

    def run(self, text: str) -> str:
        """Return the page's HTML."""
        site, page = self._head.site, self._head.page
        if site is None or page is None or not self._head.whole:
            return text
        self._head.whole = False
        return with_front_matter(text, page, site)


def register(md: Markdown) -> None:
    """Make `md` show the front matter of its page. Without a site around it nothing changes."""
    head = _Read(md)
    md.preprocessors.register(head, "linernotes-head", _FIRST)
    md.treeprocessors.register(_Finished(md, head), "linernotes-head", -_FIRST)
    md.postprocessors.register(_PutIn(md, head), "linernotes-head", _LAST)


def with_front_matter(html: str, page: Summary, site: CurrentSite) -> str:
    """Return the HTML of a page with what its front matter says.

    A page with a template of its own, such as a home page, arranges itself. Findings are put in
    while the page is previewed.
    """
    findings = findings_of(site.path) if is_preview() else ()
    notes = render("preview_findings.html", findings=findings) if findings else ""
    if "template" in site.meta:
        return notes + html
    if is_browse_page(site.path):
        return f'<div class="ln-browse">{html}</div>'
    if page.keywords:
        html = _after_introduction(html, render("keywords.html", keywords=page.keywords))
    if page.levels or page.personas or page.reviewed:
        html = _below_title(html, _head(page, site))
    cards = tuple(_cards(page, site))
    related = render("related.html", cards=cards) if cards else ""
    return f"{notes}{html}\n{related}" if related else notes + html


def _head(page: Summary, site: CurrentSite) -> str:
    reviewed = page.reviewed and f"{page.reviewed.day} {page.reviewed:%B} {page.reviewed.year}"
    return render("page_head.html", page=page, chips=tuple(_chips(page, site)), reviewed=reviewed)


def _below_title(html: str, head: str) -> str:
    """Put `head` below the title, or first: then the theme puts the title before it."""
    before, end, after = html.partition(_TITLE_ENDS)
    return f"{before}{end}\n{head}{after}" if end else f"{head}\n{html}"


def _after_introduction(html: str, keywords: str) -> str:
    """Put what is only for search before the second heading.

    So it leads to the top of the page, and search results still begin with the page's own words.
    """
    place = html.find("<h2")
    return f"{html}\n{keywords}" if place < 0 else f"{html[:place]}{keywords}\n{html[place:]}"


def _chips(page: Summary, site: CurrentSite) -> Iterator[Chip]:
    names: tuple[tuple[Kind, tuple[str, ...]], ...] = (
        ("level", page.levels),
        ("persona", page.personas),
    )
    for kind, values in names:
        for name in values:
            path = listing_path(kind, name)
            yield Chip(kind, label(name), site.link(path) if site.has(path) else None)


def _cards(page: Summary, site: CurrentSite) -> Iterator[Card]:
    for entry in page.related:
        if entry.startswith(("https://", "http://")):
            yield Card(entry, urlsplit(entry).netloc, "")
            continue
        path = related_path(entry, site.path, site.docs.name, site.has)
        other = read_summary(site.docs / path, path) if path is not None else None
        if path is not None and other is not None and not other.draft:
            yield Card(site.link(path), other.title, other.description)


def _tell_theme(page: Summary, site: CurrentSite) -> None:
    """Say in Material's words what the page says in ours (its setup guides, “Page metadata”).

    Its templates, in both engines, print title and description as they are: there they have to be
    HTML, whatever an author wrote.
    """
    for key in ("title", "description", "author"):
        text = site.meta.get(key)
        if isinstance(text, str):
            site.meta[key] = escape(text)
    if not page.shows_contents:
        hidden = site.meta.get("hide") or []
        hidden = [hidden] if isinstance(hidden, str) else list(hidden)
        if "toc" not in hidden:
            site.meta["hide"] = [*hidden, "toc"]
    if page.noindex:
        search = site.meta.get("search")
        site.meta["search"] = {**(search if isinstance(search, dict) else {}), "exclude": True}
