"""What the five seed pages teach has its place in the handbook."""

from __future__ import annotations

import csv
import re
from functools import cache
from pathlib import Path

import pytest

from linernotes.project import find_project
from linernotes.snippets.collect import collect

ROOT = Path(__file__).parents[2]
SEEDS = ROOT.parent / "shared" / "seeds"
LINK = re.compile(r"\[([^\]]+)\]\(\.\./([\w/.-]+\.md)(?:#([\w-]+))?\)")
LEAST = 5  # things that a page teaches


@cache
def rows() -> list[dict[str, str]]:
    with (ROOT / "data" / "coverage.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def executed() -> frozenset[str]:
    """Return the addresses of the snippets that are run."""
    return frozenset(
        example.snippet.address
        for page in collect(find_project(ROOT))
        for example in page.examples
        if example.snippet.skip is None and example.snippet.norun is None
    )


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['Page']}-{row['No.']}")
def test_a_thing_has_its_place_or_a_reason(row: dict[str, str]):
    here = row["Here"]
    links = LINK.findall(here)

    assert row["It teaches"]
    assert links or re.fullmatch(r"Not here: .{20,}", here)
    for _, page, snippet in links:
        assert (ROOT / "docs" / page).is_file()
        if snippet:
            assert f"docs/{page}#{snippet}" in executed()


def test_the_things_of_each_page_are_numbered_without_a_gap():
    pages = dict.fromkeys(row["Page"] for row in rows())

    assert len(pages) == 5
    for page in pages:
        numbers = [int(row["No."]) for row in rows() if row["Page"] == page]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) >= LEAST


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the seed pages aren't beside the project")
def test_each_seed_page_is_in_the_table():
    seeds = {path.name.split("-")[0].lower() for path in SEEDS.iterdir()}

    assert {row["Page"].lower().split()[0].removesuffix(".ai") for row in rows()} == seeds
