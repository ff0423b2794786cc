"""The colours of code, which are the theme's: Pygments needn't work out its own for every block."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown import Markdown

_STYLE = "pygments_style"


def leave_colours_to_theme(md: Markdown) -> None:
    """Have `md` highlight code with classes alone, where it is set to write no colours anyway.

    Pygments makes a style sheet for each block that is highlighted (`_create_stylesheet` in
    pygments/formatters/html.py), an eighth of the time that MkDocs takes for a handbook. With
    classes in the HTML nobody reads it, so a style without rules gives the same HTML.
    """
    for extension in md.registeredExtensions:
        if not hasattr(extension, "get_pymdownx_highlight_settings"):
            continue
        if extension.getConfig(_STYLE) == "default" and not extension.getConfig("noclasses"):
            extension.setConfig(_STYLE, _style_without_rules())


@functools.cache
def _style_without_rules() -> Any:
    from pygments.style import Style, StyleMeta  # noqa: PLC0415  # only where code is highlighted

    class _WithoutRules(StyleMeta):
        def __iter__(cls) -> Iterator[Any]:  # noqa: N805  # of a metaclass
            return iter(())

    class _Uncoloured(Style, metaclass=_WithoutRules):
        """What a formatter asks of a style."""

    return _Uncoloured
