"""The clock of the replay world: it starts at the recording's time, and sleeping costs nothing.

`time.sleep` and a loop that only waits for a timer move the clock on instead of waiting, in the
order in which the timers would have fired. A loop that waits for a thread or for a file descriptor
waits for real. Threads that sleep move the clock on one after the other.
"""

from __future__ import annotations

import selectors
import sys
import threading
import time
from datetime import datetime
from typing import Any

_real_sleep = time.sleep
_real_monotonic = time.monotonic
_real_monotonic_ns = time.monotonic_ns
_real_perf_counter = time.perf_counter
_real_perf_counter_ns = time.perf_counter_ns

_IMPATIENCE = 0.02  # seconds: how long a loop waits for real before it looks again
_TURN = 0.001  # seconds: how long a thread that sleeps lets the others work
_LONGEST = 10**9  # seconds: a sleep that Python itself would refuse is longer
_NANO = 10**9
_ASYNCIO_OWN = 1  # file descriptors that an asyncio loop always watches: the one that wakes it


class _Clock:
    """How far the clock was moved on, in seconds, and who moves the wall clock."""

    skipped = 0.0
    travel: Any = None
    traveller: Any = None
    lock = threading.Lock()


def install() -> None:
    """Make sleeping free in this process and its children."""
    for module, name, ours, _ in _REPLACED:
        setattr(module, name, ours)


def uninstall() -> None:
    """Make sleeping take its time again, in this process: a live API wants to be waited for."""
    for module, name, _, theirs in _REPLACED:
        setattr(module, name, theirs)


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
    with _Clock.lock:
        _Clock.skipped += seconds
        if _Clock.traveller is None:
            _travel(datetime.fromtimestamp(time.time()).astimezone())
        _Clock.traveller.shift(seconds)


def _sleep(seconds: float, /) -> None:
    if not isinstance(seconds, (int, float)) or not 0 <= seconds <= _LONGEST:
        _real_sleep(seconds)  # which refuses it in Python's words
        return
    _advance(seconds)
    if threading.active_count() > 1:
        _real_sleep(min(seconds, _TURN))


def _monotonic() -> float:
    return _real_monotonic() + _Clock.skipped


def _monotonic_ns() -> int:
    return _real_monotonic_ns() + int(_Clock.skipped * _NANO)


def _perf_counter() -> float:
    return _real_perf_counter() + _Clock.skipped


def _perf_counter_ns() -> int:
    return _real_perf_counter_ns() + int(_Clock.skipped * _NANO)


class _Selector(selectors.DefaultSelector):
    """The selector of an asyncio loop that moves the clock on instead of waiting for a timer."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready, as any selector does, within `timeout` seconds of the clock."""
        ready = super().select(0)
        if ready or timeout is None or timeout <= 0:
            return ready or super().select(timeout)
        if len(self.get_map()) > _ASYNCIO_OWN or _threads_work():
            return super().select(min(timeout, _IMPATIENCE))
        if threading.active_count() > 1:  # idle, or just about to begin
            ready = super().select(min(timeout, _IMPATIENCE))
            if ready or _threads_work():
                return ready
            ready = super().select(0)  # a thread may have ended its work while we looked at it
            if ready:
                return ready
        _advance(timeout)
        return []


def _threads_work() -> bool:
    """Return whether any other thread does something else than waiting to be given work.

    A thread that was given some and hasn't had the processor since looks idle; its queue doesn't.
    """
    if threading.active_count() == 1:
        return False
    futures = sys.modules.get("concurrent.futures.thread")
    queues = getattr(futures, "_threads_queues", {})
    if any(queue.qsize() for queue in list(queues.values())):
        return True
    idle = getattr(getattr(futures, "_worker", None), "__code__", None)
    frames = sys._current_frames()  # noqa: SLF001  # the only way to see what threads do
    own = threading.get_ident()
    return any(
        thread.ident not in frames or frames[thread.ident].f_code is not idle
        for thread in threading.enumerate()
        if thread.ident is not None and thread.ident != own
    )


_REPLACED = (
    (time, "sleep", _sleep, _real_sleep),
    (time, "monotonic", _monotonic, _real_monotonic),
    (time, "monotonic_ns", _monotonic_ns, _real_monotonic_ns),
    (time, "perf_counter", _perf_counter, _real_perf_counter),
    (time, "perf_counter_ns", _perf_counter_ns, _real_perf_counter_ns),
    (selectors, "DefaultSelector", _Selector, selectors.DefaultSelector),
)
