"""`linernotes standin`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from linernotes.cli.reporting import errors_told, port_told, print_findings
from linernotes.findings import has_errors
from linernotes.standin.app import create_app
from linernotes.standin.replies import load_replies
from linernotes.standin.server import serve_forever


@click.command()
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

    The first line it prints is its URL. It checks each request as the API would and answers in the
    API's shapes. It is not Claude: without --replies, answers say that they are simulated. Any key
    will do.

    Point an SDK at it without a change to your code; Python and TypeScript read the same variables:

    \b
        linernotes standin &
        export ANTHROPIC_BASE_URL=http://127.0.0.1:8787 ANTHROPIC_API_KEY=any
        python example.py
        node example.mjs

    In cURL, put its URL in place of https://api.anthropic.com:

    \b
        curl http://127.0.0.1:8787/v1/messages -H "x-api-key: any" \\
          -H "anthropic-version: 2026-10-21" -H "content-type: application/json" \\
          -d '{"model": "claude-sonnet-5-5", "max_tokens": 99,
               "messages": [{"role": "user", "content": "Hello"}]}'
    """
    script = None
    with errors_told(as_json=False), port_told(port):
        if replies is not None:
            script, findings = load_replies(replies.read_text(encoding="utf-8"), str(replies))
            print_findings(findings)
            if has_errors(findings):
                sys.exit(1)
        serve_forever(create_app(script), port)
