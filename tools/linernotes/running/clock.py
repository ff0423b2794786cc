"""The clock of the replay world: it starts at the recording's time, and sleeping costs nothing.

`time.sleep` and a loop that only waits for a timer move the clock on instead of waiting, in the
order in which the timers would have fired. A loop that waits for a thread or for a file descriptor
waits for real.
"""

from __future__ import annotations

import selectors
import threading
import time
from datetime import datetime
from typing import Any

_real_monotonic = time.monotonic
_real_perf_counter = time.perf_counter
_IMPATIENCE = 0.02  # seconds: how long a loop waits for real before it looks again
_ASYNCIO_OWN = 1  # file descriptors that an asyncio loop always watches: the one that wakes it


class _Clock:
    """How far the clock was moved on, in seconds, and who moves the wall clock."""

    skipped = 0.0
    travel: Any = None
    traveller: Any = None


def install() -> None:
    """Make sleeping free in this process and its children."""
    for module, name, ours in (
        (time, "sleep", _sleep),
        (time, "monotonic", _monotonic),
        (time, "perf_counter", _perf_counter),
        (selectors, "DefaultSelector", _Selector),
    ):
        setattr(module, name, ours)


def set_to(moment: str) -> None:
    """Make it `moment` now (RFC 3339): the clock goes on from there."""
    _travel(datetime.fromisoformat(moment.replace("Z", "+00:00")))


def reset() -> None:
    """Let the clock show the real time again."""
    if _Clock.traveller is not None:
        _Clock.travel.stop()
        _Clock.traveller = None


def _travel(moment: datetime) -> None:
    import time_machine  # noqa: PLC0415  # 100 ms, and most snippets never ask the time

    _Clock.travel = time_machine.travel(moment, tick=True)
    _Clock.traveller = _Clock.travel.start()


def _advance(seconds: float) -> None:
    _Clock.skipped += seconds
    if _Clock.traveller is not None:
        _Clock.traveller.shift(seconds)


def _sleep(seconds: float, /) -> None:
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")  # as time.sleep says it
    if _Clock.traveller is None:
        _travel(datetime.fromtimestamp(time.time()).astimezone())
    _advance(float(seconds))


def _monotonic() -> float:
    return _real_monotonic() + _Clock.skipped


def _perf_counter() -> float:
    return _real_perf_counter() + _Clock.skipped


class _Selector(selectors.DefaultSelector):
    """The selector of an asyncio loop that moves the clock on instead of waiting for a timer."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout is None or timeout <= 0:
            return ready or super().select(timeout)
        if threading.active_count() > 1 or len(self.get_map()) > _ASYNCIO_OWN:
            return super().select(min(timeout, _IMPATIENCE))
        _advance(timeout)
        return []
