"""Rules on what each model takes: lengths, thinking, effort, tools, sampling, betas."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, get_args

from anthropic.types.anthropic_beta_param import AnthropicBetaParam

from linernotes.contract.models import EFFORTS
from linernotes.contract.remedies import remedy_for_value, removed_parameters
from linernotes.contract.rules import Request, Rule, broken
from linernotes.contract.versions import OLD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from linernotes.contract.violations import Violation

LEAST_BUDGET = 1024
"""Tokens. SDK: types/thinking_config_enabled_param.py."""

MOST_BETWEEN_TOOLS_EFFORT = "high"
"""Docs: models/sonnet-5-5, October 2026."""

SAMPLING = ("temperature", "top_p", "top_k")

TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""Docs: agents-and-tools/tool-use, August 2026."""


def _max_tokens_is_possible(request: Request) -> Iterator[Violation]:
    if request.counting:
        return
    wanted, model = request.body["max_tokens"], request.model
    if wanted < 0:
        yield broken(
            "max_tokens",
            "max_tokens: Input should be greater than or equal to 0",
            wanted,
            "Give the number of tokens that the answer may take at most.",
        )
    elif model and wanted > model.max_output and not request.has_beta("output-"):
        yield broken(
            "max_tokens",
            f"max_tokens: {wanted} > {model.max_output}, which is the maximum allowed number of "
            f"output tokens for {request.body['model']}",
            wanted,
            f"Write at most `max_tokens={model.max_output}`.",
        )


def _empty_answers_only_fill_the_cache(request: Request) -> Iterator[Violation]:
    if request.counting or request.body["max_tokens"] != 0:
        return
    for present, name in (
        (request.body.get("stream"), "stream"),
        (request.thinking == "enabled", "thinking"),
        (request.output_format, "output_config.format"),
        (request.forces_tool, "tool_choice"),
    ):
        if present:
            yield broken(
                "max_tokens",
                f"max_tokens: 0 is not supported together with {name}",
                0,
                f"`max_tokens=0` only fills the prompt cache: delete `{name}`, or write at least "
                "`max_tokens=1`.",
            )


def _budget_is_possible(request: Request) -> Iterator[Violation]:
    if request.thinking != "enabled":
        return
    budget = request.body["thinking"]["budget_tokens"]
    if budget < LEAST_BUDGET:
        yield broken(
            "thinking.budget_tokens",
            "thinking.enabled.budget_tokens: Input should be greater than or equal to "
            f"{LEAST_BUDGET}",
            budget,
            f"Write at least `budget_tokens={LEAST_BUDGET}`.",
        )
    # Interleaved thinking counts the budget over several answers, which may exceed one of them.
    elif (
        not request.counting
        and budget >= request.body["max_tokens"]
        and not request.has_beta("interleaved-thinking")
    ):
        yield broken(
            "thinking.budget_tokens",
            "`max_tokens` must be greater than `thinking.budget_tokens`.",
            budget,
            "Raise `max_tokens` above the budget: thinking counts as output.",
        )


_UNSUPPORTED_THINKING = {
    "enabled": (
        (
            '"thinking.type.enabled" is not supported for this model. Use '
            '"thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
        ),
        "Write `thinking={'type': 'adaptive'}` and set `output_config={'effort': ...}`.",
    ),
    "adaptive": (
        "adaptive thinking is not supported on this model",
        "Write `thinking={'type': 'enabled', 'budget_tokens': ...}`, or choose a newer model.",
    ),
    "disabled": (
        '"thinking.type.disabled" is not supported for this model.',
        (
            "This model always thinks: delete `thinking`, and lower "
            "`output_config={'effort': ...}` to have it think less."
        ),
    ),
    "between_tools": (
        '"thinking.type.between_tools" is not supported for this model.',
        "Only Claude Sonnet 5.5 takes `between_tools`: write `thinking={'type': 'adaptive'}`.",
    ),
}


def _thinking_is_supported(request: Request) -> Iterator[Violation]:
    model, wanted = request.model, request.thinking
    if model is None or wanted is None or wanted in model.thinking:
        return
    message, remedy = _UNSUPPORTED_THINKING[wanted]
    yield broken("thinking.type", message, wanted, remedy, model.thinking)


