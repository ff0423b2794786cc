"""The renderer itself, asked which fences it shows.

It runs the real Python-Markdown with the project's extensions and the real SuperFences, or
Python-Markdown's own `fenced_code` where the project doesn't enable SuperFences. Left out is what
can't change the answer: Pygments, extensions that only decorate and, on pages where they can't
matter, inline markup and all that comes after it.

A fence is rendered when the final HTML has it as an element. In an indented code block it isn't,
there SuperFences puts the text back; nor is it in an HTML comment, a script or a style sheet.
"""

from __future__ import annotations

import difflib
import html
import importlib
import re
from dataclasses import dataclass, replace
from functools import partial
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import markdown
from markdown.extensions.attr_list import get_attrs_and_remainder
from markdown.extensions.fenced_code import FencedBlockPreprocessor
from markdown.preprocessors import NormalizeWhitespace
from markdown.util import HTML_PLACEHOLDER_RE, STX
from pymdownx.snippets import SnippetPreprocessor
from pymdownx.superfences import SuperFencesBlockPreprocessor

from linernotes.pages.extensions import PythonName, load_extensions
from linernotes.pages.structure import may_swallow

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
# Tree processors that run Pygments, or have been run before.
_SKIPPED = frozenset({"footnote", "indent-highlight"})

_MARK = '<pre data-fence="{}"></pre>'
_MARKED = re.compile(r'<pre data-fence="(\d+)"></pre>')
_PLAIN_FENCE = re.compile(
    r'<pre[^>]*><code(?:[^>]*? class="language-(?P<language>[^"]*)")?[^>]*>(?P<code>.*)</code></pre>',
    re.DOTALL,
)

Configs = "Mapping[str, Mapping[str, Any]]"


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

    def __len__(self) -> int:
        return self.end - self.start

    def __contains__(self, line: int) -> bool:
        return self.start <= line < self.end


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
    renderer = _renderers.get(key)
    if renderer is None:
        renderer = _renderers[key] = _Renderer(extensions, configs)
    return renderer.render(text, doubtful)


_renderers: dict[tuple[tuple[str, ...], str], _Renderer] = {}


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
        for name in _SKIPPED - {"footnote"}:
            self._md.treeprocessors.deregister(name, strict=False)
        self._md.preprocessors.deregister("fenced_raw_block", strict=False)
        self._shown: list[Shown] = []
        self._spans: list[tuple[int, int]] = []
        self._prepare()

    def _enable(self, name: str, config: Mapping[str, Any]) -> None:
        try:
            self._md.registerExtensions([name], {name: _resolved(config)})
        except Exception:  # noqa: BLE001, S110  # MkDocs says what is wrong with it, and stops
            pass

    def _prepare(self) -> None:
        """Record what SuperFences finds instead of highlighting it, and stay off the network."""
        for preprocessor in self._md.preprocessors:
            if isinstance(preprocessor, SuperFencesBlockPreprocessor):
                preprocessor.config["preserve_tabs"] = False
                preprocessor._store = partial(self._store, preprocessor._store)  # noqa: SLF001
                for entry in preprocessor.extension.superfences:
                    entry["formatter"] = self._format
            elif isinstance(preprocessor, FencedBlockPreprocessor):
                preprocessor.config["lang_prefix"] = "language-"
            elif isinstance(preprocessor, SnippetPreprocessor):
                preprocessor.url_download = False
                preprocessor.check_paths = False

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
        asked = [one for one in doubtful(lines) if not any(one in fence for fence in found)]
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
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        origins: list[int | None] = list(range(len(lines)))
        before: tuple[str, ...] = ()
        for preprocessor in self._md.preprocessors:
            if isinstance(preprocessor, SuperFencesBlockPreprocessor):
                before = tuple(lines)
                lines = preprocessor.run(lines)
                self._mark(preprocessor, lines, before, asked)
            elif isinstance(preprocessor, FencedBlockPreprocessor):
                before = tuple(lines)
                lines = self._fenced_code(preprocessor, lines)
            elif before:
                lines = preprocessor.run(lines)
            else:
                lines, origins = _run(preprocessor, lines, origins)
        root = self._md.parser.parseDocument(lines).getroot()
        return before, tuple(origins), self._visible(root)

    def _mark(
        self,
        preprocessor: SuperFencesBlockPreprocessor,
        lines: list[str],
        before: Sequence[str],
        asked: Sequence[int],
    ) -> None:
        """Put marks in place of the lines asked for, as if they were fences.

        So SuperFences' block processor gives such a line back too where it is code.
        """
        for number, line in enumerate(asked, len(self._shown)):
            gone = sum(len(fence) - 1 for fence in self._shown if fence.end <= line)
            text = before[line]
            prefix = text[: len(text) - len(text.lstrip("> "))]
            placeholder = self._md.htmlStash.store(_MARK.format(number))
            preprocessor.extension.stash.store(placeholder[1:-1], text, len(prefix))
            lines[line - gone] = prefix + placeholder

    def _fenced_code(self, preprocessor: FencedBlockPreprocessor, lines: list[str]) -> list[str]:
        """Take the fences from `lines`, and put marks where it has stored their HTML."""
        starts = _fence_lines(preprocessor, "\n".join(lines))
        first = self._md.htmlStash.html_counter
        lines = preprocessor.run(lines)
        blocks = self._md.htmlStash.rawHtmlBlocks
        for number, (start, end) in enumerate(starts):
            match = _PLAIN_FENCE.fullmatch(blocks[first + number])
            assert match is not None
            source = html.unescape(match["code"]).removesuffix("\n")
            self._shown.append(Shown(start, end, html.unescape(match["language"] or ""), source))
            blocks[first + number] = _MARK.format(number)
        return lines

    def _visible(self, root: Element) -> set[int]:
        """Return the numbers of the marks that are elements of the final document."""
        stash = self._md.htmlStash
        if "footnote" in self._md.treeprocessors:
            self._md.treeprocessors["footnote"].run(root)
        found: set[int] = set()
        for element in root.iter():
            for text in (element.text, element.tail):
                if not text or STX not in text:
                    continue
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
        for name, _ in tuple(self._md.treeprocessors._priority):  # noqa: SLF001
            if name not in _SKIPPED:
                changed = self._md.treeprocessors[name].run(root)
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
        if tag == "pre" and attrs and attrs[0][0] == "data-fence" and attrs[0][1]:
            self.found.add(int(attrs[0][1]))


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
    same = difflib.SequenceMatcher(None, lines, changed, autojunk=False).get_matching_blocks()
    for old, new, size in same:
        moved[new : new + size] = origins[old : old + size]
    return changed, moved


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
