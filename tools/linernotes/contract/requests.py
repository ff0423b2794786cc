"""Checking a request: whether the API would take it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from linernotes.contract import compaction, conversation, features, output_schema
from linernotes.contract.betas import NEEDED
from linernotes.contract.lifecycle import current_ids, is_callable, retirements
from linernotes.contract.models import model_facts
from linernotes.contract.remedies import remedy_for_extra, remedy_for_model, remedy_for_value
from linernotes.contract.rules import Request
from linernotes.contract.schema import COUNT_TOKENS, body_shape
from linernotes.contract.shapes import Problem, Tag, problems
from linernotes.contract.versions import NEW, VERSIONS, version_problem
from linernotes.contract.violations import Violation, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RULES = conversation.RULES + features.RULES + output_schema.RULES + compaction.RULES

MISFITS = {"missing", "kind", "value", "member"}
"""Problems that leave a body in no state for the rules to read."""


def check_request(
    path: str,
    body: object,
    *,
    api_version: str,
    betas: Iterable[str] | None = (),
    on: dt.date | None = None,
) -> tuple[Violation, ...]:
    """Return what the API would refuse in the JSON `body` of a POST to `path`.

    `api_version` and `betas` are those of the request's headers; betas None means unknown, and
    lets pass whatever some beta would. `on` is the day that retired models are reckoned by, today
    when left out. The order is the one in which the API looks: version, shape, model, rules. A
    path whose body has no schema yields nothing.
    """
    if body_shape(path, api_version=api_version, beta=False) is None:
        return ()
    wrong_version = version_problem(api_version)
    if wrong_version:
        return (_wrong_version(api_version, wrong_version),)
    asked = None if betas is None else frozenset(betas)
    plain = _problems(path, body, api_version, beta=False)
    in_beta = _problems(path, body, api_version, beta=True) if plain else ()
    found = plain if asked == frozenset() else _without_betas(plain, in_beta, asked)
    refused_in_beta = {problem.path for problem in in_beta}
    violations = tuple(
        _from_problem(path, problem, taken_in_beta=problem.path not in refused_in_beta)
        for problem in found
    )
    # What only the beta types know may be misshapen too, and the rules read it.
    if not isinstance(body, dict) or any(one.kind in MISFITS for one in (*found, *in_beta)):
        return violations
    day = on or dt.datetime.now(tz=dt.timezone.utc).date()
    request = Request(
        body, model_facts(body["model"]), api_version, asked, counting=path == COUNT_TOKENS
    )
    try:
        return (*violations, *_model_violations(body["model"], day), *_broken_rules(request))
    except RecursionError:
        return (*violations, _TOO_DEEP)


def _problems(path: str, body: object, api_version: str, *, beta: bool) -> tuple[Problem, ...]:
    shape = body_shape(path, api_version=api_version, beta=beta)
    return tuple(problems(shape, body)) if shape else ()


def _without_betas(
    plain: tuple[Problem, ...], in_beta: tuple[Problem, ...], asked: frozenset[str] | None
) -> tuple[Problem, ...]:
    """Return what no beta takes, and what needs one that wasn't asked for; None asks for all."""
    if len(plain) <= len(in_beta):
        return plain
    refused_in_beta = {problem.path for problem in in_beta}
    unasked = (
        problem
        for problem in plain
        if asked is not None
        and problem.path not in refused_in_beta
        and _beta_name(problem) in NEEDED
        and not asked & set(NEEDED[_beta_name(problem)])
    )
    return (*unasked, *in_beta)


def _beta_name(problem: Problem) -> str:
    """Return the key or the constant that only the beta types know."""
    return str(problem.path[-1] if problem.kind == "extra" else problem.found)


def _broken_rules(request: Request) -> Iterator[Violation]:
    for rule in RULES:
        for violation in rule.check(request):
            yield replace(violation, source=rule.source)


def _wrong_version(version: str, message: str) -> Violation:
    return Violation(
        "anthropic-version",
        message,
        shown(version),
        VERSIONS,
        f"Send `anthropic-version: {NEW}`, as the SDK does.",
        "docs: api/versioning, October 2026",
    )


def _model_violations(model_id: str, on: dt.date) -> Iterator[Violation]:
    if is_callable(model_id, on):
        return
    retired = retirements().get(model_id)
    newest = current_ids()
    yield Violation(
        "model",
        f"model: {model_id}",
        shown(model_id),
        tuple(name for name in newest if is_callable(name, on)),
        f"The model was retired on {retired}: choose a newer one."
        if retired
        else remedy_for_model(model_id, [name for name in newest if is_callable(name, on)]),
        "SDK: resources/messages/messages.py (DEPRECATED_MODELS)"
        if retired
        else "SDK: types/model_param.py; a recorded answer",
        status=404,
    )


def _from_problem(path: str, problem: Problem, *, taken_in_beta: bool) -> Violation:
    where = ".".join(str(part) for part in problem.path if not isinstance(part, Tag))
    said = ".".join(str(part) for part in problem.path)
    return Violation(
        where,
        _unexpected_role(problem) or (f"{said}: {problem.message}" if said else problem.message),
        shown(problem.found),
        problem.wanted,
        (_beta_remedy(problem) if taken_in_beta else None) or _remedy(problem),
        f"the SDK's types for {path}",
    )


def _unexpected_role(problem: Problem) -> str | None:
    """Return the API's own words for a role that it doesn't know."""
    if problem.kind != "member" or problem.path[-1] != "role":
        return None
    hint = (
        " For instructions on how to use tools, see "
        "https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview."
        if problem.found == "tool"
        else ""
    )
    return (
        f'messages: Unexpected role "{problem.found}". Allowed roles are "user" or '
        f'"assistant".{hint}'
    )


def _beta_remedy(problem: Problem) -> str | None:
    """Say what to do about a key or a constant that only the beta types know."""
    if problem.kind not in ("extra", "value", "member"):
        return None
    what = _beta_name(problem)
    needed = f'"{NEEDED[what][-1]}"' if what in NEEDED else "..."
    return f"`{what}` is in beta: call `client.beta.messages` with `betas=[{needed}]`."


def _remedy(problem: Problem) -> str:
    name = str(problem.path[-1]) if problem.path else "body"
    match problem.kind:
        case "extra":
            return remedy_for_extra(name, problem.wanted, at_top=len(problem.path) == 1)
        case "missing":
            choices = f": one of {', '.join(problem.wanted)}" if problem.wanted else ""
            return f"Add `{name}`{choices}."
        case "kind":
            return f"Write a {' or '.join(problem.wanted)} for `{name}`."
        case _:
            return remedy_for_value(name, problem.found, problem.wanted)


_TOO_DEEP = Violation(
    "",
    "The request body is nested too deeply.",
    "",
    (),
    "Flatten the JSON.",
    "this implementation's own limit",
)
