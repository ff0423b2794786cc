"""The fences of a page: exactly those that its readers see as code, with their lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linernotes.findings import Finding, error
from linernotes.pages.candidates import TAB, candidates, fence_of, normalized, source_of
from linernotes.pages.dialect import HOUSE
from linernotes.pages.headers import Header, Refusal, misnamed, parse
from linernotes.pages.structure import all_rendered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from linernotes.pages.candidates import Candidate
    from linernotes.pages.dialect import Dialect
    from linernotes.pages.renderer import Rendering, Shown


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block of a page.

    `line` and `end_line` are those of its first and last line in the page, counted from 1.
    `indent` is the columns before its backticks, block-quote marks included, and `header_text` what
    follows them. `source` is the text that the renderer highlights: dedented, tabs expanded, lines
    joined by a line feed, without a last one. `source_lines` are the page lines of its lines:
    `line + 1`, `line + 2`, … unless a line includes another file (pymdownx.snippets), whose lines
    then all have the number of the line that includes them.
    """

    line: int
    end_line: int
    indent: int
    header: Header
    header_text: str
    source: str
    source_lines: Sequence[int]

    @property
    def language(self) -> str:
        """The language as written, "" for none."""
        return self.header.language


_Scan = tuple[tuple[Fence, ...], tuple[Finding, ...]]


def scan(text: str, page: str, first_line: int = 1, dialect: Dialect = HOUSE) -> _Scan:
    """Return the fences of `text` in order, and what is wrong with the lines that open fences.

    `text` is a page without its front matter, and begins in line `first_line` of the file `page`.
    Fences that only come to the page from a file it includes aren't on it; `rendered_fences` of
    `linernotes.pages.renderer` has them.
    """
    plain = normalized(text)
    found = tuple(candidates(plain, dialect.rules))
    if not found:
        return (), ()
    if not all_rendered(plain, found, dialect):
        return _scan_rendered(text, page, first_line, dialect)
    fences = tuple(_fence(plain, one, first_line) for one in found if one.closed)
    places = range(first_line, first_line + plain.count("\n") + 1)
    return fences, _findings(page, fences, (one for one in found if not one.closed), places)


def _fence(text: str, candidate: Candidate, first_line: int) -> Fence:
    assert isinstance(candidate.header, Header)
    line = candidate.line + first_line
    end_line = line + text.count("\n", candidate.start, candidate.end)
    return Fence(
        line=line,
        end_line=end_line,
        indent=len(candidate.prefix),
        header=candidate.header,
        header_text=candidate.opening[len(fence_of(candidate.opening)) :].strip(),
        source=source_of(text, candidate),
        source_lines=range(line + 1, end_line),
    )


def _scan_rendered(text: str, page: str, first_line: int, dialect: Dialect) -> _Scan:
    """Do what `scan` does by asking the renderer, in milliseconds instead of microseconds."""
    from linernotes.pages.renderer import commented, render  # noqa: PLC0415  # imports Markdown

    open_ended: dict[int, Candidate] = {}
    closed: dict[int, Candidate] = {}

    def doubtful(lines: Sequence[str]) -> Iterable[int]:
        for one in candidates("\n".join(lines), dialect.rules):
            (closed if one.closed else open_ended)[one.line] = one
        return open_ended

    try:
        rendering = render(text, dialect.extensions, dialect.configs, doubtful)
    except Exception as exc:  # noqa: BLE001  # whatever an extension raises
        return (), (_failure(page, exc),)
    places = _places(rendering, first_line)
    fences = tuple(
        _rendered_fence(rendering, fence, places, dialect)
        for fence in rendering.fences
        if rendering.origins[fence.start] is not None
    )
    written = (one for one in rendering.prose if rendering.origins[one] is not None)
    findings = _findings(page, fences, map(open_ended.__getitem__, written), places)
    inside = {line for fence in rendering.fences for line in range(fence.start, fence.end)}
    inside |= commented(rendering.lines)
    missed = (one for line, one in closed.items() if line not in inside)
    if dialect.superfences:
        return fences, (*findings, *_shown_as_text(page, missed, rendering, places, dialect))
    return fences, (*findings, *(_beyond_fenced_code(page, one, places) for one in missed))


_BOXES = {"===": "pymdownx.tabbed", "!!!": "admonition", "???": "pymdownx.details"}
"""The lines that begin a tab or an admonition, and the extensions that make one of it."""


