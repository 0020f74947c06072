"""Feeds the analysis code that nobody wrote for it, and reports what crashes, hangs or takes too long.

    python benchmarks/fuzz.py random [--modules N] [--seed N] [--kind mutated|grammar|tree]
    python benchmarks/fuzz.py foreign FOLDER... [--lines N] [--skip-lines N]

`random` makes modules.  The kind `mutated` changes programs of `tests/cases` at random: they
hold what the rules look for, so that changed ones still reach the depths of the interpreter.
The kinds `grammar` and `tree` come from hypothesmith, if that is installed: code that no person
would write, for the parser and the extraction.

`foreign` reads the Python files below a folder, such as the standard library, and lints them in
batches of neighbours, each batch as a project.

Both print each fault, and each file above the bound of CPU time.  The exit code is 1 if there is any.
"""

from __future__ import annotations

import argparse
import sys
import time
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from random_modules import KINDS, random_projects
from watched import SLOW, FileRun, lint_project

from flake8_async_fastapi.store.sources import MAX_CHARACTERS

BATCH = 20_000
"""About as many lines of foreign code make a project."""
SKIPPED = {"__pycache__", ".git", "site-packages"}


@dataclass
class Report:
    """What all runs came to."""

    files: int = 0
    lines: int = 0
    seconds: float = 0.0
    findings: int = 0
    faults: list[str] = field(default_factory=list)
    slow: list[FileRun] = field(default_factory=list)
    slowest: FileRun = FileRun("", 0, 0.0)

    def add(self, name: str, runs: Sequence[FileRun]) -> None:
        """Add the runs of a project, and print at once what is wrong with them."""
        for run in runs:
            self.files += bool(run.path)
            self.lines += run.lines
            self.seconds += run.seconds
            self.findings += len(run.findings)
            self.slowest = max(self.slowest, run, key=lambda one: one.seconds)
            for fault in run.faults:
                self.faults.append(fault)
                print(f"FAULT {name}: {fault}", flush=True)
            if run.is_slow:
                self.slow.append(run)
                what = run.path or "linking"
                print(f"SLOW {name}: {what}, {run.seconds:.1f} s, {run.lines} lines", flush=True)

    def text(self) -> str:
        """The totals, in two lines."""
        return (
            f"{self.files:,} files, {self.lines:,} lines, {self.seconds:.0f} s of CPU,"
            f" {self.findings} findings\n"
            f"{len(self.faults)} faults; {len(self.slow)} files above {SLOW:.0f} s;"
            f" slowest: {self.slowest.path}, {self.slowest.seconds:.2f} s"
        )


def main(argv: Sequence[str] | None = None) -> int:
    """The command; 1 when anything crashed, did not end or took too long."""
    parser = argparse.ArgumentParser(description="lint code that nobody wrote for the analysis")
    commands = parser.add_subparsers(dest="command", required=True)
    random = commands.add_parser("random", help="modules made at random")
    random.add_argument("--modules", type=int, default=1_000, metavar="N", help="how many (default: 1000)")
    random.add_argument("--seed", type=int, default=1, metavar="N", help="the first seed (default: 1)")
    random.add_argument("--kind", choices=list(KINDS), default="mutated", help="(default: mutated)")
    random.add_argument("--print", action="store_true", dest="text", help="print them, and lint nothing")
    foreign = commands.add_parser("foreign", help="any folder of Python files")
    foreign.add_argument("folder", type=Path, nargs="+")
    foreign.add_argument("--lines", type=int, default=sys.maxsize, metavar="N", help="stop after N lines")
    foreign.add_argument("--skip-lines", type=int, default=0, metavar="N", help="pass over the first N lines")
    options = parser.parse_args(argv)
    if options.command == "foreign":
        report = lint_all(foreign_projects(options.folder, options.skip_lines), most_lines=options.lines)
    else:
        projects = random_projects(options.kind, options.modules, options.seed)
        if options.text:
            print("\n".join(f"# {name}: {path}\n{texts[path]}" for name, texts, path in projects))
            return 0
        report = lint_all(projects)
    print(report.text())
    return 1 if report.faults or report.slow else 0


def lint_all(
    projects: Iterable[tuple[str, Mapping[str, str], str | None]], most_lines: int = sys.maxsize
) -> Report:
    """Lint projects, each with a name, and the one file of it to lint or None for all."""
    report = Report()
    told = time.monotonic()
    for name, texts, only in projects:
        report.add(name, lint_project(texts, None if only is None else frozenset((only,)).__contains__))
        if time.monotonic() - told > 20:
            told = time.monotonic()
            print(f"... {name}: {report.lines:,} lines, {report.seconds:.0f} s", file=sys.stderr, flush=True)
        if report.lines >= most_lines:
            break
    return report


def foreign_projects(
    folders: Sequence[Path], skipped_lines: int = 0
) -> Iterator[tuple[str, Mapping[str, str], None]]:
    """The files below folders, in batches of neighbours with their paths from the folder."""
    for folder in folders:
        batch: dict[str, str] = {}
        lines = 0
        for path in _python_files(folder):
            text = _read(path)
            if text is None:
                continue
            if skipped_lines > 0:
                skipped_lines -= text.count("\n")
                continue
            batch[path.relative_to(folder).as_posix()] = text
            lines += text.count("\n")
            if lines >= BATCH:
                yield next(iter(batch)), batch, None
                batch, lines = {}, 0
        if batch:
            yield next(iter(batch)), batch, None


def _python_files(folder: Path) -> list[Path]:
    found = folder.rglob("*.py")
    return sorted(
        path for path in found if path.is_file() and SKIPPED.isdisjoint(path.relative_to(folder).parts)
    )


def _read(path: Path) -> str | None:
    """The text of a file as Python reads it; None if it has none, or more than the linter reads."""
    try:
        with tokenize.open(path) as file:
            text = file.read()
    except (OSError, SyntaxError, UnicodeError):
        return None
    return text if len(text) <= MAX_CHARACTERS else None


if __name__ == "__main__":
    sys.exit(main())
