"""Listings: where the pages of one persona, level or category are listed."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Literal

Kind = Literal["level", "persona", "category"]

_LONGEST = 60  # characters; a name becomes a file's


def listing_path(kind: Kind, name: str) -> str:
    """Return the path of the browse page for `name`, below the docs directory.

    Any text is a safe file name afterwards, and different texts have different ones.
    """
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST].strip("-")
    if slug != name:
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        slug = f"{slug}-{digest}" if slug else digest
    return f"browse/{kind}/{slug}.md"
