"""The tab groups of the handbook: the same call in several languages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linernotes.pages.page import read_page
from linernotes.snippets.collect import collect, project_dialect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from linernotes.pages.fences import Fence
    from linernotes.project import Project
    from linernotes.snippets.collect import Example

LANGUAGES = {"TypeScript": ("typescript", "ts"), "cURL": ("bash", "sh")}

_CALLS = ('@anthropic-ai/sdk"', 'from "openai"', 'from "portkey-ai"', "/v1/", "/v3/")
_TAB = re.compile(r'( *)===[!+]* +"([^"]+)" *$')


@dataclass(frozen=True, slots=True)
class TabGroup:
    """Tabs that stand beside each other.

    `example` is the Python tab as the harness runs it, `others` the sources of the other languages.
    """

    example: Example
    others: Mapping[str, str]

    @property
    def name(self) -> str:
        """The address of the Python tab."""
        return self.example.snippet.address


def tab_groups(project: Project) -> Iterator[TabGroup]:
    """Yield the groups of all pages in which a Python tab that is run stands beside others."""
    dialect, _ = project_dialect(project)
    for page in collect(project):
        examples = {example.snippet.line: example for example in page.examples}
        fences = read_page(page.file, page.page, dialect).fences
        lines = page.file.read_text(encoding="utf-8").splitlines()
        for tabs in _tabs(lines, fences):
            python = [examples[one.line] for one in tabs.get("Python", ()) if one.line in examples]
            others = {
                label: "\n".join(one.source for one in tabs[label] if one.language in languages)
                for label, languages in LANGUAGES.items()
                if label in tabs
            }
            others = {label: source for label, source in others.items() if _calls(source)}
            if python and others:
                yield TabGroup(python[-1], others)


def _calls(source: str) -> bool:
    """Return whether an example calls the API; others show how to install something."""
    return any(sign in source for sign in _CALLS)


def _tabs(lines: list[str], fences: tuple[Fence, ...]) -> Iterator[dict[str, list[Fence]]]:
    """Yield the fences of each group of tabs, by their labels."""
    by_line = {fence.line: fence for fence in fences}
    group: dict[str, list[Fence]] = {}
    indent, label = 0, ""
    for number, line in enumerate(lines, 1):
        tab = _TAB.match(line)
        if tab and (not group or len(tab[1]) == indent):
            indent, label = len(tab[1]), tab[2]
            if label in group:  # The next group follows at once.
                yield group
                group = {}
            group[label] = []
        elif group and line.strip() and len(line) - len(line.lstrip()) <= indent:
            yield group
            group = {}
        elif group and number in by_line:
            group[label].append(by_line[number])
    if group:
        yield group
