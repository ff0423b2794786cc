"""The site as it is published, and the Agent-Friendly Documentation checks to run on it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from published_site import built_site, one_at_a_time, served

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """Where the site is served, with a slash at the end."""
    with served(built_site(tmp_path_factory, worker_id)) as address:
        yield f"{address}/"


@pytest.fixture(scope="session")
def afdocs() -> Path:
    """The program, in the version that package-lock.json names, installed beside it.

    Without Node there is none, and the test skips; where `CI` is set it fails instead.
    """
    node = shutil.which("node") and shutil.which("npm")
    if node is None and not os.environ.get("CI"):
        pytest.skip("no Node: apt-get install nodejs npm")
    assert node is not None, "no Node: apt-get install nodejs npm"
    installed = HERE / "node_modules/.package-lock.json"
    wanted = HERE / "package-lock.json"
    with one_at_a_time(HERE / "node_modules.lock"):
        if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
            subprocess.run(
                ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=HERE,
                check=True,
                capture_output=True,
                text=True,
            )
            installed.touch()
    return HERE / "node_modules/afdocs/bin/afdocs.mjs"
