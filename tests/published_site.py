"""The site of this repository as it is published, for what looks at it from outside."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

    import pytest

ROOT = Path(__file__).parents[1]
LINERNOTES = Path(sys.executable).with_name("linernotes")


@contextmanager
def one_at_a_time(lock: Path) -> Generator[None]:
    """Let one worker of pytest-xdist in, the others wait."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def built_site(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Build the site, once for all workers, and return where."""
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
