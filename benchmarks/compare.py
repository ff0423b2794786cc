"""Compare linernotes with its peers, and its own runs with each other: one run, one table.

    python benchmarks/compare.py            # minutes; what the targets are meant for
    python benchmarks/compare.py --quick    # fewer snippets and rounds, to see where things stand
    python benchmarks/compare.py --smoke    # does it still run? its figures mean nothing

Figures are medians over rounds in which the tools take turns, ratios are those of the medians. A
tool that doesn't run every snippet ends the comparison. The peers run on copies of the same pages,
once with every pytest plugin that is installed and once with their own alone. linernotes also
checks the types of each snippet and renders each page; the peers do neither.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import sys
import sysconfig
import tempfile
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from corpus import write_pages, write_project
from measuring import RunError, Tool, in_turn, memory, run
from peers import plain_peers, recording_peer

if TYPE_CHECKING:
    from collections.abc import Sequence

LINERNOTES = str(Path(sysconfig.get_path("scripts"), "linernotes"))

Row = dict[str, "str | float | None"]


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything: numbers of pages, snippets on each, and rounds.

    `unchanged` are the plain pages there, beside as many pages with calls as in `api`. The pages
    of `growing` have two snippets each.
    """

    plain: int
    api: int
    unchanged: int
    snippets: int
    growing: Sequence[int]
    rounds: int


FULL = Size(plain=50, api=20, unchanged=80, snippets=10, growing=(250, 500, 1000, 2000), rounds=5)
QUICK = Size(plain=10, api=4, unchanged=16, snippets=10, growing=(50, 100, 200, 400), rounds=3)
SMOKE = Size(plain=2, api=1, unchanged=2, snippets=2, growing=(1, 2), rounds=1)


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be reached, and what was measured."""

    what: str
    measured: float
    reached: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the table. The keys of its rows are the columns, their units included."""

    title: str
    rows: Sequence[Row]
    targets: Sequence[Target]


def plain(root: Path, size: Size) -> Part:
    """Compare on snippets that compute and print."""
    total = size.plain * size.snippets
    project = root / "linernotes"
    write_project(project, "plain", size.plain, size.snippets)
    ours = _verify(project, total, "--no-cache")
    peers = plain_peers(root, size.plain, size.snippets)
    tools = [ours, *(tool for peer in peers for tool in (peer.installed, peer.alone))]
    taken = in_turn(tools, size.rounds)
    rows = [_row(tool.name, "s", taken[tool], taken[ours]) for tool in tools]
    fastest = min(_ratio(taken[peer.installed], taken[ours]) for peer in peers)
    return Part(
        f"{total} plain snippets on {size.plain} pages, whole process",
        rows,
        [Target("the fastest peer as installed takes ≥ 2 times as long", fastest, fastest >= 2)],
    )


def api(root: Path, size: Size) -> Part:
    """Compare on snippets that each make one call, answered from a cassette of their own."""
    total = size.api * size.snippets
    recorded = root / "all" / "linernotes"
    write_project(recorded, "api", size.api, size.snippets)
    _record(recorded, total)
    write_project(root / "one" / "linernotes", "api", 1, 1)  # the first of them
    shutil.copytree(recorded / "tests", root / "one" / "linernotes" / "tests")
    all_of_them = _api_tools(root / "all", size.api, size.snippets)
    one_of_them = _api_tools(root / "one", 1, 1)
    runs = in_turn([*all_of_them, *one_of_them], size.rounds)
    whole = {tool.name: runs[tool] for tool in all_of_them}
    start = {tool.name: runs[tool] for tool in one_of_them}
    each = {
        name: [
            (t - t1) / (total - 1) * 1000 for t, t1 in zip(whole[name], start[name], strict=True)
        ]
        for name in whole
    }
    ours, peer, _ = each
    peaks = {tool.name: memory(tool).tree for tool in all_of_them[:2]}
    rows = [
        _row(name, "ms/snippet", each[name], each[ours])
        | {"one snippet s": median(start[name]), "all s": median(whole[name])}
        | {"peak MB": peaks.get(name)}
        for name in each
    ]
    ratio, most = _ratio(each[peer], each[ours]), peaks[ours]
    return Part(
        f"{total} API snippets, cold: (T({total}) - T(1)) / {total - 1}; peak PSS of all processes",
        rows,
        [
            Target("the peer as installed takes ≥ 5 times as long", ratio, ratio >= 5),
            Target("linernotes holds < 400 MB, all processes", most, most < 400),
        ],
    )


def unchanged(root: Path, size: Size) -> Part:
    """Measure a run in which nothing has changed since the last one."""
    calls = size.api * size.snippets
    total = size.unchanged * size.snippets + calls
    write_project(root, "plain", size.unchanged, size.snippets)
    write_pages(root / "docs" / "api", "api", size.api, size.snippets)
    _record(root, calls)
    run(_verify(root, total))
    again = _verify(root, total, unchanged=total)
    taken = in_turn([again], size.rounds)[again]
    _, said = run(replace(again, environment={"PYTHONPROFILEIMPORTTIME": "1"}))
    modules = re.findall(r"^import time: .*\| +([\w.]+)$", said, re.MULTILINE)
    sdk = [name for name in modules if name.partition(".")[0] == "anthropic"]
    return Part(
        f"{total} unchanged snippets, {calls} of them with a call, whole process",
        [_row(again.name, "s", taken) | {"modules imported": len(modules)}],
        [
            Target("it takes < 0.6 s", median(taken), median(taken) < 0.6),
            Target("modules of `anthropic` imported: none", len(sdk), bool(modules) and not sdk),
        ],
    )


