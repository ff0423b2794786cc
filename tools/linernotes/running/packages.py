"""Which packages a snippet imports, seen in its source."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linernotes.running.job import Piece

WARM_MODULES = ("anthropic", "openai", "portkey_ai", "httpx2", "httpx", "requests", "aiohttp")
"""Packages that speak HTTP and take long to import: the warm host does it once."""

_OTHER_CLIENTS = frozenset({"aiohttp", "requests", "urllib3"})
_PACKAGES = _OTHER_CLIENTS | {*WARM_MODULES}
_MODULES = frozenset({"http.client", "urllib.request"})
_IMPORT = re.compile(
    r"(?:^|;)[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+([^\n;#]+))", re.MULTILINE
)


def imported_packages(source: str) -> frozenset[str]:
    """Return the top-level names of what `source` imports, as far as its lines tell.

    An import in a string counts, one through `importlib` doesn't. Parsing would tell them apart,
    at ten times the cost.
    """
    return frozenset(name.partition(".")[0] for name in _imported(source))


def speaks_http(source: str) -> bool:
    """Return whether a snippet's source imports a library that makes HTTP calls.

    A guess, for speed: what turns out to make calls all the same is run again from the warm host.
    """
    imported = _imported(source)
    return not _MODULES.isdisjoint(imported) or not _PACKAGES.isdisjoint(
        name.partition(".")[0] for name in imported
    )


def other_clients_in(pieces: Sequence[Piece]) -> bool:
    """Return whether a chain imports a client that isn't built on httpx."""
    imported = {name for piece in pieces for name in _imported(piece.source)}
    return not _MODULES.isdisjoint(imported) or not _OTHER_CLIENTS.isdisjoint(
        name.partition(".")[0] for name in imported
    )


def warm_modules(sources: Sequence[str]) -> tuple[str, ...]:
    """Return the modules worth importing before forking: those that the snippets import."""
    wanted = {name for source in sources for name in imported_packages(source)}
    return tuple(name for name in WARM_MODULES if name in wanted)


def _imported(source: str) -> set[str]:
    """Return the modules that `source` imports, with dots."""
    found = set()
    for module, modules in _IMPORT.findall(source):
        found |= {name.strip().partition(" ")[0] for name in (module, *modules.split(","))}
    return found - {""}
