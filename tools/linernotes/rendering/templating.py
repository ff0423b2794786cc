"""The Jinja environment of everything that is generated: what is put in, is escaped."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jinja2


def render(template: str, **values: Any) -> str:
    """Return the template of this package with that name, filled in."""
    return _environment().get_template(template).render(values)


# What begins something in Markdown or in one of its extensions, in a line or at its beginning.
_MARKS = re.compile(r"""[\\`*_{}\[\]<>&#+|~^=:$@!?()/'"]|^-|(?<=^www)\.|(?<=\Wwww)\.""")
_NUMBER = re.compile(r"^(\d+)[.)]")


def as_markdown(text: str) -> str:
    """Return Markdown for one line that shows `text` as it is, whatever extensions are enabled.

    Marks become character references: a backslash only works before those that Python-Markdown
    itself knows, not before its extensions'. Line ends become spaces.
    """
    line = " ".join(text.split())
    number = _NUMBER.match(line)
    start = f"{number[1]}&#{ord(line[number.end() - 1])};" if number else ""
    rest = line[number.end() :] if number else line
    return start + _MARKS.sub(lambda mark: f"&#{ord(mark[0])};", rest)


@functools.cache
def _environment() -> jinja2.Environment:
    import jinja2  # noqa: PLC0415  # 30 ms that a page without front matter needn't pay
    from markupsafe import Markup  # noqa: PLC0415

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("linernotes.rendering"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.filters["markdown"] = lambda text: Markup(as_markdown(text))  # noqa: S704  # is escaped
    return environment
