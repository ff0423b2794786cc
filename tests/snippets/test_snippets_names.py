from __future__ import annotations

import keyword
import re
import sys
from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from linernotes.snippets.names import cassette_path, identifier, module_path, slug

PAGE = PurePosixPath("guides/tool-use")


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("stream.py", "stream"),
        ("Stream the text", "stream-the-text"),
        ("Crème brûlée & co.", "creme-brulee-co"),
        ("3 ways", "snippet-3-ways"),
        ("日本語", ""),
        (".py", ""),
    ],
)
def test_a_title_gives_an_id(title: str, expected: str):
    assert slug(title) == expected


@given(title=st.text())
def test_the_id_of_a_title_can_be_written_as_an_id(title: str):
    assert re.fullmatch(r"([a-z][a-z0-9-]*)?", slug(title))


def test_modules_and_cassettes_lie_as_pages_do():
    assert str(module_path(PAGE, "full-loop")) == "guides/tool_use/full_loop.py"
    assert str(cassette_path(PAGE, "full-loop")) == "guides/tool_use/full_loop.yaml"


@pytest.mark.parametrize(
    ("page", "module"),
    [
        ("2024/1. start", "_2024/_1__start/x.py"),
        ("class/import", "class_/import_/x.py"),
        ("aux/Con", "aux_/Con_/x.py"),
        ("ja/ガイド", "ja/ガイド/x.py"),
        ("café", "café/x.py"),
        ("c++", "c__/x.py"),
        ("🚀/²", "_/_2/x.py"),
    ],
)
def test_pages_may_be_called_anything(page: str, module: str):
    assert str(module_path(PurePosixPath(page), "x")) == module


@pytest.mark.parametrize("name", ["json", "types", "anthropic", "httpx2", "requests"])
def test_a_module_does_not_hide_what_snippets_import(name: str):
    assert module_path(PAGE, name).name == f"{name}_example.py"


@pytest.mark.parametrize("name", ["imp", "chunk", "telnetlib", "binhex", "tomllib", "compression"])
def test_the_name_of_a_module_does_not_depend_on_the_version_of_python(name: str):
    assert module_path(PAGE, name).name == f"{name}_example.py"


@given(name=st.sampled_from(sorted(sys.stdlib_module_names)))
def test_no_module_is_called_like_one_of_the_standard_library(name: str):
    assert module_path(PAGE, name.lower().replace("_", "-")).stem not in sys.stdlib_module_names


@given(name=st.text())
@example(name="a" * 5000)
@example(name="字" * 5000)
@example(name="lpt1")
@example(name="")
def test_every_name_becomes_an_identifier_that_every_file_system_takes(name: str):
    word = identifier(name)

    assert word.isidentifier()
    assert not keyword.iskeyword(word)
    assert len(f".{word}.replies.yaml".encode()) < 128
    assert word.lower() not in {"con", "prn", "aux", "nul", "com1", "lpt1"}


def test_long_names_that_begin_alike_stay_different():
    assert identifier("a" * 300 + "b") != identifier("a" * 300 + "c")
