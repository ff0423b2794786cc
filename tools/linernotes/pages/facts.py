"""Facts: what several pages state, said once, in `facts.yml` beside `mkdocs.yml`.

A page writes `{{ fact.limits.request_body }}` where the value is to stand, and `{{ facts.limits }}`
on a line of its own for a table of everything below `limits` with sources and the days on which
they were checked. `{{ table coverage.csv }}` is a table of a file beside `facts.yml`, whose cells are
Markdown and whose first row names the columns. Code isn't touched: what is in a fence is run, and is
literal.
"""

from __future__ import annotations

import csv
import difflib
import re
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from linernotes.findings import Finding, error, warning
from linernotes.pages.dialect import HOUSE, Dialect, dialect
from linernotes.pages.fences import scan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FACTS_FILE = "facts.yml"
SIGN = "{{ "
STALE_AFTER = 180
"""Days, as long as a page's review holds (front_matter_model)."""

_USE = re.compile(r"\{\{ fact\.(?P<name>[\w.-]+) \}\}")
_TABLE = re.compile(r"^(?P<indent>[ \t]*)\{\{ facts(?P<section>(?:\.[\w-]+)*) \}\}[ \t]*$")
_CSV = re.compile(r"^(?P<indent>[ \t]*)\{\{ table (?P<file>[\w./-]+\.csv) \}\}[ \t]*$")
_LOOKS_LIKE_ONE = re.compile(r"\{\{-?\s*(?:facts?|table)\b[^}\n]*\}\}")
_KEYS = {"value", "source", "checked", "about"}

