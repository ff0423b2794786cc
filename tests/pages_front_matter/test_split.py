from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mkdocs.utils.meta import get_data

from linernotes.pages.front_matter import split


def test_yaml_front_matter_is_cut_off_and_the_body_keeps_its_line():
    block, body, line = split("---\ntitle: A\n---\n\n\n# A\n")

    assert block == "---\ntitle: A\n---\n"
    assert body == "# A\n"
    assert line == 6


def test_a_page_without_front_matter_is_all_body():
    assert split("# A\n\ntext\n") == (None, "# A\n\ntext\n", 1)


def test_key_and_text_lines_are_front_matter_up_to_the_first_blank_line():
    block, body, line = split("Title: A\nAuthor: B\n    and C\n\nbody\n")

    assert block == "Title: A\nAuthor: B\n    and C\n"
    assert (body, line) == ("body\n", 5)


def test_key_and_text_lines_end_at_the_first_other_line():
    assert split("Title: A\n# A\n") == ("Title: A\n", "# A\n", 2)


def test_a_byte_order_mark_and_windows_line_ends_make_no_difference():
    assert split("\ufeff---\r\ntitle: A\r\n---\r\n# A\r\n") == split("---\ntitle: A\n---\n# A\n")


def test_front_matter_may_end_with_dots():
    assert split("---\ntitle: A\n...\n# A\n")[1:] == ("# A\n", 4)


def test_front_matter_that_the_file_ends_in_is_text_as_it_is_for_mkdocs():
    assert split("---\ntitle: A\n---") == (None, "---\ntitle: A\n---", 1)


def test_a_fence_between_rules_is_no_front_matter_but_part_of_the_page():
    text = "---\n\n```python\nprint(1)\n```\n\n---\n\nend\n"

    assert split(text)[1:] == (text, 1)


def test_front_matter_that_quotes_a_fence_stays_front_matter():
    assert split('---\ntitle: "how to write ```"\n---\nbody\n')[1:] == ("body\n", 4)


pieces = st.lists(
    st.sampled_from(
        [
            *(
                "---",
                "--- ",
                "...",
                "title: A",
                "a: b",
                "    more",
                "\tmore",
                "# A",
                "",
                " ",
                "- x",
            ),
            *("text", "``` python", "a: [", "Key:", "{", "\ufeff", "x:\u2028y", "\r", "\x0b"),
            *("\xa0: 1", "~~~"),
        ]
    ),
    max_size=8,
)


@settings(deadline=None)
@given(lines=pieces, ends=st.sampled_from(["\n", "\r\n"]), last=st.booleans())
def test_every_page_is_cut_where_mkdocs_cuts_it(lines: list[str], ends: str, last: bool):
    text = ends.join(lines) + (ends if last else "")
    # What reading the file does (mkdocs/structure/files.py, content_string).
    read = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    wanted, meta = get_data(read)

    block, body, line = split(text)

    assert body in ("", "\n".join(read.split("\n")[line - 1 :]))
    if meta or block is None:
        assert body == wanted


@pytest.mark.parametrize(
    "call", ["split('---\\na: 1\\n---\\n')", "declared_files('---\\na: 1\\n---\\n', 'p')"]
)
def test_neither_yaml_nor_pydantic_is_loaded_for_a_page_that_declares_no_files(call: str):
    code = (
        "import sys; from linernotes.pages.front_matter import *\n"
        "from linernotes.pages.front_matter import split, declared_files\n"
        f"{call}; sys.exit(bool({{'yaml', 'pydantic', 'markdown'}} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
