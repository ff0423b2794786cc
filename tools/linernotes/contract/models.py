"""What each model takes: the facts that the SDK's types don't hold.

Ids, deprecations and retirement dates come from the SDK (`lifecycle.py`); this is the rest. The
facts were read from the vendor's documentation between August and November 2026; each column names
its page. Where a page was only found in part, or only third parties say so, the line says "medium"
and the fact is chosen so that a request is let through rather than refused without proof.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Thinking = Literal["adaptive", "between_tools", "enabled", "disabled"]
Effort = Literal["low", "medium", "high", "xhigh", "max"]

EFFORTS: tuple[Effort, ...] = ("low", "medium", "high", "xhigh", "max")
"""All levels, weakest first. SDK: types/output_config_param.py."""


@dataclass(frozen=True, slots=True)
class Model:
    """What one model takes and does.

    `context` and `max_output` are tokens. Docs: about-claude/models.

    `thinking` lists the accepted `thinking.type`s; `thinks` says whether the model thinks when
    the parameter is left out; `shows_thinking` whether the default display is `summarized` (else
    `omitted`). `disabled_up_to` is the highest effort that goes with `disabled`, when there is a
    limit. Docs: build-with-claude/thinking, build-with-claude/adaptive-thinking, and the pages
    models/opus-5-5, models/sonnet-5-5, models/haiku-5-5, models/fable-5-1, models/fable-5-2.

    `efforts` lists the accepted effort levels. Docs: build-with-claude/effort.

    `forced_tools`: `tool_choice` may be `any` or `tool`. Docs: models/fable-5-1, models/opus-5-5,
    models/sonnet-5-5. `prefill`: the last message may be the assistant's. Docs: api/errors
    (prefill not supported). `sampling`: `temperature` and its kin are taken under API version
    2023-06-01. Docs: api/migration-2026-10-21. `system_messages`: messages may have the role
    `system`. Docs: build-with-claude (mid-conversation system messages), list of August 2026.

    `cache_minimum` is the shortest prefix, in tokens, that is cached. Docs:
    build-with-claude/prompt-caching. `dense_tokenizer`: counts about 30 % more tokens for the same
    text. Docs: models/haiku-5-5/whats-new-haiku-5-5. `binds_thinking`: a thinking block is only
    taken back by the conversation and the models that it came from. Docs: models/fable-5-1 (new
    accounts), models/fable-5-2/whats-new-fable-5-2, models/haiku-5-5/migration-guide; for the
    other 5.5 models medium. `binds_prefix`: nor after any other tools, system prompt or messages,
    on every account. Docs: models/fable-5-2/whats-new-fable-5-2. `compacts`: takes `compaction`.
    Docs: build-with-claude/compaction-on-demand, whose list is older than the 5.2 models: medium
    for these. `released` is a date, or None where the
    id itself holds it. Docs: the models pages; for Claude 4.6 to 5 a year before the day until
    which about-claude/model-deprecations promises the model (medium).
    """

    id: str
    name: str
    context: int = 1_000_000
    max_output: int = 128_000
    thinking: tuple[Thinking, ...] = ("adaptive",)
    thinks: bool = True
    shows_thinking: bool = False
    disabled_up_to: Effort | None = None
    efforts: tuple[Effort, ...] = EFFORTS
    forced_tools: bool = True
    prefill: bool = False
    sampling: bool = False
    system_messages: bool = True
    cache_minimum: int = 512
    dense_tokenizer: bool = True
    binds_thinking: bool = False
    binds_prefix: bool = False
    compacts: bool = True
    released: str | None = None

    @property
    def line(self) -> str:
        """The model line, such as `opus`."""
        return self.id.split("-")[1]


_OF_2025 = Model(
    "",
    "",
    context=200_000,
    max_output=64_000,
    thinking=("enabled", "disabled"),
    thinks=False,
    shows_thinking=True,
    efforts=(),
    prefill=True,
    sampling=True,
    system_messages=False,
    dense_tokenizer=False,
    compacts=False,
)
_OF_EARLY_2026 = Model(
    "",
    "",
    thinking=("adaptive", "enabled", "disabled"),
    thinks=False,
    shows_thinking=True,
    efforts=("low", "medium", "high", "max"),
    sampling=True,
    system_messages=False,
    dense_tokenizer=False,
)

MODELS: tuple[Model, ...] = (
    # Forced tools on the 5.2 models: medium; they follow 5.1 in everything that was found.
    Model(
        "claude-fable-5-2",
        "Claude Fable 5.2",
        forced_tools=False,
        binds_thinking=True,
        binds_prefix=True,
        released="2026-11-09",
    ),
    Model(
        "claude-mythos-5-2",
        "Claude Mythos 5.2",
        forced_tools=False,
        binds_thinking=True,
        released="2026-11-09",
    ),
    Model(
        # That thinking is on when left out, and `disabled` up to effort high: medium.
        "claude-haiku-5-5",
        "Claude Haiku 5.5",
        thinking=("adaptive", "disabled"),
        disabled_up_to="high",
        binds_thinking=True,
        released="2026-10-07",
    ),
    Model(
        "claude-sonnet-5-5",
        "Claude Sonnet 5.5",
        thinking=("adaptive", "between_tools"),
        forced_tools=False,
        binds_thinking=True,
        released="2026-09-28",
    ),
    Model(
        "claude-opus-5-5",
        "Claude Opus 5.5",
        forced_tools=False,
        binds_thinking=True,
        released="2026-09-22",
    ),
    Model(
        "claude-fable-5-1",
        "Claude Fable 5.1",
        forced_tools=False,
        binds_thinking=True,
        released="2026-09-01",
    ),
    Model(
        "claude-mythos-5-1",
        "Claude Mythos 5.1",
        forced_tools=False,
        binds_thinking=True,
        released="2026-09-01",
    ),
    Model(
        "claude-opus-5",
        "Claude Opus 5",
        thinking=("adaptive", "disabled"),
        disabled_up_to="high",
        released="2026-07-24",
    ),
    Model(
        "claude-sonnet-5",
        "Claude Sonnet 5",
        thinking=("adaptive", "disabled"),
        system_messages=False,
        cache_minimum=1024,
        released="2026-06-30",
    ),
    Model("claude-fable-5", "Claude Fable 5", released="2026-06-09"),
    Model("claude-mythos-5", "Claude Mythos 5", released="2026-06-09"),
    Model(
        "claude-opus-4-8",
        "Claude Opus 4.8",
        thinking=("adaptive", "disabled"),
        thinks=False,
        cache_minimum=1024,
        released="2026-05-28",
    ),
    Model(
        "claude-opus-4-7",
        "Claude Opus 4.7",
        thinking=("adaptive", "disabled"),
        thinks=False,
        system_messages=False,
        cache_minimum=2048,
        released="2026-04-16",
    ),
    replace(
        _OF_EARLY_2026,
        id="claude-opus-4-6",
        name="Claude Opus 4.6",
        cache_minimum=4096,
        released="2026-02-05",
    ),
    replace(
        _OF_EARLY_2026,
        id="claude-sonnet-4-6",
        name="Claude Sonnet 4.6",
        cache_minimum=1024,
        released="2026-02-17",
    ),
    replace(
        _OF_2025,
        id="claude-opus-4-5",
        name="Claude Opus 4.5",
        efforts=("low", "medium", "high"),
        cache_minimum=4096,
    ),
    replace(
        _OF_2025,
        id="claude-haiku-4-5",
        name="Claude Haiku 4.5",
        cache_minimum=4096,
    ),
    replace(
        _OF_2025,
        id="claude-sonnet-4-5",
        name="Claude Sonnet 4.5",
        cache_minimum=1024,
    ),
)
"""The models that can be called, newest first, by their undated ids."""

_BY_ID = {model.id: model for model in MODELS}


def model_facts(model_id: str) -> Model | None:
    """Return what is known of a model, by its id with or without a date; None if nothing is."""
    undated, _, date = model_id.rpartition("-")
    dated = len(date) == len("20251001") and date.isdecimal()
    return _BY_ID.get(undated if dated else model_id)
