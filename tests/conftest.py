from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]


class Site:
    """Somebody's MkDocs project in an empty directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.docs = root / "docs"
        self.docs.mkdir()
        self.write("mkdocs.yml", "site_name: Somebody's\n")

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def page(self, *fences: str, name: str = "page") -> Path:
        """Write a page; its first fence begins in line 3."""
        return self.write(f"docs/{name}.md", "# A page\n\n" + "\n\n".join(fences) + "\n")

    def cassette(self, name: str) -> Path:
        return self.root / "tests" / "cassettes" / f"{name}.yaml"


def fence(source: str, header: str = "python") -> str:
    return f"```{header}\n{source.strip()}\n```"


def named(source: str, name: str, more: str = "") -> str:
    return fence(source, f" {{ .python #{name} {more}}}")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """An empty project, which is the working directory; there is no key in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.endswith("_API_KEY")]:
        monkeypatch.delenv(name)
    return Site(tmp_path)
