"""`linernotes extract`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from linernotes.cli.reporting import counted, errors_told, json_option, print_findings, print_json
from linernotes.findings import Finding, has_errors
from linernotes.project import find_project
from linernotes.snippets import extract as extraction
from linernotes.snippets.collect import collect, module_of


@click.command()
@json_option
@click.option("--check", is_flag=True, help="Change nothing; exit 1 with a diff if out of sync.")
def extract(*, as_json: bool, check: bool) -> None:
    """Write each snippet to a module that runs by itself.

    Modules whose snippet is gone are removed. Where nothing changed, nothing is written.
    """
    with errors_told(as_json=as_json):
        project = find_project(Path.cwd())
        findings: list[Finding] = []
        modules = []
        for page in collect(project):
            findings += page.findings
            for example in page.examples:
                if example.snippet.skip is not None:
                    continue
                module = module_of(project, example)
                if isinstance(module, Finding):
                    findings.append(module)
                else:
                    modules.append(module)
        changes, texts = extraction.plan(project.snippets, modules)
        if has_errors(findings):  # a page that can't be read has lost none of its snippets
            changes = replace(changes, removed=())
        stale = bool(changes.written or changes.removed)
        if not check:
            extraction.apply(project.snippets, changes, texts)
    failed = has_errors(findings) or (check and stale)
    name = project.relative(project.snippets)
    if as_json:
        print_json(
            {
                "written": [f"{name}/{path.as_posix()}" for path in changes.written],
                "removed": [f"{name}/{path.as_posix()}" for path in changes.removed],
                "unchanged": changes.unchanged,
                "in_sync": not stale,
                "findings": [finding.to_json() for finding in findings],
            }
        )
        sys.exit(1 if failed else 0)
    print_findings(findings)
    if check and stale:
        click.echo(extraction.difference(project.snippets, changes, texts, name), nl=False)
        click.echo(f"{name}/ is out of sync with the pages: run `linernotes extract`.", err=True)
    else:
        click.echo(
            f"{counted(len(texts), 'module')}: {len(changes.written)} written, {len(changes.removed)} removed,"
            f" {changes.unchanged} unchanged."
        )
    sys.exit(1 if failed else 0)
