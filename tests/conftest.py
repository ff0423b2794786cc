from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import settings

from linernotes.cli import main

pytest_plugins = ["pytester"]

settings.register_profile("any machine", deadline=None)  # A busy one makes no example wrong.
settings.load_profile("any machine")


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

    def run(self, *arguments: str) -> Result:
        """Run a command in this process."""
        return CliRunner().invoke(main, arguments)

    def json(self, *arguments: str) -> dict[str, Any]:
        """Run a command with `--json` and return the one object that it prints."""
        result = self.run(*arguments, "--json")
        return json.loads(result.stdout)

    def cassette(self, name: str) -> Path:
        return self.root / "tests" / "cassettes" / f"{name}.yaml"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """An empty project, which is the working directory; there is no key in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.endswith("_API_KEY")]:
        monkeypatch.delenv(name)
    return Site(tmp_path)
