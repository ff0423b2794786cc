"""`python -m linernotes.cli`: the command, where no script is on the path."""

from linernotes.cli.group import main

main(prog_name="linernotes")
