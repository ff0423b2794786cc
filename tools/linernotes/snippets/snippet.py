"""A snippet: a Python fence with its id, its directives and the output it promises."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linernotes.findings import Finding, error
from linernotes.pages.headers import directives, is_python
from linernotes.snippets.names import slug

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from linernotes.pages.fences import Fence
    from linernotes.pages.headers import Directives
    from linernotes.pages.page import Page


@dataclass(frozen=True, slots=True)
class Output:
    """The fence that shows what a snippet prints. Lines are those of its two fence lines."""

    line: int
    end_line: int
    text: str


@dataclass(frozen=True, slots=True)
class Snippet:
    """One Python example.

    `line` and `end_line` are those of its fence lines, from 1, and `source_lines` the page's lines
    of `source`. `named` says whether the author gave the id or a title: an unnamed snippet is
    called after its place in the page and so can't own a cassette. `continues` is the id of the
    snippet whose namespace it goes on in. `norun` and `skip` hold the author's reason.
    """

    page: str
    id: str
    named: bool
    line: int
    end_line: int
    source: str
    source_lines: Sequence[int]
    title: str | None = None
    continues: str | None = None
    hidden: bool = False
    norun: str | None = None
    skip: str | None = None
    raises: str | None = None
    timeout: float | None = None
    output: Output | None = None

    @property
    def address(self) -> str:
        """How the snippet is named everywhere: `docs/guides/streaming.md#stream-text`."""
        return f"{self.page}#{self.id}"

    def page_line(self, number: int) -> int:
        """Return the page's line of line `number` of the source, from 1, or of its last one."""
        if not self.source_lines:
            return self.line
        return self.source_lines[min(number, len(self.source_lines)) - 1]


Chain = tuple[Snippet, ...]
"""A snippet, last, and before it the earlier ones that it continues, in page order."""


def snippets_of(page: Page) -> tuple[tuple[Snippet, ...], tuple[Finding, ...]]:
    """Return the snippets of `page` in order, and what is wrong with their headers.

    A snippet whose directives are wrong is still returned, with what could be understood, so that
    the count of a page closes whatever its author mistyped.
    """
    findings: list[Finding] = []
    python: list[tuple[int, Fence, Directives]] = []
    for position, fence in enumerate(page.fences):
        if "output" in fence.header.classes:
            if _snippet_before(page.fences, position) is None:
                findings.append(_lonely_output(page.path, fence))
        elif is_python(fence.header.language):
            wanted, problems = directives(fence.header, page.path, fence.line)
            findings.extend(problems)
            python.append((position, fence, wanted))
    given = {name for _, _, wanted in python if (name := _given_name(wanted))}
    snippets: dict[str, Snippet] = {}
    for position, fence, wanted in python:
        name, named = _given_name(wanted), True
        if not name:
            name, named = _free_name("snippet", len(snippets) + 1, given | snippets.keys()), False
        elif name in snippets:
            findings.append(_duplicate(page.path, fence.line, name, snippets[name]))
            name, named = _free_name(name, 2, given | snippets.keys()), False
        continues, problem = _predecessor(wanted, snippets, page.path, fence.line)
        if problem is not None:
            findings.append(problem)
        snippets[name] = Snippet(
            page=page.path,
            id=name,
            named=named,
            line=fence.line,
            end_line=fence.end_line,
            source=fence.source,
            source_lines=fence.source_lines,
            title=wanted.title,
            continues=continues,
            hidden=wanted.hidden,
            norun=wanted.norun,
            skip=wanted.skip,
            raises=wanted.raises,
            timeout=wanted.timeout,
            output=_output_after(page.fences, position),
        )
    return tuple(snippets.values()), tuple(sorted(findings, key=lambda one: one.line or 0))


def chain_of(snippet: Snippet, snippets: Mapping[str, Snippet]) -> Chain:
    """Return the chain that ends in `snippet`; `snippets` are those of its page, by id."""
    chain = [snippet]
    while (earlier := chain[0].continues) is not None:
        chain.insert(0, snippets[earlier])
    return tuple(chain)


def _given_name(wanted: Directives) -> str:
    """Return the id that the author gave, with `#id` or a title, or ""."""
    return wanted.id or slug(wanted.title or "")


def _free_name(prefix: str, number: int, taken: Collection[str]) -> str:
    while f"{prefix}-{number}" in taken:
        number += 1
    return f"{prefix}-{number}"


def _predecessor(
    wanted: Directives, earlier: dict[str, Snippet], page: str, line: int
) -> tuple[str | None, Finding | None]:
    """Return the id of the snippet that one goes on from, or why there is none to go on from."""
    if wanted.continues is None:
        return None, None
    target = next(reversed(earlier), None) if wanted.continues is True else wanted.continues
    if target is None:
        return None, error(
            "nothing-to-continue",
            page,
            line,
            "`.continue` goes on from the Python snippet before it, and there is none on this page",
            "remove `.continue`, or put the set-up in a snippet above",
        )
    if target not in earlier:
        near = difflib.get_close_matches(target, earlier, n=1)
        return None, error(
            "nothing-to-continue",
            page,
            line,
            f'continue="{target}" names no earlier snippet of this page',
            f'did you mean continue="{near[0]}"?'
            if near
            else f"the earlier ones are {', '.join(earlier) or 'none'}",
        )
    problem = _dead_end(wanted, earlier[target])
    if problem is not None:
        return None, error("continues-unrun", page, line, *problem)
    return target, None


def _dead_end(wanted: Directives, target: Snippet) -> tuple[str, str] | None:
    """Return why nothing can go on from `target`, and what to write; None if something can."""
    if wanted.skip is not None:
        return None
    goes_on = f"it goes on from `{target.id}`, which"
    if target.skip is not None:
        return (
            f"{goes_on} is marked `.skip` and left alone",
            f'mark this one `.skip reason="…"` too, or make `{target.id}` run',
        )
    if target.norun is not None and wanted.norun is None:
        return (
            f"{goes_on} is marked `.norun` and never runs",
            f'mark this one `.norun reason="…"` too, or make `{target.id}` run',
        )
    if target.raises is not None:
        return (
            f"{goes_on} ends with {target.raises}, so nothing runs after it",
            f"put what both need in a snippet before `{target.id}`, and go on from that one",
        )
    return None


def _output_after(fences: tuple[Fence, ...], position: int) -> Output | None:
    if position + 1 == len(fences):
        return None
    after = fences[position + 1]
    if "output" not in after.header.classes:
        return None
    return Output(after.line, after.end_line, after.source)


def _snippet_before(fences: tuple[Fence, ...], position: int) -> Fence | None:
    if position and is_python(fences[position - 1].header.language):
        return fences[position - 1]
    return None


def _lonely_output(page: str, fence: Fence) -> Finding:
    return error(
        "lonely-output",
        page,
        fence.line,
        "an `.output` fence belongs right after the Python snippet that prints it",
        "move it there, or drop `.output` to show plain text",
    )


def _duplicate(page: str, line: int, name: str, first: Snippet) -> Finding:
    return error(
        "duplicate-id",
        page,
        line,
        f"the id `{name}` is taken by the snippet in line {first.line}",
        "ids are unique in a page: give one of them another `#id` or `title`",
    )
