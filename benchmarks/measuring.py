"""Running a command as a whole process: how long it takes, how much memory its processes hold."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_LOOK = 0.02  # seconds between two looks at the memory


class RunError(Exception):
    """A command failed, or did not do all that it was to do: its time would mean nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Tool:
    """A command and where it runs.

    `proof` is a regular expression that its output matches once it has run every snippet.
    """

    name: str
    command: Sequence[str]
    directory: Path
    proof: str
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Memory:
    """Peaks in MB (10⁶ bytes): of all processes together, and of the first one alone."""

    tree: float
    main: float


def run(tool: Tool) -> tuple[float, str]:
    """Return how long `tool` took from start to end, in seconds, and its output. Raises RunError."""
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = _start(tool, output)
        process.wait()
        took = time.perf_counter() - began
        return took, _checked(tool, process, output)


def in_turn(tools: Sequence[Tool], rounds: int) -> dict[Tool, list[float]]:
    """Return the seconds of each tool in each of `rounds`, after one round that isn't counted.

    The tools take turns, so that a machine that gets slower gets slower for all of them.
    """
    taken: dict[Tool, list[float]] = {tool: [] for tool in tools}
    for _ in range(rounds + (rounds > 1)):
        for tool in tools:
            taken[tool].append(run(tool)[0])
    return {tool: found[-rounds:] for tool, found in taken.items()}


def memory(tool: Tool) -> Memory:
    """Return the peaks of a run, looked at every 20 ms. Needs Linux; elsewhere they are NaN.

    A page that several processes share counts in each with its part (PSS, proc_pid_smaps(5)), so
    the sum over processes is what they really hold. Looking costs time: these runs aren't timed.
    Raises RunError.
    """
    if not Path("/proc/self/smaps_rollup").exists():
        return Memory(float("nan"), float("nan"))
    tree = main = 0.0
    with tempfile.TemporaryFile() as output:
        process = _start(tool, output)
        while process.poll() is None:
            main = max(main, _field(process.pid, "status", "VmHWM"))
            tree = max(tree, sum(_field(one, "smaps_rollup", "Pss") for one in _tree(process.pid)))
            time.sleep(_LOOK)
        _checked(tool, process, output)
    return Memory(tree, main)


def _start(tool: Tool, output: IO[bytes]) -> subprocess.Popen[bytes]:
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "ANTHROPIC_"))}
    return subprocess.Popen(
        tool.command,
        cwd=tool.directory,
        env={**ours, **tool.environment},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )


def _checked(tool: Tool, process: subprocess.Popen[bytes], output: IO[bytes]) -> str:
    """Return what a finished run printed, if it did what it was to do."""
    output.seek(0)
    said = output.read().decode("utf-8", "replace")
    if process.returncode != 0 or not re.search(tool.proof, said):
        raise RunError(
            f"{tool.name}: exit code {process.returncode}, and `{tool.proof}` was to be found in\n"
            + said[-4000:]
        )
    return said


def _tree(process: int) -> Iterator[int]:
    yield process
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:  # it has just ended
        return
    for child in children:
        yield from _tree(int(child))


def _field(process: int, file: str, name: str) -> float:
    """Return a field of a file in /proc in MB; 0 for a process that has just ended."""
    try:
        text = Path(f"/proc/{process}/{file}").read_text("ascii")
    except OSError:
        return 0.0
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else 0.0
