"""The site as it is published, served on loopback, and a real browser to look at it."""

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
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LINERNOTES = Path(sys.executable).with_name("linernotes")


def installed_browser() -> str | None:
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser these tests skip; where `CI` is set they must run, and fail instead."""
    if installed_browser() is not None or os.environ.get("CI"):
        return
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            reason = "no browser: apt-get install chromium, or put one on the PATH"
            item.add_marker(pytest.mark.skip(reason=reason))


@contextmanager
def one_at_a_time(lock: Path) -> Generator[None]:
    """Let one worker of pytest-xdist in, the others wait."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The built site, once for all workers."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    site = shared / "built-site"
    with one_at_a_time(shared / "built-site.lock"):
        if not site.exists():
            for call in (["verify"], ["build", "--site-dir", str(site)]):
                subprocess.run(
                    [LINERNOTES, *call], cwd=ROOT, check=True, capture_output=True, text=True
                )
    return site


class Handler(SimpleHTTPRequestHandler):
    """Serves files as a static host does: with the site's own page for what isn't there."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        if code != 404:
            super().send_error(code, message, explain)
            return
        body = Path(self.directory, "404.html").read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name
        pass


@contextmanager
def served(directory: Path) -> Generator[str]:
    """Serve a built site on loopback; yield its address, without a slash at the end."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=directory)) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def address(built: Path) -> Iterator[str]:
    """Where the site is served."""
    with served(built) as address:
        yield address


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """A browser, closed before the worker turns to other tests: while Playwright is open, its event
    loop is the thread's, and `asyncio.run` refuses to start another.
    """
    executable = installed_browser()
    assert executable is not None, "no browser: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """A tab of a fresh browser profile, at the address of the site."""
    context = chromium.new_context(
        base_url=address,
        viewport={"width": 1440, "height": 900},
        permissions=["clipboard-read", "clipboard-write"],
        reduced_motion="reduce",
    )
    context.set_default_timeout(10_000)
    tab = context.new_page()
    yield tab
    context.close()
