"""Sleeping is free, and every clock of Python shows the time that was slept."""

from __future__ import annotations

import time

import pytest
from running_jobs import Run

CLOCKS = """
    import time
    from datetime import datetime, timezone

    def clocks():
        return [
            time.time(),
            time.time_ns() / 1e9,
            time.monotonic(),
            time.monotonic_ns() / 1e9,
            time.perf_counter(),
            time.perf_counter_ns() / 1e9,
            datetime.now().timestamp(),
            datetime.now(timezone.utc).timestamp(),
        ]

    before = clocks()
"""

SLEEPS = {
    "a sleep": "time.sleep(1000)",
    "many sleeps": "for _ in range(10):\n    time.sleep(100)",
    "an asynchronous sleep": "import asyncio\nawait asyncio.sleep(1000)",
    "sleeps side by side": (
        "import asyncio\nawait asyncio.gather(*(asyncio.sleep(n) for n in (10, 1000, 500)))"
    ),
    "a sleep in a thread": (
        "import threading\nt = threading.Thread(target=time.sleep, args=(1000,))\nt.start()\n"
        "t.join()"
    ),
    "a sleep beside an idle thread": (
        "import asyncio\nawait asyncio.to_thread(sum, [1])\nawait asyncio.sleep(1000)"
    ),
    "a time-out that fires": (
        "import asyncio\ntry:\n    await asyncio.wait_for(asyncio.sleep(9999), 1000)\n"
        "except asyncio.TimeoutError:\n    pass"
    ),
    "a sleep in a loop of its own": "import asyncio\nasyncio.run(asyncio.sleep(1000))",
}


@pytest.mark.parametrize("name", SLEEPS)
def test_sleeping_is_free_and_all_clocks_show_it(run: Run, name: str) -> None:
    shown = "print([round(b - a, -2) for a, b in zip(before, clocks())])"
    outcome = run(CLOCKS, f"{SLEEPS[name]}\n{shown}", timeout=60.0)
    assert outcome.failure is None
    assert outcome.stdout == f"{[1000.0] * 8}\n"


def test_timers_fire_in_their_order(run: Run) -> None:
    outcome = run(
        """
        import asyncio

        async def say(seconds):
            await asyncio.sleep(seconds)
            print(seconds)

        await asyncio.gather(say(300), say(100), say(200))
        """
    )
    assert outcome.stdout == "100\n200\n300\n"


def test_a_loop_waits_for_a_thread_that_works(run: Run) -> None:
    outcome = run(
        """
        import asyncio, hashlib

        def work():
            return hashlib.pbkdf2_hmac("sha256", b"", b"", 200_000).hex()[:4]

        print(await asyncio.wait_for(asyncio.to_thread(work), timeout=3600))
        """
    )
    assert outcome.failure is None
    assert outcome.stdout != ""


def test_polling_for_a_thread_lets_it_work(run: Run) -> None:
    outcome = run(
        """
        import hashlib, threading, time

        done = threading.Event()

        def work():
            hashlib.pbkdf2_hmac("sha256", b"", b"", 10_000)
            done.set()

        threading.Thread(target=work).start()
        for _ in range(1000):
            if done.is_set():
                break
            time.sleep(0.1)
        else:
            raise TimeoutError
        """
    )
    assert outcome.failure is None


WRONG = {
    "-1": "ValueError: sleep length must be non-negative",
    "'1'": "TypeError",
    "float('nan')": "ValueError",
    "float('inf')": "OverflowError",
}


@pytest.mark.parametrize("argument", WRONG)
def test_a_wrong_sleep_fails_as_in_python(run: Run, argument: str) -> None:
    failure = run(f"import time\ntime.sleep({argument})").failure
    assert failure is not None
    assert WRONG[argument] in failure.message


def test_the_harness_keeps_the_real_time(run: Run) -> None:
    before = time.time()
    outcome = run("import time\ntime.sleep(86400)")
    assert outcome.duration < 3600
    assert time.time() - before < 3600
