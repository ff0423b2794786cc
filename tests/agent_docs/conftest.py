"""The site as it is published, and the Agent-Friendly Documentation checks to run on it."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LINERNOTES = Path(sys.executable).with_name("linernotes")


@contextmanager
def one_at_a_time(lock: Path) -> Generator[None]:
    """Let one worker of pytest-xdist in, the others wait."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The built site, once for all workers; tests/browser has it at the same place."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    site = shared / "built-site"
    with one_at_a_time(shared / "built-site.lock"):
        if not site.exists():
            subprocess.run([LINERNOTES, "verify"], cwd=ROOT, check=False, capture_output=True)
            build = [LINERNOTES, "build", "--site-dir", str(site)]
            subprocess.run(build, cwd=ROOT, check=True, capture_output=True, text=True)
    return site


class Handler(SimpleHTTPRequestHandler):
    """Serves files as a static host does."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name
        pass


@pytest.fixture(scope="session")
def served(published: Path) -> Iterator[str]:
    """Where the site is served, with a slash at the end."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=published)) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


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