# Files are included by the time facts are put in (pymdownx.snippets runs before).
_INCLUDED = dialect(
    tuple(name for name in HOUSE.extensions if name != "pymdownx.snippets"), HOUSE.configs
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that ages: its value as pages print it, where it is from, when that was read.

    `about` says what it is, in the words of a table's first column.
    """

    name: str
    value: str
    source: str
    checked: date
    about: str
    line: int


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of a project, by their names, such as `limits.request_body`.

    `root` is the directory of the project, and of the files that tables are made of.
    """

    root: Path | None = None
    file: str = FACTS_FILE
    by_name: Mapping[str, Fact] = field(default_factory=dict)

    def below(self, section: str) -> tuple[Fact, ...]:
        """Return the facts of a section and of its sections; all of them for ""."""
        start = f"{section}." if section else ""
        return tuple(fact for name, fact in self.by_name.items() if name.startswith(start))


def read_facts(root: Path) -> tuple[Facts, tuple[Finding, ...]]:
    """Return the facts of the project in the directory `root`, and what is wrong with them.

    No file, no facts. A fact that lacks its source or the day it was checked is left out.
    """
    path = root / FACTS_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Facts(root), ()
    except (OSError, UnicodeDecodeError) as exc:
        return Facts(root), (error("bad-facts", FACTS_FILE, None, f"can't be read: {exc}"),)
    import yaml  # noqa: PLC0415  # most projects have no facts

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        root_node = yaml.compose(text, loader)
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        said = f"not valid YAML: {getattr(exc, 'problem', None) or exc}"
        finding = error("bad-facts", FACTS_FILE, mark.line + 1 if mark else None, said)
        return Facts(root), (finding,)
    findings: list[Finding] = []
    found = list(_walk(root_node, "", findings)) if root_node is not None else []
    return Facts(root, by_name={fact.name: fact for fact in found}), tuple(findings)


def with_facts(text: str, facts: Facts) -> str:
    r"""Return Markdown in which facts stand for their names; its lines end in `\n`.

    What isn't known stays as it is: `unknown_facts` tells of it.
    """
    if SIGN not in text:
        return text
    lines = text.split("\n")
    for number in _outside_fences(text, lines):
        line = lines[number]
        if SIGN not in line:
            continue
        table = _TABLE.match(line)
        if table is not None and (rows := facts.below(table["section"].lstrip("."))):
            lines[number] = "\n".join(f"{table['indent']}{row}" for row in _fact_table(rows))
        elif (table := _CSV.match(line)) is not None and (rows := _read_csv(facts, table["file"])):
            lines[number] = "\n".join(f"{table['indent']}{row}" for row in _table(rows))
        else:
            lines[number] = _USE.sub(lambda match: _value(match, facts), line)
    return "\n".join(lines)


def unknown_facts(
    body: str, page: str, first_line: int, facts: Facts, spoken: Dialect = HOUSE
) -> tuple[Finding, ...]:
    """Return a finding for each use of a fact that there isn't, and each in a heading.

    `body` is a page without its front matter, which begins in the line `first_line` of the file.
    """
    if "{{" not in body:
        return ()
    findings = []
    lines = body.split("\n")
    for number in _outside_fences(body, lines, spoken):
        for match in _LOOKS_LIKE_ONE.finditer(lines[number]):
            problem = _problem(match[0], lines[number], facts)
            if problem is not None:
                findings.append(error("unknown-fact", page, first_line + number, *problem))
    return tuple(findings)


def used_facts(body: str, facts: Facts) -> frozenset[str]:
    """Return the names of the facts that the text of a page uses."""
    names = {match["name"] for match in _USE.finditer(body)}
    for line in body.split("\n"):
        if (table := _TABLE.match(line)) is not None:
            names |= {fact.name for fact in facts.below(table["section"].lstrip("."))}
    return frozenset(names)


def stale_facts(facts: Facts, today: date) -> tuple[Finding, ...]:
    """Return a warning for each fact that was last checked too long before `today`."""
    return tuple(
        warning(
            "stale-fact",
            facts.file,
            fact.line,
            f"`{fact.name}` was last checked on {fact.checked}, {(today - fact.checked).days} days"
            " ago",
            f"read its source ({fact.source}), then set `checked` to today",
        )
        for fact in facts.by_name.values()
        if (today - fact.checked).days > STALE_AFTER
    )


def _value(match: re.Match[str], facts: Facts) -> str:
    fact = facts.by_name.get(match["name"])
    return match[0] if fact is None else fact.value


def _fact_table(facts: tuple[Fact, ...]) -> list[str]:
    rows = [[fact.about, fact.value, _source(fact.source), str(fact.checked)] for fact in facts]
    return _table([["What", "Value", "Source", "Checked"], *rows])


def _table(rows: list[list[str]]) -> list[str]:
    """Return the lines of a Markdown table; the first row is its head."""
    head, *others = ["| " + " | ".join(map(_cell, row)) + " |" for row in rows]
    return [head, "|---" * len(rows[0]) + "|", *others]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _source(source: str) -> str:
    return f"<{source}>" if source.startswith("https://") else source


def _read_csv(facts: Facts, file: str) -> list[list[str]]:
    """Return the rows of a file of the project, none if there is none or it isn't a table."""
    if facts.root is None or ".." in file:
        return []
    try:
        with (facts.root / file).open(encoding="utf-8", newline="") as stream:
            rows = [row for row in csv.reader(stream) if row]
    except (OSError, UnicodeDecodeError, csv.Error):
        return []
    return rows if len({len(row) for row in rows}) == 1 else []


def _outside_fences(text: str, lines: list[str], spoken: Dialect = _INCLUDED) -> Iterator[int]:
    fences, _ = scan(text, "", dialect=spoken)
    inside = {number for fence in fences for number in range(fence.line - 1, fence.end_line)}
    return (number for number in range(len(lines)) if number not in inside)


def _problem(use: str, line: str, facts: Facts) -> tuple[str, str] | None:
    """Return what is wrong with a use of a fact, and what to write instead."""
    if line.lstrip(" >").startswith("#"):
        return (
            "a heading uses a fact, so its anchor would change with the fact",
            "say the figure below the heading",
        )
    if (match := _USE.fullmatch(use)) is not None:
        name = match["name"]
        if name in facts.by_name:
            return None
        near = difflib.get_close_matches(name, facts.by_name, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"add it to {facts.file}"
        return f"there is no fact `{name}`", hint
    if (table := _TABLE.match(line)) is not None:
        section = table["section"].lstrip(".")
        if facts.below(section):
            return None
        return f"there are no facts below `{section}`", f"name a section of {facts.file}"
    if (table := _CSV.match(line)) is not None:
        if _read_csv(facts, table["file"]):
            return None
        hint = "name a CSV file by its path from mkdocs.yml, with as many cells in each row"
        return f"there is no table in `{table['file']}`", hint
    said = f"`{use}` isn't how a fact is written, so it would be printed as it is"
    alone = "`{{ facts.section }}` or `{{ table file.csv }}` on a line of its own"
    return said, f"write `{{{{ fact.section.name }}}}`, or {alone}"


def _walk(node: Any, name: str, findings: list[Finding]) -> Iterator[Fact]:
    """Yield the facts of a mapping of `facts.yml`; what can't be one becomes a finding."""
    line = node.start_mark.line + 1
    if node.id != "mapping":
        said = f"`{name or FACTS_FILE}` is neither a section nor a fact"
        hint = "write `{value: …, source: …, checked: 2026-11-21, about: …}`"
        findings.append(error("bad-facts", FACTS_FILE, line, said, hint))
        return
    keys = {key.value for key, _ in node.value}
    if "value" not in keys:
        for key, value in node.value:
            yield from _walk(value, f"{name}.{key.value}" if name else str(key.value), findings)
        return
    problem = _fact_problem(name, node, keys)
    if problem is not None:
        findings.append(error("bad-facts", FACTS_FILE, line, *problem))
        return
    entry = {key.value: value.value for key, value in node.value}
    yield Fact(
        name,
        entry["value"],
        entry["source"],
        date.fromisoformat(entry["checked"]),
        entry["about"],
        line,
    )


def _fact_problem(name: str, node: Any, keys: set[str]) -> tuple[str, str] | None:
    if keys != _KEYS:
        wrong = sorted(keys ^ _KEYS)
        which = "lacks" if wrong[0] in _KEYS else "has the unknown key"
        return f"the fact `{name}` {which} `{wrong[0]}`", f"its keys are {', '.join(sorted(_KEYS))}"
    for key, value in node.value:
        if value.id != "scalar" or not value.value.strip() or "\n" in value.value.strip():
            return f"`{key.value}` of the fact `{name}` isn't a line of text", "write one line"
        if key.value == "checked":
            try:
                date.fromisoformat(value.value)
            except ValueError:
                return (
                    f"`checked` of the fact `{name}` is {value.value!r}",
                    "write the day on which its source was read, such as 2026-11-21",
                )
    return None
