"""The count, closed: every Python fence that the renderer shows has a verdict."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linernotes.findings import Finding, error, warning
from linernotes.running.rendered import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from linernotes.running.verdicts import Verdict
    from linernotes.snippets.collect import PageExamples


@dataclass(frozen=True, slots=True)
class Count:
    """How many Python fences are rendered, and what became of them."""

    rendered: int
    executed: int
    skipped: int
    unaccounted: int


@dataclass(frozen=True, slots=True)
class PageCount:
    """One page's part: how many Python fences it shows, and how many of them we know nothing of."""

    rendered: int
    unaccounted: int
    findings: tuple[Finding, ...] = ()


def count_page(page: PageExamples, shown: Counter[str] | str) -> PageCount:
    """Compare the Python fences of `page` with those that the renderer shows, by content.

    `shown` is a text where the renderer can't render the page, and says why.
    """
    assert page.python is not None
    if isinstance(shown, str):
        return PageCount(0, 0, (_not_rendered(page, shown),))
    found = Counter(map(digest, page.python))
    unknown = sum((shown - found).values())
    unseen = sum((found - shown).values())
    findings: list[Finding] = []
    if unknown:
        findings.append(
            error(
                "unaccounted",
                page.page,
                None,
                f"the renderer shows {unknown} Python fence{'s' * (unknown != 1)} that the page"
                " itself doesn't have, so nothing verified them",
                "fences that an extension includes or generates can't be verified here: write"
                " them in the page",
            )
        )
    if unseen:
        findings.append(
            warning(
                "not-rendered",
                page.page,
                None,
                f"{unseen} of the page's Python fences {'are' if unseen != 1 else 'is'} not"
                " rendered as code by this project's Markdown extensions",
                "fences in lists, tabs and quotes need pymdownx.superfences in mkdocs.yml",
            )
        )
    return PageCount(sum(shown.values()), unknown, tuple(findings))


def _not_rendered(page: PageExamples, why: str) -> Finding:
    return error(
        "cannot-render",
        page.page,
        None,
        f"the project's Markdown extensions can't render the page: {why}",
        "`mkdocs build` fails too; look at what its last extension or include is",
    )


def total(counts: Iterable[PageCount], verdicts: Sequence[Verdict]) -> Count:
    """Return the count over all pages."""
    known = list(counts)
    # Only what isn't executed has a reason; a mistake in its code doesn't make it run.
    skipped = sum(
        verdict.verdict == "skipped" or verdict.reason is not None for verdict in verdicts
    )
    return Count(
        rendered=sum(count.rendered for count in known),
        executed=len(verdicts) - skipped,
        skipped=skipped,
        unaccounted=sum(count.unaccounted for count in known),
    )
