"""The group of commands. Each is imported when it is called, so that none waits for another's."""

from __future__ import annotations

import difflib
import importlib
import sys

import click

from linernotes import __version__
from linernotes.cli.reporting import print_json
from linernotes.findings import error

COMMANDS = {
    "audit": "Check recorded traffic, anybody's, against the API of today.",
    "build": "Build the site, with MkDocs or Zensical.",
    "check": "Check pages, links, front matter and cassettes.",
    "completion": "Print what makes your shell complete commands and targets.",
    "drift": "Compare cassettes with an earlier revision, by the form of the answers.",
    "extract": "Write each snippet to a module that runs by itself.",
    "record": "Run snippets against the API or the stand-in, and keep what came back.",
    "schema": "Print the JSON Schema of front matter or of reply scripts.",
    "serve": "Show the site while you write, verified at each save.",
    "standin": "Serve the stand-in for the Claude API on this machine.",
    "status": "Show snippets, verdicts and provenance, by section.",
    "verify": "Run snippets against their cassettes and type-check them.",
}


_INTERRUPTED = 130  # 128 and the number of SIGINT, as shells have it


class _Lazy(click.Group):
    """Imports `linernotes.cli.NAME` for the command NAME."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command, and tell in its own way what goes wrong around it."""
        as_json = "--json" in ctx.args
        try:
            return super().invoke(ctx)
        except click.UsageError as exc:
            if not as_json:
                raise
            finding = error("bad-call", "linernotes", None, exc.format_message())
            print_json({"error": finding.to_json()})
            sys.exit(exc.exit_code)
        except BaseException as exc:
            if not _is_interrupt(exc):
                raise
            click.echo("Interrupted.", err=True)
            sys.exit(_INTERRUPTED)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the command that a mistyped one is near to, as click does for options."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as exc:
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            if not near:
                raise
            raise click.UsageError(f"{exc.message} Did you mean '{near[0]}'?", ctx) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return getattr(importlib.import_module(f"linernotes.cli.{cmd_name}"), cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _is_interrupt(exc: BaseException) -> bool:
    """Return whether Ctrl-C is behind `exc`: up to Python 3.11, imports may wrap it."""
    if isinstance(exc, KeyboardInterrupt):
        return True
    return isinstance(exc, RuntimeError) and isinstance(exc.__cause__, KeyboardInterrupt)


@click.group(
    cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96}
)
@click.version_option(__version__, prog_name="linernotes")
def main() -> None:
    """Run every Python example of a MkDocs project, offline, against recorded API traffic.

    Any directory with a mkdocs.yml is a project. Write an example in a page:

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
    """  # \b is click's mark for text that isn't to be wrapped
