"""`linernotes audit`."""

from __future__ import annotations

import os
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from linernotes.auditing.audit import audit as run
from linernotes.cassettes.secrets import credentials_in
from linernotes.cli.reporting import counted, errors_told, json_option, print_findings, print_json
from linernotes.findings import has_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linernotes.auditing.audit import Audit


@click.command()
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="PATH...",
)
@json_option
def audit(paths: Sequence[Path], *, as_json: bool) -> None:
    """Check recorded traffic, anybody's, against the API of today; sends nothing.

    PATH is a VCR cassette (YAML or JSON), a file of normalised JSON Lines, or a directory of
    them. Says which requests would be refused, which responses no longer parse, which models are
    retired or will be within 90 days, and which credentials are in there.

    \b
        linernotes audit tests/cassettes
        linernotes audit --json traffic.jsonl
    """
    with errors_told(as_json=as_json):
        today = datetime.now(timezone.utc).date()
        found = run(paths, _from_here, today, credentials_in(os.environ))
    every = (*found.findings, *(one for audited in found.interactions for one in audited.findings))
    if as_json:
        print_json(
            {
                "interactions": [audited.to_json() for audited in found.interactions],
                "findings": [finding.to_json() for finding in found.findings],
                "summary": _summary(found),
            }
        )
    else:
        print_findings(every)
        click.echo(_sentence(_summary(found)))
    sys.exit(1 if has_errors(every) else 0)


def _summary(found: Audit) -> dict[str, Any]:
    codes = [finding.code for audited in found.interactions for finding in audited.findings]
    return {
        "files": found.files,
        "interactions": len(found.interactions),
        "accepted": sum(audited.request == "accepted" for audited in found.interactions),
        "refused": sum(audited.request == "refused" for audited in found.interactions),
        "parsed": sum(audited.response == "parsed" for audited in found.interactions),
        "unparsed": sum(audited.response == "unparsed" for audited in found.interactions),
        "models_retired": codes.count("model-retired"),
        "models_retiring": codes.count("model-retiring"),
        "secrets": codes.count("secret")
        + sum(finding.code in ("secret", "cassette-secret") for finding in found.findings),
    }


def _sentence(summary: dict[str, Any]) -> str:
    looked_at = ", ".join(
        (counted(summary["files"], "file"), counted(summary["interactions"], "interaction"))
    )
    judged = (
        "{refused} would be refused, {unparsed} with an answer that no longer parses;"
        " {models_retired} with a retired model, {models_retiring} with one that retires within"
        " 90 days"
    ).format_map(summary)
    return f"{looked_at}: {judged}; {counted(summary['secrets'], 'credential')}."


def _from_here(path: Path) -> str:
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()
