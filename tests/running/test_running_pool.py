"""The pool: jobs go to lanes, and come back whatever happens to those."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

from running_jobs import job_of

from linernotes.running.packages import (
    imported_packages,
    other_clients_in,
    speaks_http,
    warm_modules,
)
from linernotes.running.pool import Pool
from linernotes.running.world import environment


def test_every_job_comes_back_once() -> None:
    jobs = [
        job_of(f"{'import os' if n % 3 else ''}\nprint({n})", address=f"page.md#{n}")
        for n in range(40)
    ]
    with Pool(2, environment({})) as pool:
        outcomes = list(pool.run(jobs))
        assert {one.address: one.stdout for one in outcomes} == {
            f"page.md#{n}": f"{n}\n" for n in range(40)
        }
        assert [one.stdout for one in pool.run(jobs[:1])] == ["0\n"]


def test_a_job_that_takes_its_lane_along_is_the_only_one_to_fail() -> None:
    kill = "import ctypes, os\nctypes.CDLL(None).kill(os.getppid(), 9)\nwhile True: pass"
    others = [job_of(f"import os\nprint({n})", address=f"page.md#{n}") for n in range(6)]
    culprit = job_of(kill, address="page.md#culprit")
    with Pool(1, environment({})) as pool:
        outcomes = {one.address: one for one in pool.run([*others[:3], culprit, *others[3:]])}
    assert len(outcomes) == 7
    failed = [one for one in outcomes.values() if one.failure is not None]
    assert [one.address for one in failed] == ["page.md#culprit"]
    assert failed[0].failure is not None
    assert failed[0].failure.code == "lost"


def test_contained_code_that_never_ends_or_fails_holds_up_no_other() -> None:
    sources = ["print(1)", "while True: pass", "print(2)", "1 / 0", "print(3)"]
    jobs = [job_of(source, address=f"page.md#{n}", timeout=0.5) for n, source in enumerate(sources)]
    with Pool(1, environment({})) as pool:
        outcomes = {one.address: one for one in pool.run([*jobs, *map(_again, jobs)])}
    codes = {address: one.failure.code for address, one in outcomes.items() if one.failure}
    assert codes == {
        "page.md#1": "timeout",
        "page.md#3": "exception",
        "page.md#1-again": "timeout",
        "page.md#3-again": "exception",
    }
    assert outcomes["page.md#4-again"].stdout == "3\n"


def _again(job):
    return replace(job, address=f"{job.address}-again")


def test_contained_code_that_prints_much_loses_nothing() -> None:
    loud = (
        "for n in range(50_000):\n    try:\n        print('x')\n    except Exception:\n        pass"
    )
    jobs = [job_of(loud, address=f"page.md#{n}") for n in range(4)]
    with Pool(1, environment({})) as pool:
        assert {len(one.stdout) for one in pool.run(jobs)} == {100_000}


def test_the_working_directory_holds_the_declared_files(tmp_path: Path) -> None:
    from linernotes.running.job import File  # noqa: PLC0415

    data = tmp_path / "prices.csv"
    data.write_text("a,1\n")
    files = (File(str(data), "data/prices.csv"),)
    source = "from pathlib import Path\nprint(Path('data/prices.csv').read_text(), end='')\n"
    spoil = source + "Path('data/prices.csv').write_text('spoiled')"
    with Pool(1, environment({})) as pool:
        for one in (spoil, source):
            [outcome] = pool.run([job_of(one, files=files)])
            assert outcome.stdout == "a,1\n"
        gone = (File(str(tmp_path / "gone.csv"), "gone.csv"),)
        [outcome] = pool.run([job_of(source, files=gone)])
    assert outcome.failure is not None
    assert outcome.failure.code == "cannot-run"
    assert data.read_text() == "a,1\n"


RUNNER = """
import os, sys
sys.path[:0] = {path!r}
from linernotes.running.pool import Pool
from linernotes.running.world import environment
from running_jobs import job_of

source = '''
import os, subprocess
with open({started!r}, "w") as file:
    sleeper = subprocess.Popen(["sleep", "600"], start_new_session=True)
    file.write(f"{{os.getpid()}} {{os.getppid()}} {{sleeper.pid}} .")
while True:
    pass
'''
with Pool(1, environment({{}})) as pool:
    list(pool.run([job_of(source, timeout=600.0)]))
"""


def test_when_the_runner_is_killed_nothing_goes_on(tmp_path: Path) -> None:
    started = tmp_path / "started"
    os.mkfifo(started)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    here = str(Path(__file__).parent)
    path = [here, *sys.path]
    runner = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(RUNNER).format(path=path, started=str(started))],
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    processes = [int(number) for number in started.read_text().split()[:-1]]
    assert len(processes) == 3
    handles = [os.pidfd_open(process) for process in processes]
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    for handle in handles:
        ended, _, _ = select.select([handle], [], [], 30)
        assert ended
        os.close(handle)


def test_imports_are_seen_however_they_are_written() -> None:
    source = "import os, json as j; import anthropic\nfrom a.b import c\n    import d.e as f  # g"
    assert imported_packages(source) == {"os", "json", "anthropic", "a", "d"}
    assert speaks_http(source)
    assert speaks_http("import json as j, anthropic as a")
    assert speaks_http("from urllib.request import urlopen")
    assert not speaks_http("from urllib.parse import quote\nprint('import of anthropic')")
    assert warm_modules([source, "import httpx2"]) == ("anthropic", "httpx2")
    assert not other_clients_in(job_of("import anthropic").pieces)
    assert other_clients_in(job_of("import anthropic", "import requests").pieces)
