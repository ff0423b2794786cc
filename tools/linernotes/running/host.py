"""A host: imports once what many snippets need, then splits into lanes that fork from it.

Its environment is the snippets' own; the pool starts it with the import path of its parent.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import signal
import tempfile
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, NoReturn

from linernotes.running import lane, strays

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(descriptors: Sequence[int], modules: Sequence[str]) -> None:
    """Import `modules`, fork a lane for each of `descriptors`, and wait for them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the runner's; it hangs up on us
    strays.adopt()
    for name in modules:
        with contextlib.suppress(Exception):  # the snippet that needs it will say so
            importlib.import_module(name)
    if modules:
        from linernotes.running import wire  # noqa: PLC0415  # heavy, and of use only with them

        wire.warm_up()
    room = tempfile.mkdtemp(prefix="linernotes-")
    try:
        lanes = [_fork(descriptor, descriptors, room) for descriptor in descriptors]
        for descriptor in descriptors:
            os.close(descriptor)
        for process in lanes:
            os.waitpid(process, 0)
        strays.end()  # of a lane that was killed
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _fork(descriptor: int, descriptors: Sequence[int], room: str) -> int:
    process = os.fork()
    if process == 0:
        _serve(descriptor, descriptors, room)
    return process


def _serve(descriptor: int, descriptors: Sequence[int], room: str) -> NoReturn:
    try:
        for other in descriptors:
            if other != descriptor:
                os.close(other)
        lane.serve(Connection(descriptor), room)
    finally:
        os._exit(0)
