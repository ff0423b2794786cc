"""Verdicts: what a run says of each snippet, and those of earlier runs that still hold.

A verdict holds as long as everything that went into it: the chain's code, its directives, the
output it promises, the cassette, the declared files, the settings, the project's own code that it
imports, and every package installed (Python, the SDK and the harness among them). Only good verdicts are kept: a failure is worth a
second look.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import linernotes
from linernotes.atomic import write_atomically
from linernotes.running.local_code import installed_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linernotes.findings import Finding
    from linernotes.project import Project
    from linernotes.running.local_code import LocalCode
    from linernotes.snippets.collect import Example

VerdictName = Literal["passed", "failed", "unrecorded", "skipped"]
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of one snippet. `duration` is in seconds; `error` is for people to read."""

    id: str
    page: str
    line: int
    verdict: VerdictName
    reason: str | None = None
    provenance: str | None = None
    cached: bool = False
    duration: float = 0.0
    error: str | None = None
    findings: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as `verify --json` prints it."""
        return {
            "id": self.id,
            "page": self.page,
            "line": self.line,
            "verdict": self.verdict,
            "reason": self.reason,
            "provenance": self.provenance,
            "cached": self.cached,
            "duration_ms": round(self.duration * 1000, 2),
            "error": self.error,
        }


@dataclass(frozen=True, slots=True)
class Kept:
    """What is remembered of a snippet: the digest of all that its verdict depends on."""

    digest: str
    verdict: VerdictName
    provenance: str | None


class VerdictCache:
    """The verdicts of earlier runs, by address. A file that can't be understood is an empty one."""

    def __init__(self, directory: Path, *, trusted: bool = True) -> None:
        """Read the cache in `directory`. One that isn't `trusted` is written and never asked."""
        self._path = directory / "verdicts.json"
        self._trusted = trusted
        self._kept: dict[str, Kept] = {}
        self._changed = False
        try:
            content = json.loads(self._path.read_bytes())
            if content["format"] == _FORMAT:
                self._kept = {address: Kept(*kept) for address, kept in content["kept"].items()}
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            pass

    def get(self, address: str, digest: str) -> Kept | None:
        """Return what is kept of a snippet if its digest is still the same."""
        kept = self._kept.get(address) if self._trusted else None
        return kept if kept is not None and kept.digest == digest else None

    def put(self, address: str, kept: Kept | None) -> None:
        """Keep a verdict, or with None forget the one there is."""
        if self._kept.get(address) == kept:
            return
        self._changed = True
        if kept is None:
            self._kept.pop(address, None)
        else:
            self._kept[address] = kept

    def keep_only(self, addresses: Sequence[str]) -> None:
        """Forget the snippets that there are no longer."""
        gone = self._kept.keys() - set(addresses)
        for address in gone:
            self.put(address, None)

    def save(self) -> None:
        """Write the cache if it changed. Raises OSError."""
        if not self._changed:
            return
        kept = {
            address: [one.digest, one.verdict, one.provenance]
            for address, one in sorted(self._kept.items())
        }
        write_atomically(self._path, json.dumps({"format": _FORMAT, "kept": kept}))
        ignore = self._path.with_name(".gitignore")
        if not ignore.exists():  # as other caches do it: nobody has to know that it isn't for Git
            write_atomically(ignore, "*\n")
        self._changed = False


def installation() -> str:
    """Return a digest of Python, every installed package's version, and the harness's own files."""
    parts = [sys.version, sys.platform, linernotes.__version__]
    for directory in sorted(installed_in()):
        try:
            parts += sorted(one.name for one in os.scandir(directory) if one.name.endswith("-info"))
        except OSError:
            continue
    own = Path(linernotes.__file__).parent
    for file in sorted(own.rglob("*.py")):  # their dates differ between two checkouts of the same
        parts.append(f"{file.relative_to(own)} {_content(file)}")
    return _digest(parts)


def digest_of(project: Project, installed: str, local: LocalCode, example: Example) -> str:
    """Return the digest of all that the verdict of `example` depends on."""
    last = example.snippet
    parts = [installed, repr(project.timeout), repr(sorted(project.environment.items()))]
    parts += [repr((last.norun, last.raises, last.timeout, last.id, last.named))]
    parts += ["" if last.output is None else f"output {last.output.text}"]
    parts += [_content(example.cassette)]
    parts += [f"{name} {_content(file)}" for file, name in example.files]
    for snippet in example.chain:
        parts += [snippet.source, local.digest(snippet.source)]
    return _digest(parts)


def _content(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "none"


def _digest(parts: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.hexdigest()[:32]
