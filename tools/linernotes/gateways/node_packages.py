"""Packages from npm, pinned by a lock file, installed once for each user."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

LONGEST_INSTALL = 300
"""Seconds that npm may take; from a warm cache it takes one or two."""

_MANIFESTS = ("package.json", "package-lock.json")


class NodeError(Exception):
    """Node.js, npm or the packages aren't there; the message says what to do."""


def installed(manifests: Path) -> Path:
    """Return the directory whose `node_modules` has what the lock file in `manifests` pins.

    It is in the user's cache, under a name made from both manifests, so nothing is ever installed
    twice or changed. Raises NodeError.
    """
    for command in ("node", "npm"):
        if shutil.which(command) is None:
            raise NodeError(f"{command} isn't installed: Node.js 20 or later is needed")
    contents = [(manifests / name).read_bytes() for name in _MANIFESTS]
    digest = hashlib.sha256(b"\n".join(contents)).hexdigest()[:16]
    home = _cache() / f"{json.loads(contents[0])['name']}-{digest}"
    if not home.is_dir():
        home.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=home.parent))
        try:
            for name, content in zip(_MANIFESTS, contents, strict=True):
                (made / name).write_bytes(content)
            _install(made)
            made.rename(home)
        except OSError:
            if not home.is_dir():  # Nobody else was faster.
                raise
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return home


def _install(directory: Path) -> None:
    """Run `npm ci`: no scripts of packages, and nothing over the network that is in npm's cache."""
    command = ["npm", "ci", "--ignore-scripts", "--omit=dev", "--prefer-offline"]
    try:
        done = subprocess.run(  # noqa: S603  # our own words
            [*command, "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=LONGEST_INSTALL,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NodeError(f"npm ci didn't end within {LONGEST_INSTALL} s") from None
    if done.returncode:
        raise NodeError(f"npm ci failed: {done.stderr.strip()[-500:]}")


def _cache() -> Path:
    """Return this package's directory in the user's cache (XDG Base Directory Specification)."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    home = Path(named) if Path(named).is_absolute() else Path.home() / ".cache"
    return home / "linernotes"
