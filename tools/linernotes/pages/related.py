"""What an entry of `related` in front matter names."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def related_path(
    entry: str, page: str, docs_name: str, exists: Callable[[str], bool]
) -> str | None:
    """Return the page that an entry of `related` names, below the docs directory, or None.

    `/docs/guides/x.md`, `/guides/x.md` and `guides/x.md` are below the docs directory, `./x.md`
    and `../x.md` beside `page`; a plain path that isn't below the docs directory is looked for
    beside the page too. The ending `.md` may be left out, and an anchor follow. `docs_name` is the
    name of the docs directory, `exists` says whether a path below it does.
    """
    path = path_of(entry)
    beside = posixpath.join(posixpath.dirname(page), path)
    below = path.strip("/").removeprefix(f"{docs_name}/")
    if path.startswith("/"):
        places = [below]
    elif path.startswith("."):
        places = [beside]
    else:
        places = [below, beside]
    for place in map(posixpath.normpath, places):
        for guess in (place, f"{place}.md", posixpath.normpath(f"{place}/index.md")):
            if exists(guess):
                return guess
    return None


def path_of(entry: str) -> str:
    """Return an entry of `related` without what follows `?` or `#`."""
    return re.split("[?#]", entry, maxsplit=1)[0]
