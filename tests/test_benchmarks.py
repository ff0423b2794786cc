"""The benchmark still runs, all of it, on a handful of snippets. What it measures is not looked at."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
COMPARE = BENCHMARKS / "compare.py"

LINERNOTES, COLD = "linernotes verify", "linernotes verify --no-cache"


def compare(*arguments):
    return subprocess.run(
        [sys.executable, str(COMPARE), *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("part", "tools"),
    [
        ("plain", [COLD, "pytest-examples", "mktestdocs", "Sybil"]),
        ("api", [COLD, "pytest-examples + pytest-recording"]),
        ("unchanged", [LINERNOTES]),
        ("growing", ["cold, 1 pages", "unchanged, 2 pages"]),
    ],
)
def test_each_part_measures_every_tool(part, tools, tmp_path):
    figures = tmp_path / "figures.json"
    done = compare("--smoke", "--json", str(figures), part)
    assert done.returncode == 0, done.stderr
    [found] = json.loads(figures.read_text())["parts"]
    assert set(tools) <= {row[""] for row in found["rows"]}
    for tool in tools:
        assert tool in done.stdout
    assert [target["what"] for target in found["targets"]]


def test_a_tool_that_leaves_snippets_out_ends_the_comparison(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(COMPARE.parent))
    measuring = importlib.import_module("measuring")
    says_three = [sys.executable, "-c", "print('3 passed')"]
    tool = measuring.Tool("forgetful", says_three, tmp_path, r"(?m)^4 passed")
    with pytest.raises(measuring.RunError, match="forgetful: exit code 0"):
        measuring.run(tool)


def test_building_and_previewing_a_site_is_measured_in_each_way():
    small = ("--pages", "2", "--preview-pages", "2", "--rounds", "1", "--saves", "3")
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "site.py"), *small],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split(" | ")[0] for line in done.stdout.splitlines() if line.startswith("| ")]
    assert rows == [
        *("|", "| MkDocs", "| MkDocs and linernotes"),
        *("| Zensical and linernotes", "| Zensical and linernotes, again"),
        *("|", "| mkdocs", "| zensical"),
    ]
