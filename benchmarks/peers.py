"""The peers, each set up as its own documentation says, on pages of its own copy.

linernotes' own pytest plugin is kept out of their runs: a user of theirs doesn't have it.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from corpus import write_pages
from measuring import Tool
from vcr.serialize import deserialize, serialize
from vcr.serializers import yamlserializer

from linernotes.cassettes import vcr as linernotes_serializer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PYTEST_EXAMPLES = """\
import pytest
from pytest_examples import CodeExample, EvalExample, find_examples


@pytest.mark.parametrize("example", find_examples("docs"), ids=str)
def test_example(example: CodeExample, eval_example: EvalExample):
    eval_example.run(example)
"""

# One test is a page here, so the last one says how many snippets the others have run.
_MKTESTDOCS = """\
import pathlib
import mktestdocs
import pytest
from mktestdocs.__main__ import exec_python

ran = []


def run(source):
    exec_python(source)
    ran.append(source)


mktestdocs.register_executor("python", run)


@pytest.mark.parametrize("page", sorted(pathlib.Path("docs").glob("**/*.md")), ids=str)
def test_page(page):
    mktestdocs.check_md_file(page)


def test_number_of_snippets():
    assert len(ran) == SNIPPETS
"""

_SYBIL = """\
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

pytest_collect_file = Sybil(parsers=[PythonCodeBlockParser()], patterns=["*.md"]).pytest()
"""

# `ids` are the snippets' own, so that each cassette's name can be told beforehand.
_PYTEST_RECORDING = """\
import re
import pytest
from pytest_examples import CodeExample, EvalExample, find_examples


def name(example):
    return re.search(r"#([a-z0-9-]+)", example.prefix)[1]


@pytest.mark.vcr
@pytest.mark.parametrize("example", find_examples("docs"), ids=name)
def test_example(example: CodeExample, eval_example: EvalExample):
    eval_example.run(example)
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer twice: with every pytest plugin that is installed, and with its own alone."""

    installed: Tool
    alone: Tool


def plain_peers(root: Path, pages: int, snippets: int) -> list[Peer]:
    """Return pytest-examples, mktestdocs and Sybil, on plain pages."""
    total = pages * snippets
    examples, mktestdocs, sybil = (root / name for name in ("examples", "mktestdocs", "sybil"))
    for directory in (examples, mktestdocs, sybil):
        _prepare(directory, "plain", pages, snippets)
    examples.joinpath("test_docs.py").write_text(_PYTEST_EXAMPLES, "utf-8")
    mktestdocs.joinpath("test_docs.py").write_text(
        _MKTESTDOCS.replace("SNIPPETS", str(total)), "utf-8"
    )
    sybil.joinpath("conftest.py").write_text(_SYBIL, "utf-8")
    return [
        _peer("pytest-examples", examples, "test_docs.py", total, ["pytest_examples"]),
        _peer("mktestdocs", mktestdocs, "test_docs.py", pages + 1, []),
        _peer("Sybil", sybil, "docs", total, []),
    ]


def recording_peer(root: Path, pages: int, snippets: int, cassettes: Path) -> Peer:
    """Return pytest-examples with pytest-recording on API pages, replaying copies of `cassettes`.

    The copies are vcrpy's own YAML: what pytest-recording reads unless told otherwise.
    """
    _prepare(root, "api", pages, snippets)
    root.joinpath("test_docs.py").write_text(_PYTEST_RECORDING, "utf-8")
    own = root / "cassettes" / "test_docs"
    own.mkdir(parents=True)
    for page in sorted(root.joinpath("docs").iterdir()):
        for name in re.findall(r"\{\.python #([a-z0-9-]+)\}", page.read_text("utf-8")):
            cassette = cassettes / page.stem.replace("-", "_") / f"{name.replace('-', '_')}.yaml"
            own.joinpath(f"test_example[{name}].yaml").write_text(_as_vcr(cassette), "utf-8")
    return _peer(
        "pytest-examples + pytest-recording",
        root,
        "test_docs.py",
        pages * snippets,
        ["pytest_examples", "pytest_recording.plugin"],
    )


def _as_vcr(cassette: Path) -> str:
    requests, responses = deserialize(cassette.read_text("utf-8"), linernotes_serializer)
    return serialize({"requests": requests, "responses": responses}, yamlserializer)


def _prepare(root: Path, kind: str, pages: int, snippets: int) -> None:
    write_pages(root / "docs", kind, pages, snippets)
    root.joinpath("pytest.ini").write_text("[pytest]\n", "utf-8")  # this is the root, not above


def _peer(name: str, root: Path, target: str, tests: int, plugins: Sequence[str]) -> Peer:
    pytest = [sys.executable, "-m", "pytest", "-q", target]
    proof = rf"(?m)^{tests} passed"
    environment = {"ANTHROPIC_API_KEY": "placeholder"}
    own = [argument for plugin in plugins for argument in ("-p", plugin)]
    alone = {**environment, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return Peer(
        Tool(name, [*pytest, "-p", "no:linernotes"], root, proof, environment),
        Tool(f"{name}, no other plugins", [*pytest, *own], root, proof, alone),
    )
