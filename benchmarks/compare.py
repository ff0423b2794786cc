"""Compare linernotes with its peers, and its own runs with each other: one run, one table.

    python benchmarks/compare.py            # minutes; what the targets are meant for
    python benchmarks/compare.py --quick    # fewer snippets and rounds, to see where things stand
    python benchmarks/compare.py --smoke    # does it still run? its figures mean nothing

Figures are medians over rounds in which the tools take turns; ratios are taken round by round. A
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
import sys
import sysconfig
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from corpus import write_project
from measuring import RunError, Tool, in_turn, memory, run
from peers import plain_peers, recording_peer

if TYPE_CHECKING:
    from collections.abc import Sequence

LINERNOTES = str(Path(sysconfig.get_path("scripts"), "linernotes"))

Row = dict[str, "str | float | None"]


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything: numbers of pages, snippets on each, and rounds.

    The pages of `growing` have two snippets each.
    """

    plain: int
    api: int
    unchanged: int
    snippets: int
    growing: Sequence[int]
    rounds: int


FULL = Size(plain=50, api=20, unchanged=100, snippets=10, growing=(250, 500, 1000, 2000), rounds=5)
QUICK = Size(plain=10, api=4, unchanged=20, snippets=10, growing=(50, 100, 200, 400), rounds=3)
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
    rows = [_row(tool.name, "s", taken[tool.name], taken[ours.name]) for tool in tools]
    fastest = min(_ratio(taken[peer.installed.name], taken[ours.name]) for peer in peers)
    return Part(
        f"{total} plain snippets on {size.plain} pages, whole process",
        rows,
        [Target("the fastest peer as installed takes ≥ 2 times as long", fastest, fastest >= 2)],
    )


def api(root: Path, size: Size) -> Part:
    """Compare on snippets that each make one call, answered from a cassette of their own."""
    total = size.api * size.snippets
    all_of_them = _api_tools(root / "all", size.api, size.snippets)
    only_one = _api_tools(root / "one", 1, 1)
    whole, start = in_turn(all_of_them, size.rounds), in_turn(only_one, size.rounds)
    each = {
        name: [(t - t1) / (total - 1) * 1000 for t, t1 in zip(whole[name], start[name])]
        for name in whole
    }
    ours, peer, _ = (tool.name for tool in all_of_them)
    rows: list[Row] = []
    for tool in all_of_them:
        peak = memory(tool)
        rows.append(
            _row(tool.name, "ms/snippet", each[tool.name], each[ours])
            | {"one snippet s": median(start[tool.name]), "all s": median(whole[tool.name])}
            | {"peak MB": peak and peak.tree}
        )
    ratio, most = _ratio(each[peer], each[ours]), rows[0]["peak MB"]
    targets = [Target("the peer as installed takes ≥ 5 times as long", ratio, ratio >= 5)]
    if isinstance(most, float):
        targets.append(Target("linernotes holds < 400 MB, all processes", most, most < 400))
    return Part(
        f"{total} API snippets, cold: (T({total}) - T(1)) / {total - 1}; peak PSS of all processes",
        rows,
        targets,
    )


