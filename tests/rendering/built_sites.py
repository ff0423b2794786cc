"""Sites built for tests, and a look at their HTML."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from mkdocs.commands.build import build
from mkdocs.config import load_config

from linernotes.engines.build import build as build_with
from linernotes.project import load_project

CONFIGURATION = """\
site_name: Somebody's
site_url: https://example.com/
theme: {name: material, font: false}
plugins: [search, linernotes]
"""
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source"}


@dataclass
class Element:
    name: str
    attributes: dict[str, str]
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Element] = []
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.found.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place].name == tag:
                del self._open[place:]
                break

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.texts.append(data)


def elements(html: str, css_class: str | None = None) -> list[Element]:
    """Return the elements of a page in their order, those of a class if one is given."""
    reader = _Reader()
    reader.feed(html)
    return [one for one in reader.found if css_class is None or css_class in one.classes]


def page(meta: dict[str, Any], body: str = "# A page\n\nText.\n") -> str:
    """Return a page's text. JSON is YAML, whatever the values hold."""
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in meta.items()]
    return "\n".join(["---", *lines, "---", "", body])


def project(root: Path, pages: dict[str, str], configuration: str = CONFIGURATION) -> Path:
    """Write a project and return its root."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "mkdocs.yml").write_text(configuration, encoding="utf-8")
    for path, text in pages.items():
        file = root / "docs" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


def built(root: Path, engine: str = "mkdocs") -> Path:
    """Build the project in `root`, and return where."""
    if engine == "zensical":
        assert build_with(load_project(root / "mkdocs.yml"), "zensical") is not None
    else:
        config = load_config(config_file=str(root / "mkdocs.yml"))
        config.plugins.on_startup(command="build", dirty=False)
        build(config)
    return root / "site"


def html(site: Path, path: str = "") -> str:
    return (site / path / "index.html").read_text(encoding="utf-8")
