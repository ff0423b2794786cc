"""What a page's `<head>` tells machines: its Markdown, its index, its URL, what it is about.

The engines' own tags are left alone, and so is a page that has ours already. Only text is
searched and joined: parsing 500 pages would take longer than building them.
"""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

from linernotes.rendering.additions import SCRIPT, STYLES
from linernotes.rendering.addresses import relative_url

if TYPE_CHECKING:
    from linernotes.publishing.published import PublishedPage, PublishedSite

_OURS = 'rel="describedby"'
_MOST_KEYWORDS = 30
# Material and Zensical take what is `rel="alternate"` and nothing else for a translation of the
# site, and fetch a sitemap beside it. In the browser the link is therefore both.
_NO_TRANSLATION = "<script>document.querySelector('link[type=\"text/markdown\"]').relList.add('nofollow')</script>"
# What could end the script element, and what older parsers take for the end of a line.
_UNSAFE = {ord(one): f"\\u{ord(one):04x}" for one in "<>&\u2028\u2029"}


def with_head(html: str, site: PublishedSite, page: PublishedPage) -> str:
    """Return a built page with the links and the metadata of `page` in its head."""
    end = html.find("</head>")
    if end < 0:
        return html
    head = html[:end]
    if _OURS in head:
        return html
    tags = "\n".join(_tags(head, site, page, scripted=SCRIPT in html))
    return f"{head}{tags}\n{html[end:]}"


def with_index_link(html: str, site: PublishedSite) -> str:
    """Return a page that has no Markdown, such as the 404 page, with a link to the index.

    Such a page may be shown at any address, so the link is absolute.
    """
    end = html.find("</head>")
    if end < 0 or _OURS in html[:end]:
        return html
    return f"{html[:end]}{_link('describedby', site.around.index)}\n{html[end:]}"


def _tags(head: str, site: PublishedSite, page: PublishedPage, *, scripted: bool) -> list[str]:
    summary = page.summary
    here = page.html
    if summary.noindex:
        return [_meta("robots", "noindex"), _link("describedby", relative_url("llms.txt", here))]
    tags = [
        _link("alternate", relative_url(page.twin, here), ' type="text/markdown"'),
        _NO_TRANSLATION,
        _link("describedby", relative_url("llms.txt", here)),
    ]
    if STYLES not in head:
        tags.append(_link("stylesheet", relative_url(STYLES, here)))
    if not scripted:
        tags.append(f'<script src="{escape(relative_url(SCRIPT, here))}" defer></script>')
    if summary.description and 'name="description"' not in head:
        tags.append(_meta("description", summary.description))
    if site.has_url and 'rel="canonical"' not in head:
        tags.append(_link("canonical", site.links.page(page.path)))
    if 'property="og:title"' not in head:
        tags += _previews(site, page)
    tags.append(f'<script type="application/ld+json">{_linked_data(site, page)}</script>')
    return tags


def _previews(site: PublishedSite, page: PublishedPage) -> list[str]:
    """Return what link previews show (ogp.me; cards of X read the same where they can)."""
    summary = page.summary
    kind = "website" if page.twin == "index.md" else "article"
    values = [
        ("og:type", kind),
        ("og:site_name", site.name),
        ("og:title", summary.title),
        ("og:description", summary.description),
    ]
    if site.has_url:
        values.append(("og:url", site.links.page(page.path)))
        if site.card is not None:
            values.append(("og:image", site.links.file(site.card)))
    tags = [
        f'<meta property="{name}" content="{escape(value)}">' for name, value in values if value
    ]
    wide = site.has_url and site.card is not None
    tags.append(_meta("twitter:card", "summary_large_image" if wide else "summary"))
    return tags


def _linked_data(site: PublishedSite, page: PublishedPage) -> str:
    """Return the page as JSON-LD (schema.org/TechArticle), safe inside of a script element."""
    summary = page.summary
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "TechArticle",
        "headline": summary.title,
        "description": summary.description,
        "inLanguage": site.language,
        "keywords": list(summary.keywords[:_MOST_KEYWORDS]),
        "proficiencyLevel": ", ".join(level.capitalize() for level in summary.levels),
    }
    if summary.personas:
        audience = ", ".join(name.replace("-", " ") for name in summary.personas)
        data["audience"] = {"@type": "Audience", "audienceType": audience}
    if summary.reviewed:
        data["dateModified"] = summary.reviewed.isoformat()
    part_of = {"@type": "WebSite", "name": site.name}
    if site.has_url:
        data["url"] = data["mainEntityOfPage"] = site.links.page(page.path)
        part_of["url"] = site.links.base
        data["encoding"] = {
            "@type": "MediaObject",
            "encodingFormat": "text/markdown",
            "contentUrl": site.links.twin(page.path),
        }
    data["isPartOf"] = part_of
    known = {key: value for key, value in data.items() if value}
    return json.dumps(known, ensure_ascii=False, separators=(",", ":")).translate(_UNSAFE)


def _link(rel: str, href: str, more: str = "") -> str:
    return f'<link rel="{rel}"{more} href="{escape(href)}">'


def _meta(name: str, content: str) -> str:
    return f'<meta name="{name}" content="{escape(content)}">'
