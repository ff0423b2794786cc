"""Strays: processes that a snippet started and left behind, in a session of their own too.

Linux gives them to the nearest ancestor that asks for them (prctl(2), PR_SET_CHILD_SUBREAPER), and
kills a child with its parent if told to (PR_SET_PDEATHSIG). Elsewhere only the process group of a
snippet can be ended with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

_PDEATHSIG, _SUBREAPER = 1, 36  # include/uapi/linux/prctl.h
_LINUX = sys.platform == "linux"
_prctl = ctypes.CDLL(None).prctl if _LINUX else None


def adopt() -> None:
    """Make this process the parent of all that its descendants leave behind."""
    if _prctl is not None:
        _prctl(_SUBREAPER, 1, 0, 0, 0)


def die_with(parent: int) -> None:
    """Let this process be killed when `parent`, which forked it, is gone."""
    if _prctl is not None:
        _prctl(_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # it went before we could ask
            os._exit(1)


def end() -> None:
    """Kill and reap all children of this process."""
    while True:
        try:
            process, _ = os.waitpid(-1, os.WNOHANG)
            if process == 0:
                children = _children()
                if not children:
                    return
                for child in children:
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.kill(child, signal.SIGKILL)
                os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> list[int]:
    own = os.getpid()
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            status = directory.joinpath("stat").read_text(encoding="utf-8", errors="replace")
            if int(status.rpartition(")")[2].split()[1]) == own:  # proc_pid_stat(5): state, ppid
                found.append(int(directory.name))
    return found
