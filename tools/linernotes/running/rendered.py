"""Closing the count: what the renderer shows as Python code, asked of the renderer itself.

Run as `python -m linernotes.running.rendered MKDOCS_YML` beside the snippets; it reads a JSON list
of page files from stdin and writes, for each, the digests of the Python fences it renders.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Rendering:
    """A renderer at work. `start` it before the snippets run, and ask for its `result` after."""

    def __init__(self, configuration: Path, files: Sequence[Path]) -> None:
        """Start rendering `files` as the project's `configuration` says."""
        self._files = tuple(files)
        command = [sys.executable, "-m", "linernotes.running.rendered", str(configuration)]
        self._process = subprocess.Popen(  # noqa: S603  # ourselves
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([str(file) for file in self._files]).encode())
        self._process.stdin.close()
        self._process.stdin = None

    def result(self) -> dict[Path, Counter[str]]:
        """Return the digests of the rendered Python fences of each file, with their number.

        Raises RuntimeError when the renderer failed.
        """
        stdout, stderr = self._process.communicate()
        if self._process.returncode != 0:
            said = stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise RuntimeError(f"the renderer failed: {said}")
        return {
            file: Counter(found)
            for file, found in zip(self._files, json.loads(stdout), strict=True)
        }


def digest(source: str) -> str:
    """Return the digest of a fence's source, white space at its ends aside."""
    return hashlib.sha256(source.strip().encode("utf-8", "surrogatepass")).hexdigest()[:16]


def main(configuration: str) -> None:
    """Render the pages listed on stdin and print what Python fences they show."""
    from linernotes.pages.extensions import load_extensions  # noqa: PLC0415
    from linernotes.pages.front_matter import split  # noqa: PLC0415  # only in this process
    from linernotes.pages.headers import is_python  # noqa: PLC0415
    from linernotes.pages.renderer import rendered_fences  # noqa: PLC0415

    names, configs, _ = load_extensions(Path(configuration))
    extensions = [name for name in names if name != "linernotes"]  # it hides what is hidden
    shown = []
    for file in json.load(sys.stdin):
        _, body, _ = split(Path(file).read_text(encoding="utf-8-sig"))
        fences = rendered_fences(body, extensions, configs)
        shown.append([digest(fence.source) for fence in fences if is_python(fence.language)])
    json.dump(shown, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
