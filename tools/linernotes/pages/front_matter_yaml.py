"""The keys of a front matter block with their lines, read so that no block can do harm."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linernotes.findings import Finding, error

if TYPE_CHECKING:
    from collections.abc import Sequence

# The same three patterns as mkdocs/utils/meta.py (MkDocs 1.6.1): what it takes for front matter.
YAML_BLOCK = re.compile(r"-{3}[ \t]*\n(?P<yaml>.*?\n)(?:\.{3}|-{3})[ \t]*\n", re.DOTALL)
META_LINE = re.compile(r"[ ]{0,3}(?P<key>[A-Za-z0-9_-]+):\s*(?P<value>.*)")
META_MORE = re.compile(r"(?:[ ]{4}|\t)\s*(?P<value>.*)")

# Far above what a page needs. An alias can double what earlier ones stand for, so sixteen of them
# stand for at most some hundred values; libyaml's composer recurses once for each level.
MAX_CHARACTERS = 100_000
MAX_ALIASES = 16
MAX_DEPTH = 16


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a front matter with its value as YAML reads it.

    Lines are those of the page: of the key, and of each item when the value is a list.
    """

    key: str
    value: Any
    line: int
    item_lines: tuple[int, ...] = ()

    def line_at(self, path: Sequence[str | int]) -> int:
        """Return the line of the part that `path` leads to: `(2,)` is the third item of a list."""
        if path and isinstance(path[0], int) and path[0] < len(self.item_lines):
            return self.item_lines[path[0]]
        return self.line


Entries = dict[str, Entry]


def read(block: str, page: str, first_line: int = 1) -> tuple[Entries | None, tuple[Finding, ...]]:
    """Return the keys of `block`, a whole front matter with its `---` lines, by name.

    None stands for a block that MkDocs would print as text instead of reading it, or that is
    refused for its size. `first_line` is the line of the page that the block begins in.
    """
    if len(block) > MAX_CHARACTERS:
        return None, (
            error(
                "front-matter-too-large",
                page,
                first_line,
                f"the front matter has {len(block):,} characters",
                f"{MAX_CHARACTERS:,} are read at most: move content into the page",
            ),
        )
    match = YAML_BLOCK.match(block)
    if match is None:
        return _read_meta_lines(block, first_line), ()
    return _read_yaml(match["yaml"], page, first_line + 1)


def is_mapping(yaml_text: str) -> bool:
    """Return whether MkDocs takes this YAML for front matter, rather than for text of the page."""
    entries, findings = _read_yaml(yaml_text, "", 1)
    return entries is not None or any(
        finding.code == "front-matter-aliases" for finding in findings
    )


def _read_meta_lines(block: str, first_line: int) -> Entries:
    """Read the older MultiMarkdown style, `Key: text` lines without `---`, as MkDocs does."""
    found: dict[str, tuple[str, int]] = {}
    key = ""
    for number, line in enumerate(block.split("\n"), first_line):
        if match := META_LINE.match(line):
            key, value = match["key"].lower(), match["value"].strip()
        elif match := META_MORE.match(line):
            value = match["value"].strip()
        else:
            continue
        if key in found:
            earlier, start = found[key]
            found[key] = f"{earlier} {value}", start
        else:
            found[key] = value, number
    return {key: Entry(key, value, line) for key, (value, line) in found.items()}


