"""Types: ty checks the modules, beside the run, and each diagnostic goes back to the page's line."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ty.__main__ import find_ty_bin

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linernotes.snippets.modules import Module

# A package that isn't installed is the run's business (it fails there), or the author's, who wrote
# `.norun` because of it.
_LEFT_TO_THE_RUN = frozenset({"import-not-found", "unresolved-import"})


@dataclass(frozen=True, slots=True)
class TypeProblem:
    """One diagnostic: the page's line, ty's rule, and what is wrong in words."""

    line: int
    rule: str
    message: str


class TypeCheck:
    """A running ty. `start` it before the snippets run, and ask for its `result` after."""

    def __init__(self, modules: Sequence[Module], words: Mapping[str, str]) -> None:
        """Start checking `modules`; `words` says of each removed parameter what to tell a writer.

        Raises OSError when there is no room for the files.
        """
        self._modules = {module.path.as_posix(): module for module in modules}
        self._words = words
        self._directory = tempfile.TemporaryDirectory(prefix="linernotes-types-")
        root = Path(self._directory.name)
        for name, module in self._modules.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(module.text, encoding="utf-8", newline="")
        command = [find_ty_bin(), "check", "--project", str(root), "--output-format", "gitlab"]
        options = [
            "--python",
            sys.prefix,
            "--python-version",
            ".".join(map(str, sys.version_info[:2])),
        ]
        self._process = subprocess.Popen(  # noqa: S603  # our own dependency
            [*command, *options, "--exit-zero", "--no-progress", str(root)],
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def result(self) -> dict[str, tuple[TypeProblem, ...]]:
        """Return the problems by snippet address; a snippet without any isn't in it.

        Raises RuntimeError when ty itself fails.
        """
        try:
            stdout, stderr = self._process.communicate()
        finally:
            self._directory.cleanup()
        try:
            diagnostics = json.loads(stdout)
        except ValueError:
            said = stderr.decode("utf-8", "replace").strip()
            raise RuntimeError(f"ty failed: {said or self._process.returncode}") from None
        problems: dict[str, list[TypeProblem]] = {}
        for diagnostic in diagnostics:
            if diagnostic["check_name"] in _LEFT_TO_THE_RUN or diagnostic["severity"] == "minor":
                continue
            module = self._modules[diagnostic["location"]["path"]]
            problem = _problem(diagnostic, module, self._words)
            problems.setdefault(module.snippet.address, []).append(problem)
        return {address: tuple(found) for address, found in problems.items()}


def _problem(diagnostic: dict[str, Any], module: Module, words: Mapping[str, str]) -> TypeProblem:
    rule = diagnostic["check_name"]
    begin = diagnostic["location"]["positions"]["begin"]["line"]
    end = diagnostic["location"]["positions"].get("end", {}).get("line", begin)
    removed = _removed_keyword(module.text, begin, end, words)
    if removed is not None:
        line, name = removed
        message = f"the parameter `{name}` is gone. {words[name]}"
        return TypeProblem(module.page_line(line), rule, message)
    message = diagnostic["description"].removeprefix(f"{rule}: ")
    return TypeProblem(module.page_line(begin), rule, message)


def _removed_keyword(
    text: str, begin: int, end: int, words: Mapping[str, str]
) -> tuple[int, str] | None:
    """Return the line and name of a removed parameter in the call that a diagnostic is about.

    ty says of such a call only that no overload matches, and points at the whole of it.
    """
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or not begin <= node.lineno <= end:
            continue
        for keyword in node.keywords:
            if keyword.arg is not None and keyword.arg in words:
                return keyword.lineno, keyword.arg
    return None
