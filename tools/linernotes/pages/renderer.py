"""The renderer itself, asked which fences it shows.

It runs the real Python-Markdown with the project's extensions and the real SuperFences, or
Python-Markdown's own `fenced_code` where the project doesn't enable SuperFences. Left out is what
can't change the answer: Pygments, extensions that only decorate and, on pages where they can't
matter, inline markup and all that comes after it.

A fence is rendered when the final HTML has it as an element. In an indented code block it isn't,
there SuperFences puts the text back; nor is it in an HTML comment, a script or a style sheet.
"""

from __future__ import annotations

import contextlib
import difflib
import html
import importlib
import os
import re
from bisect import bisect
from dataclasses import dataclass, replace
from functools import partial
from html.parser import HTMLParser
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import markdown
from markdown.extensions.attr_list import get_attrs_and_remainder
from markdown.extensions.fenced_code import FencedBlockPreprocessor
from markdown.preprocessors import NormalizeWhitespace
from markdown.util import HTML_PLACEHOLDER_RE
from pymdownx.snippets import SnippetPreprocessor
from pymdownx.superfences import SuperFencesBlockPreprocessor

from linernotes.pages.extensions import PythonName, load_extensions
from linernotes.pages.structure import is_harmless, may_swallow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from xml.etree.ElementTree import Element

    from markdown.preprocessors import Preprocessor

__all__ = ["RenderedFence", "Rendering", "load_extensions", "render", "rendered_fences"]

