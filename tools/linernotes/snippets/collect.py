"""Collecting: from a project and targets to the examples that are meant."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from linernotes.findings import Finding, error
from linernotes.pages.dialect import Dialect, dialect
from linernotes.pages.extensions import OURS, load_extensions
from linernotes.pages.front_matter import declared_files, line_of
from linernotes.pages.page import read_page
from linernotes.project import ConfigurationError, Project, page_paths, page_stem
from linernotes.snippets.modules import compose
from linernotes.snippets.names import cassette_path, identifier, module_path
from linernotes.snippets.snippet import Chain, Snippet, chain_of, snippets_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path, PurePosixPath

    from linernotes.snippets.modules import Module


@dataclass(frozen=True, slots=True)
class Example:
    """A snippet with all that belongs to it. Paths are absolute but for `module`."""

    chain: Chain
    module: PurePosixPath
    cassette: Path
    files: tuple[tuple[Path, str], ...]

    @property
    def snippet(self) -> Snippet:
        """The snippet itself: the last of its chain."""
        return self.chain[-1]

    @property
    def replies(self) -> Path:
        """Where the script of what a stand-in answers is."""
        return self.cassette.with_suffix(".replies.yaml")


@dataclass(frozen=True, slots=True)
class PageExamples:
    """The examples of one page that were asked for, and what is wrong in the page.

    `digest` is of its Markdown; `python` are the sources of all its Python fences in order, or
    None when only some of its snippets were asked for.
    """

    page: str
    file: Path
    digest: str
    python: tuple[str, ...] | None
    examples: tuple[Example, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """What a command was pointed at: a page, and a snippet of it or all."""

    page: str
    id: str | None = None


def collect(project: Project, targets: Sequence[Target] = ()) -> Iterator[PageExamples]:
    """Yield each page that `targets` name, or every page, with its examples.

    One page is in memory at a time. Raises ConfigurationError for a target that doesn't exist.
    """
    wanted: dict[str, set[str | None]] = {}
    for target in targets:
        wanted.setdefault(target.page, set()).add(target.id)
    docs = project.relative(project.docs)
    markdown, problems = project_dialect(project)
    if problems:
        raise ConfigurationError(problems[0])
    files = {project.relative(file): file for file in page_paths(project)}
    missing = next((page for page in wanted if page not in files), None)
    if missing is not None:
        raise ConfigurationError(_no_such_page(missing, files, docs))
    namesakes = _namesakes(files, docs)
    for path, file in files.items():
        if wanted and path not in wanted:
            continue
        page = read_examples(project, file, path, docs, markdown)
        for earlier in namesakes.get(path, ()):
            other = read_examples(project, files[earlier], earlier, docs, markdown)
            page = _without_clashes(page, other)
        ids = wanted.get(path, {None})
        yield page if None in ids else _only(page, ids)


def project_dialect(project: Project) -> tuple[Dialect, tuple[Finding, ...]]:
    """Return the Markdown that a project is written in, and what is wrong with its configuration.

    Our own extension is left out: it takes directives and hidden fences away, which is what is
    looked for here.
    """
    names, configs, findings = load_extensions(project.configuration)
    return dialect([name for name in names if name not in OURS], configs), findings


def read_examples(
    project: Project, file: Path, path: str, docs: str, markdown: Dialect
) -> PageExamples:
    """Return the examples of the page in `file`; `path` and `docs` are relative to the root."""
    page = read_page(file, path, markdown)
    snippets, findings = snippets_of(page)
    declared, file_findings = declared_files(page.front_matter, path)
    files = tuple((file.parent / name, name) for name in declared)
    missing = tuple(
        error(
            "no-such-file",
            path,
            line_of(page.front_matter or "", "files", number),
            f"`files` in the front matter names {name}, which doesn't exist",
            "paths are relative to the page",
        )
        for number, (source, name) in enumerate(files)
        if not source.is_file()
    )
    by_id = {snippet.id: snippet for snippet in snippets}
    stem = page_stem(path, docs)
    examples: list[Example] = []
    modules: dict[PurePosixPath, Snippet] = {}
    clashes: list[Finding] = []
    for snippet in snippets:
        module = module_path(stem, snippet.id)
        if module in modules:
            first = modules[module]
            clashes.append(_clash(snippet, f"`{first.id}` in line {first.line}", module))
            continue
        modules[module] = snippet
        cassette = project.cassettes / cassette_path(stem, snippet.id)
        examples.append(Example(chain_of(snippet, by_id), module, cassette, files))
    return PageExamples(
        path,
        file,
        hashlib.sha256(page.body.encode("utf-8", "surrogatepass")).hexdigest(),
        tuple(snippet.source for snippet in snippets),
        tuple(examples),
        (*page.findings, *findings, *file_findings, *missing, *clashes),
    )


def module_of(project: Project, example: Example) -> Module | Finding:
    """Return the module of `example`, or why there can't be one."""
    run = f"{project.relative(project.snippets)}/{example.module.as_posix()}"
    return compose(example.chain, example.module, run)


def _only(page: PageExamples, ids: set[str | None]) -> PageExamples:
    examples = tuple(one for one in page.examples if one.snippet.id in ids)
    found = {one.snippet.id for one in examples}
    missing = next((name for name in sorted(map(str, ids)) if name not in found), None)
    if missing is not None:
        known = [one.snippet.id for one in page.examples]
        near = difflib.get_close_matches(missing, known, n=1)
        raise ConfigurationError(
            error(
                "no-such-snippet",
                page.page,
                None,
                f"the page has no snippet `{missing}`",
                f"did you mean {page.page}#{near[0]}?"
                if near
                else f"its snippets are {', '.join(known) or 'none'}",
            )
        )
    return replace(page, python=None, examples=examples)


def _no_such_page(missing: str, pages: Iterable[str], docs: str) -> Finding:
    near = difflib.get_close_matches(missing, pages, n=1)
    return error(
        "no-such-page",
        missing,
        None,
        "there is no such page in this project",
        f"did you mean {near[0]}?" if near else f"pages are below {docs}/",
    )


def _namesakes(pages: Iterable[str], docs: str) -> dict[str, tuple[str, ...]]:
    """Return for each page the earlier ones whose modules go to the same directory.

    `c++.md` and `c--.md` do: both are `c__`.
    """
    seen: dict[tuple[str, ...], tuple[str, ...]] = {}
    found = {}
    for page in pages:
        place = tuple(map(identifier, page_stem(page, docs).parts))
        earlier = seen.get(place, ())
        if earlier:
            found[page] = earlier
        seen[place] = (*earlier, page)
    return found


def _without_clashes(page: PageExamples, other: PageExamples) -> PageExamples:
    """Return `page` without the examples that have the module of one in `other`."""
    taken = {one.module: one.snippet.address for one in other.examples}
    clashes = tuple(
        _clash(one.snippet, f"`{taken[one.module]}`", one.module)
        for one in page.examples
        if one.module in taken
    )
    examples = tuple(one for one in page.examples if one.module not in taken)
    return replace(page, examples=examples, findings=(*page.findings, *clashes))


def _clash(snippet: Snippet, first: str, module: PurePosixPath) -> Finding:
    return error(
        "duplicate-id",
        snippet.page,
        snippet.line,
        f"the id `{snippet.id}` makes the same module as {first}: {module.as_posix()}",
        "give one of them another id",
    )
