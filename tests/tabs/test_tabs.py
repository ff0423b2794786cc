"""Tabs that stand beside each other send the same requests: method, path, version, betas, body.

The Python tab's requests are in its cassette, and `linernotes verify` holds the two together. The
other tabs are run here as they are, but for the base URL, and answered from that cassette.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from answering_tabs import Answers, Server
from running_tabs import needs, run_curl, run_typescript
from tab_groups import LANGUAGES, TabGroup, tab_groups

from linernotes.cassettes.store import read_cassette
from linernotes.project import load_project
from linernotes.standin.server import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Runner = Callable[[Sequence[tuple[TabGroup, Path, str]]], dict[str, str | None]]

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def groups() -> tuple[TabGroup, ...]:
    return tuple(tab_groups(load_project(ROOT / "mkdocs.yml")))


def test_the_handbook_has_tabs_to_compare(groups: tuple[TabGroup, ...]) -> None:
    assert {label for group in groups for label in group.others} == LANGUAGES.keys()


@needs("node", "npm")
def test_typescript_tabs_are_typed_and_send_what_python_sends(
    groups: tuple[TabGroup, ...], tmp_path: Path
) -> None:
    assert differences("TypeScript", groups, tmp_path, run_typescript) == {}


@needs("bash", "curl")
def test_curl_tabs_send_what_python_sends(groups: tuple[TabGroup, ...], tmp_path: Path) -> None:
    assert differences("cURL", groups, tmp_path, run_curl) == {}


@needs("bash", "curl")
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('"max_tokens": 1024', '"max_tokens": 1025'),
        ("anthropic-version: 2026-10-21", "anthropic-version: 2023-06-01"),
        (
            '"content-type: application/json"',
            '"anthropic-beta: b" -H "content-type: application/json"',
        ),
        ("curl ", "true "),
    ],
)
def test_a_tab_that_differs_is_found(
    groups: tuple[TabGroup, ...], tmp_path: Path, right: str, wrong: str
) -> None:
    quickstart = next(group for group in groups if group.name.endswith("#first-request"))
    curl = quickstart.others["cURL"]
    assert right in curl
    differing = replace(quickstart, others={"cURL": curl.replace(right, wrong)})
    assert differences("cURL", [differing], tmp_path, run_curl).keys() == {quickstart.name}


def differences(
    label: str, groups: Sequence[TabGroup], scratch: Path, run: Runner
) -> dict[str, list[str]]:
    """Return what is wrong with the tabs of a language, by the address of the Python tab."""
    server = Server()
    found: dict[str, list[str]] = {}
    answers: dict[str, Answers] = {}
    todo: list[tuple[TabGroup, Path, str]] = []
    with serve(server) as url:
        for number, group in enumerate(one for one in groups if label in one.others):
            cassette = read_cassette(group.example.cassette, group.name)
            if cassette is None:
                found[group.name] = ["the Python tab was never recorded"]
                continue
            place, answers[group.name] = server.add(cassette)
            todo.append((group, files_of(group, scratch / str(number)), url + place))
        outcomes = run(todo)
    for name, answered in answers.items():
        problems = answered.problems()
        failure = outcomes.get(name, "it wasn't run")
        if failure is not None and (problems or not answered.failing):
            problems.append(failure)
        if problems:
            found[name] = problems
    return found


def files_of(group: TabGroup, directory: Path) -> Path:
    """Return a directory that holds what the page declares under `files`."""
    directory.mkdir(parents=True)
    for source, target in group.example.files:
        (directory / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, directory / target)
    return directory
