"""The reference pages say what the installed SDK says."""

from __future__ import annotations

import csv
import re
from functools import cache
from pathlib import Path
from typing import get_args, get_type_hints

import anthropic
import pytest
from anthropic.types import StopReason, message_create_params
from anthropic.types.beta import message_create_params as beta_message_create_params

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TYPES = Path(anthropic.__file__).parent / "types"
CODE = re.compile(r'error_code: Literal\["([^"]+)"\]')
CLASS = re.compile(r"^class (\w+)\((\w+)\):", re.MULTILINE)


@cache
def codes() -> dict[str, type[Exception]]:
    """Return the exception of each error code that has a class in the SDK."""
    found = {}
    for file in sorted(TYPES.rglob("*_error.py")):
        text = file.read_text(encoding="utf-8")
        if (code := CODE.search(text)) and (parent := CLASS.search(text)):
            found[code[1]] = getattr(anthropic, parent[2])
    return found


def catalogue() -> list[dict[str, str]]:
    with (ROOT / "data" / "error-codes.csv").open(encoding="utf-8", newline="") as file:
        return [
            {key: value.strip("`") for key, value in row.items()} for row in csv.DictReader(file)
        ]


def test_each_error_code_is_one_of_the_sdk_with_its_exception():
    assert catalogue()
    for row in catalogue():
        assert codes()[row["`error_code`"]].__name__ == row["Exception"]


def test_each_error_code_has_its_status():
    for row in catalogue():
        written = codes()[row["`error_code`"]].__annotations__.get("status_code", "")
        assert re.findall(r"\d+", str(written)) in ([row["HTTP"]], []), row


@pytest.mark.parametrize("page", ["reference/errors.md"])
def test_every_stop_reason_is_explained(page: str):
    text = (DOCS / page).read_text(encoding="utf-8")

    assert not [reason for reason in get_args(StopReason) if f"| `{reason}` |" not in text]


def parameters() -> dict[str, list[str]]:
    """Return the pages that the parameter index names for each parameter."""
    text = (DOCS / "reference/parameters.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|.*\|(.*)\|$", text, re.MULTILINE)
    return {name: re.findall(r"\]\(\.\./([\w/.-]+\.md)", pages) for name, pages in rows}


def test_the_parameter_index_has_every_parameter_of_the_sdk():
    known = get_type_hints(message_create_params.MessageCreateParamsBase)
    beta = get_type_hints(beta_message_create_params.MessageCreateParamsBase)

    assert not {*known, *beta, "stream"} - parameters().keys()


def test_the_parameter_index_has_no_parameter_that_the_sdk_has_not():
    known = get_type_hints(message_create_params.MessageCreateParamsBase)
    beta = get_type_hints(beta_message_create_params.MessageCreateParamsBase)
    of_calls = {"stream", "output_format", "timeout", "extra_headers", "extra_query", "extra_body"}

    assert not parameters().keys() - {*known, *beta} - of_calls


def test_a_page_that_the_parameter_index_names_uses_the_parameter():
    unused = [
        f"{name}: {page}"
        for name, pages in parameters().items()
        for page in pages
        if not re.search(rf"\b{name}\b", (DOCS / page).read_text(encoding="utf-8"))
    ]

    assert not unused
