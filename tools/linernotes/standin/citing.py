"""Answers that cite: a passage of the request's own documents, and where it stands.

Docs: build-with-claude/citations, build-with-claude/search-results, August 2026. Indexes count from
0, pages from 1; each end is the place after the last.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linernotes.standin.media import pdf_texts
from linernotes.standin.tokens import decoded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SENTENCE = re.compile(r"\S[^.!?\n]*[.!?]?")


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of text that can be cited, and the citation of it."""

    text: str
    citation: Mapping[str, Any]


def best_passage(body: Mapping[str, Any], asked: str) -> Passage | None:
    """Return the passage that shares most words with what was asked, the first of equals."""
    wanted = _words(asked)
    passages = list(_passages(body))
    return max(passages, key=lambda one: len(_words(one.text) & wanted), default=None)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w{3,}", text.lower()))


def _passages(body: Mapping[str, Any]) -> Iterator[Passage]:
    documents = results = 0
    for block in _sources(body):
        enabled = (block.get("citations") or {}).get("enabled")
        if block["type"] == "document":
            if enabled:
                yield from _of_document(block, documents)
            documents += 1
        else:
            if enabled:
                yield from _of_search_result(block, results)
            results += 1


def _sources(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield documents and search results as they are counted: also those that tools returned."""
    for message in body["messages"]:
        blocks = message["content"]
        if isinstance(blocks, str) or message["role"] != "user":
            continue
        for block in blocks:
            nested = block.get("content") if block["type"] == "tool_result" else None
            for one in nested if isinstance(nested, list) else (block,):
                if one["type"] in ("document", "search_result"):
                    yield one


def _of_document(block: Mapping[str, Any], index: int) -> Iterator[Passage]:
    """Yield what can be cited; nothing of a document whose text isn't in the request."""
    source = block["source"]
    document = {
        "document_index": index,
        "document_title": block.get("title"),
        "file_id": None,
    }
    match source["type"]:
        case "text":
            for start, end, text in _sentences(source["data"]):
                place = {"start_char_index": start, "end_char_index": end}
                yield _passage("char_location", text, document, place)
        case "base64":
            for page, text in enumerate(pdf_texts(decoded(source["data"])), 1):
                place = {"start_page_number": page, "end_page_number": page + 1}
                yield _passage("page_location", text, document, place)
        case "content":
            for number, text in _texts(source["content"]):
                place = {"start_block_index": number, "end_block_index": number + 1}
                yield _passage("content_block_location", text, document, place)


def _of_search_result(block: Mapping[str, Any], index: int) -> Iterator[Passage]:
    for number, text in _texts(block["content"]):
        whole = {"search_result_index": index, "source": block["source"], "title": block["title"]}
        place = {"start_block_index": number, "end_block_index": number + 1}
        yield _passage("search_result_location", text, whole, place)


def _passage(type_: str, text: str, whole: Mapping[str, Any], place: Mapping[str, int]) -> Passage:
    return Passage(text, {"type": type_, "cited_text": text, **whole, **place})


def _sentences(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _SENTENCE.finditer(text):
        yield match.start(), match.end(), match[0]


def _texts(content: str | list[Mapping[str, Any]]) -> Iterator[tuple[int, str]]:
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    for number, block in enumerate(blocks):
        if block["type"] == "text":
            yield number, block["text"]
