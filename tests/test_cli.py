"""The commands, beyond the path that `test_whole_path.py` walks."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from writing_pages import CALL, fence, named, output

import linernotes.snippets.extract
from linernotes.atomic import write_atomically

if TYPE_CHECKING:
    from conftest import Site

COMMAND = [sys.executable, "-m", "linernotes.cli"]


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {one["id"].partition("#")[2]: one["verdict"] for one in report["snippets"]}


# Targets


def test_targets_are_pages_and_snippets_seen_from_where_one_stands(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.page(named("print(1)", "a"), named("print(2)", "b"))
    site.page(named("print(3)", "c"), name="guides/more")
    (site.docs / "guides").mkdir(exist_ok=True)
    assert verdicts(site.json("verify", "docs/page.md#b")) == {"b": "passed"}
    assert verdicts(site.json("verify", "docs/page.md#b", "docs/guides/more.md")) == {
        "b": "passed",
        "c": "passed",
    }
    monkeypatch.chdir(site.docs / "guides")
    assert verdicts(site.json("verify", "../page.md#a")) == {"a": "passed"}
    assert verdicts(site.json("verify", "more.md")) == {"c": "passed"}
    assert verdicts(site.json("verify", str(site.docs / "page.md"))) == {
        "a": "passed",
        "b": "passed",
    }
    assert verdicts(site.json("verify", "docs/page.md#a")) == {"a": "passed"}


WRONG_CALLS = {
    "an unknown option": ["verify", "--quick"],
    "an unknown command": ["verfy"],
    "a page that there isn't": ["verify", "docs/pgae.md"],
    "a snippet that there isn't": ["verify", "docs/page.md#b"],
    "a target without a page": ["verify", "#a"],
    "too few jobs": ["verify", "-j", "0"],
    "a prune with a target": ["record", "--prune", "docs/page.md"],
    "a live recording without a key": ["record"],
}


@pytest.mark.parametrize("name", WRONG_CALLS)
def test_a_wrong_call_exits_with_2_and_says_so_in_either_form(site: Site, name: str) -> None:
    site.page(named("print(1)", "a"))
    result = site.run(*WRONG_CALLS[name])
    assert result.exit_code == 2
    assert result.stderr
    assert not result.stdout
    result = site.run(*WRONG_CALLS[name], "--json")
    assert result.exit_code == 2
    said = json.loads(result.stdout)
    assert set(said) == {"schema", "error"}
    assert said["error"]["message"]


def test_a_mistyped_command_is_told_which_one_is_near(site: Site) -> None:
    assert "Did you mean 'verify'?" in site.run("verfy").stderr
    assert "Did you mean" not in site.run("quack").stderr


# Verify


def test_a_project_without_pages_and_one_without_snippets_are_good(site: Site) -> None:
    report = site.json("verify")
    assert (report["snippets"], report["summary"]["rendered"]) == ([], 0)
    site.page("Only text.")
    result = site.run("verify")
    assert result.exit_code == 0
    assert "1 page, 0 snippets" in result.output


def test_findings_of_whatever_kind_are_told_page_by_page(site: Site) -> None:
    site.page(named("print(1)", "red", 'colour="red" '), named("1 / 0", "zero"), name="a")
    site.page(named("print(1)", "red", 'colour="red" '), named("1 / 0", "zero"), name="b")
    findings = site.json("verify")["findings"]
    assert len(findings) >= 4
    assert [one["page"] for one in findings] == sorted(one["page"] for one in findings)


def test_git_leaves_the_verdicts_out_without_being_told(site: Site) -> None:
    site.page(named("print(1)", "a"))
    site.run("verify")
    subprocess.run(["git", "init", "--quiet"], cwd=site.root, check=True)
    status = subprocess.run(
        ["git", "status", "--short"], cwd=site.root, capture_output=True, text=True, check=True
    )
    assert "docs/" in status.stdout
    assert ".linernotes" not in status.stdout


def test_skipped_snippets_are_counted_with_their_reasons(site: Site) -> None:
    site.page(
        named("import nowhere", "a", '.norun reason="no such package" '),
        named("x = = 1", "b", '.skip reason="not Python" '),
        named("print(1)", "c"),
    )
    report = site.json("verify")
    assert [(one["verdict"], one["reason"]) for one in report["snippets"]] == [
        ("skipped", "no such package"),
        ("skipped", "not Python"),
        ("passed", None),
    ]
    assert report["summary"] | {"skipped": 2, "executed": 1, "rendered": 3} == report["summary"]
    assert site.run("verify").exit_code == 0


def test_a_type_error_fails_what_is_run_and_what_is_not_but_not_what_raises(site: Site) -> None:
    site.page(
        named("x: int = 'a'", "run"),
        named("x: int = 'a'", "not-run", '.norun reason="slow" '),
        named("len(5)", "raises", 'raises="TypeError" '),
    )
    report = site.json("verify")
    assert verdicts(report) == {"run": "failed", "not-run": "failed", "raises": "passed"}
    assert [(one["code"], one["line"]) for one in report["findings"]] == [
        ("type-error", 4),
        ("type-error", 8),
    ]


def test_outputs_are_written_once_and_hold(site: Site) -> None:
    page = site.page(
        fence("print('a')"),
        output("old"),
        fence("print('b')\nprint()\nprint('c')"),
        output("old"),
        "- A list:\n\n    ```python\n    print('d')\n    ```\n\n    ``` { .text .output }\n    ```",
        fence("1 / 0"),
        output("kept"),
    )
    site.write("mkdocs.yml", "site_name: A\nmarkdown_extensions: [pymdownx.superfences]\n")
    other = site.page(fence("print('e')"), output("e"), name="other")
    untouched = other.stat().st_mtime_ns
    assert site.run("verify").output.count("output-differs") == 3
    site.run("verify", "--update")
    text = page.read_text()
    assert "```\na\n```" in text.replace(" { .text .output }", "")
    assert "b\n\nc\n" in text
    assert "\n    d\n    ```" in text
    assert "kept" in text
    written = page.stat().st_mtime_ns
    site.run("verify", "--update")
    assert (page.read_text(), page.stat().st_mtime_ns) == (text, written)
    assert other.stat().st_mtime_ns == untouched
    assert [one["code"] for one in site.json("verify")["findings"]] == ["exception"]


def test_a_fence_that_is_included_fails_as_unaccounted(site: Site) -> None:
    site.write(
        "mkdocs.yml", "site_name: A\nmarkdown_extensions: [fenced_code, pymdownx.snippets]\n"
    )
    site.write("part.md", "```python\n1 / 0\n```\n")
    site.page('--8<-- "part.md"')
    result = site.run("verify")
    assert result.exit_code == 1
    assert "[unaccounted]" in result.output
    assert "unaccounted 1" in result.output


def test_where_verdicts_cannot_be_kept_they_are_found_all_the_same(site: Site) -> None:
    site.page(fence("print(1)"))
    site.write(".linernotes", "a file in the way")
    report = site.json("verify")
    assert verdicts(report) == {"snippet-1": "passed"}
    [finding] = report["findings"]
    assert (finding["code"], finding["severity"], finding["page"]) == (
        "verdicts-not-kept",
        "warning",
        ".linernotes",
    )
    assert site.run("verify").exit_code == 0
    assert (site.root / ".linernotes").read_text() == "a file in the way"


def test_a_corrupt_cache_is_replaced(site: Site) -> None:
    site.page(fence("print(1)"))
    site.write(".linernotes/verdicts.json", '{"format": 1, "kept": []}')
    assert site.json("verify")["summary"]["cached"] == 0
    assert site.json("verify")["summary"]["cached"] == 1


def test_a_verdict_that_is_not_good_is_not_kept(site: Site) -> None:
    site.page(named("1 / 0", "a"), named("import warnings\nwarnings.warn('old')", "b"))
    for _ in range(2):
        report = site.json("verify")
        assert [one["cached"] for one in report["snippets"]] == [False, False]


def test_a_page_of_errors_is_told_by_snippet(site: Site) -> None:
    site.page(named("def f():\n    return 1 / 0\n\nf()", "a"))
    result = site.run("verify")
    assert result.exit_code == 1
    assert result.stdout.startswith(
        "docs/page.md:5: error: ZeroDivisionError: division by zero\n"
        "    7 │ f()\n"
        "    5 │ return 1 / 0  (in f) [exception]\n"
    )
    assert "/tools/" not in result.stdout


def test_the_status_knows_what_was_verified(site: Site) -> None:
    page = site.page(named("print(1)", "a"), named("print(2)", "b"))
    assert site.json("status")["sections"][0]["unverified"] == 2
    site.run("verify")
    [section] = site.json("status")["sections"]
    assert (section["passed"], section["unverified"]) == (2, 0)
    page.write_text(page.read_text().replace("print(2)", "print(3)"))
    assert site.json("status")["sections"][0]["unverified"] == 1


# Ctrl-C


def interrupt(site: Site, *arguments: str, temporary: Path) -> subprocess.CompletedProcess[str]:
    """Run a command, wait until a snippet of it runs, and press Ctrl-C."""
    temporary.mkdir()
    started = site.root / "started"
    os.mkfifo(started)
    source = f"with open({str(started)!r}, 'w') as f:\n    f.write('.')\nwhile True:\n    pass"
    site.page(named(f"import anthropic, os\n{source}", "forever", 'timeout="600" '))
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert started.read_text() == "."
    os.killpg(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate()
    return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)


@pytest.mark.parametrize("arguments", [["verify"], ["record", "--simulate"]], ids=str)
def test_an_interrupt_leaves_nothing_behind(
    site: Site, tmp_path_factory: pytest.TempPathFactory, arguments: list[str]
) -> None:
    temporary = tmp_path_factory.mktemp("interrupted") / "tmp"
    ended = interrupt(site, *arguments, temporary=temporary)
    assert ended.returncode == 130
    assert ended.stderr == "Interrupted.\n"
    assert not ended.stdout
    assert not list(temporary.iterdir())
    assert sorted(path.name for path in site.root.iterdir()) == ["docs", "mkdocs.yml", "started"]


def test_an_interrupted_extraction_leaves_whole_files(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.page(*(named(f"print({n})", f"n{n}") for n in range(3)))
    written = []

    def interrupted(path: Path, text: str) -> None:
        if written:
            raise KeyboardInterrupt
        written.append(path)
        write_atomically(path, text)

    monkeypatch.setattr(linernotes.snippets.extract, "write_atomically", interrupted)
    result = site.run("extract")
    assert result.exit_code == 130
    assert result.stderr == "Interrupted.\n"
    assert [path.name for path in (site.root / "snippets").rglob("*.*")] == [written[0].name]


def test_an_extraction_removes_nothing_while_a_page_cannot_be_read(site: Site) -> None:
    page = site.page(named("print(1)", "a"))
    site.run("extract")
    page.write_bytes(b"\xff")
    assert site.run("extract").exit_code == 1
    assert (site.root / "snippets/page/a.py").exists()


# On a terminal


def on_a_terminal(*arguments: str) -> str:
    """Run a command on a terminal and return all that it shows."""
    terminal, ours = pty.openpty()
    process = subprocess.Popen([*COMMAND, *arguments], stdout=ours, stderr=ours)
    os.close(ours)
    shown = b""
    with contextlib.suppress(OSError):  # Linux raises it when the other end is closed
        while data := os.read(terminal, 65536):
            shown += data
    os.close(terminal)
    process.wait()
    return shown.decode()


def test_progress_is_shown_on_a_terminal_and_nowhere_else(site: Site) -> None:
    site.page(*(named(f"print({n})", f"n{n}") for n in range(3)))
    shown = on_a_terminal("verify")
    assert "Verifying" in shown
    assert "3/3" in shown
    assert "3 passed" in shown
    ended = subprocess.run([*COMMAND, "verify", "--no-cache"], capture_output=True, check=True)
    assert not ended.stderr


def test_a_recording_shows_how_many_tokens_it_used(site: Site) -> None:
    site.page(named(CALL, "hello"))
    shown = on_a_terminal("record", "--simulate")
    assert "1/1" in shown
    assert shown.count("tokens in") == 2
    assert "1 cassette written" in shown
