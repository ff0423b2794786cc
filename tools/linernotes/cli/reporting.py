"""What every command says in the same way: errors, findings, progress, JSON."""

from __future__ import annotations

import contextlib
import errno
import json
import sys
from typing import TYPE_CHECKING, Any

import click

from linernotes.findings import Finding, error
from linernotes.project import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

SCHEMA = 1
"""The version of every `--json` output. It changes when a key goes or changes its meaning."""

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object on stdout, and nothing else."
)


@contextlib.contextmanager
def errors_told(*, as_json: bool) -> Generator[None]:
    """Turn what is wrong with the call, the configuration or the disk into exit code 2."""
    try:
        yield
    except ConfigurationError as exc:
        finding = exc.finding
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
        print_json({"error": finding.to_json()})
    else:
        click.echo(str(finding), err=True)
    sys.exit(2)


@contextlib.contextmanager
def port_told(port: int) -> Generator[None]:
    """Say which port can't be had, which the system's own error doesn't name."""
    try:
        yield
    except OSError as exc:
        if exc.errno != errno.EADDRINUSE:
            raise
        said = f"port {port} is taken: another program on this machine listens there"
        hint = "stop that program, or name another port with --port"
        raise ConfigurationError(error("port-taken", "--port", None, said, hint)) from exc


@contextlib.contextmanager
def progress(label: str) -> Generator[tuple[Callable[[int], None], Callable[..., None]]]:
    """Show a progress bar on stderr, if that is a terminal, from when the total is known.

    The second function counts one more, and shows the text that it is given beside the bar.
    """
    with contextlib.ExitStack() as stack:
        bars: list[Any] = []

        def started(total: int) -> None:
            if total and sys.stderr.isatty():
                bar = click.progressbar(
                    length=total,
                    label=label,
                    file=sys.stderr,
                    show_pos=True,
                    item_show_func=lambda text: text,
                )
                bars.append(stack.enter_context(bar))

        def finished(text: str = "") -> None:
            for bar in bars:
                bar.update(1, text)

        yield started, finished


def counted(number: int, noun: str, many: str | None = None) -> str:
    """Return "1 page", "2 pages": `many` is the plural where it isn't the noun with an s."""
    return f"{number} {noun if number == 1 else many or f'{noun}s'}"


def print_json(content: dict[str, Any]) -> None:
    """Print `content` with the schema's version as the one JSON object of a command."""
    click.echo(json.dumps({"schema": SCHEMA, **content}, ensure_ascii=False, indent=2))


def print_findings(findings: Iterable[Finding]) -> None:
    """Print findings for people; what is wrong comes before what to do."""
    for finding in findings:
        place = finding.page if finding.line is None else f"{finding.page}:{finding.line}"
        colour = "red" if finding.severity == "error" else "yellow"
        head = f"{place}: {click.style(finding.severity, fg=colour, bold=True)}: "
        click.echo(f"{head}{finding.message} [{finding.code}]")
        if finding.hint:
            click.echo(f"    {click.style('hint', fg='cyan')}: {finding.hint}")
