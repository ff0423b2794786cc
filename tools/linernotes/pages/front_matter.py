"""Front matter: what a page says of itself, before its text."""

from __future__ import annotations

import difflib
import math
import re
import reprlib
from datetime import date
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from linernotes.findings import Finding, error, warning
from linernotes.pages.front_matter_yaml import META_LINE, META_MORE, YAML_BLOCK, is_mapping, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from linernotes.pages.front_matter_model import FrontMatter
    from linernotes.pages.front_matter_yaml import Entry

WORDS_A_MINUTE = 200
"""How fast people read text that explains code; code counts as words like any other."""

_TAB = re.compile(r'( *)===[!+]* +".*" *$')

# pydantic's names for what a writer calls a list, a piece of text, …, and an example of each.
_TYPES = {
    "tuple_type": ("a list", "write `{key}: [{value}]`"),
    "string_type": ("text", "put quotes around it"),
    "string_too_short": ("text that isn't empty", "fill it in or remove it"),
    "int_type": ("a whole number", "write it as 12"),
    "int_parsing": ("a whole number", "write it as 12"),
    "int_from_float": ("a whole number", "write it as 12"),
    "greater_than_equal": ("a number of at least 1", "write it as 12"),
    "bool_type": ("true or false", "write true or false, without quotes"),
    "bool_parsing": ("true or false", "write true or false, without quotes"),
    "date_type": ("a date", "write it as 2026-11-21"),
    "string_pattern_mismatch": ("in lower case with hyphens", "write it as team-lead"),
}


def split(text: str) -> tuple[str | None, str, int]:
    """Return the front matter block of a page, the body, and the body's first line (from 1).

    Does what MkDocs does (mkdocs/utils/meta.py and File.content_string, 1.6.1): a byte order mark
    is dropped, every kind of line end becomes a newline, blank lines before the body are dropped,
    and front matter is either YAML between `---` lines or `Key: text` lines up to a blank one. The
    block is returned with its `---` lines; it always begins in line 1.

    Where a YAML block isn't a mapping, MkDocs prints it. That is an error that `load` reports, so
    YAML is read here only when the block could hide a fence: then the body is the whole page.
    """
    text = text.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    match = YAML_BLOCK.match(text)
    if match is None:
        end = _end_of_meta_lines(text)
        block = text[:end] if META_LINE.match(text) else None
        return block, *_body(text, end)
    if ("```" in match["yaml"] or "~~~" in match["yaml"]) and not is_mapping(match["yaml"]):
        return match.group(), text, 1
    return match.group(), *_body(text, match.end())


def load(
    block: str | None, page: str, first_line: int = 1
) -> tuple[FrontMatter | None, tuple[Finding, ...]]:
    """Return a page's front matter, from the block that `split` gave, and what is wrong with it.

    A page without a block has front matter with every key absent; None stands for a block that
    can't be used. `first_line` is the line the block begins in. A key without a value counts as
    absent. Pydantic is imported here, not before.
    """
    from pydantic import ValidationError  # noqa: PLC0415  # 60 ms

    from linernotes.pages.front_matter_model import FrontMatter  # noqa: PLC0415  # needs pydantic

    if block is None:
        return FrontMatter(), ()
    entries, findings = read(block, page, first_line)
    if entries is None:
        return None, findings
    known = FrontMatter.model_fields
    unknown = tuple(
        _unknown(entry, page, known, block) for entry in entries.values() if entry.key not in known
    )
    findings = (*findings, *unknown)
    values = {
        entry.key: entry.value
        for entry in entries.values()
        if entry.key in known and entry.value not in (None, "")
    }
    try:
        front_matter = FrontMatter.model_validate(values)
    except ValidationError as exc:
        wrong = tuple(_wrong_value(problem, entries, page) for problem in exc.errors())
        return None, _by_line((*findings, *wrong))
    return front_matter, _by_line(findings)


def declared_files(block: str | None, page: str) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """Return the paths in `files`, each safe to join to the page's directory, and problems.

    The cheap way for `linernotes verify`: a block without the word isn't parsed, and pydantic
    isn't imported. Whether the files exist is for the caller to see.
    """
    if block is None or "files" not in block:
        return (), ()
    entries, findings = read(block, page)
    entry = None if entries is None else entries.get("files")
    if entry is None or entry.value is None:
        return (), findings
    if not isinstance(entry.value, list):
        return (), (*findings, _wrong_type(entry, (), entry.value, "tuple_type", page))
    paths, wrong = [], []
    for position, path in enumerate(entry.value):
        problem = file_path_problem(path) if isinstance(path, str) else None
        if not isinstance(path, str):
            wrong.append(_wrong_type(entry, (position,), path, "string_type", page))
        elif problem is not None:
            wrong.append(_bad_value(entry, (position,), page, problem))
        else:
            paths.append(path)
    return tuple(paths), (*findings, *wrong)


def file_path_problem(path: str) -> str | None:
    """Return what is wrong with a path in `files`, or None.

    A declared file keeps its path in the snippet's directory, so it has to lie beside or below the
    page; anything else could write outside of that directory.
    """
    parts = PurePosixPath(path).parts
    if not parts or "\0" in path:
        return "names no file"
    if path.startswith("/") or "\\" in path or ":" in parts[0]:
        return "isn't relative to the page, with forward slashes"
    if ".." in parts:
        return "leaves the page's directory: put the file beside the page or below it"
    return None


