"""Whatever a snippet does, it gets its own verdict, and the next snippet finds the world intact."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from running_jobs import LINE, Run

ENDS = {
    "loops": ("while True:\n    pass", "timeout", "still running after 0.5 s"),
    "loops with handlers off": (
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True:\n    pass",
        "timeout",
        "still running",
    ),
    "stops itself": ("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", "timeout", ""),
    "starts a thread that never ends": (
        "import threading\ndef f():\n    while True: pass\nthreading.Thread(target=f).start()",
        "timeout",
        "",
    ),
    "leaves without a word": ("import os\nos._exit(0)", "left-early", "exit code 0"),
    "leaves while it is reported": (
        "class E(Exception):\n    def __str__(self):\n        import os\n        os._exit(0)\nraise E",
        "left-early",
        "",
    ),
    "kills itself": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "died", "SIGKILL"),
    "kills its group": ("import os, signal\nos.killpg(0, signal.SIGTERM)", "died", "SIGTERM"),
    "crashes": ("import ctypes\nctypes.string_at(0)", "died", "SIGSEGV"),
    "aborts": ("import os\nos.abort()", "died", "SIGABRT"),
    "prints without end": ("while True:\n    print('x' * 9999)", "too-much-output", "1024 KiB"),
    "prints 100 MB at once": ("print('x' * 100_000_000)", "too-much-output", ""),
    "prints 100 MB of errors": (
        "import sys\nsys.stderr.write('x' * 100_000_000)",
        "too-much-output",
        "",
    ),
    "asks for input": ("input('Name? ')", "exception", "EOFError"),
    "recurses": ("def f():\n    f()\nf()", "exception", "RecursionError"),
    "takes all memory": ("x = bytearray(64 * 1024**3)", "exception", "MemoryError"),
    "nests too deep": ("x = " + "+".join(["1"] * 20_000), "syntax-error", "compiled"),
    "exits with a number": ("import sys\nsys.exit(3)", "exception", "it exits with 3"),
    "exits with a message": ("import sys\nsys.exit('no key')", "exception", "'no key'"),
    "is interrupted": ("raise KeyboardInterrupt", "exception", "KeyboardInterrupt"),
    "raises what can't be printed": (
        "class E(Exception):\n    def __str__(self):\n        1 / 0\nraise E",
        "exception",
        "str() failed",
    ),
    "raises half a character": ("raise ValueError('\\ud800')", "exception", "ValueError"),
    "prints half a character": ("print('\\ud800')", "exception", "UnicodeEncodeError"),
    "raises a base exception": (
        "class B(BaseException): pass\nraise B('x')",
        "exception",
        "B: x",
    ),
    "turns warnings into errors": (
        "import warnings\nwarnings.simplefilter('error')\nwarnings.warn('old')",
        "exception",
        "UserWarning: old",
    ),
    "fails in a thread": (
        "import threading\nt = threading.Thread(target=lambda: 1 / 0)\nt.start()\nt.join()",
        "exception",
        "ZeroDivisionError",
    ),
    "fails at exit": (
        "import atexit\natexit.register(lambda: 1 / 0)",
        "exception",
        "ZeroDivisionError",
    ),
    "closes all files": ("import os\nos.closerange(3, 256)", "left-early", ""),
    "kills who watches it": (
        "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)",
        "exception",
        "can't send signals",
    ),
    "kills everybody": ("import os\nos.kill(-1, 9)", "exception", "can't send signals"),
    "fills the disk": (
        "with open('big', 'wb') as f:\n    f.truncate(2 * 1024**3)",
        "exception",
        "too large",
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_a_snippet_that_ends_badly_has_a_verdict_of_its_own(run: Run, name: str) -> None:
    source, code, words = ENDS[name]
    outcome = run(source, timeout=0.5 if code == "timeout" else 20.0)
    assert outcome.status == "failed"
    assert outcome.failure is not None
    assert outcome.failure.code == code
    said = f"{outcome.failure.message}\n{outcome.failure.detail}"
    assert words in said
    assert len(said) < 10_000
    assert outcome.failure.line >= LINE - 1
    (outcome.failure.message + outcome.stdout).encode()
    assert run("print('intact')").stdout == "intact\n"


PASSES = {
    "clears its environment": "import os\nos.environ.clear()",
    "breaks builtins": "import builtins\nbuiltins.len = builtins.print = builtins.open = None",
    "breaks os": "import os, json\nos.write = os._exit = json.dumps = None",
    "empties sys.modules": "import sys\nsys.modules.clear()",
    "empties sys.path": "import sys\nsys.path.clear()",
    "leaves": "import os\nos.chdir('/')",
    "masks files": "import os\nos.umask(0o777)\nopen('x', 'w').close()",
    "removes its directory": "import os, shutil\nshutil.rmtree(os.getcwd())",
    "removes the directory above": "import os, shutil\nshutil.rmtree(os.path.dirname(os.getcwd()))",
    "puts a link in the place of its directory": "import os\nhere = os.getcwd()\nos.chdir('/')\n"
    "os.rmdir(here)\nos.symlink('/etc', here)",
    "locks its directory": "import os\nos.makedirs('d/e')\nopen('d/f', 'w').close()\nos.chmod('d', 0)",
    "closes its output": "import sys\nsys.stdout.close()",
    "has no output": "import sys\nsys.stdout = sys.stderr = None",
    "writes where it mustn't": "import os\nfor n in range(3, 50):\n    try:\n"
    "        os.write(n, b'{}')\n    except OSError:\n        pass",
    "forks": "import os\nif os.fork() == 0:\n    raise SystemExit\nos.wait()",
    "forks and goes on": "import os\nos.fork()",
    "starts a thread in the background": "import threading\ndef f():\n    while True: pass\n"
    "threading.Thread(target=f, daemon=True).start()",
    "exits well": "import sys\nsys.exit(0)",
    "prints no text": "import sys\nsys.stdout.buffer.write(b'\\xff\\xfe\\0')",
    "shares work with processes": "from concurrent.futures import ProcessPoolExecutor\n"
    "with ProcessPoolExecutor(1) as pool:\n    print(list(pool.map(abs, [-1])))",
}


@pytest.mark.parametrize("name", PASSES)
def test_a_snippet_that_changes_its_surroundings_changes_nobody_elses(run: Run, name: str) -> None:
    assert run(PASSES[name]).failure is None
    after = run(
        """
        import json, os, sys, tempfile
        assert os.environ["HOME"] == os.environ["TMPDIR"] == os.getcwd() == tempfile.gettempdir()
        assert os.listdir() == []
        assert sys.path
        open("file", "w").close()
        print(len("intact"), json.dumps("intact"))
        """
    )
    assert after.failure is None
    assert after.stdout == '6 "intact"\n'


@pytest.mark.parametrize("session", [False, True])
def test_processes_that_a_snippet_leaves_behind_are_ended(
    run: Run, tmp_path: Path, *, session: bool
) -> None:
    numbers = tmp_path / "numbers"
    outcome = run(
        f"""
        import subprocess, sys
        code = "import os, time, subprocess; subprocess.Popen(['sleep', '600']); time.sleep(600)"
        process = subprocess.Popen([sys.executable, "-c", code], start_new_session={session})
        open({str(numbers)!r}, "w").write(str(process.pid))
        """
    )
    assert outcome.failure is None
    with pytest.raises(ProcessLookupError):
        os.kill(int(numbers.read_text()), 0)


def test_a_snippet_ends_as_a_script_does(run: Run) -> None:
    outcome = run(
        """
        import atexit, threading, time
        class Late:
            def __del__(self):
                print("collected")
        late = Late()
        atexit.register(print, "at exit")
        def work():
            time.sleep(1)
            print("in a thread")
        threading.Thread(target=work).start()
        print("at the end")
        """
    )
    assert outcome.stdout.splitlines() == ["at the end", "in a thread", "at exit", "collected"]


def test_a_failure_shows_the_readers_lines_and_no_others(run: Run) -> None:
    outcome = run("import json\n\ndef read(text):\n    return json.loads(text)\n\nread('{')")
    assert outcome.failure is not None
    assert outcome.failure.line == LINE + 3
    assert [(frame.line, frame.function, frame.code) for frame in outcome.failure.frames] == [
        (LINE + 5, "<module>", "read('{')"),
        (LINE + 3, "read", "return json.loads(text)"),
    ]


def test_a_failure_in_the_first_piece_of_a_chain_is_shown_there(run: Run) -> None:
    outcome = run("def divide(x):\n    return 1 / x", "divide(0)")
    assert outcome.failure is not None
    assert outcome.failure.line == LINE + 1
    assert [frame.line for frame in outcome.failure.frames] == [LINE + 100, LINE + 1]


def test_only_what_the_last_piece_prints_is_its_output(run: Run) -> None:
    assert run("print('set up')", "print('shown')").stdout == "shown\n"
    chain = ("import asyncio\nprint('set up')", "await asyncio.sleep(5)\nprint('shown')")
    assert run(*chain).stdout == "shown\n"


def test_a_deep_recursion_is_shown_by_its_ends(run: Run) -> None:
    outcome = run("def f(n):\n    return f(n + 1)\n\nf(0)")
    assert outcome.failure is not None
    assert len(outcome.failure.frames) < 20
    assert outcome.failure.frames[0].line == LINE + 3


def test_the_parts_of_an_exception_group_are_told(run: Run) -> None:
    outcome = run(
        """
        class Group(Exception):
            exceptions = (ValueError("one"), TypeError("two"))
        raise Group("both")
        """
    )
    assert outcome.failure is not None
    assert "| ValueError: one\n| TypeError: two" in outcome.failure.detail


RAISES = {
    "the very class": ("int('x')", "ValueError", None),
    "a class of a module": ("import json\njson.loads('{')", "json.JSONDecodeError", None),
    "a class by a name of its own": (
        "import json as j\nj.loads('{')",
        "j.JSONDecodeError",
        None,
    ),
    "a class that it defines": ("class E(Exception): pass\nraise E", "E", None),
    "a parent class": ("import json\njson.loads('{')", "ValueError", "raised-another"),
    "another class": ("{}['a']", "ValueError", "raised-another"),
    "a class that there isn't": ("{}['a']", "nowhere.Error", "raised-another"),
    "nothing": ("x = 1", "ValueError", "did-not-raise"),
    "an exit": ("raise SystemExit(2)", "SystemExit", None),
}


@pytest.mark.parametrize("name", RAISES)
def test_raises_means_exactly_that_class(run: Run, name: str) -> None:
    source, raises, code = RAISES[name]
    failure = run(source, raises=raises).failure
    assert (failure.code if failure else None) == code


def test_raises_is_about_the_last_piece_of_a_chain(run: Run) -> None:
    failure = run("int('x')", "x = 1", raises="ValueError").failure
    assert failure is not None
    assert failure.code == "exception"
    assert failure.line == LINE


def test_a_warning_is_told_at_the_readers_line(run: Run) -> None:
    outcome = run("import warnings\nwarnings.warn('old', DeprecationWarning)")
    assert outcome.status == "passed"
    [warned] = outcome.warnings
    assert (warned.line, warned.category, warned.message) == (LINE + 1, "DeprecationWarning", "old")


def test_a_snippet_sees_its_own_source_and_is_main(run: Run) -> None:
    outcome = run(
        """
        import inspect, sys, __main__

        def shown():
            pass

        if __name__ == "__main__":
            print(inspect.getsource(shown).strip(), __main__.shown is shown, sys.argv)
        """
    )
    assert outcome.stdout == "def shown():\n    pass True ['page/it.py']\n"
