"""`linernotes completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes SHELL complete commands, options, pages and snippet ids.

    \b
        eval "$(linernotes completion bash)"         # in ~/.bashrc
        eval "$(linernotes completion zsh)"          # in ~/.zshrc
        linernotes completion fish | source          # in ~/.config/fish/config.fish
    """  # \b is click's mark for text that isn't to be wrapped
    from linernotes.cli.group import main  # noqa: PLC0415  # it imports us

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(main, {}, "linernotes", "_LINERNOTES_COMPLETE").source())
