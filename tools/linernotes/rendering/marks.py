"""Marks: at each Python block of a page, whether its example was run, and what proves it.

A mark goes into the HTML of its block before that comes into the page: Markdown keeps each rendered
fence as a whole in its stash, so it doesn't matter what list, tab or quote the block is in.
"""

from __future__ import annotations

import html
import posixpath
import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from markupsafe import Markup

from linernotes.pages.page import Page
from linernotes.project import ConfigurationError, find_project
from linernotes.rendering.addresses import page_url, relative_url
from linernotes.rendering.directives import PLACE_CLASS
from linernotes.rendering.preview import is_preview
from linernotes.rendering.proofs import chain_digest, read_proofs
from linernotes.rendering.templating import render
from linernotes.snippets.snippet import chain_of, snippets_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from linernotes.pages.fences import Fence
    from linernotes.project import Project
    from linernotes.rendering.current_site import CurrentSite
    from linernotes.rendering.proofs import Proof, Proofs
    from linernotes.snippets.snippet import Snippet

CODE_CLASS = "ln-code"
"""The class of a code block that has a mark; `ln-code--joined` of one with its output below."""

OUTPUT_BLOCK = "ln-print"
"""The class of a block that shows what a snippet prints; `ln-print--joined` right below it."""

MODULES = "snippets"
"""Where the modules are in a built site."""

_PASSED = {
    "live": ("live", "Verified live"),
    "simulated": ("simulated", "Verified simulated"),
    None: ("passed", "Verified"),
}
_OUTPUTS = {"live": "Output, live", "simulated": "Output, simulated"}
_SKIPPED = ("skipped", "Not run")
_CHECKED = ("checked", "Type-checked only")
_UNKNOWN = ("unknown", "Not verified yet")
_UNRECORDED = ("failed", "Not recorded yet")
_FAILED = ("failed", "Failed")

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)

# The tag that a block begins with, and the next one: Python-Markdown gives that the classes.
_TAG = r"<\w+(?:\s+[\w-]+(?:=\"[^\"]*\")?)*\s*>"
_BLOCK = re.compile(rf"\s*(?P<first>{_TAG})(?:{_TAG})?")
_PLACE = re.compile(rf"(?<=[\" ]){PLACE_CLASS}(\d+)(?=[\" ])")
# Markdown's own marks, for what it has put aside.
_MARKERS = re.compile("[\x02\x03]")


@dataclass(frozen=True, slots=True)
class Addition:
    """What a block gets: a class instead of its place, and HTML before and after its code."""

    css_class: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class _Page:
    """A page that is rendered: its text and fences before preparing, and where it belongs."""

    lines: Sequence[str]
    first_line: int
    fences: Mapping[int, Fence]
    snippets: Mapping[str, Snippet]
    path: str
    site: CurrentSite
    project: Project
    proofs: Proofs


def additions(
    text: str, fences: Sequence[Fence], site: CurrentSite, first_line: int = 1
) -> dict[int, Addition]:
    """Return what the blocks of a page get, by the lines of their `fences`.

    `text` is the page, and begins in line `first_line`.
    Outside of a project (no `mkdocs.yml`, or one that can't be read) that is nothing.
    """
    project = _project(site.docs) if fences else None
    if project is None:
        return {}
    path = f"{project.relative(project.docs)}/{site.path}"
    snippets, _ = snippets_of(Page(path, None, "", 1, tuple(fences), ()))
    page = _Page(
        lines=text.split("\n"),
        first_line=first_line,
        fences={fence.line: fence for fence in fences},
        snippets={snippet.id: snippet for snippet in snippets},
        path=path,
        site=site,
        project=project,
        proofs=read_proofs(project),
    )
    return {line: one for snippet in snippets for line, one in _additions(page, snippet)}


def with_additions(block: str, wanted: Mapping[int, Addition]) -> str:
    """Return the HTML of a rendered fence with what `wanted` has for it; other HTML as it is."""
    start = _BLOCK.match(block) if PLACE_CLASS in block else None
    place = _PLACE.search(start[0]) if start is not None else None
    addition = wanted.get(int(place[1])) if place is not None else None
    if start is None or place is None or addition is None:
        return block
    block = f"{block[: place.start()]}{addition.css_class}{block[place.end() :]}"
    if not start["first"].startswith("<div") or not block.endswith("</div>"):
        return f"{addition.before}{block}{addition.after}"
    # Inside, so that the block's neighbours, which Material looks for, stay its neighbours.
    inner = start.end("first")
    if place.end() <= inner:
        inner += len(addition.css_class) - len(place[0])
    body = block[inner : -len("</div>")]
    return f"{block[:inner]}{addition.before}{body}{addition.after}</div>"


