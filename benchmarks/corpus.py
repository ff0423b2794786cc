"""What the tools are run on: projects of as many pages as asked for, all different.

The sections come from `plain.md` and `api.md` beside this file, in turn. In each of them NUMBER
becomes the number of the snippet, so that no two snippets are the same.
"""

from __future__ import annotations

import re
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_HERE = Path(__file__).parent

_MKDOCS = """\
site_name: Benchmark
markdown_extensions:
- attr_list
- pymdownx.superfences
"""


def write_pages(docs: Path, kind: str, pages: int, snippets: int) -> None:
    """Write `pages` pages of `kind` ("plain" or "api") with `snippets` snippets each to `docs`."""
    sections = _sections(kind)
    docs.mkdir(parents=True)
    for number in range(pages):
        body = "".join(islice(sections, snippets))
        docs.joinpath(f"page-{number:04}.md").write_text(f"# Page {number}\n\n{body}", "utf-8")


def write_project(root: Path, kind: str, pages: int, snippets: int) -> None:
    """Write a project for linernotes; its configuration is what a page with fences needs."""
    write_pages(root / "docs", kind, pages, snippets)
    root.joinpath("mkdocs.yml").write_text(_MKDOCS, "utf-8")


def _sections(kind: str) -> Iterator[str]:
    text = _HERE.joinpath(f"{kind}.md").read_text("utf-8")
    templates = re.split(r"(?m)^(?=## )", text)[1:]
    for number in count():
        yield templates[number % len(templates)].replace("NUMBER", str(number))
