"""The Markdown twin of a page: what its readers see, for readers that want Markdown.

It is made from the source, after includes and facts are put in and before anything is rendered:
not from the HTML, in which the structure of a page is lost, and not raw, for what is written for
our renderer means nothing to others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linernotes.findings import Finding, error
from linernotes.pages.candidates import normalized
from linernotes.pages.dialect import dialect
from linernotes.pages.facts import SIGN, Facts, with_facts
from linernotes.pages.fences import scan
from linernotes.pages.headers import OUTPUT_CLASS
from linernotes.publishing.blocks import STASH, Blocks, Line
from linernotes.publishing.inline import Inline
from linernotes.rendering.directives import HIDDEN_CLASS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from linernotes.pages.dialect import Dialect
    from linernotes.pages.fences import Fence
    from linernotes.pages.page import Page

_SNIPPETS = "pymdownx.snippets"
_RUN_OF_TICKS = re.compile(r"^[> ]*(`{3,})", re.MULTILINE)
_SHORT = "markdown.extensions."
_BUNDLES = frozenset({"extra", "pymdownx.extra"})
_NOTHING: Mapping[int, str] = {}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the twins of a site's pages have in common.

    `index` is the URL of its llms.txt. `dialect` is the Markdown of the project and `enabled` the
    short names of its extensions.
    """

    index: str
    dialect: Dialect
    enabled: frozenset[str]
    facts: Facts


def surroundings(index: str, markdown: Dialect, facts: Facts) -> Surroundings:
    """Return what is needed to make twins of pages written in the dialect `markdown`."""
    names = {name.removeprefix(_SHORT) for name in markdown.extensions}
    for bundle in _BUNDLES & names:
        names |= {name.removeprefix(_SHORT) for name in _bundled(bundle)}
    return Surroundings(index, markdown, frozenset(names), facts)


def _bundled(bundle: str) -> Iterable[str]:
    """Return what one of the two extensions loads that are only a list of others."""
    if bundle == "extra":
        from markdown.extensions.extra import extensions  # noqa: PLC0415  # only where enabled

        return extensions
    from pymdownx.extra import extra_extensions  # noqa: PLC0415  # only where enabled

    return extra_extensions


def twin(
    page: Page,
    around: Surroundings,
    resolve: Callable[[str], str],
    page_url: str,
    *,
    title: str = "",
    description: str = "",
    outputs: Mapping[int, str] = _NOTHING,
) -> tuple[str, tuple[Finding, ...]]:
    """Return the twin of `page`, and what it couldn't say in Markdown.

    `resolve` gives the absolute form of a link in the page, and `page_url` is the page's own.
    `title` stands above a page that has no heading of its own. `outputs` says of an output, by the
    line of its fence, where it comes from: `simulated`. The twin begins with a pointer to the
    site's index and ends with a line feed.
    """
    body, numbers, fences, findings = _prepared(page, around)
    inline = Inline(resolve, page_url, around.enabled)
    lines, stash, hidden = _stashed(body, page.body_line, numbers, fences, outputs)
    blocks = Blocks(page.path, inline, around.enabled, stash, hidden)
    converted = blocks.convert(lines)
    head = [f"> Fetch the complete documentation index at: {around.index}", ""]
    content = _with_description(converted, title, description)
    text = "\n".join(_expanded(_collapsed([*head, *content]), stash))
    return f"{text}\n", (*findings, *blocks.findings)


def _with_description(lines: list[str], title: str, description: str) -> list[str]:
    """Put the page's description below its title, which it gets if it has none."""
    about = ["", f"> {' '.join(description.split())}", ""] if description else []
    first = next((number for number, line in enumerate(lines) if line), None)
    if first is not None and lines[first].startswith("# "):
        return [*lines[: first + 1], *about, *lines[first + 1 :]]
    return [f"# {title}", *about, "", *lines] if title else [*about, *lines]


def _prepared(
    page: Page, around: Surroundings
) -> tuple[str, Sequence[int], tuple[Fence, ...], tuple[Finding, ...]]:
    """Return the page's Markdown with everything put in, the page line of each line, and fences."""
    findings: tuple[Finding, ...] = ()
    body: str = page.body
    numbers: Sequence[int] = range(page.body_line, page.body_line + body.count("\n") + 1)
    spoken = around.dialect
    if spoken.appended or (spoken.includes and "8<" in body):
        body, numbers, findings = _with_includes(page, spoken)
    if SIGN in body:
        body, numbers = _with_facts(body, numbers, around.facts)
    if body is page.body:
        return body, numbers, page.fences, findings
    fences, _ = scan(body, page.path, page.body_line, _without_snippets(spoken))
    return body, numbers, fences, findings


def _without_snippets(spoken: Dialect) -> Dialect:
    names = [name for name in spoken.extensions if name != _SNIPPETS]
    return dialect(names, spoken.configs)


class _Numbered(str):
    """A line that knows its number, as long as nobody makes a new string of it."""

    __slots__ = ("number",)

    number: int


