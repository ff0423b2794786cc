"""Reading the YAML of a reply script: plain values, and the line of each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

LONGEST = 1_000_000
"""Characters of a script. Longer ones are a mistake: a script is read by people."""

DEEPEST = 40
"""Levels of nesting."""


class ScriptError(Exception):
    """What is wrong with a script's YAML, and the 1-based line of it."""

    def __init__(self, line: int | None, message: str, hint: str | None = None) -> None:
        self.line = line
        self.message = message
        self.hint = hint
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the values of a document stand: 1-based lines by their paths."""

    lines: dict[tuple[int | str, ...], int]

    def line_of(self, *path: int | str) -> int:
        """Return the line of a value, or of the nearest thing around it that is there."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


class _PlainLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """YAML with JSON's kinds of values.

    YAML 1.1 reads `no` as false and `2026-01-01` as a date; in a script both are texts.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  # PyYAML's


for _tag, _pattern, _first in (
    ("null", r"~|null|", ["~", "n", ""]),
    ("bool", r"true|false", ["t", "f"]),
    ("int", r"-?(?:0|[1-9][0-9]*)", list("-0123456789")),
    ("float", r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", list("-0123456789")),
):
    _PlainLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), _first
    )


def read_yaml(text: str) -> tuple[Any, Place]:
    """Return the document's value and its places. Raises ScriptError.

    Aliases are refused: a script has no use for them, and nested ones grow without bound.
    """
    if len(text) > LONGEST:
        raise ScriptError(None, f"The script is longer than {LONGEST:,} characters.", "Split it.")
    try:
        _refuse_aliases_and_depth(text)
        loader = _PlainLoader(text)
        node = loader.get_single_node()
        lines: dict[tuple[int | str, ...], int] = {}
        _note_lines(node, (), lines)
        value = loader.construct_document(node) if node is not None else None
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        said = problem.problem or problem.context or "it can't be read"
        line = mark.line + 1 if mark else None
        raise ScriptError(line, f"The script is not valid YAML: {said}.") from None
    except (yaml.YAMLError, ValueError) as problem:
        said = str(problem).partition("\n")[0].rstrip(".")
        raise ScriptError(None, f"The script is not valid YAML: {said}.") from None
    return value, Place(lines)


def _refuse_aliases_and_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_PlainLoader):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise ScriptError(line, "A script has no aliases.", "Write the value out.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise ScriptError(line, f"The script is nested deeper than {DEEPEST} levels.")


def _note_lines(
    node: Any, path: tuple[int | str, ...], lines: dict[tuple[int | str, ...], int]
) -> None:
    lines.setdefault(path, node.start_mark.line + 1 if node is not None else 1)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _note_lines(item, (*path, index), lines)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, item in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
                raise ScriptError(line, "A key must be a text.", "Put it in quotes.")
            if key.value in seen:
                raise ScriptError(line, f"The key `{key.value}` is there twice.", "Keep one.")
            seen.add(key.value)
            lines[(*path, key.value)] = line
            _note_lines(item, (*path, key.value), lines)
    elif isinstance(node, yaml.ScalarNode) and not _is_whole(node.value):
        raise ScriptError(
            node.start_mark.line + 1,
            "The text has half a surrogate pair, which UTF-8 can't say.",
            "Write the character itself, or `\\U0001F600` for `\\ud83d\\ude00`.",
        )


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
