"""`linernotes serve`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linernotes.cli.build import engine_option
from linernotes.cli.reporting import counted, errors_told, port_told, print_findings
from linernotes.engines.serve import serve as run
from linernotes.findings import Finding
from linernotes.project import find_project

if TYPE_CHECKING:
    from linernotes.engines.build import Engine
    from linernotes.running.verify import Report


@click.command()
@engine_option
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Where to serve."
)
def serve(*, engine: Engine, port: int) -> None:
    """Show the site while you write: each save is verified and shown, until you interrupt.

    What fails is shown in the page, at the snippet, with the command that mends it; what is wrong
    with the page itself at its top.
    """
    with errors_told(as_json=False), port_told(port):
        good = run(find_project(Path.cwd()), engine, port, _tell)
    sys.exit(0 if good else 1)


def _tell(report: Report | Finding) -> None:
    if isinstance(report, Finding):
        print_findings((report,))
        return
    print_findings(report.findings)
    new = sum(not verdict.cached for verdict in report.verdicts)
    failed = report.number("failed") + report.number("unrecorded")
    said = f"{failed} failed" if failed else "all good"
    every = counted(len(report.verdicts), "snippet")
    click.echo(f"Verified {new} of {every}, {said}, {report.duration:.1f} s.")
