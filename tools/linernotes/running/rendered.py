"""Closing the count: what the renderer shows as Python code, asked of the renderer itself.

It works in a process of its own beside the snippets; it reads a JSON list of page files from stdin
and writes, for each, the digests of the Python fences that it renders, or why it couldn't.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from linernotes.findings import error
from linernotes.project import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from typing_extensions import Self


class Rendering:
    """A renderer at work: make it before the snippets run, and ask for its `result` after.

    Use it as a context manager, for what has to be stopped when nobody asks.
    """

    def __init__(self, configuration: Path, files: Sequence[Path]) -> None:
        """Start rendering `files` as the project's `configuration` says. Raises OSError."""
        self._configuration = configuration
        self._files = tuple(files)
        code = (
            f"import sys; sys.path[:] = {sys.path!r}; from linernotes.running.rendered import main;"
            f" main({str(configuration)!r})"
        )
        with tempfile.TemporaryFile() as names:  # a pipe would have to be read before we go on
            names.write(json.dumps([str(file) for file in self._files]).encode())
            names.seek(0)
            self._process = subprocess.Popen(  # noqa: S603  # ourselves
                [sys.executable, "-c", code],
                cwd=configuration.parent,
                stdin=names,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C in the terminal is ours alone
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the renderer."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def result(self) -> dict[Path, Counter[str] | str]:
        """Return for each file the digests of its Python fences, or why it can't be rendered.

        Raises ConfigurationError when none of them could be.
        """
        stdout, stderr = self._process.communicate()
        if self._process.returncode != 0:
            said = stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            said = said or f"it ends with {self._process.returncode}"
            raise ConfigurationError(
                error(
                    "cannot-render",
                    self._configuration.name,
                    None,
                    f"the Markdown renderer fails with this configuration: {said}",
                    "does `mkdocs build` work? Then please report this",
                )
            )
        shown = json.loads(stdout.rpartition(b"\n")[2])
        return {
            file: found if isinstance(found, str) else Counter(found)
            for file, found in zip(self._files, shown, strict=True)
        }


def digest(source: str) -> str:
    """Return the digest of a fence's source, white space at its ends aside."""
    return hashlib.sha256(source.strip().encode("utf-8", "surrogatepass")).hexdigest()[:16]


def main(configuration: str) -> None:
    """Render the pages listed on stdin and print what Python fences they show."""
    from linernotes.pages.extensions import OURS, load_extensions  # noqa: PLC0415  # only in this process

    names, configs, _ = load_extensions(Path(configuration))
    extensions = [name for name in names if name not in OURS]  # it hides what is hidden
    runner = os.getppid()
    shown = []
    for file in json.load(sys.stdin):
        if os.getppid() != runner:
            return  # nobody waits for the result
        shown.append(_shown(Path(file), extensions, configs))
    # In a line of its own: an extension may have printed something.
    sys.stdout.write(f"\n{json.dumps(shown)}")


def _shown(
    file: Path, extensions: Sequence[str], configs: Mapping[str, Mapping[str, Any]]
) -> list[str] | str:
    from linernotes.pages.front_matter import split  # noqa: PLC0415  # only in this process
    from linernotes.pages.headers import is_python  # noqa: PLC0415
    from linernotes.pages.renderer import rendered_fences  # noqa: PLC0415

    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):  # a finding of its own, and nothing is rendered
        return []
    try:
        fences = rendered_fences(split(text)[1], extensions, configs)
    except Exception as exc:  # noqa: BLE001  # whatever somebody's extension raises
        return f"{type(exc).__name__}: {exc}"
    return [digest(fence.source) for fence in fences if is_python(fence.language)]
