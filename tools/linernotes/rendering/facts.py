"""Facts put into a page while it is rendered."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from markdown.preprocessors import Preprocessor

from linernotes.pages.facts import FACTS_FILE, SIGN, Facts, read_facts, with_facts
from linernotes.project import CONFIGURATION_FILES

if TYPE_CHECKING:
    from markdown import Markdown


class FactsPreprocessor(Preprocessor):
    """Puts the values of `facts.yml` where a page names them."""

    md: Markdown

    def run(self, lines: list[str]) -> list[str]:
        """Return the lines with facts in the place of their names."""
        if not any(SIGN in line for line in lines):
            return lines
        return with_facts("\n".join(lines), facts_of(self.md)).split("\n")


def facts_of(md: Markdown) -> Facts:
    """Return the facts of the project that a page rendered by `md` belongs to."""
    root = _root(md)
    file = root / FACTS_FILE
    try:
        return _read(root, file.stat().st_mtime_ns)
    except OSError:
        return Facts(root)


@lru_cache(maxsize=2)
def _read(root: Path, changed: int) -> Facts:  # noqa: ARG001  # read again when it has changed
    return read_facts(root)[0]


def _root(md: Markdown) -> Path:
    """Return the directory of the configuration: MkDocs tells it, Zensical runs beside it."""
    if "relpath" in md.treeprocessors:  # mkdocs/structure/pages.py, _RelativePathTreeprocessor
        config = getattr(md.treeprocessors["relpath"], "config", None)
        path = getattr(config, "config_file_path", None)
        if path:
            return Path(path).absolute().parent
    here = Path.cwd()
    for directory in (here, *here.parents):
        if any((directory / name).is_file() for name in CONFIGURATION_FILES):
            return directory
    return here
