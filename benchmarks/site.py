"""How long a site takes to build: with and without the plugin, with Zensical, and again at a save.

    python benchmarks/site.py [--pages 500] [--rounds 3]

Ways are taken in turn, so that all meet the same machine. Prints medians, and medians of the ratios
within each round. Processor time counts all processes of a build; it says more than the clock does
on a machine that others use too.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

BASE = """\
site_name: Benchmark
site_url: https://example.com/
theme: {name: material, font: false}
markdown_extensions:
  - admonition
  - attr_list
  - tables
  - toc: {permalink: true}
  - pymdownx.highlight
  - pymdownx.superfences
  - pymdownx.tabbed: {alternate_style: true}
"""
PLAIN = f"{BASE}plugins: [search]\n"
WITH = f"{BASE}  - linernotes\nplugins: [search, linernotes]\n"
LEVELS = ("beginner", "intermediate", "advanced")
PERSONAS = ("developer", "team-lead", "admin")
PLAIN_MKDOCS, MKDOCS = "MkDocs", "MkDocs and linernotes"
ZENSICAL, AGAIN = "Zensical and linernotes", "Zensical and linernotes, again"
MKDOCS_BUILD = ("mkdocs", "build", "-q")
ZENSICAL_BUILD = ("linernotes.cli", "build", "--engine", "zensical")


class Cost(NamedTuple):
    """What a command takes, in seconds: by the clock, and of the processor."""

    clock: float
    processor: float


def page(number: int, pages: int) -> str:
    """Return a page as a handbook has it: front matter, prose, a table, snippets, tabs."""
    sections = "\n\n".join(
        f"## Part {part} of {number}\n\n{'Some words of prose that explain it. ' * 30}\n\n"
        f"``` {{ .python #part-{part} }}\nvalue = {part} * {number}\nprint(value)\n```\n\n"
        f"``` {{ .text .output }}\n{part * number}\n```\n\n"
        f"| a | b |\n|---|---|\n| {part} | {number} |\n\n"
        f'=== "One"\n\n    ```bash\n    echo {part}\n    ```\n\n=== "Two"\n\n    Text.\n'
        for part in range(1, 7)
    )
    return (
        f"---\ntitle: Page {number}\ndescription: What page {number} is for, in a sentence.\n"
        f"audience_levels: [{LEVELS[number % 3]}]\npersonas: [{PERSONAS[number % 3]}]\n"
        f"categories: [part-{number % 10}]\nlast_reviewed: 2026-11-21\n"
        f"related: [p{(number + 1) % pages}.md, p{(number + 7) % pages}.md]\n"
        f"search_keywords: [word{number}]\n---\n\n# Page {number}\n\nWords.\n\n{sections}\n"
    )


def write_site(root: Path, pages: int, configuration: str) -> None:
    (root / "docs").mkdir(parents=True)
    (root / "mkdocs.yml").write_text(configuration)
    (root / "docs/index.md").write_text("# Home\n\nWords.\n")
    for number in range(pages):
        (root / f"docs/p{number}.md").write_text(page(number, pages))


def cost(root: Path, *command: str) -> Cost:
    began, used = time.perf_counter(), processor_seconds()
    run = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=root,
        capture_output=True,
        check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    if run.returncode:
        raise SystemExit(run.stderr.decode())
    return Cost(time.perf_counter() - began, processor_seconds() - used)


def processor_seconds() -> float:
    """Return what all processes have used that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def build_costs(pages: int, rounds: int) -> dict[str, list[Cost]]:
    """Return what each way costs in each round. Zensical has what it keeps only `again`."""
    with tempfile.TemporaryDirectory() as directory:
        plain, full = Path(directory, "plain"), Path(directory, "full")
        write_site(plain, pages, PLAIN)
        write_site(full, pages, WITH)
        cost(full, "linernotes.cli", "verify")
        costs: dict[str, list[Cost]] = {}
        for _ in range(rounds):
            shutil.rmtree(full / ".linernotes/zensical", ignore_errors=True)
            for name, root, command in (
                (PLAIN_MKDOCS, plain, MKDOCS_BUILD),
                (MKDOCS, full, MKDOCS_BUILD),
                (ZENSICAL, full, ZENSICAL_BUILD),
                (AGAIN, full, ZENSICAL_BUILD),
            ):
                shutil.rmtree(root / "site", ignore_errors=True)
                costs.setdefault(name, []).append(cost(root, *command))
    return costs


def ratio(costs: list[Cost], to: list[Cost]) -> Cost:
    """Return the medians of the ratios within each round."""
    pairs = list(zip(costs, to, strict=True))
    return Cost(
        statistics.median(one.clock / other.clock for one, other in pairs),
        statistics.median(one.processor / other.processor for one, other in pairs),
    )


def save_times(pages: int, engine: str, saves: int) -> list[float]:
    """Return the seconds from each of a few saves of a page until the preview shows it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        write_site(root, pages, WITH)
        cost(root, "linernotes.cli", "verify")
        command = [sys.executable, "-m", "linernotes.cli", "serve", "--port", str(port)]
        process = subprocess.Popen(
            [*command, "--engine", engine],
            cwd=root,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        )
        url, file = f"http://127.0.0.1:{port}/p1/", root / "docs/p1.md"
        try:
            wait_for(url, "Verified")
            return [save_time(url, file, f"Save {number}") for number in range(saves)]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()


def save_time(url: str, file: Path, words: str) -> float:
    text = file.read_text()
    began = time.perf_counter()
    file.write_text(f"{text}\n{words}.\n")
    wait_for(url, words)
    took = time.perf_counter() - began
    time.sleep(2)  # what is verified and shown after it is not the next save's
    return took


def wait_for(url: str, words: str) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            with urlopen(url, timeout=120) as answer:
                if words in answer.read().decode():
                    return
        except OSError:
            pass
        time.sleep(0.01)
    raise SystemExit(f"{url} never showed {words!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--preview-pages", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--saves", type=int, default=7)
    arguments = parser.parse_args()
    costs = build_costs(arguments.pages, arguments.rounds)
    print(f"{arguments.pages} pages, medians of {arguments.rounds}\n")
    print("| | seconds | of the processor | to MkDocs alone | to MkDocs and linernotes |")
    print("|---|---|---|---|---|")
    for name, found in costs.items():
        clock = statistics.median(one.clock for one in found)
        processor = statistics.median(one.processor for one in found)
        alone, beside = (ratio(found, costs[other]) for other in (PLAIN_MKDOCS, MKDOCS))
        print(
            f"| {name} | {clock:.2f} | {processor:.2f}"
            f" | {alone.clock:.2f}, {alone.processor:.2f}"
            f" | {beside.clock:.2f}, {beside.processor:.2f} |"
        )
    print(
        f"\nA save until the preview shows it, {arguments.preview_pages} pages, {arguments.saves} saves\n"
    )
    print("| | first | second | median of the rest |\n|---|---|---|---|")
    for engine in ("mkdocs", "zensical"):
        first, second, *rest = save_times(arguments.preview_pages, engine, arguments.saves)
        print(f"| {engine} | {first:.2f} | {second:.2f} | {statistics.median(rest):.2f} |")


if __name__ == "__main__":
    main()
