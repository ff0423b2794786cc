"""`linernotes check`."""

from __future__ import annotations

import os
import sys
from datetime import datetime, timezone
from pathlib import Path

import click

from linernotes.cassettes.secrets import credentials_in
from linernotes.checks.agent_files import check_built_site
from linernotes.checks.project import check_project
from linernotes.cli.reporting import counted, errors_told, json_option, print_findings, print_json
from linernotes.findings import has_errors
from linernotes.project import find_project


@click.command()
@click.option(
    "--site",
    "site_dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Check what agents and crawlers read in this built site too.",
)
@json_option
def check(*, site_dir: Path | None, as_json: bool) -> None:
    """Check pages, links, front matter and cassettes; runs nothing.

    Warnings are printed and don't fail the command.
    """
    with errors_told(as_json=as_json):
        project = find_project(Path.cwd())
        today = datetime.now(timezone.utc).date()
        findings = check_project(project, today, credentials_in(os.environ))
        if site_dir is not None:
            findings = (*findings, *check_built_site(project, site_dir))
    if as_json:
        print_json({"findings": [finding.to_json() for finding in findings]})
    else:
        print_findings(findings)
        errors = sum(finding.severity == "error" for finding in findings)
        warnings = len(findings) - errors
        click.echo(f"{counted(errors, 'error')}, {counted(warnings, 'warning')}.")
    sys.exit(1 if has_errors(findings) else 0)
