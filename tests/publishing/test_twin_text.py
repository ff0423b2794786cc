"""The Markdown twins of this site say what its pages say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

from linernotes.project import find_project
from linernotes.publishing.publish import publish
from linernotes.publishing.published import only_built, read_site

ROOT = Path(__file__).parents[2]
AGREEMENT = 0.95
NO_TEXT = {"script", "style", "svg", "button", "nav"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}


class Article(HTMLParser):
    """The text of a page's article, without what is marked as not being in its Markdown."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self._open: list[str] = []
        self._inside = 0
        self._left_out = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            if self._inside and not self._left_out:
                self.text.append(f" {dict(attrs).get('alt') or ''} ")
            return
        self._open.append(tag)
        if tag == "article" and not self._inside:
            self._inside = len(self._open)
        if not self._left_out and (tag in NO_TEXT or "data-markdown-ignore" in dict(attrs)):
            self._left_out = len(self._open)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self._open:
            return
        while self._open.pop() != tag:
            pass
        if len(self._open) < self._left_out:
            self._left_out = 0
        if len(self._open) < self._inside:
            self._inside = 0

    def handle_data(self, data: str) -> None:
        if self._inside and not self._left_out:
            self.text.append(data)


def words_of_page(html: str) -> list[str]:
    article = Article()
    article.feed(html)
    return re.findall(r"\w+", "".join(article.text))


def words_of_twin(twin: str) -> list[str]:
    text = twin.partition("\n")[2]
    text = re.sub(r"\A(\s*# .*\n)\n> .*\n", r"\1", text)  # the description, which no page shows
    text = re.sub(r"^Output(?: \(\w+\))?:$", "", text, flags=re.MULTILINE)
    text = re.sub(r"^[> ]*(?:`{3,}|~{3,})\w*(?: title=(.*))?$", r"\1", text, flags=re.MULTILINE)
    text = re.sub(r"\]\([^()\s]*\)", " ", text)
    return re.findall(r"\w+", re.sub(r"\[!\w+\]", "", text))


def agreement(one: list[str], other: list[str]) -> float:
    """Return how alike two texts are, from 0 to 1, by the runs of three words that they share."""
    first, second = (
        Counter(zip(words, words[1:], words[2:], strict=False)) for words in (one, other)
    )
    return 2 * (first & second).total() / max(1, first.total() + second.total())


def test_page_and_twin_agree_to_95_percent(tmp_path: Path):
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    build = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    project = find_project(ROOT)
    publish(project, tmp_path)
    pages = only_built(read_site(project), lambda file: (tmp_path / file).is_file()).pages
    assert len(pages) > 18
    found = {
        page.path: agreement(
            words_of_page((tmp_path / page.html).read_text(encoding="utf-8")),
            words_of_twin((tmp_path / page.twin).read_text(encoding="utf-8")),
        )
        for page in pages
    }
    assert {path: value for path, value in found.items() if value < AGREEMENT} == {}
