"""Types: ty checks the modules, beside the run, and each diagnostic goes back to the page's line."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linernotes.findings import error
from linernotes.project import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import Self

    from linernotes.snippets.modules import Module

# A package that isn't installed is the run's business (it fails there), or the author's, who wrote
# `.norun` because of it. So is an attribute that only some of the possible answers have: readers
# write `message.content[0].text`, and the recording shows whether it is there.
_LEFT_TO_THE_RUN = frozenset({"import-not-found", "missing-union-attribute", "unresolved-import"})


@dataclass(frozen=True, slots=True)
class TypeProblem:
    """One diagnostic: the page's line, ty's rule, and what is wrong in words."""

    line: int
    rule: str
    message: str


class TypeCheck:
    """A running ty: make it before the snippets run, and ask for its `result` after.

    Use it as a context manager, for what has to be stopped and removed when nobody asks.
    """

    def __init__(self, modules: Sequence[Module], words: Mapping[str, str]) -> None:
        """Start checking `modules`; `words` says of each removed parameter what to tell a writer.

        Raises ConfigurationError when ty can't be run, OSError when there is no room for files.
        """
        # Each in a directory that nobody can import: ty looks beside a module and above it for what
        # it imports, and another page's directory may have the name of a package.
        self._modules = {
            f"{number}/{module.path.name}": module for number, module in enumerate(modules)
        }
        self._words = words
        self._directory = tempfile.TemporaryDirectory(prefix="linernotes-types-")
        try:
            root = Path(self._directory.name).resolve()
            for name, module in self._modules.items():
                file = root / "modules" / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(module.text, encoding="utf-8", newline="")
            self._process = _start(root)
        except BaseException:
            self._directory.cleanup()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop ty and remove its files."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()
        self._directory.cleanup()

    def result(self) -> dict[str, tuple[TypeProblem, ...]]:
        """Return the problems by snippet address; a snippet without any isn't in it.

        Raises ConfigurationError when ty itself fails: types that weren't checked aren't good.
        """
        stdout, stderr = self._process.communicate()
        try:
            diagnostics = json.loads(stdout)
            problems: dict[str, list[TypeProblem]] = {}
            for diagnostic in diagnostics:
                if _is_left(diagnostic):
                    continue
                module = self._modules[diagnostic["location"]["path"]]
                problem = _problem(diagnostic, module, self._words)
                problems.setdefault(module.snippet.address, []).append(problem)
        except (ValueError, LookupError, TypeError) as exc:
            said = stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise _no_ty(said or f"it printed something unexpected ({exc!r})") from None
        return {address: tuple(found) for address, found in problems.items()}


def _start(root: Path) -> subprocess.Popen[bytes]:
    """Start ty on the modules in `root`, in the environment that we run in."""
    try:
        from ty import find_ty_bin  # noqa: PLC0415  # what is wrong with it is for us to say

        command = [find_ty_bin(), "check", "--project", ".", "--output-format", "gitlab"]
        version = ".".join(map(str, sys.version_info[:2]))
        options = ["--python", sys.prefix, "--python-version", version]
        # A configuration of the user's own isn't the project's, so we give it an empty home.
        names = ("PATH", "TMPDIR", "SYSTEMROOT")
        variables = {name: value for name in names if (value := os.environ.get(name)) is not None}
        return subprocess.Popen(  # noqa: S603  # our own dependency
            [*command, *options, "--exit-zero", "--no-progress", "."],
            cwd=root / "modules",
            env={**variables, "HOME": str(root), "XDG_CONFIG_HOME": str(root)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C in the terminal is ours alone
        )
    except (ImportError, OSError) as exc:
        raise _no_ty(str(exc)) from None


def _no_ty(said: str) -> ConfigurationError:
    return ConfigurationError(
        error(
            "no-type-checker",
            "ty",
            None,
            f"the type checker can't be run: {said}",
            "install it again: pip install --force-reinstall ty",
        )
    )


def _is_left(diagnostic: dict[str, Any]) -> bool:
    return diagnostic["check_name"] in _LEFT_TO_THE_RUN or diagnostic["severity"] == "minor"


def _problem(diagnostic: dict[str, Any], module: Module, words: Mapping[str, str]) -> TypeProblem:
    rule = diagnostic["check_name"]
    begin = diagnostic["location"]["positions"]["begin"]["line"]
    end = diagnostic["location"]["positions"].get("end", {}).get("line", begin)
    said = diagnostic["description"].removeprefix(f"{rule}: ")
    removed = None
    if "Messages." in said:  # a method of the SDK, not a function of the reader's own
        removed = _removed_keyword(module.text, begin, end, words)
    if removed is not None:
        line, name = removed
        message = f"the parameter `{name}` is gone. {words[name]}"
        return TypeProblem(module.page_line(line), rule, message)
    return TypeProblem(module.page_line(begin), rule, said)


def _removed_keyword(
    text: str, begin: int, end: int, words: Mapping[str, str]
) -> tuple[int, str] | None:
    """Return the line and name of a removed parameter in the call that a diagnostic is about.

    Of an overloaded method ty says only that no overload matches, and points at the whole call;
    of another one it points at the argument.
    """
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        whole = begin <= node.lineno <= end
        for keyword in node.keywords:
            named = whole or begin <= keyword.lineno <= end
            if named and keyword.arg is not None and keyword.arg in words:
                return keyword.lineno, keyword.arg
    return None