def _read_yaml(text: str, page: str, first_line: int) -> tuple[Entries | None, tuple[Finding, ...]]:
    import yaml  # noqa: PLC0415  # 20 ms that most pages of a run needn't pay

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        """The loader that MkDocs uses, so that both read the same."""

    place = _Place(text, page, first_line)
    try:
        refusal = _refusal(yaml.parse(text, Loader), place)
        if refusal is not None:
            return None, (refusal,)
        loader = Loader(text)
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode):
            return None, (_not_a_mapping(root, page, first_line),)
        duplicates = _duplicates(root, place)
        loader.flatten_mapping(root)
    except (yaml.YAMLError, ValueError) as exc:
        return None, (_not_yaml(exc, place),)

    entries: Entries = {}
    for key, value in root.value:
        if not isinstance(key, yaml.ScalarNode):
            return None, (
                error(
                    "bad-front-matter",
                    page,
                    place.line(key.start_mark),
                    "a key of the front matter is a list or a mapping",
                    "quote a value that begins with [ or {",
                ),
            )
        try:
            content = loader.construct_document(value)
        except (yaml.YAMLError, ValueError, TypeError) as exc:
            # One bad value, such as the date 2025-02-30, loses the whole block in MkDocs too.
            return None, (_unreadable(key.value, exc, place, value.start_mark),)
        items = value.value if isinstance(value, yaml.SequenceNode) else ()
        entries[key.value] = Entry(
            key.value,
            content,
            place.line(key.start_mark),
            tuple(place.line(item.start_mark) for item in items),
        )
    return entries, duplicates


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a piece of YAML stands in a page."""

    yaml: str
    page: str
    first_line: int

    def line(self, mark: Any) -> int:
        """Return the page's line at a mark, whose own `line` also counts U+2028 and U+0085."""
        return self.first_line + self.yaml.count("\n", 0, mark.index)


def _refusal(events: Any, place: _Place) -> Finding | None:
    """Return a finding for YAML that expands or nests beyond reason, without expanding it."""
    import yaml  # noqa: PLC0415  # loaded by the caller

    aliases = 0
    open_anchors: list[str | None] = []
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            open_anchors.append(event.anchor)
        elif isinstance(event, yaml.CollectionEndEvent):
            open_anchors.pop()
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
            if aliases > MAX_ALIASES or event.anchor in open_anchors:
                return error(
                    "front-matter-aliases",
                    place.page,
                    place.line(event.start_mark),
                    f"the alias *{event.anchor} stands inside what it stands for"
                    if event.anchor in open_anchors
                    else f"the front matter has more than {MAX_ALIASES} aliases",
                    "write the values out instead of using & and *",
                )
        if len(open_anchors) > MAX_DEPTH:
            return error(
                "bad-front-matter",
                place.page,
                place.line(event.start_mark),
                f"the front matter nests deeper than {MAX_DEPTH} levels",
                "quote a value that begins with [ or {",
            )
    return None


def _duplicates(root: Any, place: _Place) -> tuple[Finding, ...]:
    findings = []
    seen: dict[str, int] = {}
    for key, _ in root.value:
        if not isinstance(key.value, str):
            continue
        line = place.line(key.start_mark)
        if key.value in seen and key.value != "<<":
            findings.append(
                error(
                    "duplicate-front-matter-key",
                    place.page,
                    line,
                    f"`{key.value}` is already given in line {seen[key.value]}",
                    "keep one of the two: the later one would win without a word",
                )
            )
        seen.setdefault(key.value, line)
    return tuple(findings)


def _not_a_mapping(root: Any, page: str, first_line: int) -> Finding:
    what = "empty" if root is None else "not a mapping of keys to values"
    return error(
        "bad-front-matter",
        page,
        first_line,
        f"the front matter is {what}, so it would be printed as text",
        "write lines such as `title: Stream a message` between the two `---`, or remove them",
    )


def _not_yaml(exc: Exception, place: _Place) -> Finding:
    mark = getattr(exc, "problem_mark", None) or getattr(exc, "context_mark", None)
    problem = getattr(exc, "problem", None) or getattr(exc, "reason", None) or exc
    return error(
        "bad-front-matter",
        place.page,
        place.first_line if mark is None else place.line(mark),
        f"the front matter isn't valid YAML, so it would be printed as text: {problem}",
        "quote a value that holds `: ` or ` #`, or begins with one of [ ] { } * & ! % @ `",
    )


def _unreadable(key: str, exc: Exception, place: _Place, mark: Any) -> Finding:
    return error(
        "bad-front-matter",
        place.page,
        place.line(mark),
        f"the value of `{key}` can't be read, so the whole front matter would be printed as text: "
        f"{getattr(exc, 'problem', None) or exc}",
        "correct it, or put quotes around it",
    )
