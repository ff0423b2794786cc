"""What a first visit loads, compressed as a static host does it."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from published_site import Handler, served

if TYPE_CHECKING:
    import pytest
    from playwright.sync_api import Browser

MOST = 400_000
"""Bytes of the heaviest page."""
MOST_SCRIPT = 10_000
PACKED = {".woff2", ".png", ".jpg", ".webp", ".gz"}
HEAVIEST = 3


def transferred(file: Path) -> int:
    body = file.read_bytes()
    return len(body) if file.suffix in PACKED else len(gzip.compress(body, 6))


def test_the_heaviest_pages_are_light(
    chromium: Browser, built: Path, monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []
    monkeypatch.setattr(Handler, "log_request", lambda self, *_: asked.append(self.path))
    pages = sorted(built.rglob("index.html"), key=transferred, reverse=True)[:HEAVIEST]
    weights: dict[str, int] = {}
    with served(built) as address:
        for file in pages:
            path = f"{file.parent.relative_to(built).as_posix()}/"
            context = chromium.new_context()  # with an empty cache
            asked.clear()
            context.new_page().goto(f"{address}/{path}", wait_until="networkidle")
            context.close()
            files = [built / urlsplit(one).path.lstrip("/") for one in set(asked)]
            sent = [one / "index.html" if one.is_dir() else one for one in files]
            assert file in sent
            weights[path] = sum(transferred(one) for one in sent if one.is_file())

    assert max(weights.values()) < MOST, weights
    assert min(weights.values()) > MOST_SCRIPT  # it did load what belongs to it


def test_our_scripts_are_short(built: Path):
    scripts = list((built / "assets" / "linernotes").glob("*.js"))

    assert scripts
    assert max(len(script.read_bytes()) for script in scripts) < MOST_SCRIPT
