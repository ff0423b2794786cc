"""Running the examples of other languages than Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from answering_tabs import redirected

from linernotes.gateways.node_packages import installed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tab_groups import TabGroup

HERE = Path(__file__).parent

KEYS = dict.fromkeys(("ANTHROPIC_API_KEY", "ORQ_API_KEY", "PORTKEY_API_KEY"), "none")

LONGEST = 120
"""Seconds for all examples of a language together."""


def needs(*commands: str) -> pytest.MarkDecorator:
    """Skip where a command is missing, but not in CI, which has them all."""
    missing = [command for command in commands if shutil.which(command) is None]
    return pytest.mark.skipif(
        bool(missing) and not os.environ.get("CI"),
        reason=f"{' and '.join(missing)} isn't installed; CI has it",
    )


def run_typescript(
    todo: Sequence[tuple[TabGroup, Path, str]], host: str = "/api.anthropic.com"
) -> dict[str, str | None]:
    """Check and run the examples in one process of Node's. `host` is the SDK's place below a URL."""
    home = todo[0][1].parent / "typescript"
    home.mkdir()
    (home / "node_modules").symlink_to(installed(HERE) / "node_modules")
    shutil.copy(HERE / "run.mjs", home)
    examples = []
    for number, (group, directory, url) in enumerate(todo):
        file = home / f"example-{number}.mts"
        file.write_text(redirected(group.others["TypeScript"], url), encoding="utf-8")
        given: dict[str, Any] = {"name": group.name, "file": str(file), "directory": str(directory)}
        given["environment"] = {
            "ANTHROPIC_BASE_URL": url + host,
            "PORTKEY_BASE_URL": f"{url}/api.portkey.ai/v1",
        }
        examples.append(given)
    done = ran(["node", str(home / "run.mjs")], home, json.dumps(examples))
    return json.loads(done.stdout)


def run_curl(todo: Sequence[tuple[TabGroup, Path, str]]) -> dict[str, str | None]:
    """Run the examples one after the other."""
    outcomes: dict[str, str | None] = {}
    for group, directory, url in todo:
        done = ran(["bash", "-eu"], directory, redirected(group.others["cURL"], url))
        outcomes[group.name] = done.stderr if done.returncode else None
    return outcomes


def ran(
    command: list[str], directory: Path, given: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with a key that is none in its environment."""
    return subprocess.run(
        command,
        cwd=directory,
        input=given,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
        env={"PATH": os.environ["PATH"], **KEYS, **environment},
    )
