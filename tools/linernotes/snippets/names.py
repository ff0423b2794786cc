"""Names: from titles to ids, from ids to the files of modules and cassettes."""

from __future__ import annotations

import keyword
import re
import sys
import unicodedata
from pathlib import PurePosixPath

# A module beside others is found before the installed one of the same name, because Python puts a
# script's directory first on its path. These are imported by nearly every snippet's dependencies.
_SHADOWED = frozenset(sys.stdlib_module_names) | {"anthropic", "httpx2", "httpx", "pydantic"}


def slug(title: str) -> str:
    """Return the id that a title gives: `Stream text.py` gives `stream-text`, `""` if nothing is left."""
    stem = title.removesuffix(".py")
    ascii_only = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_only.lower()).strip("-")
    return f"snippet-{words}" if words[:1].isdigit() else words


def identifier(name: str) -> str:
    """Return `name` as a Python identifier: `get-started` gives `get_started`."""
    word = re.sub(r"\W", "_", name, flags=re.ASCII)
    if word[:1].isdigit() or not word:
        word = f"_{word}"
    return f"{word}_" if keyword.iskeyword(word) else word


def module_path(page_stem: PurePosixPath, snippet_id: str) -> PurePosixPath:
    """Return a snippet's module below `snippets/`: `guides/streaming/stream_text.py`.

    `page_stem` is the page without docs directory and suffix (project.page_stem). An id that would
    hide a standard module from the snippets beside it gets the ending `_example`.
    """
    name = identifier(snippet_id)
    if name in _SHADOWED:
        name = f"{name}_example"
    return PurePosixPath(*map(identifier, page_stem.parts), f"{name}.py")


def cassette_path(page_stem: PurePosixPath, snippet_id: str) -> PurePosixPath:
    """Return a snippet's cassette below `tests/cassettes/`, beside which its replies script is."""
    return module_path(page_stem, snippet_id).with_suffix(".yaml")