def line_of(block: str, key: str, item: int | None = None) -> int:
    """Return the page's line of `key` in a block, or of an item of its list; 1 if it isn't there."""
    entries, _ = read(block, "")
    if entries is None or key not in entries:
        return 1
    return entries[key].line_at(() if item is None else (item,))


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of front matter, for editors to complete and check by."""
    from linernotes.pages.front_matter_model import FrontMatter  # noqa: PLC0415  # 60 ms

    schema = FrontMatter.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def read_minutes(body: str) -> int:
    """Return the reading time of a page without `min_read_minutes`, in minutes, at least 1.

    Of tabs that stand beside each other one is read.
    """
    words = sum(len(line.split()) for line in _without_other_tabs(body.splitlines()))
    return max(1, math.ceil(words / WORDS_A_MINUTE))


def _without_other_tabs(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines that aren't in the second or a later tab of a group."""
    group, other = -1, False  # how far the group's tabs are indented; whether this is a later one
    for line in lines:
        tab = _TAB.match(line)
        if tab is not None:
            other = len(tab[1]) == group
            group = len(tab[1])
            continue
        if line.strip() and len(line) - len(line.lstrip()) <= group:
            group, other = -1, False
        if not other:
            yield line


def _end_of_meta_lines(text: str) -> int:
    """Return where the `Key: text` lines end: with a blank line, or before any other line."""
    start, in_value = 0, False
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        line = text[start:end]
        if not line.strip():
            return end
        if META_LINE.match(line):
            in_value = True
        elif not (in_value and META_MORE.match(line)):
            return start
        start = end + 1
    return len(text)


def _body(text: str, end: int) -> tuple[str, int]:
    body = text[end:].lstrip("\n")
    return body, 1 + text.count("\n", 0, len(text) - len(body))


def _unknown(entry: Entry, page: str, vocabulary: Mapping[str, FieldInfo], block: str) -> Finding:
    near = next(iter(difflib.get_close_matches(entry.key, vocabulary, n=1)), None)
    message = f"front matter has no key {_shown(entry.key)}"
    # Only the described keys are ours: missing one of those by a letter or two switches something
    # off. Anything else may belong to a plugin of somebody's project.
    if near is not None and vocabulary[near].description and _is_typo(entry.key, near):
        return error(
            "unknown-front-matter-key", page, entry.line, message, f"did you mean `{near}`?"
        )
    advice = (
        "remove it, unless a plugin of this project reads it"
        if block.startswith("---")
        else "begin the page with a heading or a blank line if this is its text: MkDocs takes"
        " such lines for front matter and doesn't print them"
    )
    return warning(
        "unknown-front-matter-key",
        page,
        entry.line,
        message,
        advice if near is None else f"did you mean `{near}`? Otherwise, {advice}",
    )


def _is_typo(key: str, wanted: str) -> bool:
    """Tell `titel` and `file` from names of their own such as `og_description`."""
    likeness = difflib.SequenceMatcher(None, key.lower(), wanted).ratio()
    return likeness >= 0.8 and abs(len(key) - len(wanted)) <= 2  # noqa: PLR2004  # tried on both


def _wrong_value(problem: ErrorDetails, entries: dict[str, Entry], page: str) -> Finding:
    entry, path = entries[str(problem["loc"][0])], problem["loc"][1:]
    kind, value = problem["type"], problem["input"]
    if entry.key == "last_reviewed":
        kind = "date_type"
    if kind == "literal_error":
        expected = problem.get("ctx", {})["expected"].replace("'", "").replace(" or ", ", ")
        near = difflib.get_close_matches(str(value), expected.split(", "), n=1)
        return error(
            "bad-front-matter-value",
            page,
            entry.line_at(path),
            f"`{entry.key}` has {_shown(value)}, which isn't one of {expected}",
            f"did you mean {near[0]}?" if near else None,
        )
    if kind in _TYPES:
        return _wrong_type(entry, path, value, kind, page)
    cause = problem.get("ctx", {}).get("error", problem["msg"])
    return _bad_value(entry, path, page, str(cause))


def _wrong_type(
    entry: Entry, path: tuple[str | int, ...], value: object, kind: str, page: str
) -> Finding:
    wanted, hint = _TYPES[kind]
    example = "…" if isinstance(value, dict) else _shown(value).strip("'")
    subject = f"an item of `{entry.key}`" if path else f"`{entry.key}`"
    return error(
        "bad-front-matter-value",
        page,
        entry.line_at(path),
        f"{subject} is {_shown(value)}, which isn't {wanted}",
        hint.format(key=entry.key, value=example),
    )


def _bad_value(entry: Entry, path: tuple[str | int, ...], page: str, problem: str) -> Finding:
    part = entry.value[path[0]] if path and isinstance(path[0], int) else entry.value
    return error(
        "bad-front-matter-value",
        page,
        entry.line_at(path),
        f"`{entry.key}` has {_shown(part)}, which {problem}",
    )


def _by_line(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: finding.line or 0))


def _shown(value: object) -> str:
    """Return a value as a message names it: short, whatever its length."""
    return str(value) if isinstance(value, date) else reprlib.repr(value)
