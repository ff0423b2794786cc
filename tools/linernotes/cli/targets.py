"""Targets: what a command is pointed at, and how the shell completes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from linernotes.project import ConfigurationError, Project, find_project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from click.shell_completion import CompletionItem

    from linernotes.snippets.collect import Target


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
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem  # noqa: PLC0415

        from linernotes.project import page_paths  # noqa: PLC0415
        from linernotes.snippets.collect import project_dialect, read_examples  # noqa: PLC0415

        try:
            project = find_project(Path.cwd())
        except ConfigurationError:
            return []
        page, hash_mark, start = incomplete.partition("#")
        if not hash_mark:
            pages = (from_here(project, file) for file in page_paths(project))
            return [CompletionItem(one) for one in pages if one.startswith(incomplete)]
        file = Path.cwd() / page
        if not file.is_file():
            return []
        path, docs = project.relative(file.resolve()), project.relative(project.docs)
        found = read_examples(project, file, path, docs, project_dialect(project)[0]).examples
        ids = [example.snippet.id for example in found if example.snippet.id.startswith(start)]
        return [CompletionItem(f"{page}#{one}") for one in ids]


targets_argument = click.argument("targets", nargs=-1, type=_Target(), metavar="[PAGE|PAGE#ID]...")


def resolve(project: Project, targets: Sequence[tuple[str, str | None]]) -> tuple[Target, ...]:
    """Return targets as paths from the project's root, wherever in it the command was called."""
    from linernotes.snippets.collect import Target  # noqa: PLC0415  # not for completion of options

    resolved = []
    for page, snippet in targets:
        here = (Path.cwd() / page).resolve()
        path = project.relative(here) if here.is_file() else page.removeprefix("./")
        resolved.append(Target(path, snippet))
    return tuple(resolved)


def from_here(project: Project, file: Path) -> str:
    """Return how to name a file in the directory that the command was called in."""
    try:
        return file.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return project.relative(file)