def _with_includes(page: Page, spoken: Dialect) -> tuple[str, list[int], tuple[Finding, ...]]:
    """Do what pymdownx.snippets does. Nothing is fetched from the network."""
    from markdown import Markdown  # noqa: PLC0415  # 40 ms, and most pages include nothing

    config = {**(spoken.configs.get(_SNIPPETS) or {}), "url_download": False}
    lines: list[str] = []
    for number, text in enumerate(page.body.split("\n"), page.body_line):
        line = _Numbered(text)
        line.number = number
        lines.append(line)
    try:
        md = Markdown(extensions=[_SNIPPETS], extension_configs={_SNIPPETS: config})
        changed = md.preprocessors["snippet"].run(lines)
    except Exception as exc:  # noqa: BLE001  # a file that is missing, of any error of its reader
        said = f"{type(exc).__name__}: {exc}".partition("\n")[0]
        finding = error("bad-include", page.path, None, f"a file can't be included: {said}")
        first = page.body_line
        return page.body, list(range(first, first + len(lines))), (finding,)
    numbers, last = [], page.body_line
    for line in changed:
        last = line.number if isinstance(line, _Numbered) else last
        numbers.append(last)
    return "\n".join(changed), numbers, ()


def _with_facts(body: str, numbers: Sequence[int], facts: Facts) -> tuple[str, Sequence[int]]:
    """Put facts in; a table of them has the number of the line that it stands for."""
    changed = with_facts(body, facts)
    before, after = body.split("\n"), changed.split("\n")
    if len(before) == len(after):
        return changed, numbers
    # A table is the only thing that makes several lines of one.
    found, position = [], 0
    for number, line in zip(numbers, before, strict=True):
        alone = with_facts(line, facts) if SIGN in line else line
        size = alone.count("\n") + 1
        size = size if "\n".join(after[position : position + size]) == alone else 1
        found += [number] * size
        position += size
    return changed, found


def _stashed(
    body: str,
    first: int,
    numbers: Sequence[int],
    fences: Sequence[Fence],
    outputs: Mapping[int, str],
) -> tuple[list[Line], list[Sequence[str]], frozenset[int]]:
    """Return the page's lines with each fence as one line, the fences, and which are hidden.

    `first` is the line that fences count from; `numbers` are those of the page, in which a line may
    stand for several.
    """
    raw = body.split("\n")
    plain = normalized(body).split("\n")[: len(raw)]
    lines: list[Line] = []
    stash: list[Sequence[str]] = []
    hidden: set[int] = set()
    position = 0
    for number, fence in enumerate(fences):
        start, end = fence.line - first, fence.end_line - first
        lines += map(Line, numbers[position:start], plain[position:start])
        prefix = plain[start][: fence.indent]
        lines.append(Line(numbers[start], f"{prefix}\x02{number}\x03"))
        code = [
            _without_prefix(old, new, fence.indent)
            for old, new in zip(raw[start + 1 : end], plain[start + 1 : end], strict=True)
        ]
        stash.append(_fence(fence, code, outputs.get(numbers[start])))
        if fence.header.is_python and HIDDEN_CLASS in fence.header.classes:
            hidden.add(number)
        position = end + 1
    lines += map(Line, numbers[position:], plain[position:])
    return lines, stash, frozenset(hidden)


def _without_prefix(raw: str, plain: str, indent: int) -> str:
    """Return a line of code without what is before it; tabs in it stay where that is possible."""
    if raw[:indent].strip("> "):
        return plain[indent:]
    return raw[indent:].rstrip("\r")


def _fence(fence: Fence, code: Sequence[str], source: str | None) -> list[str]:
    """Return a fence that has no more than language and title, with a label if it is an output."""
    header = fence.header
    title = header.get("title") or ""
    ticks = max((len(run) for run in _RUN_OF_TICKS.findall("\n".join(code))), default=2) + 1
    mark = "`" * max(3, ticks)
    quote = "'" if '"' in title else '"'
    named = f" title={quote}{title}{quote}" if title and quote not in title else ""
    opening = f"{mark}{header.language}{named}"
    if "`" in opening[len(mark) :]:
        mark = "~" * 3
        while any(line.lstrip("> ").startswith(mark) for line in code):
            mark += "~"
        opening = f"{mark}{header.language}{named}"
    if OUTPUT_CLASS not in header.classes:
        return [opening, *code, mark]
    label = f"Output ({source}):" if source else "Output:"
    return [label, "", opening, *code, mark]


def _collapsed(lines: Iterable[str]) -> list[str]:
    """Return the lines with single blank ones, and none at the ends."""
    kept: list[str] = []
    for line in lines:
        blank = not line.strip("> ")
        if not (blank and (not kept or kept[-1] == line)):
            kept.append(line)
    while kept and not kept[-1]:
        kept.pop()
    return kept


def _expanded(lines: Iterable[str], stash: Sequence[Sequence[str]]) -> Iterable[str]:
    """Put what was stashed back, every line behind what stands before its place."""
    for line in lines:
        if "\x02" not in line or (found := STASH.search(line)) is None:
            yield line
            continue
        prefix = line[: found.start()]
        below = re.sub(r"[^> ]", " ", prefix)
        for number, text in enumerate(_expanded(stash[int(found[1])], stash)):
            start = below if number else prefix
            yield f"{start}{text}" if text else start.rstrip()
