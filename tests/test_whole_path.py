"""The whole path, as somebody with a MkDocs project of their own would walk it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from linernotes.cli import main

CALL = """from anthropic import Anthropic

message = Anthropic().messages.create(
    model="claude-sonnet-5-5",
    max_tokens=300,
    messages=[{"role": "user", "content": "Hello"}],
)
print(message.stop_reason)
"""


class Docs:
    """A MkDocs project in an empty directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "docs").mkdir()
        (root / "mkdocs.yml").write_text("site_name: Somebody's docs\n")

    def page(self, *fences: str, name: str = "page.md", front_matter: str = "") -> Path:
        path = self.root / "docs" / name
        path.write_text(front_matter + "# A page\n\n" + "\n\n".join(fences) + "\n")
        return path

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, arguments)

    def verify(self, *arguments: str) -> dict:
        return json.loads(self.run("verify", "--json", *arguments).stdout)


def fence(source: str, header: str = "python") -> str:
    return f"```{header}\n{source.strip()}\n```"


def named(source: str, name: str = "hello", more: str = "") -> str:
    return fence(source, f" {{ .python #{name} {more}}}")


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docs:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    return Docs(tmp_path)


def test_a_page_of_somebody_elses_verifies_with_no_configuration(docs: Docs) -> None:
    docs.page(fence("x = 1\nassert x == 1"), fence("import os\nprint(os.getcwd())"))
    report = docs.verify()
    assert [one["verdict"] for one in report["snippets"]] == ["passed", "passed"]
    assert report["schema"] == 1
    assert set(report["snippets"][0]) == {
        *("id", "page", "line", "verdict", "reason", "provenance", "cached", "duration_ms"),
        "error",
    }
    assert report["summary"] | {"total": 2, "passed": 2, "unaccounted": 0} == report["summary"]


def test_from_a_call_to_a_recording_to_a_verdict_and_to_a_difference(docs: Docs) -> None:
    page = docs.page(named(CALL))
    assert docs.verify()["snippets"][0]["verdict"] == "unrecorded"
    assert docs.run("verify").exit_code == 1

    assert docs.run("record", "--simulate").exit_code == 0
    [snippet] = docs.verify()["snippets"]
    assert (snippet["verdict"], snippet["provenance"]) == ("passed", "simulated")
    assert docs.run("verify").exit_code == 0

    page.write_text(page.read_text().replace("max_tokens=300", "max_tokens=301"))
    result = docs.run("verify")
    assert result.exit_code == 1
    assert "docs/page.md:6: error" in result.output
    assert "max_tokens: recorded 300, sent 301" in result.output


def test_a_removed_parameter_is_said_to_be_gone_at_its_line(docs: Docs) -> None:
    docs.page(named(CALL.replace("max_tokens=300,", "max_tokens=300,\n    temperature=0.2,")))
    result = docs.run("verify")
    assert result.exit_code == 1
    assert "docs/page.md:9: error" in result.output
    assert "temperature" in result.output
    assert "gone" in result.output


def test_a_removed_parameter_in_a_recorded_call_is_said_to_be_gone(docs: Docs) -> None:
    page = docs.page(named(CALL))
    docs.run("record", "--simulate")
    page.write_text(page.read_text().replace("=300,", "=300,\n    temperature=0.2,"))
    result = docs.run("verify")
    assert result.exit_code == 1
    assert "docs/page.md:9: error" in result.output
    assert "gone" in result.output


def test_a_removed_parameter_of_a_stream_is_said_to_be_gone(docs: Docs) -> None:
    stream = CALL.replace("message = ", "manager = ").replace(".create(", ".stream(")
    stream = stream.replace("=300,", "=300,\n    temperature=0.2,").replace(
        "message.stop", "manager.api"
    )
    docs.page(named(stream))
    result = docs.run("verify")
    assert result.exit_code == 1
    assert "docs/page.md:9: error" in result.output
    assert "gone" in result.output


def test_a_removed_parameter_is_found_in_code_that_is_not_run_too(docs: Docs) -> None:
    call = CALL.replace("max_tokens=300,", "max_tokens=300,\n    top_p=0.2,")
    docs.page(named(call, more='.norun reason="no key here" '))
    result = docs.run("verify")
    assert result.exit_code == 1
    assert "docs/page.md:9: error: the parameter `top_p` is gone" in result.output


def test_a_swallowed_mismatch_is_still_the_verdict(docs: Docs) -> None:
    body = "\n".join(f"    {line}" for line in CALL.splitlines())
    page = docs.page(named(f"try:\n{body}\nexcept Exception:\n    print('fine')"))
    assert docs.run("record", "--simulate").exit_code == 0
    page.write_text(page.read_text().replace("max_tokens=300", "max_tokens=3"))
    assert "max_tokens: recorded 300, sent 3" in docs.run("verify").output


