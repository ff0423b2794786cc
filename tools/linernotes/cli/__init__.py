"""The command line: thin, a module a command; all the work is done elsewhere."""

from linernotes.cli.group import main

__all__ = ["main"]
