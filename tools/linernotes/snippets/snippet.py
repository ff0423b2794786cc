"""A snippet: a Python fence with its id, its directives and the output it promises."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linernotes.findings import Finding, error
from linernotes.pages.headers import directives, is_python
from linernotes.snippets.names import slug

if TYPE_CHECKING:
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

    `line` is the line of the opening fence, 1-based; source line k (from 0) is page line
    `line + 1 + k`. `named` says whether the author gave the id or a title: an unnamed snippet is
    called after its place in the page and so can't own a cassette. `continues` is the id of the
    snippet whose namespace it goes on in. `norun` and `skip` hold the author's reason.
    """

    page: str
    id: str
    named: bool
    line: int
    end_line: int
    source: str
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


Chain = tuple[Snippet, ...]
"""A snippet, last, and before it the earlier ones that it continues, in page order."""


def snippets_of(page: Page) -> tuple[tuple[Snippet, ...], tuple[Finding, ...]]:
    """Return the snippets of `page` in order, and what is wrong with their headers.

    A snippet whose directives are wrong is still returned, with what could be understood, so that
    the count of a page closes whatever its author mistyped.
    """
    findings: list[Finding] = []
    snippets: dict[str, Snippet] = {}
    previous: str | None = None
    for position, fence in enumerate(page.fences):
        if "output" in fence.header.classes:
            if _snippet_before(page.fences, position) is None:
                findings.append(_lonely_output(page.path, fence))
            continue
        if not is_python(fence.header.language):
            continue
        wanted, problems = directives(fence.header, page.path, fence.line)
        findings.extend(problems)
        name, named = _name(wanted, len(snippets) + 1)
        if name in snippets:
            findings.append(_duplicate(page.path, fence.line, name, snippets[name]))
            name, named = _free_name(name, snippets), False
        continues, problem = _predecessor(wanted, previous, snippets, page.path, fence.line)
        if problem is not None:
            findings.append(problem)
        snippets[name] = Snippet(
            page=page.path,
            id=name,
            named=named,
            line=fence.line,
            end_line=fence.end_line,
            source=fence.source,
            title=wanted.title,
            continues=continues,
            hidden=wanted.hidden,
            norun=wanted.norun,
            skip=wanted.skip,
            raises=wanted.raises,
            timeout=wanted.timeout,
            output=_output_after(page.fences, position),
        )
        previous = name
    return tuple(snippets.values()), tuple(findings)


def chain_of(snippet: Snippet, snippets: dict[str, Snippet]) -> Chain:
    """Return the chain that ends in `snippet`; `snippets` are those of its page, by id."""
    chain = [snippet]
    while (earlier := chain[0].continues) is not None:
        chain.insert(0, snippets[earlier])
    return tuple(chain)


def _name(wanted: Directives, number: int) -> tuple[str, bool]:
    if wanted.id is not None:
        return wanted.id, True
    if wanted.title is not None and (name := slug(wanted.title)):
        return name, True
    return f"snippet-{number}", False


def _free_name(name: str, taken: dict[str, Snippet]) -> str:
    number = 2
    while f"{name}-{number}" in taken:
        number += 1
    return f"{name}-{number}"


def _predecessor(
    wanted: Directives,
    previous: str | None,
    earlier: dict[str, Snippet],
    page: str,
    line: int,
) -> tuple[str | None, Finding | None]:
    if wanted.continues is None:
        return None, None
    target = previous if wanted.continues is True else wanted.continues
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
    for reason, directive in ((earlier[target].skip, ".skip"), (earlier[target].norun, ".norun")):
        if reason is not None and wanted.skip is None and wanted.norun is None:
            return None, error(
                "continues-unrun",
                page,
                line,
                f"it goes on from `{target}`, which is marked `{directive}` and never runs",
                f'mark this one `.norun reason="…"` too, or make `{target}` run',
            )
    return target, None


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
