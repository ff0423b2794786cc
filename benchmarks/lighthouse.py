"""Have Lighthouse judge the built site, served as a static host does it: compressed, and cached.

    linernotes verify && linernotes build && python benchmarks/lighthouse.py
    python benchmarks/lighthouse.py --desktop guides/streaming/    # one page, on a desktop computer

Needs Node (`npx` fetches Lighthouse at first use) and a Chromium. Lighthouse simulates its network
and processor: by default a slow mobile connection and a mid-range telephone. A score below 95 ends
the run with status 1 and the audits that cost it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

LIGHTHOUSE = "lighthouse@12.8.2"
SITE = Path(__file__).parent.parent / "site"
PAGES = ("", "guides/streaming/", "browse/persona/developer/")
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
TIMES = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time")
SHIFT = "cumulative-layout-shift"
ENOUGH = 95
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PACKED = {".woff2", ".png", ".jpg", ".webp", ".gz"}


class Handler(SimpleHTTPRequestHandler):
    """Compresses text, keeps connections, and lets files be cached for ten minutes."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        file = path / "index.html" if path.is_dir() else path
        status = 200 if file.is_file() else 404
        file = file if status == 200 else Path(self.directory, "404.html")
        body = file.read_bytes()
        self.send_response(status)
        if file.suffix not in PACKED:
            body = gzip.compress(body, 6)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Type", self.guess_type(str(file)))
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name
        pass


def report(address: str, *, desktop: bool) -> dict[str, Any]:
    """Return Lighthouse's report of the page at `address`."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit("No browser: apt-get install chromium")
    call = ["npx", "--yes", LIGHTHOUSE, address, "--output=json", "--quiet"]
    call += [f"--only-categories={','.join(CATEGORIES)}"]
    call += ["--chrome-flags=--headless=new --no-sandbox --disable-gpu"]
    if desktop:
        call.append("--preset=desktop")
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        call.append(f"--output-path={file.name}")
        subprocess.run(call, check=True, env={**os.environ, "CHROME_PATH": browser})
        return json.loads(Path(file.name).read_bytes())


def lost(found: dict[str, Any]) -> list[str]:
    """Return the audits that cost points, heaviest first, with what they say."""
    costs: list[tuple[float, str]] = []
    for category in found["categories"].values():
        for part in category["auditRefs"]:
            audit = found["audits"][part["id"]]
            if part["weight"] and audit["score"] is not None and audit["score"] < 1:
                said = audit.get("displayValue", "")
                costs.append(
                    (part["weight"] * (1 - audit["score"]), f"{audit['title']} {said}".strip())
                )
    return [line for _, line in sorted(costs, reverse=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description="Have Lighthouse judge the built site.")
    parser.add_argument(
        "--desktop", action="store_true", help="a desktop computer, not a telephone"
    )
    parser.add_argument("pages", nargs="*", default=PAGES, help="addresses below the site's root")
    options = parser.parse_args()
    print(
        "| Page | Performance | Accessibility | Best practices | SEO | First paint | Largest paint | Blocked | Shift |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    enough = True
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=SITE)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        for page in options.pages:
            found = report(f"http://127.0.0.1:{server.server_port}/{page}", desktop=options.desktop)
            scores = [round(100 * found["categories"][name]["score"]) for name in CATEGORIES]
            times = [f"{found['audits'][name]['numericValue'] / 1000:.1f} s" for name in TIMES]
            shift = f"{found['audits'][SHIFT]['numericValue']:.3f}"
            print(
                "|", " | ".join(map(str, (f"`/{page}`", *scores, *times, shift))), "|", flush=True
            )
            if min(scores) < ENOUGH:
                enough = False
                print(*(f"    {line}" for line in lost(found)), sep="\n", file=sys.stderr)
        server.shutdown()
    sys.exit(0 if enough else 1)


if __name__ == "__main__":
    main()
