"""The handbook says of models, and of the SDK, what the installed SDK says."""

from __future__ import annotations

import csv
import json
import re
from importlib import metadata
from pathlib import Path

import anthropic
import pytest
from anthropic import _constants as constants

from linernotes.contract.lifecycle import current_ids, retirements
from linernotes.contract.models import MODELS
from linernotes.pages.facts import read_facts, with_facts
from linernotes.recording.prices import PRICES

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
FACTS = read_facts(ROOT)[0].by_name
ID = re.compile(
    r"(?<![\w./-])claude-(?:(?:opus|sonnet|haiku|fable|mythos|instant)-(?:\d|preview)|\d)(?:[\w.-]*\w)?"
)
MEANT_TO_BE_WRONG = re.compile(r"never existed|no such model|not_found_error")
MARKED = re.compile(r"retire|deprecat|gone|stop|never existed|404", re.IGNORECASE)


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def version_of(model: str) -> tuple[int, ...]:
    return tuple(int(part) for part in model.split("-")[2:] if len(part) < 8)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_every_model_on_a_page_is_one_that_the_sdk_knows(page: Path):
    known = {*current_ids(), *retirements()}
    unknown = [
        f"{page.relative_to(ROOT)}:{line}: {found}"
        for line, text in enumerate(page.read_text().splitlines(), 1)
        for found in ID.findall(text)
        if found not in known and not MEANT_TO_BE_WRONG.search(text)
    ]

    assert not unknown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_a_table_marks_the_models_that_go(page: Path):
    silent, heads = [], ""
    for line, text in enumerate(page.read_text().splitlines(), 1):
        if not text.startswith("|"):
            heads = ""
            continue
        heads = heads or text
        silent += [
            f"{page.relative_to(ROOT)}:{line}: {found}"
            for found in ID.findall(text.split("|")[1])
            if found in retirements() and not MARKED.search(heads + text)
        ]

    assert not silent


def test_the_catalogue_names_every_current_model():
    catalogue = with_facts((DOCS / "reference/models.md").read_text(), read_facts(ROOT)[0])

    assert not set(current_ids()) - set(ID.findall(catalogue))


@pytest.mark.parametrize("line", ["opus", "sonnet", "haiku", "fable", "mythos"])
def test_the_newest_model_of_a_line_is_the_newest_in_the_sdk(line: str):
    of_line = [model for model in current_ids() if re.match(rf"claude-{line}-\d", model)]

    assert FACTS[f"models.{line}"].value == max(of_line, key=version_of)


def test_the_default_model_is_a_current_one():
    assert FACTS["models.default"].value in current_ids()
    assert FACTS["models.default"].value not in retirements()


def test_versions_are_those_of_the_installed_sdk():
    requires = metadata.metadata("anthropic")["Requires-Python"]

    assert FACTS["versions.api"].value == constants.ANTHROPIC_API_VERSION
    assert FACTS["versions.sdk_python"].value == anthropic.__version__
    assert FACTS["versions.python"].value in requires


def test_the_typescript_version_is_the_one_that_runs_the_tabs():
    manifest = json.loads((ROOT / "tests/tabs/package.json").read_text(encoding="utf-8"))

    pinned = manifest["dependencies"]["@anthropic-ai/sdk"]
    assert FACTS["versions.sdk_typescript"].value == pinned


def test_defaults_are_those_of_the_installed_sdk():
    client = anthropic.Anthropic(api_key="placeholder")
    timeout = constants.DEFAULT_TIMEOUT

    assert FACTS["defaults.max_retries"].value == str(client.max_retries)
    assert FACTS["defaults.timeout"].value == f"{timeout.read:.0f} seconds"
    assert FACTS["defaults.connect_timeout"].value == f"{timeout.connect:.0f} seconds"


def test_the_streaming_threshold_is_that_of_the_installed_sdk():
    client = anthropic.Anthropic(api_key="placeholder")
    first = int(FACTS["defaults.streaming_from"].value.replace(",", ""))

    client._calculate_nonstreaming_timeout(first - 1, None)
    with pytest.raises(ValueError, match="Streaming is required"):
        client._calculate_nonstreaming_timeout(first, None)


def test_the_date_of_a_retirement_is_that_of_the_sdk():
    assert FACTS["dates.sonnet_4_5_retires"].value == str(retirements()["claude-sonnet-4-5"])


def rows(name: str) -> list[dict[str, str]]:
    with (ROOT / "data" / name).open(encoding="utf-8", newline="") as file:
        return [
            {key: value.rstrip("*") for key, value in row.items()} for row in csv.DictReader(file)
        ]


def test_the_price_list_is_the_one_that_recordings_are_priced_with():
    listed = {row["Model"].strip("`"): row for row in rows("models.csv")}

    assert list(listed) == [model.id for model in MODELS]
    for model in MODELS:
        price, row = PRICES[model.id], listed[model.id]
        assert float(row["Input"].partition(";")[0].strip("$")) == price.input
        assert float(row["Output"].partition(";")[0].strip("$")) == price.output
        assert float(row["Cache read, of input"]) == price.read
        assert row["Context"] == {1_000_000: "1M", 200_000: "200K"}[model.context]
        assert row["Most output"] == f"{model.max_output // 1000}K"
        gone = retirements().get(model.id)
        assert (row["Retires not before"] == f"retires {gone}") == (gone is not None)


def test_the_table_of_request_options_is_the_contract():
    listed = {row["Model"].strip("`"): row for row in rows("model-requests.csv")}

    assert list(listed) == [model.id for model in MODELS]
    for model in MODELS:
        row = listed[model.id]
        assert re.findall(r"`(\w+)`", row["`thinking` types"]) == list(model.thinking)
        assert row["Left out"] == ("thinks" if model.thinks else "doesn't think")
        assert row["Prefill"] == ("yes" if model.prefill else "no")
        if row["Forced tools"] != "not stated":
            assert row["Forced tools"] == ("yes" if model.forced_tools else "no")
        assert row["Cached from"] == f"{model.cache_minimum:,} tokens"


@pytest.mark.parametrize("model", ["fable", "opus", "sonnet", "haiku"])
def test_a_price_is_the_same_wherever_it_stands(model: str):
    price = PRICES[FACTS[f"models.{model}"].value]

    assert float(FACTS[f"prices.{model}_input"].value.strip("$")) == price.input
    assert float(FACTS[f"prices.{model}_output"].value.strip("$")) == price.output
