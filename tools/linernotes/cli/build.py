"""`linernotes build`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from linernotes.cli.reporting import errors_told, print_findings
from linernotes.engines.build import ENGINES, Engine
from linernotes.engines.build import build as run
from linernotes.findings import has_errors
from linernotes.project import find_project

engine_option = click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default="mkdocs",
    show_default=True,
    help="What builds the site.",
)


@click.command()
@engine_option
@click.option(
    "--site-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to.  [default: `site_dir` of mkdocs.yml]",
)
def build(*, engine: Engine, site_dir: Path | None) -> None:
    """Build the site: pages with their proofs, browse pages, and what agents read.

    No snippet is run: what is known of them is what `linernotes verify` found last.
    """
    with errors_told(as_json=False):
        findings = run(find_project(Path.cwd()), engine, site_dir)
    print_findings(findings or ())
    sys.exit(1 if findings is None or has_errors(findings) else 0)
