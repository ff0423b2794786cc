"""The Markdown of a project, as far as it decides which fences are rendered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linernotes.pages.headers import HeaderRules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SUPERFENCES = "pymdownx.superfences"
_SNIPPETS = "pymdownx.snippets"

# What the bundles load (`extensions` in markdown/extensions/extra.py, `extra_extensions` in
# pymdownx/extra.py).
_BUNDLES = {
    "extra": (
        *("fenced_code", "footnotes", "attr_list", "def_list", "tables", "abbr", "md_in_html"),
    ),
    "pymdownx.extra": (
        *("pymdownx.betterem", _SUPERFENCES, "footnotes", "attr_list", "def_list", "tables"),
        *("abbr", "md_in_html"),
    ),
}

# The extensions that were read for `structure.py`: those that change no block structure but by
# the containers below, by paragraphs that never end in a container, or by inline markup.
UNDERSTOOD = frozenset(
    {
        *("abbr", "admonition", "attr_list", "codehilite", "def_list", "fenced_code", "footnotes"),
        *("md_in_html", "nl2br", "smarty", "tables", "toc", "wikilinks"),
        *("pymdownx.betterem", "pymdownx.caret", "pymdownx.details", "pymdownx.emoji"),
        *("pymdownx.highlight", "pymdownx.inlinehilite", "pymdownx.keys", "pymdownx.magiclink"),
        *("pymdownx.mark", "pymdownx.smartsymbols", "pymdownx.tabbed", "pymdownx.tasklist"),
        *("pymdownx.tilde", _SUPERFENCES, _SNIPPETS),
    }
)

# How the line that opens a container looks (`RE` or `START` in the extension's module).
_BOXES = {
    "admonition": r'!!! ?[\w\-]+(?: +[\w\-]+)*(?: +".*?")? *',
    "pymdownx.details": (
        r'\?{3}\+? ?(?:(?:[\w\-]+(?: +[\w\-]+)*?)?(?: +".*?")|[\w\-]+(?: +[\w\-]+)*?) *'
    ),
    "pymdownx.tabbed": r'={3}(?:\+|\+!|!\+|!)? +".*?" *',
}


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """The extensions of a project, and what scanning needs to know of them.

    `extensions` and `configs` are what `markdown.Markdown` is given. `box` matches the line that
    opens an admonition, a details block or a tab. `superfences` says that fences are found by
    pymdownx.superfences, not by Markdown's own fenced_code. `includes` says that pages may include other
    files, `appended` that every page does. `understood` says that which fences are rendered can be
    proved without asking the renderer.
    """

    extensions: tuple[str, ...]
    configs: Mapping[str, Mapping[str, Any]]
    rules: HeaderRules
    superfences: bool
    box: re.Pattern[str]
    includes: bool
    appended: bool
    understood: bool


def dialect(extensions: Sequence[str], configs: Mapping[str, Mapping[str, Any]]) -> Dialect:
    """Return the dialect of a project with these extensions and their configuration."""
    names = [one for name in extensions for one in _BUNDLES.get(_short(name), (_short(name),))]
    superfences = configs.get(_SUPERFENCES) or {}
    highlight = configs.get("pymdownx.highlight") or {}
    customs = [one for one in superfences.get("custom_fences") or () if isinstance(one, dict)]
    patterns = [pattern for name, pattern in _BOXES.items() if name in names]
    return Dialect(
        extensions=tuple(extensions),
        configs=configs,
        rules=HeaderRules(
            pygments=highlight.get("use_pygments") is not False,
            relaxed=bool(superfences.get("relaxed_headers")),
            custom=frozenset(
                str(one["name"]) for one in customs if {"name", "class"} <= one.keys()
            ),
        ),
        superfences=_renders_with_superfences(names),
        box=re.compile("|".join(patterns) or r"(?!)"),
        includes=_SNIPPETS in names,
        appended=bool((configs.get(_SNIPPETS) or {}).get("auto_append")),
        understood=(
            _renders_with_superfences(names)
            and UNDERSTOOD.issuperset(names)
            and not any(bundle in configs for bundle in _BUNDLES)
            and not any("validator" in one for one in customs)
        ),
    )


def _short(name: str) -> str:
    return name.removeprefix("markdown.extensions.")


def _renders_with_superfences(names: Sequence[str]) -> bool:
    """Return whether SuperFences is the last to register as what finds fences."""
    finders = [name for name in names if name in ("fenced_code", _SUPERFENCES)]
    return finders[-1:] == [_SUPERFENCES]


HOUSE = dialect(
    (
        *("toc", "tables", "fenced_code", "admonition", "attr_list", "def_list", "footnotes"),
        *("md_in_html", "pymdownx.details", _SUPERFENCES, "pymdownx.tabbed"),
        *("pymdownx.highlight", "pymdownx.inlinehilite", _SNIPPETS, "pymdownx.tasklist"),
    ),
    {"pymdownx.tabbed": {"alternate_style": True}},
)
"""The dialect of this site, and of what most sites made with Material for MkDocs enable."""
