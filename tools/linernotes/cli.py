"""The command line: thin, one function a command; all the work is done elsewhere.

Exit codes: 0 all good, 1 findings, 2 the call or the project's configuration is wrong.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from linernotes import __version__
from linernotes.findings import Finding, has_errors
from linernotes.project import ConfigurationError, Project, find_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from linernotes.running.verify import Report
    from linernotes.snippets.collect import Target

SCHEMA = 1
"""The version of every `--json` output. It changes when a key goes or changes its meaning."""

_INTERRUPTED = 130


class _Target(click.ParamType):
    """A page, or a snippet of it: `docs/guides/streaming.md#stream-text`."""

    name = "target"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str | None]:
        page, _, snippet = str(value).partition("#")
        if not page:
            self.fail(f"{value!r} names no page: write PAGE or PAGE#ID", param, ctx)
        return page, snippet or None

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        from click.shell_completion import CompletionItem  # noqa: PLC0415

        from linernotes.project import page_paths  # noqa: PLC0415
        from linernotes.snippets.collect import project_dialect, read_examples  # noqa: PLC0415

        try:
            project = find_project(Path.cwd())
        except ConfigurationError:
            return []
        page, hash_mark, start = incomplete.partition("#")
        if not hash_mark:
            pages = (_from_here(project, file) for file in page_paths(project))
            return [CompletionItem(one) for one in pages if one.startswith(incomplete)]
        file = Path.cwd() / page
        if not file.is_file():
            return []
        path, docs = project.relative(file.resolve()), project.relative(project.docs)
        found = read_examples(project, file, path, docs, project_dialect(project)[0]).examples
        ids = [example.snippet.id for example in found if example.snippet.id.startswith(start)]
        return [CompletionItem(f"{page}#{one}") for one in ids]


_targets = click.argument("targets", nargs=-1, type=_Target(), metavar="[PAGE|PAGE#ID]...")
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object, nothing else.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96})
@click.version_option(__version__, prog_name="linernotes")
def main() -> None:
    """Run every Python example of a MkDocs project, offline, against recorded API traffic.

    Any directory with a mkdocs.yml is a project. Write an example:

    \b
        ``` { .python #first-message }
        from anthropic import Anthropic
        …
        ```

    record what it asks the API, then verify it wherever you like:

    \b
        linernotes record docs/quickstart.md#first-message
        linernotes verify

    Exit codes: 0 all good, 1 findings, 2 the call or the project's configuration is wrong.
    """


@main.command()
@_targets
@_json
@click.option("--no-cache", is_flag=True, help="Run every snippet, also unchanged ones.")
@click.option("--update", is_flag=True, help="Write what snippets print into their .output fences.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    default=None,
    help="How many snippets run at once.  [default: one per core]",
)
def verify(
    targets: Sequence[tuple[str, str | None]],
    *,
    as_json: bool,
    no_cache: bool,
    update: bool,
    jobs: int | None,
) -> None:
    """Run snippets against their cassettes and type-check them.

    Without targets, all of the project's. A snippet that hasn't changed since it last passed is
    not run again.

    \b
        linernotes verify                                     # everything
        linernotes verify docs/quickstart.md                  # a page
        linernotes verify docs/quickstart.md#first-message    # a snippet
    """
    from linernotes.running.verify import verify as run  # noqa: PLC0415  # each command its own

    with _errors_told(as_json=as_json):
        project = find_project(Path.cwd())
        with _progress("Verifying") as (started, finished):
            report = run(
                project,
                _resolve(project, targets),
                lanes=jobs or os.cpu_count() or 1,
                use_cache=not no_cache,
                update=update,
                started=started,
                finished=finished,
            )
    if as_json:
        _print_json(_report_json(report))
    else:
        _print_findings(report.findings)
        click.echo(_summary(report))
    sys.exit(0 if report.good else 1)


@main.command()
@_json
@click.option("--check", is_flag=True, help="Change nothing; exit 1 with a diff if out of sync.")
def extract(*, as_json: bool, check: bool) -> None:
    """Write each snippet to a module that runs by itself.

    Modules whose snippet is gone are removed. Where nothing changed, nothing is written.
    """
    from linernotes.snippets import extract as extraction  # noqa: PLC0415
    from linernotes.snippets.collect import collect, module_of  # noqa: PLC0415

    with _errors_told(as_json=as_json):
        project = find_project(Path.cwd())
        findings: list[Finding] = []
        modules = []
        for page in collect(project):
            findings += page.findings
            for example in page.examples:
                if example.snippet.skip is not None:
                    continue
                module = module_of(project, example)
                (findings if isinstance(module, Finding) else modules).append(module)  # type: ignore[arg-type]
        changes, texts = extraction.plan(project.snippets, modules)
        stale = bool(changes.written or changes.removed)
        if not check:
            extraction.apply(project.snippets, changes, texts)
    failed = has_errors(findings) or (check and stale)
    name = project.relative(project.snippets)
    if as_json:
        _print_json(
            {
                "written": [f"{name}/{path.as_posix()}" for path in changes.written],
                "removed": [f"{name}/{path.as_posix()}" for path in changes.removed],
                "unchanged": changes.unchanged,
                "in_sync": not stale,
                "findings": [finding.to_json() for finding in findings],
            }
        )
        sys.exit(1 if failed else 0)
    _print_findings(findings)
    if check and stale:
        click.echo(extraction.difference(project.snippets, changes, texts, name), nl=False)
        click.echo(f"{name}/ is out of sync with the pages: run `linernotes extract`.", err=True)
    else:
        click.echo(
            f"{len(texts)} modules: {len(changes.written)} written, {len(changes.removed)} removed,"
            f" {changes.unchanged} unchanged."
        )
    sys.exit(1 if failed else 0)


@main.command()
@_targets
@_json
@click.option("--simulate", is_flag=True, help="Record against the stand-in; no key is needed.")
@click.option("--missing", is_flag=True, help="Record only what has no cassette.")
@click.option("--prune", is_flag=True, help="Remove cassettes whose snippet is gone; no recording.")
@click.option("--yes", is_flag=True, help="Don't ask before calling the API.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    help="How many snippets are recorded at once.",
)
def record(
    targets: Sequence[tuple[str, str | None]],
    *,
    as_json: bool,
    simulate: bool,
    missing: bool,
    prune: bool,
    yes: bool,
    jobs: int,
) -> None:
    """Run snippets with their requests going out, and keep what came back as cassettes.

    With ANTHROPIC_API_KEY set, requests go to the API and cost money. With --simulate they go to
    the stand-in, a server on this machine that checks each request against the SDK's own types;
    such recordings are labelled `simulated` wherever they show. Its answers are scripted in a
    `.replies.yaml` beside the cassette. A live recording is replaced by a simulated one only if
    you name its snippet.

    \b
        linernotes record --simulate --missing
        ANTHROPIC_API_KEY=… linernotes record docs/quickstart.md
    """
    from linernotes.recording import record as recording  # noqa: PLC0415
    from linernotes.snippets.collect import collect  # noqa: PLC0415

    with _errors_told(as_json=as_json):
        project = find_project(Path.cwd())
        if prune:
            _prune(project, as_json=as_json)
            return
        key = None if simulate else os.environ.get(recording.KEY) or None
        if key is None and not simulate:
            raise ConfigurationError(recording.no_key())
        pages = list(collect(project, _resolve(project, targets)))
        examples = recording.recordable(
            [example for page in pages for example in page.examples],
            missing=missing,
            overwrite_live=key is not None or bool(targets),
        )
        if key is not None and examples and not yes:
            question = f"Run {len(examples)} snippets against the API, at your cost?"
            click.confirm(question, abort=True, err=True)
        with _progress("Recording") as (started, finished):
            started(len(examples))
            recorded = recording.record(
                project, examples, key=key, lanes=jobs, finished=lambda _: finished()
            )
    findings = [finding for page in pages for finding in page.findings]
    findings += [finding for one in recorded for finding in one.findings]
    failed = has_errors(findings)
    written = [project.relative(one.path) for one in recorded if one.path and one.changed]
    tokens = [sum(one.tokens[n] for one in recorded) for n in (0, 1)]
    requests = sum(one.requests for one in recorded)
    if as_json:
        _print_json(
            {
                "recorded": written,
                "unchanged": sum(one.path is not None and not one.changed for one in recorded),
                "requests": requests,
                "input_tokens": tokens[0],
                "output_tokens": tokens[1],
                "provenance": "simulated" if simulate else "live",
                "findings": [finding.to_json() for finding in findings],
            }
        )
    else:
        _print_findings(findings)
        click.echo(
            f"{len(examples)} snippets recorded ({'simulated' if simulate else 'live'}): {requests}"
            f" requests, {tokens[0]:,} tokens in, {tokens[1]:,} out; {len(written)} cassettes written."
        )
    sys.exit(1 if failed else 0)


def _prune(project: Project, *, as_json: bool) -> None:
    """Remove the cassettes that no snippet owns."""
    from linernotes.checks.cassettes import orphans  # noqa: PLC0415
    from linernotes.snippets.collect import collect  # noqa: PLC0415

    gone = orphans(project, list(collect(project)))
    for path in gone:
        path.unlink()
    names = [project.relative(path) for path in gone]
    if as_json:
        _print_json({"removed": names})
        return
    for name in names:
        click.echo(f"removed {name}")
    click.echo(f"{len(names)} cassettes removed.")


@main.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8787,
    show_default=True,
    help="0 takes a free one.",
)
@click.option(
    "--replies",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A script of what to answer, in order; without it, or after it, answers are made up.",
)
def standin(*, port: int, replies: Path | None) -> None:
    """Serve the stand-in for the Claude API on this machine, until interrupted.

    Any SDK, cURL or browser can talk to it: point its base URL at what is printed. It checks each
    request as the API would and answers in the API's shapes. It is not Claude.

    \b
        linernotes standin --port 8787 &
        ANTHROPIC_BASE_URL=http://127.0.0.1:8787 ANTHROPIC_API_KEY=any python example.py
    """
    from linernotes.standin.app import create_app  # noqa: PLC0415
    from linernotes.standin.replies import load_replies  # noqa: PLC0415
    from linernotes.standin.server import serve_forever  # noqa: PLC0415

    script = None
    with _errors_told(as_json=False):
        if replies is not None:
            script, findings = load_replies(replies.read_text(encoding="utf-8"), str(replies))
            _print_findings(findings)
            if has_errors(findings):
                sys.exit(1)
        serve_forever(create_app(script), port)


def _resolve(project: Project, targets: Sequence[tuple[str, str | None]]) -> tuple[Target, ...]:
    """Return targets as paths from the project's root, wherever in it the command was called."""
    from linernotes.snippets.collect import Target  # noqa: PLC0415

    resolved = []
    for page, snippet in targets:
        here = (Path.cwd() / page).resolve()
        path = project.relative(here) if here.is_file() else page
        resolved.append(Target(path.removeprefix("./"), snippet))
    return tuple(resolved)