# Extensions that only decorate what is there: text, headings, images, the HTML of code.
_WITHOUT_INFLUENCE = frozenset(
    {
        *("codehilite", "toc", "smarty", "nl2br"),
        *("pymdownx.b64", "pymdownx.betterem", "pymdownx.caret", "pymdownx.emoji"),
        *("pymdownx.escapeall", "pymdownx.keys", "pymdownx.mark", "pymdownx.pathconverter"),
        *("pymdownx.progressbar", "pymdownx.smartsymbols", "pymdownx.tasklist", "pymdownx.tilde"),
    }
)
_ATTRIBUTE = f"data-{os.urandom(8).hex()}"  # which no page can know
_MARK = f'<pre {_ATTRIBUTE}="{{}}"></pre>'
_MARKED = re.compile(_MARK.format(r"([0-9]+)"))
_PLAIN_FENCE = re.compile(
    r'<pre[^>]*><code(?:[^>]*? class="language-(?P<language>[^"]*)")?[^>]*>(?P<code>.*)</code></pre>',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class RenderedFence:
    """A fence that the page's readers see.

    `source` is what is highlighted, without the line feed at its end. `line` is where it opens in
    the text, counted from 1, and None for a fence that comes from an included file
    (pymdownx.snippets) or from an extension.
    """

    language: str
    source: str
    line: int | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A rendered fence by the lines of `Rendering`: it begins in `start` and ends before `end`."""

    start: int
    end: int
    language: str
    source: str


@dataclass(frozen=True, slots=True)
class Rendering:
    """What the renderer made of a page.

    `lines` are what it looked for fences in, with tabs expanded and other files included.
    `origins` has for each of them its line in the text, from 0, or None when the text doesn't
    have it. `prose` are those of the lines asked for that are neither code nor hidden.
    """

    lines: tuple[str, ...]
    origins: tuple[int | None, ...]
    fences: tuple[Shown, ...]
    prose: frozenset[int]


def rendered_fences(
    text: str, extensions: Sequence[str], configs: Mapping[str, Mapping[str, Any]]
) -> tuple[RenderedFence, ...]:
    """Return the fences that are rendered of a page without front matter, in its order.

    A fence in a footnote counts where it is written. One that an included file brings along is
    there too, with `line=None`: readers see it, and the page doesn't have it. Included files are
    read from disk, never from the network. Raises what an extension raises on this page.
    """
    rendering = render(text, extensions, configs)
    return tuple(
        RenderedFence(
            fence.language,
            fence.source,
            None if (line := rendering.origins[fence.start]) is None else line + 1,
        )
        for fence in rendering.fences
    )


def render(
    text: str,
    extensions: Sequence[str],
    configs: Mapping[str, Mapping[str, Any]],
    doubtful: Callable[[Sequence[str]], Iterable[int]] = lambda _: (),
) -> Rendering:
    """Return what the renderer makes of `text`.

    `doubtful` is given the lines in which the renderer looks for fences, and returns the numbers
    of those for which it wants to know whether they are prose.
    """
    key = (tuple(extensions), repr(configs))
    renderer = _renderers.pop(key, None) or _Renderer(extensions, configs)
    rendering = renderer.render(text, doubtful)
    _renderers[key] = renderer  # not after an exception, which may leave it in the middle of a page
    return rendering


_renderers: dict[tuple[tuple[str, ...], str], _Renderer] = {}


_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


class _Line(str):
    """A line that knows its number, as long as nobody makes a new string of it."""

    __slots__ = ("number",)

    number: int


class _Renderer:
    """Python-Markdown, made for one set of extensions and used for many pages."""

    def __init__(self, extensions: Sequence[str], configs: Mapping[str, Mapping[str, Any]]) -> None:
        self._md = markdown.Markdown()
        for name in extensions:
            if name.removeprefix("markdown.extensions.") not in _WITHOUT_INFLUENCE:
                self._enable(name, configs.get(name) or {})
        self._footnotes = None
        if "footnote" in self._md.treeprocessors:
            self._footnotes = self._md.treeprocessors["footnote"]
            self._md.treeprocessors.deregister("footnote")
        self._md.treeprocessors.deregister("indent-highlight", strict=False)  # Pygments
        # Of `preserve_tabs`: here a tab is four columns, which Python doesn't mind.
        self._md.preprocessors.deregister("fenced_raw_block", strict=False)
        self._shown: list[Shown] = []
        self._prepare()

    def _enable(self, name: str, config: Mapping[str, Any]) -> None:
        with contextlib.suppress(Exception):  # MkDocs says what is wrong with it, and stops
            self._md.registerExtensions([name], {name: _resolved(config)})

    def _prepare(self) -> None:
        """Record what SuperFences finds instead of highlighting it, and stay off the network."""
        for preprocessor in self._md.preprocessors:
            if isinstance(preprocessor, SuperFencesBlockPreprocessor):
                self._record(preprocessor)
            elif isinstance(preprocessor, FencedBlockPreprocessor):
                preprocessor.config["lang_prefix"] = "language-"
            elif isinstance(preprocessor, SnippetPreprocessor):
                preprocessor.url_download = False
                preprocessor.check_paths = False

    def _record(self, superfences: Any) -> None:
        superfences._store = partial(self._store, superfences._store)  # noqa: SLF001
        for entry in superfences.extension.superfences:
            entry["formatter"] = self._format

    def _format(self, *, src: str, language: str | None, **_: object) -> str:
        self._shown.append(Shown(0, 0, language or "", src))
        return _MARK.format(len(self._shown) - 1)

    def _store(
        self, store: Callable[..., None], source: str, code: str, start: int, end: int
    ) -> None:
        self._shown[-1] = replace(self._shown[-1], start=start, end=end)
        store(source, code, start, end)

    def render(self, text: str, doubtful: Callable[[Sequence[str]], Iterable[int]]) -> Rendering:
        """Return what is rendered of `text`."""
        if not text.strip():
            return Rendering((), (), (), frozenset())
        lines, origins, visible = self._convert(text, ())
        found = tuple(self._shown)
        fences = tuple(fence for number, fence in enumerate(found) if number in visible)
        inside = {line for fence in found for line in range(fence.start, fence.end)}
        asked = [line for line in doubtful(lines) if line not in inside]
        if asked:  # on its own, because a mark in place of a line may move what follows
            _, _, visible = self._convert(text, asked)
        prose = frozenset(one for number, one in enumerate(asked, len(found)) if number in visible)
        return Rendering(lines, origins, fences, prose)

    def _convert(
        self, text: str, asked: Sequence[int]
    ) -> tuple[tuple[str, ...], tuple[int | None, ...], set[int]]:
        """Return the lines with fences in them, their origins, and the marks that are visible."""
        self._md.reset()
        self._shown.clear()
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        lines = text.lstrip("\n").split("\n")  # as MkDocs does, mkdocs/utils/meta.py
        skipped = len(text) - len(text.lstrip("\n"))
        origins: list[int | None] = list(range(skipped, skipped + len(lines)))
        before: tuple[str, ...] = ()
        written: set[int] = set()
        for preprocessor in self._md.preprocessors:
            if isinstance(preprocessor, SuperFencesBlockPreprocessor):
                before = tuple(lines)
                lines = preprocessor.run(lines)
                self._mark(preprocessor, lines, before, asked)
            elif isinstance(preprocessor, FencedBlockPreprocessor):
                before = tuple(lines)
                lines = self._fenced_code(preprocessor, lines)
                written = _in_the_open(before, asked, len(self._shown))
            elif before:
                lines = preprocessor.run(lines)
            else:
                lines, origins = _run(preprocessor, lines, origins)
        root = self._md.parser.parseDocument(lines).getroot()
        assert root is not None
        return before, tuple(origins), self._visible(root) | written

    def _mark(
        self,
        superfences: Any,
        lines: list[str],
        before: Sequence[str],
        asked: Sequence[int],
    ) -> None:
        """Put marks in place of the lines asked for, as if they were fences.

        So SuperFences' block processor gives such a line back too where it is code.
        """
        ends = [fence.end for fence in self._shown]
        gone = [0, *accumulate(fence.end - fence.start - 1 for fence in self._shown)]
        for number, line in enumerate(asked, len(self._shown)):
            text = before[line]
            prefix = text[: len(text) - len(text.lstrip("> "))]
            placeholder = self._md.htmlStash.store(_MARK.format(number))
            superfences.extension.stash.store(placeholder[1:-1], text, len(prefix))
            lines[line - gone[bisect(ends, line)]] = prefix + placeholder

    def _fenced_code(self, preprocessor: FencedBlockPreprocessor, lines: list[str]) -> list[str]:
        """Take the fences from `lines`, and put marks where it has stored their HTML."""
        starts = _fence_lines(preprocessor, "\n".join(lines))
        first = self._md.htmlStash.html_counter
        lines = preprocessor.run(lines)
        blocks = self._md.htmlStash.rawHtmlBlocks
        for number, (start, end) in enumerate(starts):
            match = _PLAIN_FENCE.fullmatch(str(blocks[first + number]))
            assert match is not None
            source = html.unescape(match["code"]).removesuffix("\n")
            self._shown.append(Shown(start, end, html.unescape(match["language"] or ""), source))
            blocks[first + number] = _MARK.format(number)
        return lines

    def _visible(self, root: Element) -> set[int]:
        """Return the numbers of the marks that are elements of the final document."""
        stash = self._md.htmlStash
        if self._footnotes is not None:  # they are parsed here, not among the blocks
            self._footnotes.run(root)
        found: set[int] = set()
        for element in root.iter():
            for text in (element.text, element.tail):
                if not text:
                    continue
                if "<" in text and element.tag != "code" and not is_harmless(text):
                    return self._visible_after_all(root)
                for match in HTML_PLACEHOLDER_RE.finditer(text):
                    if may_swallow(text[: match.start()]):
                        return self._visible_after_all(root)
                    mark = _MARKED.fullmatch(str(stash.rawHtmlBlocks[int(match[1])]))
                    if mark:
                        found.add(int(mark[1]))
        if all(isinstance(one, str) and _MARKED.fullmatch(one) for one in stash.rawHtmlBlocks):
            return found
        return self._marks(root)

    def _visible_after_all(self, root: Element) -> set[int]:
        for processor in self._md.treeprocessors:
            changed = processor.run(root)
            root = root if changed is None else changed
        return self._marks(root)

    def _marks(self, root: Element) -> set[int]:
        reader = _MarkReader()
        reader.feed(self._md.postprocessors["raw_html"].run(self._md.serializer(root)))
        reader.close()
        return reader.found


class _MarkReader(HTMLParser):
    """Finds the marks that a browser would make elements of."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: set[int] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "pre" and (number := dict(attrs).get(_ATTRIBUTE) or "").isdecimal():
            self.found.add(int(number))


def _run(
    preprocessor: Preprocessor, lines: list[str], origins: list[int | None]
) -> tuple[list[str], list[int | None]]:
    """Run a preprocessor that comes before fences are looked for, and follow the lines."""
    if isinstance(preprocessor, NormalizeWhitespace):
        changed = preprocessor.run(lines)
        return changed, origins + [None] * (len(changed) - len(lines))
    if isinstance(preprocessor, SnippetPreprocessor):
        changed = preprocessor.run([_numbered(line, at) for at, line in enumerate(lines)])
        return changed, [
            origins[line.number] if isinstance(line, _Line) else None for line in changed
        ]
    changed = preprocessor.run(list(lines))
    if len(changed) == len(lines):
        return changed, origins
    moved: list[int | None] = [None] * len(changed)
    steps = difflib.SequenceMatcher(None, lines, changed, autojunk=False).get_opcodes()
    for _, first, last, start, end in steps:
        if last - first == end - start:
            moved[start:end] = origins[first:last]
    return changed, moved


def commented(lines: Sequence[str]) -> frozenset[int]:
    """Return the lines, from 0, that an HTML comment is in."""
    text = "\n".join(lines)
    return frozenset(
        line
        for match in _COMMENT.finditer(text)
        for line in range(text.count("\n", 0, match.start()), text.count("\n", 0, match.end()) + 1)
    )


def _in_the_open(lines: Sequence[str], asked: Sequence[int], first: int) -> set[int]:
    """Return the marks of those of the lines asked for that fenced_code would take for a fence.

    It looks at the first column only, and doesn't know HTML; a comment is the one place in which
    somebody writes what looks like a fence and isn't meant to be seen.
    """
    comments = commented(lines)
    return {
        number
        for number, line in enumerate(asked, first)
        if lines[line][:1] in ("`", "~") and line not in comments
    }


def _numbered(text: str, number: int) -> _Line:
    line = _Line(text)
    line.number = number
    return line


def _fence_lines(preprocessor: FencedBlockPreprocessor, text: str) -> list[tuple[int, int]]:
    """Return where the fences begin and end; the loop is that of `FencedBlockPreprocessor.run`."""
    spans, position = [], 0
    while match := preprocessor.FENCED_BLOCK_RE.search(text, position):
        if match["attrs"] and get_attrs_and_remainder(match["attrs"])[1]:
            position = match.end("attrs")
            continue
        start = text.count("\n", 0, match.start())
        spans.append((start, start + match.group().count("\n") + 1))
        position = match.end()
    return spans


def _resolved(value: Any) -> Any:
    """Return a configuration with the objects that `!!python/name:` names, or None without one."""
    if isinstance(value, dict):
        return {key: _resolved(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_resolved(one) for one in value]
    if not isinstance(value, PythonName):
        return value
    module, _, name = value.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except Exception:  # noqa: BLE001  # anybody's module
        return None
