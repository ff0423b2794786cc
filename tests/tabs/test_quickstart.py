"""The quickstart's three tabs against `linernotes standin`: nothing but the base URL is changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from running_tabs import needs, ran, run_typescript
from tab_groups import TabGroup, tab_groups

from linernotes.project import load_project

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent
ANSWER = "simulated answer"


@pytest.fixture(scope="module")
def standin() -> Iterator[str]:
    """The URL that the command prints on its first line, once it answers."""
    command = [sys.executable, "-m", "linernotes.cli", "standin", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


@pytest.fixture(scope="module")
def quickstart() -> TabGroup:
    groups = tab_groups(load_project(ROOT / "mkdocs.yml"))
    return next(group for group in groups if group.name.endswith("quickstart.md#first-request"))


def test_python(standin: str, quickstart: TabGroup, tmp_path: Path) -> None:
    source = quickstart.example.snippet.source
    done = ran([sys.executable, "-"], tmp_path, source, ANTHROPIC_BASE_URL=standin)
    assert ANSWER in done.stdout, done.stderr


@needs("node", "npm")
def test_typescript(standin: str, quickstart: TabGroup, tmp_path: Path) -> None:
    place = tmp_path / "files"
    place.mkdir()
    assert run_typescript([(quickstart, place, standin)], "") == {quickstart.name: None}


@needs("bash", "curl")
def test_curl(standin: str, quickstart: TabGroup, tmp_path: Path) -> None:
    script = quickstart.others["cURL"].replace("https://api.anthropic.com", standin)
    done = ran(["bash", "-eu"], tmp_path, script)
    assert ANSWER in done.stdout, done.stderr