def _from_here(project: Project, file: Path) -> str:
    try:
        return file.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return project.relative(file)


@contextlib.contextmanager
def _errors_told(*, as_json: bool) -> Iterator[None]:
    """Turn what is wrong with the call, the configuration or the disk into exit code 2."""
    try:
        yield
    except ConfigurationError as exc:
        finding = exc.finding
    except KeyboardInterrupt:
        click.echo("Interrupted.", err=True)
        sys.exit(_INTERRUPTED)
    except PermissionError as exc:
        finding = Finding(
            "no-permission",
            "error",
            str(exc.filename or "."),
            None,
            f"no permission: {exc.strerror}",
            "run the command as a user who may read and write the project",
        )
    except OSError as exc:
        finding = Finding(
            "io-error", "error", str(exc.filename or "."), None, exc.strerror or str(exc)
        )
    else:
        return
    if as_json:
        _print_json({"error": finding.to_json()})
    else:
        click.echo(str(finding), err=True)
    sys.exit(2)


@contextlib.contextmanager
def _progress(label: str) -> Iterator[tuple[Callable[[int], None], Callable[[], None]]]:
    """Show a progress bar on stderr, if that is a terminal, from when the total is known."""
    with contextlib.ExitStack() as stack:
        bars: list[Any] = []

        def started(total: int) -> None:
            if total and sys.stderr.isatty():
                bar = click.progressbar(length=total, label=label, file=sys.stderr, show_pos=True)
                bars.append(stack.enter_context(bar))

        def finished() -> None:
            for bar in bars:
                bar.update(1)

        yield started, finished


