"""The audit: what of recorded traffic would still work, and what would not."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from linernotes.auditing.traffic import LINES, Exchange, files_of, read_traffic
from linernotes.cassettes.secret_spans import as_text
from linernotes.cassettes.secrets import ensure_clean, find_secrets, hiding
from linernotes.contract.lifecycle import retirements
from linernotes.contract.requests import check_request
from linernotes.contract.responses import check_response
from linernotes.findings import Finding, error, warning

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from linernotes.contract.violations import Violation

OLDEST_VERSION = "2023-06-01"
"""What a recording without the header was sent under: no SDK before 2.0 sent another."""

NEWEST_VERSION = "2026-10-21"

SOON = dt.timedelta(days=90)
"""How long before its retirement a model is worth a warning."""

_OK = 200
_REVOKE = "revoke it, and record again with Linernotes, which writes no credentials"


@dataclass(frozen=True, slots=True)
class Audited:
    """What the audit says of one interaction."""

    source: str
    index: int
    api_version: str
    request: Literal["accepted", "refused"]
    response: Literal["parsed", "unparsed"]
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as `audit --json` prints it."""
        return {
            "source": self.source,
            "index": self.index,
            "api_version": self.api_version,
            "request": self.request,
            "response": self.response,
            "findings": [finding.to_json() for finding in self.findings],
        }


@dataclass(frozen=True, slots=True)
class Audit:
    """All interactions, and what is wrong with whole files."""

    files: int
    interactions: tuple[Audited, ...]
    findings: tuple[Finding, ...]


def audit(
    paths: Sequence[Path],
    named: Callable[[Path], str],
    today: dt.date,
    known: Collection[str] = (),
) -> Audit:
    """Return the audit of the traffic in `paths`, files or directories.

    `named` says how findings call a file; `known` are credentials to look for by their value.
    """
    files = 0
    audited: list[Audited] = []
    findings: list[Finding] = []
    for file in files_of(paths):
        files += 1
        name = named(file)
        exchanges, problems = read_traffic(file, name)
        text = _text_of(file)
        hide = hiding(text, known)
        if file.suffix == LINES:
            # Of lines that hold an exchange each is looked into with it.
            findings += _secrets_of_lines(text, name, problems, known)
        else:
            findings += ensure_clean(text, name, known)
        findings += [_without(finding, hide) for finding in problems]
        audited += [audit_exchange(exchange, today, known, hide) for exchange in exchanges]
    return Audit(files, tuple(audited), tuple(findings))


def _text_of(file: Path) -> str:
    try:
        return as_text(file.read_bytes())
    except OSError:
        return ""


def _secrets_of_lines(
    text: str, name: str, problems: Sequence[Finding], known: Collection[str]
) -> Iterator[Finding]:
    """Yield the credentials of lines that hold no exchange; of the whole, if it can't be read."""
    lines = text.split("\n")
    numbers = [one.line for one in problems if one.line]
    places = [(number, lines[number - 1]) for number in numbers] or [(1, text)] * bool(problems)
    for number, line in places:
        for secret in find_secrets(line, known):
            at = number + secret.line - 1
            yield error("secret", name, at, f"{secret.kind}: {secret.excerpt}", _REVOKE)


def _without(finding: Finding, hide: Callable[[str], str]) -> Finding:
    """Return a finding without the credentials of what it is about."""
    return replace(
        finding,
        page=hide(finding.page),
        message=hide(finding.message),
        hint=finding.hint and hide(finding.hint),
    )


def audit_exchange(
    exchange: Exchange,
    today: dt.date,
    known: Collection[str] = (),
    hide: Callable[[str], str] | None = None,
) -> Audited:
    """Return what the contract says of one exchange.

    The request is judged under its own API version, as if its model were still there: a model that
    isn't is a finding of its own. `hide` takes the credentials of the file out of what is said.
    """
    hide = hide or hiding(exchange.text, known)
    version = exchange.api_version or OLDEST_VERSION
    refused = _refusals(exchange, version)
    unread = (
        check_response(exchange.path, exchange.answer)
        if isinstance(exchange.answer, (dict, list))
        else ()
    )
    said = (
        *(_finding("request-refused", exchange, one) for one in refused),
        *(_finding("response-unparsed", exchange, one) for one in unread),
        *_newer_version(exchange, version, refused),
        *_model(exchange, today),
    )
    findings = (
        *(_without(finding, hide) for finding in said),
        *(replace(finding, page=hide(finding.page)) for finding in _secrets(exchange, known)),
    )
    return Audited(
        hide(exchange.source),
        exchange.index,
        hide(version),
        "refused" if refused else "accepted",
        "unparsed" if unread else "parsed",
        findings,
    )


def _refusals(exchange: Exchange, version: str) -> tuple[Violation, ...]:
    if exchange.method != "POST" or exchange.body is None:
        return ()
    return tuple(
        violation
        for violation in check_request(
            exchange.path,
            exchange.body,
            api_version=version,
            betas=exchange.betas,
            on=dt.date.min,
        )
        if violation.status != 404  # noqa: PLR2004  # a model that isn't there: see _model
    )


def _newer_version(
    exchange: Exchange, version: str, refused: Sequence[Violation]
) -> Iterator[Finding]:
    """Warn of what only the newest API version refuses: today's SDK would send that one."""
    if version == NEWEST_VERSION or exchange.status != _OK:
        return
    before = {violation.path for violation in refused}
    for violation in _refusals(exchange, NEWEST_VERSION):
        if violation.path not in before:
            yield warning(
                "refused-by-newer-version",
                exchange.source,
                None,
                f"interaction {exchange.index}: under {NEWEST_VERSION} it would be refused:"
                f" {violation.message}",
                violation.remedy,
            )


def _model(exchange: Exchange, today: dt.date) -> Iterator[Finding]:
    model = exchange.body.get("model") if isinstance(exchange.body, dict) else None
    retires = retirements().get(model) if isinstance(model, str) else None
    if retires is None:
        return
    where = f"interaction {exchange.index}: the model {model}"
    hint = "choose a current one: the ids are in the SDK's types/model.py"
    if retires <= today:
        yield error(
            "model-retired", exchange.source, None, f"{where} was retired on {retires}", hint
        )
    elif retires - today <= SOON:
        yield warning(
            "model-retiring", exchange.source, None, f"{where} retires on {retires}", hint
        )


def _secrets(exchange: Exchange, known: Collection[str]) -> Iterator[Finding]:
    for secret in find_secrets(exchange.text, known) if exchange.text else ():
        yield error(
            "secret",
            exchange.source,
            None,
            f"interaction {exchange.index}: {secret.kind}: {secret.excerpt}",
            _REVOKE,
        )


def _finding(code: str, exchange: Exchange, violation: Violation) -> Finding:
    said = violation.message.rstrip(".")
    place = "" if violation.path in said else f"{violation.path}: "
    allowed = f" (allowed: {', '.join(violation.allowed)})" if violation.allowed else ""
    message = f"interaction {exchange.index}: {place}{said}; found {violation.found}{allowed}"
    return error(code, exchange.source, None, message, violation.remedy)