def test_an_unchanged_snippet_is_not_run_again_and_a_changed_one_is(docs: Docs) -> None:
    page = docs.page(fence("print(1)"), fence("print(2)"))
    docs.verify()
    assert [one["cached"] for one in docs.verify()["snippets"]] == [True, True]
    page.write_text(page.read_text().replace("# A page", "# A page\n\nMoved down.\n"))
    assert [one["cached"] for one in docs.verify()["snippets"]] == [True, True]
    page.write_text(page.read_text().replace("print(2)", "print(3)"))
    assert [one["cached"] for one in docs.verify()["snippets"]] == [True, False]
    assert [one["cached"] for one in docs.verify("--no-cache")["snippets"]] == [False, False]


def test_an_output_is_compared_and_written(docs: Docs) -> None:
    output = "``` { .text .output }\n5\n```"
    page = docs.page(fence("print(2 + 2)"), output)
    result = docs.run("verify")
    assert result.exit_code == 1
    assert "- 5" in result.output
    assert "+ 4" in result.output
    assert docs.run("verify", "--update").exit_code == 0
    assert "\n4\n```" in page.read_text()
    assert docs.run("verify").exit_code == 0


DANGEROUS = {
    "loops": ("while True:\n    pass", "timeout"),
    "leaves": ("import os\nos._exit(0)", "left-early"),
    "dies": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "died"),
    "floods": ("while True:\n    print('x' * 100_000)", "too-much-output"),
    "asks": ("input()", "exception"),
    "connects": (
        "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 80))\nexcept OSError: ...",
        "network-closed",
    ),
}


def test_what_a_snippet_does_to_itself_harms_no_other(docs: Docs) -> None:
    neighbours = [
        named("import os\nos.environ.clear()\nos.chdir('/')", "clears"),
        named("import os\nassert os.environ['HOME'] == os.getcwd()\nprint('intact')", "intact"),
    ]
    attacks = [named(code, name, 'timeout="1" ') for name, (code, _) in DANGEROUS.items()]
    docs.page(*attacks, *neighbours)
    report = docs.verify()
    verdicts = {one["id"].partition("#")[2]: one for one in report["snippets"]}
    for name, (_, code) in DANGEROUS.items():
        assert verdicts[name]["verdict"] == "failed", name
        assert f"[{code}]" in verdicts[name]["error"], name
    assert verdicts["clears"]["verdict"] == "passed"
    assert verdicts["intact"]["verdict"] == "passed"


BAD_HEADERS = {
    "duplicate-id": [named("a = 1", "a"), named("b = 1", "a")],
    "bad-id": [fence("a = 1", " { .python #A_b }")],
    "nothing-to-continue": [fence("a = 1", " { .python .continue }")],
    "unknown-class": [fence("a = 1", " { .python .hiden }")],
    "unknown-attribute": [fence("a = 1", ' { .python raise="ValueError" }')],
    "no-reason": [fence("a = 1", " { .python .norun }")],
    "unclosed-fence": ["```python\na = 1\n"],
    "bad-fence-header": [fence("a = 1", 'python reason="no"')],
}


@pytest.mark.parametrize("name", BAD_HEADERS)
def test_a_header_that_is_wrong_is_an_error_with_its_line(docs: Docs, name: str) -> None:
    docs.page(*BAD_HEADERS[name])
    report = docs.verify()
    [finding] = [one for one in report["findings"] if one["severity"] == "error"]
    assert finding["page"] == "docs/page.md"
    assert finding["line"] is not None
    assert finding["hint"]
    assert docs.run("verify").exit_code == 1


