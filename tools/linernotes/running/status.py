"""Status: what is known of each section without running anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linernotes.running.local_code import LocalCode
from linernotes.running.verdicts import VerdictCache, digest_of, installation
from linernotes.snippets.collect import collect

if TYPE_CHECKING:
    from linernotes.project import Project
    from linernotes.running.verdicts import Kept
    from linernotes.snippets.collect import Example


@dataclass(frozen=True, slots=True)
class Section:
    """The numbers of one directory of pages."""

    name: str
    pages: int = 0
    snippets: int = 0
    passed: int = 0
    live: int = 0
    simulated: int = 0
    not_run: int = 0
    unverified: int = 0

    def __add__(self, other: Section) -> Section:
        """Return the sum of the numbers, under this section's name."""
        return Section(
            self.name,
            self.pages + other.pages,
            self.snippets + other.snippets,
            self.passed + other.passed,
            self.live + other.live,
            self.simulated + other.simulated,
            self.not_run + other.not_run,
            self.unverified + other.unverified,
        )

    def to_json(self) -> dict[str, str | int]:
        """Return the section as `status --json` prints it."""
        return {name: getattr(self, name) for name in self.__slots__}


def status_of(project: Project) -> tuple[Section, ...]:
    """Return the sections of `project`: the top directories of its pages, sorted.

    A verdict counts only while it still holds; a snippet that changed since is unverified.
    """
    cache = VerdictCache(project.cache)
    installed, local = installation(), LocalCode()
    docs = project.relative(project.docs)
    sections: dict[str, Section] = {}
    for page in collect(project):
        inside = page.page.removeprefix(f"{docs}/").split("/")
        name = inside[0] if len(inside) > 1 else "(top)"
        section = sections.get(name, Section(name)) + Section(name, pages=1)
        for example in page.examples:
            digest = digest_of(project, installed, local, example)
            section += _one(name, example, cache.get(example.snippet.address, digest))
        sections[name] = section
    return tuple(sections[name] for name in sorted(sections))


def _one(name: str, example: Example, kept: Kept | None) -> Section:
    passed = kept is not None and kept.verdict == "passed"
    not_run = example.snippet.norun is not None or example.snippet.skip is not None
    return Section(
        name,
        snippets=1,
        passed=int(passed),
        live=int(passed and kept is not None and kept.provenance == "live"),
        simulated=int(passed and kept is not None and kept.provenance == "simulated"),
        not_run=int(not_run),
        unverified=int(kept is None and example.snippet.skip is None),
    )
