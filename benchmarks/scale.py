"""How the cost of the analysis grows with the size of a project.

    python benchmarks/scale.py [--lines N ...] [--write FOLDER]

Makes projects of 1,000, 10,000, 100,000 and 1,000,000 lines (see `projects.py`) and lints all files
of each, with an empty cache and in a process of its own.  Prints a table and the exponent of growth:
the slope of a straight line through the logarithms of lines and CPU seconds.  The lines with bugs are
known, so a finding too many or too few is an error, as is a crash.

`--write` writes the first of the projects into a folder instead.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from projects import make_project
from watched import FileRun, lint_project

SIZES = (1_000, 10_000, 100_000, 1_000_000)
_MARK = re.compile(r"# (?P<code>AFA\d{3})$")


@dataclass(frozen=True)
class Measurement:
    """What the lint of one project took and gave."""

    files: int
    lines: int
    seconds: float
    memory: int
    """Bytes, at the highest."""
    slowest: FileRun
    findings: int
    wrong: tuple[str, ...]
    """Findings too many or too few."""
    faults: tuple[str, ...]


def main(argv: Sequence[str] | None = None) -> int:
    """The command; 1 after a crash or a wrong finding."""
    parser = argparse.ArgumentParser(description="the cost of the analysis on projects of several sizes")
    parser.add_argument("--lines", type=int, nargs="+", default=SIZES, metavar="N", help="the sizes")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write the first project, lint nothing")
    options = parser.parse_args(argv)
    if options.write is not None:
        write_project(options.write, make_project(options.lines[0]))
        return 0
    print(
        f"{'lines':>10}{'files':>8}{'CPU s':>9}{'ms a line':>11}{'peak MB':>9}{'findings':>10}  slowest file"
    )
    results = []
    for size in options.lines:
        # a process of its own, for the memory
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            result = pool.apply(measure, (size,))
        results.append(result)
        print(
            f"{result.lines:>10,}{result.files:>8,}{result.seconds:>9.1f}"
            f"{1000 * result.seconds / result.lines:>11.3f}{result.memory / 1e6:>9.0f}{result.findings:>10,}"
            f"  {result.slowest.seconds:.2f} s {result.slowest.path or '(linking)'}",
            flush=True,
        )
    if len(results) > 1:
        print(f"exponent of growth: {exponent([(result.lines, result.seconds) for result in results]):.3f}")
    errors = [error for result in results for error in (*result.faults, *result.wrong)]
    print("\n".join(errors[:20]) if errors else "no crash; the findings are those that were planted")
    return 1 if errors else 0


def measure(size: int) -> Measurement:
    """Make a project with so many lines and lint it in this process."""
    files = make_project(size)
    lint_project({"main.py": ""})  # imports what any lint needs, which takes longer than the smallest project
    runs = lint_project(files)
    expected = planted(files)
    found = {(one.path, one.line, one.code) for run in runs for one in run.findings}
    return Measurement(
        files=len(files),
        lines=sum(run.lines for run in runs),
        seconds=sum(run.seconds for run in runs),
        memory=_peak_memory(),
        slowest=max(runs, key=lambda run: run.seconds),
        findings=len(found),
        wrong=tuple(
            f"{path}:{line}: {code} {'not found' if (path, line, code) in expected else 'is no bug'}"
            for path, line, code in sorted(found ^ expected)
        ),
        faults=tuple(fault for run in runs for fault in run.faults),
    )


def planted(files: Mapping[str, str]) -> set[tuple[str, int, str]]:
    """The lines of a project that must be reported, by path, line and code."""
    return {
        (path, number, mark["code"])
        for path, text in files.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if (mark := _MARK.search(line)) is not None
    }


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """The exponent of the power of sizes that fits the costs best: least squares of the logarithms."""
    sizes = [math.log(size) for size, _ in points]
    costs = [math.log(cost) for _, cost in points]
    middle, height = sum(sizes) / len(sizes), sum(costs) / len(costs)
    covariance = sum((size - middle) * (cost - height) for size, cost in zip(sizes, costs, strict=True))
    return covariance / sum((size - middle) ** 2 for size in sizes)


def write_project(folder: Path, files: Mapping[str, str]) -> None:
    """Write a project to disk."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def _peak_memory() -> int:
    import resource  # not on Windows, where the tests still import this module

    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


if __name__ == "__main__":
    sys.exit(main())
