"""Pages of a project as MkDocs renders them, with all that it tells an extension."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from mkdocs.config import load_config
from mkdocs.structure.files import get_files
from mkdocs.structure.pages import Page

if TYPE_CHECKING:
    from pathlib import Path

MKDOCS = """\
site_name: Site
theme: {name: material, font: false}
plugins: []
markdown_extensions:
  - admonition
  - attr_list
  - linernotes
  - pymdownx.details
  - pymdownx.highlight: {anchor_linenums: true, line_spans: __span}
  - pymdownx.superfences
  - pymdownx.tabbed: {alternate_style: true}
"""


def rendered(root: Path, name: str = "page.md") -> str:
    """Return the HTML of a page's content."""
    config = load_config(str(root / "mkdocs.yml"))
    files = get_files(config)
    file = files.get_file_from_path(name)
    assert file is not None
    page = Page(None, file, config)
    page.read_source(config)
    page.render(config, files)
    assert page.content is not None
    return page.content


def marks(content: str) -> list[str]:
    """Return what the marks of a page say, in their order."""
    return re.findall(r'<(?:span|p) class="ln-mark__label[^"]*">([^<]*)<', content)


def codes(content: str) -> list[str]:
    """Return the text of each code block."""
    blocks = re.findall(r"<pre[^>]*>(?:<span></span>)?<code[^>]*>(.*?)</code>", content, re.DOTALL)
    return [html.unescape(re.sub(r"<[^>]*>", "", block)) for block in blocks]


def details(content: str) -> str:
    """Return the first mark with its details, as text."""
    mark = content.partition('<details class="ln-mark')[2].partition("</div>\n</details>")[0]
    mark = re.sub(r"</?time[^>]*>", "", mark.partition(">")[2])
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", mark)).split())