def _shown_as_text(
    page: str,
    missed: Iterable[Candidate],
    rendering: Rendering,
    places: Sequence[int],
    dialect: Dialect,
) -> Iterator[Finding]:
    """Say which Python fences readers see with their backticks, for want of an extension.

    What is indented below the header of a tab or an admonition is indented code where the project
    doesn't enable them. Any other indented code with a fence in it may be meant to show one.
    """
    enabled = {name.removeprefix("markdown.extensions.") for name in dialect.extensions}
    boxes = {begin: name for begin, name in _BOXES.items() if name not in enabled}
    for one in missed:
        above = (line for line in reversed(rendering.lines[: one.line]) if line.strip())
        header = next((line for line in above if not line.startswith(" " * TAB)), "")
        extension = boxes.get(header.lstrip(" ")[:3])
        if extension is not None and isinstance(one.header, Header) and one.header.is_python:
            yield error(
                "shown-as-text",
                page,
                places[one.line],
                f"readers see this fence as text, backticks and all: `{header.strip()}` above it"
                f" needs {extension}, which the project doesn't enable",
                f"enable {extension} in mkdocs.yml, under markdown_extensions",
            )


def _beyond_fenced_code(page: str, candidate: Candidate, places: Sequence[int]) -> Finding:
    """Say that a fence is one only for SuperFences, which the project doesn't enable."""
    return error(
        "bad-fence-header",
        page,
        places[candidate.line],
        "the renderer doesn't take this line for a fence: Markdown's own fenced_code wants it in"
        " the first column, and knows no options like `title`",
        "enable pymdownx.superfences in mkdocs.yml, under markdown_extensions",
    )


def _places(rendering: Rendering, first_line: int) -> tuple[int, ...]:
    """Return the page line of each line; included ones are in the line that includes them."""
    places, last = [], first_line - 1
    for origin in rendering.origins:
        if origin is None:
            places.append(last + 1)
        else:
            last = origin + first_line
            places.append(last)
    return tuple(places)


def _rendered_fence(
    rendering: Rendering, fence: Shown, places: Sequence[int], dialect: Dialect
) -> Fence:
    text = rendering.lines[fence.start]
    opening = text.lstrip("> ")
    header = parse(opening.rstrip(" "), dialect.rules)
    if isinstance(header, Refusal):  # an extension's own idea of a header
        header = Header(fence.language, None, (), (), brace=False)
    return Fence(
        line=places[fence.start],
        end_line=places[fence.end - 1],
        indent=len(text) - len(opening),
        header=header,
        header_text=opening[len(fence_of(opening)) :].strip(),
        source=fence.source,
        source_lines=places[fence.start + 1 : fence.end - 1],
    )


def _findings(
    page: str,
    fences: Iterable[Fence],
    open_ended: Iterable[Candidate],
    places: Sequence[int],
) -> tuple[Finding, ...]:
    """Return what is wrong with the headers of fences, and with lines that open none."""
    findings = [found for one in fences for found in misnamed(one.header, page, one.line)]
    findings += _problems(page, sorted(open_ended, key=lambda one: one.line), places)
    return tuple(sorted(findings, key=lambda one: one.line or 0))


def _problems(
    page: str, open_ended: Iterable[Candidate], places: Sequence[int]
) -> Iterator[Finding]:
    refused = False
    for candidate in open_ended:
        line = places[candidate.line]
        if isinstance(candidate.header, Refusal):
            refused = True
            yield error(
                "bad-fence-header",
                page,
                line,
                f"the renderer doesn't take this line for a fence: {candidate.header.reason}",
                f"write {candidate.header.instead}",
            )
        elif not refused or candidate.opening.strip(candidate.opening[0] + " "):
            yield _unclosed(page, line, candidate, places)
        # What remains is the end of a fence whose header was refused.


def _unclosed(page: str, line: int, candidate: Candidate, places: Sequence[int]) -> Finding:
    fence = fence_of(candidate.opening)
    if candidate.broken is None:
        said = "this fence is never closed, so nothing below it is rendered as code"
        hint = f"close it with a line {candidate.prefix}{fence}"
    else:
        said = (
            f"this fence isn't closed before line {places[candidate.broken]}, which begins left of"
            " it, so it isn't rendered as code"
        )
        hint = f"begin every line of it, and the closing {fence}, in the column of this one"
    return error("unclosed-fence", page, line, said, hint)


def _failure(page: str, exc: Exception) -> Finding:
    said = f"{type(exc).__name__}: {exc}".partition("\n")[0]
    return error(
        "unrenderable-page",
        page,
        None,
        f"the project's Markdown extensions fail on this page: {said}",
        "`mkdocs build` fails on it too; its message has the details",
    )
