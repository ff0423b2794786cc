"""Types are checked in the modules and told at the lines of the page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import ty

from linernotes.contract.remedies import removed_parameters
from linernotes.findings import Finding
from linernotes.project import ConfigurationError, find_project
from linernotes.running.type_check import TypeCheck, TypeProblem
from linernotes.snippets.collect import collect, module_of

CALL = """\
client.messages.create(
    model="claude-sonnet-5-5",
    max_tokens=100,
    {more}
    messages=[{{"role": "user", "content": "Hi"}}],
)
"""
EXTENSIONS = """\
site_name: Types
markdown_extensions:
- admonition
- pymdownx.superfences
- pymdownx.tabbed: {alternate_style: true}
"""


def modules_of(site: Any, text: str) -> list:
    site.write("mkdocs.yml", EXTENSIONS)
    site.write("docs/page.md", text)
    project = find_project(Path.cwd())
    examples = [example for page in collect(project) for example in page.examples]
    modules = [module_of(project, example) for example in examples]
    assert not [one for one in modules if isinstance(one, Finding)]
    return modules


def problems_in(site: Any, text: str) -> dict[str, tuple[TypeProblem, ...]]:
    with TypeCheck(modules_of(site, text), removed_parameters()) as check:
        return check.result()


def line_of(text: str, mark: str) -> int:
    return text[: text.index(mark)].count("\n") + 1


def indented(text: str, prefix: str = "    ") -> str:
    return "".join(f"{prefix}{line}\n" if line else "\n" for line in text.split("\n")[:-1])


WRONG = "```python\nx: int = 1\ny: str = x  # wrong\n```\n"
PLACES = {
    "a plain fence": f"# A page\n\nText.\n\n{WRONG}",
    "a list": f"# A page\n\n- An item:\n\n{indented(WRONG)}",
    "a quote": f"# A page\n\n{indented(WRONG, '> ')}",
    "a tab": f'# A page\n\n=== "Python"\n\n{indented(WRONG)}',
    "an admonition": f"# A page\n\n!!! note\n\n{indented(WRONG)}",
    "a tab in a list": f'# A page\n\n- An item:\n\n    === "Python"\n\n{indented(WRONG, " " * 8)}',
    "behind a future import": "```python\nfrom __future__ import annotations\n\n"
    "x: int = 1\ny: str = x  # wrong\n```\n",
    "behind an await": "```python\nimport asyncio\n\nawait asyncio.sleep(1)\nx: int = 1\n"
    "y: str = x  # wrong\n```\n",
    "a later piece of a chain": "```{ .python #a }\nx: int = 1\n```\n\nText.\n\n"
    "```{ .python #b .continue }\ny: str = x  # wrong\n```\n",
}


@pytest.mark.parametrize("name", PLACES)
def test_a_problem_is_told_at_the_line_of_the_page(site: Any, name: str) -> None:
    text = PLACES[name]
    [(problem,)] = problems_in(site, text).values()
    assert problem.line == line_of(text, "# wrong")
    assert problem.rule == "invalid-assignment"


def test_a_removed_parameter_is_told_in_words_at_its_own_line(site: Any) -> None:
    call = CALL.format(more="temperature=0.2,")
    text = f"```python\nfrom anthropic import Anthropic\n\nclient = Anthropic()\n{call}```\n"
    [(problem,)] = problems_in(site, text).values()
    assert problem.line == line_of(text, "temperature")
    assert "the parameter `temperature` is gone" in problem.message
    assert "output_config" in problem.message


def test_good_code_and_what_the_run_tells_better_have_no_problem(site: Any) -> None:
    call = CALL.format(more="")
    text = (
        "```python\nfrom anthropic import Anthropic\nimport no_such_package\n\n"
        f"client = Anthropic()\nmessage = {call}print(message.content[0].text)\n```\n"
    )
    assert problems_in(site, text) == {}


def test_a_page_named_like_a_package_is_not_taken_for_it(site: Any) -> None:
    text = "```{ .python #a .norun reason='not installable' }\nimport page\n\npage.Engine()\n```\n"

    assert problems_in(site, text) == {}


def test_a_configuration_of_the_users_own_changes_nothing(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = site.root / "home"
    for place in (home / "ty", home / ".config" / "ty"):
        place.mkdir(parents=True)
        (place / "ty.toml").write_text('[rules]\nall = "ignore"\n')
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    monkeypatch.setenv("TY_CONFIG_FILE", str(home / "ty" / "ty.toml"))
    assert problems_in(site, WRONG)


def test_without_ty_nothing_counts_as_checked(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    modules = modules_of(site, WRONG)

    def missing() -> str:
        raise FileNotFoundError("no ty here")

    monkeypatch.setattr(ty, "find_ty_bin", missing)
    with pytest.raises(ConfigurationError, match="can't be run: no ty here"):
        TypeCheck(modules, {})


BROKEN = {
    "fails": "#!/bin/sh\necho 'it broke' >&2\nexit 2\n",
    "says nothing": "#!/bin/sh\n",
    "says something else": "#!/bin/sh\necho '{\"a\": 1}'\n",
    "is killed": "#!/bin/sh\nkill -9 $$\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_ty_that_fails_is_told_and_leaves_no_files(
    site: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    modules = modules_of(site, WRONG)
    script = site.write("bin/ty", BROKEN[name])
    script.chmod(0o755)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setattr(ty, "find_ty_bin", lambda: str(script))
    with TypeCheck(modules, {}) as check, pytest.raises(ConfigurationError) as caught:
        check.result()
    assert caught.value.finding.code == "no-type-checker"
    assert caught.value.finding.hint
    assert not list(temporary.iterdir())


def test_a_check_that_nobody_waits_for_is_stopped(
    site: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    script = site.write("bin/ty", f"#!/bin/sh\nexec {sys.executable} -c 'while True: pass'\n")
    script.chmod(0o755)
    monkeypatch.setattr(ty, "find_ty_bin", lambda: str(script))
    with TypeCheck(modules_of(site, WRONG), {}) as check:
        assert list(temporary.iterdir())
    assert not list(temporary.iterdir())
    assert check._process.returncode is not None
