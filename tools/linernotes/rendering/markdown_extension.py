"""The Python-Markdown extension `linernotes`, for MkDocs and Zensical alike.

It is thin: each thing that it does to a page is a module of this package, hooked in at its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markdown.extensions import Extension
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor

from linernotes.rendering.anchors import with_unique_anchors
from linernotes.rendering.directives import without_directives
from linernotes.rendering.facts import FactsPreprocessor

if TYPE_CHECKING:
    from markdown import Markdown

# After pymdownx.snippets (32) and pymdownx.critic (31.1), which change the text of fences; before
# SuperFences takes them out of it: at 25, or already at 31.05 with its `preserve_tabs`.
BEFORE_FENCES = 31.07
# After files are included, before directives are taken out.
BEFORE_DIRECTIVES = 31.09
# After raw_html (30), which puts code blocks into the page.
AFTER_BLOCKS = 5


class LinernotesExtension(Extension):
    """Lets readers see a page as it is meant for them, without what it says to Linernotes."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802  # Python-Markdown's name
        """Put what this extension does into `md`."""
        md.preprocessors.register(FactsPreprocessor(md), "linernotes-facts", BEFORE_DIRECTIVES)
        md.preprocessors.register(_Directives(md), "linernotes-directives", BEFORE_FENCES)
        md.postprocessors.register(_Anchors(md), "linernotes-anchors", AFTER_BLOCKS)


class _Directives(Preprocessor):
    """Takes directives out before fences are rendered."""

    def run(self, lines: list[str]) -> list[str]:
        """Return the lines to render. Line ends are made equal first, as Markdown does after us."""
        text = "\n".join(lines).replace("\r\n", "\n").replace("\r", "\n")
        return without_directives(text).split("\n")


class _Anchors(Postprocessor):
    """Leaves each id to one place."""

    def run(self, text: str) -> str:
        """Return the page's HTML."""
        return with_unique_anchors(text)
