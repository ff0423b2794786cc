"""`snippets.json`: every verified snippet of a site, for programs that want code that has run."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linernotes.project import page_stem
from linernotes.rendering.marks import MODULES
from linernotes.rendering.proofs import chain_digest, read_proofs
from linernotes.snippets.names import module_path
from linernotes.snippets.snippet import chain_of, snippets_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from linernotes.publishing.published import PublishedPage, PublishedSite
    from linernotes.rendering.proofs import Proof, Proofs
    from linernotes.snippets.snippet import Chain

SCHEMA = 1
"""The version of the file's form. It changes when a key goes or changes its meaning."""


@dataclass(frozen=True, slots=True)
class VerifiedSnippet:
    """A snippet that ran and passed as it stands on its page. `module` is its file, if there."""

    page: PublishedPage
    chain: Chain
    proof: Proof
    module: Path | None
    module_name: str


def verified_snippets(
    site: PublishedSite, proofs: Proofs | None = None
) -> tuple[VerifiedSnippet, ...]:
    """Return the snippets of the site's pages that passed, as the last verification left them.

    A snippet that has changed since isn't among them, nor is a hidden one: it is part of those
    that go on from it.
    """
    known = read_proofs(site.project) if proofs is None else proofs
    return tuple(one for page in site.pages for one in _of_page(site, page, known))


def output_sources(
    page: PublishedPage, snippets: Mapping[str, list[VerifiedSnippet]]
) -> dict[int, str]:
    """Return where the outputs on a page come from, by the lines of their fences: `simulated`."""
    return {
        one.chain[-1].output.line: one.proof.provenance
        for one in snippets.get(page.path, ())
        if one.chain[-1].output is not None and one.proof.provenance
    }


def snippets_json(site: PublishedSite, snippets: tuple[VerifiedSnippet, ...]) -> str:
    """Return the text of `snippets.json`."""
    content = {
        "schema": SCHEMA,
        "site": site.name,
        "note": "Every snippet passed when it was last verified. `code` is all that ran: it begins"
        " with the earlier snippets of the page that the snippet goes on from, and with set-up that"
        " the page doesn't show (`hidden_setup`). `module` is the same as a file to run. A"
        " `simulated` recording was made against a stand-in: it shows that the code runs and what"
        " it sends, not what Claude says.",
        "snippets": [_entry(site, one) for one in snippets],
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _of_page(site: PublishedSite, page: PublishedPage, proofs: Proofs) -> Iterator[VerifiedSnippet]:
    if page.page.path not in proofs.pages:
        return
    snippets, _ = snippets_of(page.page)
    by_id = {snippet.id: snippet for snippet in snippets}
    project = site.project
    stem = page_stem(page.page.path, project.relative(project.docs))
    for snippet in snippets:
        if snippet.hidden:
            continue
        chain = chain_of(snippet, by_id)
        proof = proofs.find(page.page.path, chain_digest(chain))
        if proof is None or proof.verdict != "passed":
            continue
        name = module_path(stem, snippet.id).as_posix()
        file = project.snippets / name
        yield VerifiedSnippet(page, chain, proof, file if file.is_file() else None, name)


def _entry(site: PublishedSite, one: VerifiedSnippet) -> dict[str, Any]:
    snippet, proof = one.chain[-1], one.proof
    code = "\n\n".join(part.source for part in one.chain) + "\n"
    # An id that comes from a title is no anchor in the page.
    marked = any(fence.header.id == snippet.id for fence in one.page.page.fences)
    anchor = f"#{snippet.id}" if marked else ""
    return {
        "address": snippet.address,
        "title": snippet.title,
        "page": site.links.page(one.page.path) + anchor,
        "page_title": one.page.summary.title,
        "markdown": site.links.twin(one.page.path),
        "code": code,
        "hidden_setup": any(part.hidden for part in one.chain[:-1]),
        "continues": [part.address for part in one.chain[:-1]],
        "imports": _imports(code),
        "output": None if snippet.output is None else snippet.output.text,
        "verdict": proof.verdict,
        "raises": snippet.raises,
        "provenance": proof.provenance,
        "verified": proof.verified,
        "recorded": proof.recorded,
        "sdk_version": proof.sdk,
        "api_version": proof.api_version,
        "module": None if one.module is None else site.links.file(f"{MODULES}/{one.module_name}"),
    }


def _imports(code: str) -> list[str]:
    """Return the modules that code imports, sorted; relative ones with their dots."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return []
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return sorted(found)