def _effort_is_supported(request: Request) -> Iterator[Violation]:
    model, wanted = request.model, request.effort
    if model is None or wanted is None or wanted in model.efforts:
        return
    if not model.efforts:
        yield broken(
            "output_config.effort",
            "This model does not support the effort parameter.",
            wanted,
            "Delete `effort`, or choose a model from Claude 4.6 on.",
        )
        return
    # The recorded answer lists the levels by name, not by strength.
    levels = ", ".join(sorted(model.efforts))
    yield broken(
        "output_config.effort",
        f"This model does not support effort level '{wanted}'. Supported levels: {levels}.",
        wanted,
        f"Write one of {levels}.",
        model.efforts,
    )


def _effort_goes_with_thinking(request: Request) -> Iterator[Violation]:
    model, wanted = request.model, request.effort
    if model is None or wanted is None or wanted not in EFFORTS:
        return
    most = {
        "disabled": model.disabled_up_to,
        "between_tools": MOST_BETWEEN_TOOLS_EFFORT,
    }.get(request.thinking or "")
    if most and EFFORTS.index(wanted) > EFFORTS.index(most):
        yield broken(
            "output_config.effort",
            f"effort level '{wanted}' is not supported with thinking type '{request.thinking}' on "
            "this model.",
            wanted,
            f"Write at most `{most}`, or `thinking={{'type': 'adaptive'}}`.",
            EFFORTS[: EFFORTS.index(most) + 1],
        )


def _tools_may_be_forced(request: Request) -> Iterator[Violation]:
    if not request.forces_tool:
        return
    if request.model is not None and not request.model.forced_tools:
        yield broken(
            "tool_choice.type",
            'tool_choice: type "tool" and "any" are not supported for this model.',
            request.body["tool_choice"],
            "Write `tool_choice={'type': 'auto'}` and ask for the tool in the prompt, or use "
            "structured output.",
            ("auto", "none"),
        )
    elif request.thinking == "enabled":
        yield broken(
            "tool_choice.type",
            "Thinking may not be enabled when tool_choice forces tool use.",
            request.body["tool_choice"],
            "Write `tool_choice={'type': 'auto'}`, or turn thinking off.",
            ("auto", "none"),
        )


def _tools_are_named(request: Request) -> Iterator[Violation]:
    seen: set[str] = set()
    for index, tool in enumerate(request.body.get("tools") or ()):
        name = tool.get("name")
        if name is None:
            continue  # Toolsets have no name.
        if not TOOL_NAME.fullmatch(name):
            yield broken(
                f"tools.{index}.name",
                f"tools.{index}.custom.name: String should match pattern '^{TOOL_NAME.pattern}$'",
                name,
                "Use 1 to 64 letters, digits, `_` and `-`.",
            )
        if name in seen:
            yield broken(
                f"tools.{index}.name",
                "tools: Tool names must be unique.",
                name,
                "Give each tool its own name.",
            )
        seen.add(name)
    choice = request.body.get("tool_choice") or {}
    if choice.get("type") == "tool" and choice["name"] not in seen:
        yield broken(
            "tool_choice.name",
            f"Tool '{choice['name']}' not found in provided tools",
            choice["name"],
            "Name one of the request's tools.",
            tuple(sorted(seen)),
        )


def _tool_input_is_an_object(request: Request) -> Iterator[Violation]:
    for index, tool in enumerate(request.body.get("tools") or ()):
        if "input_schema" not in tool or tool["input_schema"].get("type") == "object":
            continue
        path = f"tools.{index}.input_schema.type"
        given = "type" in tool["input_schema"]
        problem = "Input should be 'object'" if given else "Field required"
        yield broken(
            path,
            f"tools.{index}.custom.input_schema.type: {problem}",
            tool["input_schema"].get("type"),
            "Begin the tool's schema with `'type': 'object'`.",
            ("object",),
        )


