"""What the plugin costs on trees of code, next to plain flake8: CPU time and memory.

    python benchmarks/cost.py TREE... [--only ROWS] [--repeat N] [--limit SECONDS]
    python benchmarks/cost.py clones/*/

Run it with a Python that has flake8 and this plugin installed.  It measures the
package beside this folder, whichever is installed.  It prints a
table with a column for each tree; what is worse than its bar is bold.  Each
round runs plain flake8 and then the plugin, one process after the other and with
--jobs=1, so that a slower spell of the machine meets all of them.  Times are the
user and system time of a process and of those that it started.

Each tree is copied with the project around it.  All changes are made in the copy.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from changes import Copy, choose_five, choose_hub, choose_leaf, copy_project
from processes import BenchmarkError, Flake8, TooLong, find_flake8
from rounds import ROWS, NotThere, Round, Row

SHOWN = 3  # of the dearest files and functions


@dataclass(frozen=True)
class Result:
    """What was measured of a tree: the values of each row by its name, and where a run took too long."""

    tree: str
    about: tuple[str, ...]
    values: Mapping[str, Sequence[float]]
    stopped_at: str = ""


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="CPU time and memory of the plugin, next to plain flake8")
    parser.add_argument("trees", type=Path, nargs="+", metavar="TREE", help="folder to lint")
    parser.add_argument(
        "--repeat", type=int, default=3, metavar="N", help="rounds; medians count (default: 3)"
    )
    parser.add_argument(
        "--only", type=choose_rows, default=ROWS, metavar="ROWS",
        help=f"rows to measure, with commas (default: {','.join(row.name for row in ROWS)})",
    )  # fmt: skip
    parser.add_argument(
        "--limit", type=float, default=3600, metavar="SECONDS",
        help="stop with a tree where one run takes longer (default: 3600)",
    )  # fmt: skip
    arguments = parser.parse_args(argv)
    for tree in arguments.trees:
        if not tree.is_dir():
            parser.error(f"no such folder: {tree}")
    if arguments.repeat < 1:
        parser.error("--repeat must be at least 1")
    if not hasattr(os, "wait4"):
        parser.error("this system does not tell the CPU time of a process tree")
    try:
        with tempfile.TemporaryDirectory() as scratch:
            run(arguments.trees, arguments.only, arguments.repeat, Path(scratch).resolve(), arguments.limit)
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def choose_rows(names: str) -> tuple[Row, ...]:
    """Return the rows with these names.  Raises ArgumentTypeError for a name that no row has."""
    chosen = set(names.split(","))
    unknown = chosen - {row.name for row in ROWS}
    if unknown:
        raise argparse.ArgumentTypeError(f"no such row: {', '.join(sorted(unknown))}")
    return tuple(row for row in ROWS if row.name in chosen)


def run(trees: Sequence[Path], rows: Sequence[Row], repeat: int, scratch: Path, limit: float) -> None:
    """Measure all trees and print what was measured, of each tree as soon as it is known.

    Raises BenchmarkError as ``measure`` does.
    """
    flake8 = find_flake8(scratch, limit)
    warm_up(flake8)
    print(f"flake8 {flake8.about}; median of {repeat}\n")
    results = []
    for tree in trees:
        results.append(measure(tree.resolve(), rows, repeat, flake8))
        print("\n".join((*results[-1].about, "", table(rows, results[-1:], limit), "")), flush=True)
    if len(results) > 1:
        print(table(rows, results, limit))


def warm_up(flake8: Flake8) -> None:
    """Have all modules compiled and read before anything is measured."""
    example = flake8.folder / "warm up"
    example.mkdir()
    (example / "main.py").write_text("import jinja2\n\n\nasync def main() -> None:\n    pass\n")
    flake8.run(example)
    flake8.run(example, cache=example / "cache")


def measure(tree: Path, rows: Sequence[Row], repeat: int, flake8: Flake8) -> Result:
    """Measure a tree in some rounds.

    Raises BenchmarkError if flake8 fails, or if findings differ between runs that should agree.
    """
    values: dict[str, list[float]] = {row.name: [] for row in rows}
    with tempfile.TemporaryDirectory(dir=flake8.folder) as folder:
        copy = copy_project(tree, Path(folder))
        about = describe(tree, copy)
        for turn in range(repeat):
            now = Round(flake8, copy, Path(folder, f"round {turn}"))
            now.folder.mkdir()
            for row in rows:
                print(f"{tree.name}, round {turn + 1}: {row.name}", end="", file=sys.stderr, flush=True)
                try:
                    values[row.name].append(row.measure(now))
                    print(f" {show(values[row.name][-1], row)}", file=sys.stderr)
                except NotThere:
                    print(" -", file=sys.stderr)
                except TooLong:
                    print(" stopped", file=sys.stderr)
                    return Result(tree.name, about, values, row.name)
        return Result(tree.name, (*about, *describe_dearest(now)), values)


def describe(tree: Path, copy: Copy) -> tuple[str, ...]:
    """Return lines that say what is measured, and which modules are changed."""
    lines = sum(module.text.count("\n") for module in copy.modules)
    leaf, hub, five = choose_leaf(copy.modules), choose_hub(copy.modules), choose_five(copy.modules)
    chosen = [f"leaf module: {leaf.path}, imported by {leaf.importers}"] if leaf else []
    chosen += [f"most imported module: {hub.path}, imported by {hub.importers}"] if hub else []
    return (
        f"{tree.name}: {len(copy.modules):,} files, {lines:,} lines of Python",
        *chosen,
        f"five modules: {', '.join(module.path for module in five)}",
    )


def describe_dearest(now: Round) -> tuple[str, ...]:
    """Return lines that name the dearest files and functions, if they were measured."""
    if "dearest" not in vars(now):
        return ()
    return tuple(
        f"dearest {kind}: " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in times[:SHOWN])
        for kind, times in (("files", now.dearest["files"]), ("functions", now.dearest["functions"]))
    )


def table(rows: Sequence[Row], results: Sequence[Result], limit: float) -> str:
    """Return a table in Markdown with a column for each tree."""
    cells = [["figure", "bar", *(result.tree for result in results)]]
    for row in rows:
        bar = "" if row.bar is None else f"≤ {row.bar:g} {row.unit}"
        cells.append([row.title, bar, *(cell(row, result, limit) for result in results)])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    first, *others = [
        f"| {' | '.join(text.ljust(width) for text, width in zip(line, widths, strict=True))} |"
        for line in cells
    ]
    return "\n".join((first, "|---|---:" + "|---:" * len(results) + "|", *others))


def cell(row: Row, result: Result, limit: float) -> str:
    """Return the median of what was measured, bold if it is worse than the bar."""
    if result.stopped_at == row.name:
        return f"**stopped after {limit:.0f} s**"
    if not result.values[row.name]:
        return "-"
    value = statistics.median(result.values[row.name])
    text = show(value, row)
    return text if row.bar is None or value <= row.bar else f"**{text}**"


def show(value: float, row: Row) -> str:
    return f"{value:.0f} {row.unit}" if value >= 100 else f"{value:.2f} {row.unit}"


if __name__ == "__main__":
    sys.exit(main())
