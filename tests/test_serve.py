from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from rendering.built_sites import elements, page, project

_LONGEST = 60  # seconds that a machine under load may take
CODE = "# First\n\nSome words.\n\n```python\nprint(6 * 7)\n```\n"
PAGES = {
    "index.md": page(
        {"title": "Home", "description": "All.", "related": ["a.md"]}, "# Home\n\nWelcome.\n"
    ),
    "a.md": page({"title": "First", "description": "One."}, CODE),
}


class Preview:
    """A served project, and what it shows."""

    def __init__(self, root: Path, url: str, log: Path) -> None:
        self.docs = root / "docs"
        self._url = url
        self._log = log

    def get(self, path: str = "") -> str:
        with urlopen(f"{self._url}{path}", timeout=_LONGEST) as answer:  # loopback
            return answer.read().decode()

    def write(self, path: str, text: str) -> None:
        (self.docs / path).write_text(text, encoding="utf-8")

    def shows(self, path: str, wanted: Callable[[str], object]) -> str:
        """Wait until a page shows what is wanted of it."""
        end = time.monotonic() + _LONGEST
        text = ""
        while time.monotonic() < end:
            try:
                text = self.get(path)
            except (URLError, ConnectionError) as exc:
                text = str(exc)
            if wanted(text):
                return text
            time.sleep(0.02)  # between two looks
        raise AssertionError(f"{text}\n{self._log.read_text(encoding='utf-8')}")


@contextmanager
def serving(root: Path, engine: str) -> Generator[Preview]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = root / "log.txt"
    command = [sys.executable, "-m", "linernotes.cli", "serve"]
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--engine", engine, "--port", str(port)],
            cwd=root,
            stdout=output,
            stderr=output,
            env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        )
    try:
        yield Preview(root, f"http://127.0.0.1:{port}/", log)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            code = process.wait(timeout=_LONGEST)
        finally:
            process.kill()
    assert code == 0, log.read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=["mkdocs", "zensical"])
def preview(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Preview]:
    if request.param == "zensical":
        pytest.importorskip("zensical")
    root = project(tmp_path_factory.mktemp(request.param), PAGES)
    with serving(root, request.param) as preview:
        preview.shows("a/", lambda text: "ln-mark--verified" in text or "Verified" in text)
        yield preview


def findings(text: str) -> list[str]:
    return [one.text for one in elements(text, "ln-finding")]


def test_a_saved_page_is_shown_and_verified(preview: Preview) -> None:
    preview.write("a.md", PAGES["a.md"].replace("Some words", "Other words"))
    preview.shows("a/", lambda text: "Other words" in text and "Verified" in text)


def test_what_fails_is_shown_at_the_snippet_until_it_is_mended(preview: Preview) -> None:
    preview.write("a.md", PAGES["a.md"].replace("6 * 7", "6 / 0"))
    preview.shows("a/", lambda text: "ZeroDivisionError" in text)
    preview.write("a.md", PAGES["a.md"])
    preview.shows("a/", lambda text: "ZeroDivisionError" not in text and "Verified" in text)


def test_findings_of_front_matter_and_links_are_at_the_top_of_their_page(preview: Preview) -> None:
    wrong = PAGES["a.md"].replace("title:", "titel: x\ntitle:").replace("words", "[x](no.md)")
    preview.write("a.md", wrong)
    text = preview.shows("a/", lambda text: len(findings(text)) == 2)
    assert "docs/a.md:2" in findings(text)[0]
    assert "no.md" in findings(text)[1]
    assert re.search(r"titel[^<]*</span>\s+<span", text), (
        "without styles, the hint is a word of its own"
    )
    assert not findings(preview.get())
    preview.write("a.md", PAGES["a.md"])
    preview.shows("a/", lambda text: not findings(text))


def test_other_pages_show_what_a_page_now_says_of_itself(preview: Preview) -> None:
    preview.write("a.md", PAGES["a.md"].replace("One.", "Another thing."))
    preview.shows("", lambda text: "Another thing." in text)
    preview.write("a.md", PAGES["a.md"])
    preview.shows("", lambda text: "Another thing." not in text)


def test_a_page_comes_and_goes(preview: Preview) -> None:
    preview.write("new.md", "# Quite new\n\nText.\n")
    preview.shows("new/", lambda text: "Quite new" in text)
    (preview.docs / "new.md").unlink()
    preview.shows("new/", lambda text: "Quite new" not in text)


def test_search_finds_what_was_just_written(tmp_path: Path) -> None:
    with serving(project(tmp_path, PAGES), "mkdocs") as preview:
        preview.shows("a/", lambda text: "Verified" in text)
        preview.write("a.md", PAGES["a.md"].replace("Some words", "Aardvarks"))
        index = preview.shows("search/search_index.json", lambda text: "Aardvarks" in text)
        assert "Some words" not in index
        assert index.count('"location":"a/"') == 1


@pytest.mark.parametrize("command", ["serve", "standin"])
def test_a_port_in_use_is_said_without_a_traceback(tmp_path: Path, command: str) -> None:
    root = project(tmp_path, PAGES)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        run = subprocess.run(
            [sys.executable, "-m", "linernotes.cli", command, "--port", port],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
    assert run.returncode == 2
    assert f"port {port} is taken" in run.stderr
    assert "name another port with --port" in run.stderr
    assert "Traceback" not in run.stderr
