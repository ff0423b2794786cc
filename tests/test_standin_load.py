"""The load test still runs, all of it, on a few requests. What it measures is not looked at."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LOAD = Path(__file__).parent.parent / "benchmarks" / "standin_load.py"


def test_the_load_test_prints_each_figure():
    done = subprocess.run(
        [sys.executable, str(LOAD), "--smoke"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    rows = [line.rpartition("  ")[0].strip() for line in done.stdout.splitlines()]
    assert rows == [
        "short messages",
        "5 streams at once, all complete after",
        "memory after 25 messages",
        "memory after 50 messages",
    ]