def growing(root: Path, size: Size) -> Part:
    """Measure how time and memory grow with the number of pages."""
    kinds: dict[str, list[Tool]] = {"cold": [], "unchanged": []}
    for pages in size.growing:
        project, total = root / str(pages), 2 * pages
        write_project(project, "plain", pages, 2)
        for kind, tool in (
            ("cold", _verify(project, total, "--no-cache")),
            ("unchanged", _verify(project, total, unchanged=total)),
        ):
            kinds[kind].append(replace(tool, name=f"{kind}, {pages} pages"))
    in_order = [tool for pair in zip(*kinds.values(), strict=True) for tool in pair]
    taken = in_turn(in_order, size.rounds)
    rows: list[Row] = []
    targets: list[Target] = []
    for kind, tools in kinds.items():
        times = [median(taken[tool]) for tool in tools]
        peaks = [memory(tool) for tool in tools]
        slopes = [
            (t2 - t1) / (n2 - n1) * 1000
            for (n1, t1), (n2, t2) in pairwise(zip(size.growing, times, strict=True))
        ]
        for number, (tool, pages) in enumerate(zip(tools, size.growing, strict=True)):
            rows.append(
                _row(tool.name, "s", taken[tool])
                | {"ms/page": times[number] / pages * 1000}
                | {"ms/further page": slopes[number - 1] if number else None}
                | {"own RSS MB": peaks[number].main, "all PSS MB": peaks[number].tree}
            )
        steeper, fatter = slopes[-1] / slopes[0], peaks[-1].main / peaks[0].main
        targets += [
            Target(f"{kind}: the last page costs ≤ 1.5 times the first", steeper, steeper <= 1.5),
            Target(f"{kind}: the most pages hold ≤ 1.25 times the fewest", fatter, fatter <= 1.25),
        ]
    return Part("Pages of two plain snippets each, whole process", rows, targets)


def _verify(project: Path, snippets: int, *options: str, unchanged: int = 0) -> Tool:
    command = [LINERNOTES, "verify", *options]
    proof = rf"\b{snippets} passed in .*\({unchanged} unchanged\)"
    return Tool(" ".join(["linernotes", *command[1:]]), command, project, proof)


def _record(project: Path, snippets: int) -> None:
    command = [LINERNOTES, "record", "--simulate"]
    run(Tool("linernotes record", command, project, rf"\b{snippets} cassettes written"))


def _api_tools(root: Path, pages: int, snippets: int) -> list[Tool]:
    project = root / "linernotes"
    peer = recording_peer(root / "peer", pages, snippets, project / "tests" / "cassettes")
    return [_verify(project, pages * snippets, "--no-cache"), peer.installed, peer.alone]


def _ratio(them: Sequence[float], ours: Sequence[float]) -> float:
    return median(them) / median(ours)


def _row(name: str, unit: str, found: Sequence[float], ours: Sequence[float] | None = None) -> Row:
    row: Row = {"": name, unit: median(found), "min": min(found), "max": max(found)}
    return row if ours is None else {**row, "ratio": _ratio(found, ours)}


def _text(part: Part) -> str:
    """Return a part of the table, aligned."""
    cells = [list(part.rows[0]), *([_cell(one) for one in row.values()] for row in part.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["", part.title, "=" * len(part.title)]
    for name, *values in cells:
        numbers = (f"{value:>{width}}" for value, width in zip(values, widths[1:], strict=True))
        lines.append("   ".join([f"{name:<{widths[0]}}", *numbers]))
    for target in part.targets:
        mark = "reached" if target.reached else "MISSED "
        lines.append(f"  {mark}  {target.what}: {_cell(target.measured)}")
    return "\n".join(lines)


def _cell(value: str | float | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, (str, int)):
        return str(value)
    return f"{value:.{0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2}f}"


PARTS = {part.__name__: part for part in (plain, api, unchanged, growing)}


def main() -> None:
    """Run every part and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    sizes = parser.add_mutually_exclusive_group()
    for name, size, purpose in (
        ("--quick", QUICK, "fewer snippets and rounds, to see where things stand"),
        ("--smoke", SMOKE, "does it still run? its figures mean nothing"),
    ):
        sizes.add_argument(name, action="store_const", const=size, dest="size", help=purpose)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE, too")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.parts if name not in PARTS]:
        parser.error(f"no such part: {unknown[0]}; there are {', '.join(PARTS)}")
    size = arguments.size or FULL
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, {size.rounds} rounds"
    print(machine)
    parts = []
    with tempfile.TemporaryDirectory(prefix="linernotes-benchmark-") as directory:
        for name in arguments.parts or PARTS:
            try:
                parts.append(PARTS[name](Path(directory, name), size))
            except RunError as exc:
                sys.exit(str(exc))
            print(_text(parts[-1]), flush=True)
    if arguments.json is not None:
        figures = {"machine": machine, "parts": [asdict(part) for part in parts]}
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
