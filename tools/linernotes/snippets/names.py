"""Names: from titles to ids, from ids to the files of modules and cassettes."""

from __future__ import annotations

import hashlib
import keyword
import re
import sys
import unicodedata
from pathlib import PurePosixPath

# A script's directory is first on its import path: a module called `json.py` is what every snippet
# beside it would import for `json`. Cassettes are named like modules, so the answer mustn't depend
# on the version of Python: what 3.11 to 3.14 removed or added counts in all of them
# (docs.python.org, "What's New", sections "Removed" and "New Modules").
_HIDES = frozenset(
    {
        *sys.stdlib_module_names,
        *("aifc", "annotationlib", "asynchat", "asyncore", "audioop", "binhex", "cgi", "cgitb"),
        *("chunk", "compression", "crypt", "distutils", "imghdr", "imp", "lib2to3", "mailcap"),
        *("msilib", "nis", "nntplib", "ossaudiodev", "pipes", "smtpd", "sndhdr", "spwd", "sunau"),
        *("telnetlib", "tomllib", "uu", "xdrlib"),
        *("aiohttp", "anthropic", "httpx", "httpx2", "openai", "pydantic", "requests"),
    }
)

# Windows knows these as devices, whatever their suffix
# (learn.microsoft.com/windows/win32/fileio/naming-a-file).
_DEVICES = frozenset(
    {"aux", "con", "nul", "prn", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
)

_LONGEST = 100
"""Bytes in a name. File systems allow 255, and suffixes and temporary names need some of them."""


def slug(title: str) -> str:
    """Return the id that a title gives: `Stream text.py` gives `stream-text`, `""` if nothing is left."""
    stem = title.removesuffix(".py")
    ascii_only = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_only.lower()).strip("-")
    return f"snippet-{words}" if words[:1].isdigit() else words


def identifier(name: str) -> str:
    """Return `name` as a Python identifier that can be a file's name: `a-b` gives `a_b`.

    Letters of any script stay, or the pages of a Japanese site would all have the same name.
    """
    if name.isascii():
        word = re.sub(r"\W", "_", name)
    else:
        letters = unicodedata.normalize("NFKC", name)
        word = "".join(one if f"_{one}".isidentifier() else "_" for one in letters)
    if not word.isidentifier():
        word = f"_{word}"
    if keyword.iskeyword(word) or word.lower() in _DEVICES:
        word = f"{word}_"
    return _shortened(word)


def module_path(page_stem: PurePosixPath, snippet_id: str) -> PurePosixPath:
    """Return a snippet's module below `snippets/`: `guides/streaming/stream_text.py`.

    `page_stem` is the page without docs directory and suffix (project.page_stem). An id that would
    hide a module which snippets import gets the ending `_example`.
    """
    name = identifier(snippet_id)
    if name in _HIDES:
        name = f"{name}_example"
    return PurePosixPath(*map(identifier, page_stem.parts), f"{name}.py")


def cassette_path(page_stem: PurePosixPath, snippet_id: str) -> PurePosixPath:
    """Return a snippet's cassette below `tests/cassettes/`, beside which its replies script is."""
    return module_path(page_stem, snippet_id).with_suffix(".yaml")


def _shortened(word: str) -> str:
    data = word.encode()
    if len(data) <= _LONGEST:
        return word
    digest = hashlib.sha256(data).hexdigest()[:8]
    start = data[: _LONGEST - len(digest) - 1].decode("utf-8", "ignore")
    return f"{start}_{digest}"
