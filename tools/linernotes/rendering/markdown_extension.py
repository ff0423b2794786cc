"""The Python-Markdown extension `linernotes`, for MkDocs and Zensical alike.

It is thin: each thing that it does to a page is a module of this package, hooked in at its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markdown.extensions import Extension
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor

from linernotes.rendering.anchors import with_unique_anchors
from linernotes.rendering.colours import leave_colours_to_theme
from linernotes.rendering.current_site import current_site
from linernotes.rendering.directives import WITH_FENCED_CODE, WITH_SUPERFENCES, prepared
from linernotes.rendering.facts import FactsPreprocessor
from linernotes.rendering.marks import additions, with_additions
from linernotes.rendering.page_head import register as register_page_head

if TYPE_CHECKING:
    from markdown import Markdown

    from linernotes.pages.dialect import Dialect
    from linernotes.rendering.marks import Addition

# After pymdownx.snippets (32) and pymdownx.critic (31.1), which change the text of fences; before
# SuperFences takes them out of it: at 25, or already at 31.05 with its `preserve_tabs`.
BEFORE_FENCES = 31.07
# After files are included, before directives are taken out.
BEFORE_DIRECTIVES = 31.09
# After SuperFences and fenced_code (25) have put rendered fences aside. They are changed there and
# then: postprocessors are run for each heading too.
AFTER_FENCES = 24.9
# After raw_html (30), which puts code blocks into the page.
AFTER_BLOCKS = 5


class LinernotesExtension(Extension):
    """Lets readers see a page as it is meant for them, without what it says to Linernotes."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802  # Python-Markdown's name
        """Put what this extension does into `md`."""
        md.preprocessors.register(FactsPreprocessor(md), "linernotes-facts", BEFORE_DIRECTIVES)
        wanted: dict[int, Addition] = {}
        directives, marks = _Directives(md, wanted), _Marks(md, wanted)
        md.preprocessors.register(directives, "linernotes-directives", BEFORE_FENCES)
        md.preprocessors.register(marks, "linernotes-marks", AFTER_FENCES)
        md.postprocessors.register(_Anchors(md), "linernotes-anchors", AFTER_BLOCKS)
        register_page_head(md)


class _Directives(Preprocessor):
    """Takes directives out before fences are rendered, and finds out what is known of snippets."""

    def __init__(self, md: Markdown, wanted: dict[int, Addition]) -> None:
        super().__init__(md)
        self._md = md
        self._wanted = wanted

    def run(self, lines: list[str]) -> list[str]:
        """Return the lines to render. Line ends are made equal first, as Markdown does after us."""
        text = "\n".join(lines).replace("\r\n", "\n").replace("\r", "\n")
        leave_colours_to_theme(self._md)
        self._wanted.clear()
        site = current_site(self._md)
        source = site.source if site is not None else None
        page = prepared(text, _dialect(self._md), placed=site is not None, source=source)
        if site is not None:
            self._wanted.update(additions(text, page.fences, site, page.first_line))
        return page.text.split("\n")


class _Marks(Preprocessor):
    """Puts marks into the blocks that Markdown has put aside."""

    def __init__(self, md: Markdown, wanted: dict[int, Addition]) -> None:
        super().__init__(md)
        self._md = md
        self._wanted = wanted

    def run(self, lines: list[str]) -> list[str]:
        """Return the lines as they are: where blocks are to stand, nothing changes."""
        stash = self._md.htmlStash.rawHtmlBlocks
        for number, block in enumerate(stash if self._wanted else ()):
            if isinstance(block, str):
                stash[number] = with_additions(block, self._wanted)
        return lines


def _dialect(md: Markdown) -> Dialect:
    """Return the Markdown that `md` finds fences in: SuperFences takes fenced_code's place."""
    if "fenced_code_block" in md.preprocessors:
        finder = type(md.preprocessors["fenced_code_block"])
        if finder.__module__ == "markdown.extensions.fenced_code":
            return WITH_FENCED_CODE
    return WITH_SUPERFENCES


class _Anchors(Postprocessor):
    """Leaves each id to one place."""

    def run(self, text: str) -> str:
        """Return the page's HTML."""
        return with_unique_anchors(text)
