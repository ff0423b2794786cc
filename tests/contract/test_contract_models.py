from __future__ import annotations

import datetime as dt
import subprocess
import sys
from typing import get_args

import pytest
from anthropic.resources.messages.messages import DEPRECATED_MODELS
from anthropic.types.output_config_param import OutputConfigParam
from typing_extensions import get_type_hints

from linernotes.contract.lifecycle import current_ids, is_callable, retirements, snapshot
from linernotes.contract.models import EFFORTS, MODELS, model_facts
from linernotes.contract.remedies import removed_parameters

TODAY = dt.date(2026, 11, 21)


def test_every_callable_model_of_the_sdk_has_facts():
    missing = [name for name in current_ids() if is_callable(name, TODAY) and not model_facts(name)]
    assert missing == []


def test_every_model_with_facts_is_one_of_the_sdks():
    assert {model.id for model in MODELS} <= set(current_ids())


def test_dated_ids_have_the_facts_of_their_alias():
    assert model_facts("claude-haiku-4-5-20251001") == model_facts("claude-haiku-4-5")
    assert model_facts("claude-opus-4-8") in MODELS
    assert model_facts("claude-3-opus-20240229") is None


def test_every_deprecated_model_of_the_sdk_has_a_date():
    assert DEPRECATED_MODELS.keys() <= retirements().keys()
    assert retirements()["claude-sonnet-4-5"] == dt.date(2026, 11, 30)
    assert retirements()["claude-2.0"] == dt.date(2025, 7, 21)


def test_a_deprecated_model_is_callable_until_its_last_day():
    assert is_callable("claude-sonnet-4-5", dt.date(2026, 11, 29))
    assert not is_callable("claude-sonnet-4-5", dt.date(2026, 11, 30))


def test_an_alias_is_answered_with_its_snapshot():
    assert snapshot("claude-haiku-4-5") == "claude-haiku-4-5-20251001"
    assert snapshot("claude-sonnet-5") == "claude-sonnet-5"


def test_the_effort_levels_are_the_sdks():
    hint = get_type_hints(OutputConfigParam)["effort"]
    levels = {level for member in get_args(hint) for level in get_args(member)}
    assert set(EFFORTS) == levels


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_facts_of_a_model_agree_with_each_other(model):
    assert model.max_output < model.context
    assert model.disabled_up_to is None or "disabled" in model.thinking
    assert model.thinks or "disabled" in model.thinking


def test_removed_parameters_are_said_without_loading_the_sdk():
    code = (
        "import sys; from linernotes.contract.remedies import removed_parameters; "
        "assert 'delete `temperature`' in removed_parameters()['temperature']; "
        "sys.exit('anthropic' in sys.modules or 'pydantic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert removed_parameters()["stop"] == "Write `stop_sequences=[...]` instead of `stop`."