def _print_json(content: dict[str, Any]) -> None:
    click.echo(json.dumps({"schema": SCHEMA, **content}, ensure_ascii=False, indent=2))


def _print_findings(findings: Iterable[Finding]) -> None:
    for finding in findings:
        place = finding.page if finding.line is None else f"{finding.page}:{finding.line}"
        colour = "red" if finding.severity == "error" else "yellow"
        head = f"{place}: {click.style(finding.severity, fg=colour, bold=True)}: "
        click.echo(f"{head}{finding.message} [{finding.code}]")
        if finding.hint:
            click.echo(f"    {click.style('hint', fg='cyan')}: {finding.hint}")


def _report_json(report: Report) -> dict[str, Any]:
    count = report.count
    return {
        "snippets": [verdict.to_json() for verdict in report.verdicts],
        "findings": [finding.to_json() for finding in report.findings],
        "summary": {
            "pages": report.pages,
            "total": len(report.verdicts),
            **{name: report.number(name) for name in ("passed", "failed", "unrecorded", "skipped")},
            "cached": sum(verdict.cached for verdict in report.verdicts),
            "rendered": count.rendered if count else None,
            "executed": count.executed if count else None,
            "unaccounted": count.unaccounted if count else None,
            "provenance": report.provenance(),
            "duration_s": round(report.duration, 3),
        },
    }


def _summary(report: Report) -> str:
    passed = report.number("passed")
    verdicts = [f"{passed} passed"]
    verdicts += [
        f"{number} {name}"
        for name in ("failed", "unrecorded", "skipped")
        if (number := report.number(name))
    ]
    cached = sum(verdict.cached for verdict in report.verdicts)
    recorded = ", ".join(f"{number} {source}" for source, number in report.provenance().items())
    lines = [
        f"{report.pages} pages, {len(report.verdicts)} snippets: {', '.join(verdicts)}"
        f" in {report.duration:.1f} s ({cached} unchanged).",
    ]
    if recorded:
        lines.append(f"Recordings: {recorded}.")
    if report.count is not None:
        count = report.count
        lines.append(
            f"Rendered {count.rendered}, executed {count.executed}, skipped {count.skipped},"
            f" unaccounted {count.unaccounted}."
        )
    return "\n".join(lines)