@lru_cache(maxsize=2)
def _project(docs: Path) -> Project | None:
    """Return the project with the docs directory `docs`, which may lie outside of its root."""
    for start in (docs, Path.cwd()):
        try:
            project = find_project(start)
        except ConfigurationError:
            continue
        if project.docs.resolve() == docs.resolve():
            return project
    return None


def _additions(page: _Page, snippet: Snippet) -> Iterator[tuple[int, Addition]]:
    """Yield what the block of `snippet` and that of its output get."""
    digest = chain_digest(chain_of(snippet, page.snippets))
    proof = page.proofs.find(page.path, digest)
    mark = "" if snippet.hidden and not _has_failed(proof) else _mark(page, snippet, proof)
    joined = not snippet.hidden and _is_joined(page, snippet)
    if not snippet.hidden:
        css_class = f"{CODE_CLASS} {CODE_CLASS}--joined" if joined else CODE_CLASS
        yield snippet.line, Addition(css_class, after="" if joined else mark)
    if snippet.output is not None:
        provenance = proof.provenance if proof is not None and not _has_failed(proof) else None
        label = _OUTPUTS.get(provenance or "", "Output")
        before = f'<div class="ln-label" data-search-exclude>{label}</div>'
        # Its other class, by which style sheets know an output, is there already.
        css_class = f"{OUTPUT_BLOCK}--joined" if joined else OUTPUT_BLOCK
        after = mark if joined or snippet.hidden else ""
        yield snippet.output.line, Addition(css_class, before, after)


def _has_failed(proof: Proof | None) -> bool:
    return proof is not None and proof.verdict in ("failed", "unrecorded")


def _is_joined(page: _Page, snippet: Snippet) -> bool:
    """Return whether the output of `snippet` comes right after it, with nothing in between."""
    output = snippet.output
    if output is None or page.fences[output.line].indent != page.fences[snippet.line].indent:
        return False
    start = page.first_line
    between = page.lines[snippet.end_line + 1 - start : output.line - start]
    return not "".join(between).strip("> \t")


def _mark(page: _Page, snippet: Snippet, proof: Proof | None) -> str:
    state, label = _state(snippet, proof)
    file, link = _module(page, proof)
    mark = render(
        "mark.html",
        state=state,
        label=label,
        reason=snippet.skip if snippet.skip is not None else snippet.norun,
        address=proof.address if proof is not None else snippet.address,
        proof=proof,
        file=file,
        link=link,
        by_standin=_by_standin(proof),
        open=state == "failed" and is_preview(),
        in_words=_in_words,
        as_text=_as_text,
    )
    return _MARKERS.sub("", mark)


def _module(page: _Page, proof: Proof | None) -> tuple[str | None, str | None]:
    """Return the module of a snippet that ran, and how the page links to it.

    What didn't run isn't published, and what wasn't extracted can't be.
    """
    if proof is None or proof.verdict != "passed" or proof.module is None:
        return None, None
    file = page.project.snippets / proof.module
    link = _link(page, proof.module) if file.is_file() else None
    return page.project.relative(file), link


def _state(snippet: Snippet, proof: Proof | None) -> tuple[str, str]:
    if snippet.skip is not None:
        return _SKIPPED
    if proof is None:
        return _UNKNOWN
    if _has_failed(proof):
        return _UNRECORDED if proof.verdict == "unrecorded" else _FAILED
    if snippet.norun is not None:
        return _CHECKED
    return _PASSED.get(proof.provenance, _PASSED[None])


def _in_words(day: str) -> str:
    """Return `2026-11-21` as `21 November 2026`, whatever the locale."""
    found = date.fromisoformat(day)
    return f"{found.day} {_MONTHS[found.month - 1]} {found.year}"


def _as_text(text: str) -> Markup:
    """Return `text` escaped for where quotes need no escaping: JSON would be half escapes."""
    return Markup(html.escape(text, quote=False))  # noqa: S704  # is escaped


def _link(page: _Page, module: str) -> str:
    target = quote(f"{MODULES}/{module}")
    if page.site.pages is None:  # Zensical, where a link starts from the page's file
        return posixpath.relpath(target, posixpath.dirname(page.site.path) or ".")
    here = page_url(page.site.path, directory_urls=page.site.directory_urls)
    return relative_url(target, here)


def _by_standin(proof: Proof | None) -> bool | None:
    """Return whether the stand-in can answer an example, None where it asks others too."""
    if proof is None or not proof.exchanges:
        return False
    return True if all(one.path.startswith("/") for one in proof.exchanges) else None
