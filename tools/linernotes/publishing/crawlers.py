"""`sitemap.xml` and `robots.txt`, and the search index less what isn't to be found."""

from __future__ import annotations

import gzip
import json
import re
from html import escape, unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linernotes.publishing.published import PublishedSite

SITEMAP = "sitemap.xml"
ROBOTS = "robots.txt"

_EMPTY = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n</urlset>\n'
)
_URL = re.compile(r"\s*<url>.*?</url>", re.DOTALL)
_LOCATION = re.compile(r"<loc>\s*(.*?)\s*</loc>", re.DOTALL)


def sitemap(site: PublishedSite, engines: str | None = None) -> str:
    """Return a sitemap (sitemaps.org, 0.9) of the pages that may be found.

    `engines` is the one that the engine made, if it did: what it knows stays, less the pages that
    aren't to be found. Pages that it lacks are added.
    """
    text = engines or _EMPTY
    hidden = {site.links.page(page.path) for page in site.hidden}
    if hidden:
        text = _URL.sub(lambda entry: "" if hidden & {*locations(entry[0])} else entry[0], text)
    known = {*locations(text)}
    entries = []
    for page in site.pages:
        url = site.links.page(page.path)
        if url not in known:
            reviewed = page.summary.reviewed
            day = f"<lastmod>{reviewed.isoformat()}</lastmod>" if reviewed else ""
            entries.append(f"  <url><loc>{escape(url)}</loc>{day}</url>\n")
    return text.replace("</urlset>", f"{''.join(entries)}</urlset>")


def locations(text: str) -> list[str]:
    """Return the URLs in a sitemap."""
    return [unescape(found) for found in _LOCATION.findall(text)]


def compressed(text: str) -> bytes:
    """Return a sitemap as MkDocs puts it beside the plain one, without the time of the build."""
    return gzip.compress(text.encode(), mtime=0)


def robots_txt(site: PublishedSite) -> str:
    """Return the site's `robots.txt` (RFC 9309), which lets everybody read everything.

    `Sitemap` has to be an absolute URL. No line of the format names an llms.txt, so a comment does.
    """
    lines = ["User-agent: *", "Allow: /", "", f"# For agents: {site.around.index}"]
    if site.has_url:
        lines.append(f"Sitemap: {site.links.file(SITEMAP)}")
    return "\n".join(lines) + "\n"


def sifted_search(text: str, site: PublishedSite) -> str:
    """Return a search index without the pages that aren't to be found; as it is if not understood.

    MkDocs' and Zensical's have entries with a `location`, the page's address with an anchor.
    """
    hidden = {site.links.page(page.path).removeprefix(site.links.base) for page in site.hidden}
    try:
        index = json.loads(text)
        key = "docs" if "docs" in index else "items"
        index[key] = [
            entry for entry in index[key] if entry["location"].partition("#")[0] not in hidden
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return text
    return json.dumps(index, ensure_ascii=False, separators=(",", ":"))