def _sampling_is_supported(request: Request) -> Iterator[Violation]:
    if request.api_version != OLD:
        return  # The types refuse them.
    for name in SAMPLING:
        if name not in request.body:
            continue
        if request.model is not None and not request.model.sampling:
            yield broken(
                name,
                f"`{name}` is deprecated for this model.",
                request.body[name],
                removed_parameters()[name],
            )
        elif name != "top_k" and not 0 <= request.body[name] <= 1:
            yield broken(
                name, f"{name}: range: 0..1", request.body[name], "Write a number from 0 to 1."
            )


def _searched_domains_are_one_list(request: Request) -> Iterator[Violation]:
    for index, tool in enumerate(request.body.get("tools") or ()):
        searches = str(tool.get("type")).startswith("web_search_")
        if searches and tool.get("allowed_domains") and tool.get("blocked_domains"):
            path = f"tools.{index}"
            yield broken(
                path,
                f"{path}: allowed_domains and blocked_domains cannot both be set",
                tool["blocked_domains"],
                "Keep one of the two lists.",
            )


BEFORE_GA = "messages-2023-12-15"
"""The Messages API itself, when it was in beta. The SDK has forgotten the name, but gateways send
it with every request and are answered: src/providers/anthropic/api.ts of @portkey-ai/gateway 1.15.2.
"""


@cache
def known_betas() -> tuple[str, ...]:
    """Return the beta names in the SDK's type. SDK: types/anthropic_beta_param.py."""
    return tuple(name for member in get_args(AnthropicBetaParam) for name in get_args(member))


def _betas_are_known(request: Request) -> Iterator[Violation]:
    unknown = sorted((request.betas or frozenset()) - {*known_betas(), BEFORE_GA})
    if unknown:
        listed = ", ".join(f"`{name}`" for name in unknown)
        yield broken(
            "anthropic-beta",
            f"Unexpected value(s) {listed} for the `anthropic-beta` header. Please consult our "
            "documentation at platform.claude.com/docs or try again without the header.",
            ",".join(unknown),
            remedy_for_value("anthropic-beta", unknown[0], known_betas()),
        )


def _citations_are_for_all_or_none(request: Request) -> Iterator[Violation]:
    first: bool | None = None
    for turn in request.turns:
        for block in turn.blocks:
            if block.type != "document":
                continue
            enabled = bool((block.value.get("citations") or {}).get("enabled"))
            if first is not None and enabled != first:
                yield broken(
                    f"{block.path}.citations",
                    f"{block.path}.citations: citations must be enabled on all documents or on "
                    "none",
                    enabled,
                    "Set `'citations': {'enabled': True}` on every document, or on no document.",
                )
                return
            first = enabled


RULES = (
    Rule(_betas_are_known, "SDK: types/anthropic_beta_param.py; the API's answer in public issues"),
    Rule(_max_tokens_is_possible, "docs: about-claude/models; SDK: types/message_create_params.py"),
    Rule(_empty_answers_only_fill_the_cache, "docs: build-with-claude/prompt-caching, August 2026"),
    Rule(_budget_is_possible, "SDK: types/thinking_config_enabled_param.py"),
    Rule(_thinking_is_supported, "docs: build-with-claude/thinking and models pages, 2026"),
    Rule(_effort_is_supported, "docs: build-with-claude/effort; a recorded answer"),
    Rule(_effort_goes_with_thinking, "docs: models/sonnet-5-5, models/haiku-5-5, thinking, 2026"),
    Rule(_tools_may_be_forced, "docs: models/fable-5-1, models/opus-5-5, extended-thinking, 2026"),
    Rule(_tools_are_named, "docs: agents-and-tools/tool-use, August 2026"),
    Rule(_tool_input_is_an_object, "SDK: types/tool_param.py (InputSchemaTyped)"),
    Rule(_searched_domains_are_one_list, "SDK: types/web_search_tool_20260318_param.py"),
    Rule(_citations_are_for_all_or_none, "docs: build-with-claude/citations, August 2026"),
    Rule(_sampling_is_supported, "docs: api/migration-2026-10-21; the API's answer in issues"),
)