BAD_CASSETTES = {
    "truncated": lambda text: text[: len(text) // 2],
    "empty": lambda _: "",
    "another format": lambda _: "a: 1\n",
    "not YAML": lambda _: "{{{",
    "a later version": lambda text: text.replace("format: 1", "format: 99"),
}


@pytest.mark.parametrize("name", BAD_CASSETTES)
def test_a_cassette_that_cannot_be_used_is_said_to_be_and_kept(docs: Docs, name: str) -> None:
    docs.page(named(CALL))
    docs.run("record", "--simulate")
    cassette = docs.root / "tests/cassettes/page/hello.yaml"
    bad = BAD_CASSETTES[name](cassette.read_text())
    cassette.write_text(bad)
    for command in ("verify", "check"):
        result = docs.run(command)
        assert result.exit_code == 1, command
        assert "hello.yaml" in result.output
        assert "Traceback" not in result.output
    assert cassette.read_text() == bad


BAD_FRONT_MATTER = {
    "not YAML": "---\ntitle: [\n---\n",
    "not a mapping": "---\n- a\n---\n",
    "an unknown key": "---\ntitel: x\n---\n",
    "a bomb": "---\na: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"
    + "".join(f"d{n}: [*c, *c, *c, *c, *c, *c]\n" for n in range(9))
    + "---\n",
}


@pytest.mark.parametrize("name", BAD_FRONT_MATTER)
def test_front_matter_that_is_wrong_is_an_error_with_its_line(docs: Docs, name: str) -> None:
    docs.page("Text.", front_matter=BAD_FRONT_MATTER[name])
    result = docs.run("check", "--json")
    errors = [f for f in json.loads(result.stdout)["findings"] if f["severity"] == "error"]
    assert result.exit_code == 1
    assert errors[0]["page"] == "docs/page.md"
    assert errors[0]["line"] is not None


def test_a_page_that_is_not_utf8_is_an_error_with_its_line(docs: Docs) -> None:
    (docs.root / "docs" / "page.md").write_bytes(b"# A\n\nna\xefve\n")
    for command in ("verify", "check", "extract"):
        result = docs.run(command)
        assert result.exit_code == 1, command
        assert "docs/page.md:3: error" in result.output


def test_no_project_and_no_docs_are_wrong_calls(
    docs: Docs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docs").rmdir()
    for command in ("verify", "extract", "check", "status"):
        assert docs.run(command).exit_code == 2, command
    (tmp_path / "mkdocs.yml").unlink()
    result = docs.run("verify")
    assert result.exit_code == 2
    assert "mkdocs.yml" in result.output
    said = json.loads(docs.run("verify", "--json").stdout)
    assert said["error"]["code"] == "no-project"


def test_a_mistyped_target_is_a_wrong_call_with_a_suggestion(docs: Docs) -> None:
    docs.page(named("a = 1", "first-steps"))
    assert "did you mean docs/page.md?" in docs.run("verify", "docs/pgae.md").output
    result = docs.run("verify", "docs/page.md#first-step")
    assert result.exit_code == 2
    assert "did you mean docs/page.md#first-steps?" in result.output


def test_where_nothing_can_be_written_the_command_says_so(docs: Docs) -> None:
    docs.page(named("a = 1"))
    (docs.root / "snippets").write_text("a file in the way")
    result = docs.run("extract")
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert (docs.root / "snippets").read_text() == "a file in the way"


def test_extract_and_its_check_agree_on_what_is_in_sync(docs: Docs) -> None:
    page = docs.page(named("a = 1"))
    assert docs.run("extract", "--check").exit_code == 1
    assert docs.run("extract").exit_code == 0
    assert docs.run("extract", "--check").exit_code == 0
    module = docs.root / "snippets" / "page" / "hello.py"
    before = module.stat().st_mtime_ns
    docs.run("extract")
    assert module.stat().st_mtime_ns == before
    page.write_text(page.read_text().replace("a = 1", "a = 2"))
    result = docs.run("extract", "--check")
    assert result.exit_code == 1
    assert "+a = 2" in result.output
    page.unlink()
    docs.run("extract")
    assert not module.exists()


def test_a_recording_without_a_key_is_a_wrong_call(docs: Docs) -> None:
    docs.page(named(CALL))
    result = docs.run("record")
    assert result.exit_code == 2
    assert "--simulate" in result.output


def test_a_cassette_without_its_snippet_is_found_and_pruned(docs: Docs) -> None:
    page = docs.page(named(CALL))
    docs.run("record", "--simulate")
    page.unlink()
    docs.page("Nothing.", name="other.md")
    assert "cassette-orphaned" in docs.run("check").output
    assert docs.run("record", "--prune").exit_code == 0
    assert not (docs.root / "tests/cassettes/page/hello.yaml").exists()


def test_recording_again_changes_nothing(docs: Docs) -> None:
    docs.page(named(CALL))
    docs.run("record", "--simulate")
    cassette = docs.root / "tests/cassettes/page/hello.yaml"
    before = cassette.stat().st_mtime_ns
    assert "0 cassettes written" in docs.run("record", "--simulate").output
    assert cassette.stat().st_mtime_ns == before


def test_an_interrupt_leaves_no_process_and_no_half_file(docs: Docs) -> None:
    docs.page(
        named("import pathlib\npathlib.Path('/dev/stderr')\nwhile True:\n    pass", "forever"),
        *(named(f"print({n})", f"n{n}") for n in range(20)),
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "linernotes.cli", "verify"],
        cwd=docs.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    children = _wait_for_children(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert stderr.decode().strip() == "Interrupted."
    assert not [child for child in children if _runs(child)]
    assert not list(docs.root.rglob("*.tmp"))


def _wait_for_children(process: int) -> list[int]:
    """Return the host processes of a run as soon as there are any."""
    children = Path(f"/proc/{process}/task/{process}/children")
    while True:
        found = [int(one) for one in children.read_text().split()]
        if found:
            return found


def _runs(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().split()[2]
    except FileNotFoundError:
        return False