def unchanged(root: Path, size: Size) -> Part:
    """Measure a run in which nothing has changed since the last one."""
    total = size.unchanged * size.snippets
    write_project(root, "plain", size.unchanged, size.snippets)
    run(_verify(root, total))
    again = _verify(root, total, unchanged=total)
    taken = in_turn([again], size.rounds)[again.name]
    _, said = run(replace(again, environment={"PYTHONPROFILEIMPORTTIME": "1"}))
    modules = re.findall(r"^import time: .*\| +([\w.]+)$", said, re.MULTILINE)
    sdk = [name for name in modules if name.partition(".")[0] == "anthropic"]
    return Part(
        f"{total} unchanged snippets, whole process",
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
    in_order = [tool for pair in zip(*kinds.values()) for tool in pair]
    taken = in_turn(in_order, size.rounds)
    rows: list[Row] = []
    targets: list[Target] = []
    for kind, tools in kinds.items():
        times = [median(taken[tool.name]) for tool in tools]
        further = _slopes(size.growing, times)
        peaks = [memory(tool) for tool in tools]
        for tool, pages, took, more, peak in zip(tools, size.growing, times, further, peaks):
            rows.append(
                _row(tool.name, "s", taken[tool.name])
                | {"ms/page": took / pages * 1000, "ms/further page": more}
                | {"peak MB": peak and peak.main, "all processes MB": peak and peak.tree}
            )
        steeper = further[-1] / further[1]
        targets.append(Target(f"{kind}: further pages cost the same, × ≤ 1.5", steeper, steeper <= 1.5))
        if peaks[0] and peaks[-1]:
            more = peaks[-1].main / peaks[0].main
            targets.append(Target(f"{kind}: memory stays flat, × ≤ 1.25", more, more <= 1.25))
    return Part("Pages of two plain snippets each, whole process", rows, targets)


def _slopes(pages: Sequence[int], times: Sequence[float]) -> list[float]:
    """Return what each page more than in the size before costs, in ms; NaN for the first size."""
    steps = zip(pages, pages[1:], times, times[1:])
    return [float("nan"), *((t2 - t1) / (n2 - n1) * 1000 for n1, n2, t1, t2 in steps)]


def _verify(project: Path, snippets: int, *options: str, unchanged: int = 0) -> Tool:
    command = [LINERNOTES, "verify", *options]
    proof = rf"\b{snippets} passed in .*\({unchanged} unchanged\)"
    return Tool(" ".join(["linernotes", *command[1:]]), command, project, proof)


def _api_tools(root: Path, pages: int, snippets: int) -> list[Tool]:
    project = root / "linernotes"
    write_project(project, "api", pages, snippets)
    record = [LINERNOTES, "record", "--simulate"]
    total = pages * snippets
    run(Tool("linernotes record", record, project, rf"\b{total} cassettes written"))
    peer = recording_peer(root / "peer", pages, snippets, project / "tests" / "cassettes")
    return [_verify(project, total, "--no-cache"), peer.installed, peer.alone]


def _ratio(them: Sequence[float], ours: Sequence[float]) -> float:
    return median(a / b for a, b in zip(them, ours))


def _row(name: str, unit: str, found: Sequence[float], ours: Sequence[float] | None = None) -> Row:
    row: Row = {"": name, unit: median(found), "min": min(found), "max": max(found)}
    return row if ours is None else {**row, "ratio": _ratio(found, ours)}


def _text(parts: Sequence[Part]) -> str:
    """Return the table: aligned, one block for each part."""
    lines = []
    for part in parts:
        cells = [list(part.rows[0]), *([_cell(one) for one in row.values()] for row in part.rows)]
        widths = [max(map(len, column)) for column in zip(*cells)]
        lines += ["", part.title, "=" * len(part.title)]
        for name, *values in cells:
            numbers = (f"{value:>{width}}" for value, width in zip(values, widths[1:]))
            lines.append("   ".join([f"{name:<{widths[0]}}", *numbers]))
        for target in part.targets:
            mark = "reached" if target.reached else "MISSED "
            lines.append(f"  {mark}  {target.what}: {_cell(target.measured)}")
    return "\n".join(lines)


def _cell(value: str | float | None) -> str:
    if value is None or value != value:  # noqa: PLR0124  # NaN
        return "-"
    if isinstance(value, (str, int)):
        return str(value)
    return f"{value:.{0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2}f}"


def main() -> None:
    """Run every part and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--quick", action="store_const", const=QUICK, dest="size")
    sizes.add_argument("--smoke", action="store_const", const=SMOKE, dest="size")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE, too")
    arguments = parser.parse_args()
    size = arguments.size or FULL
    parts = []
    with tempfile.TemporaryDirectory(prefix="linernotes-benchmark-") as directory:
        for part in (plain, api, unchanged, growing):
            print(f"{part.__name__} ...", file=sys.stderr, flush=True)
            try:
                parts.append(part(Path(directory, part.__name__), size))
            except RunError as exc:
                sys.exit(str(exc))
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, {size.rounds} rounds"
    print(f"{machine}\n{_text(parts)}")
    if arguments.json is not None:
        figures = {"machine": machine, "parts": [asdict(part) for part in parts]}
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
