"""What the plugin reports on public applications: findings by rule, lines, time and memory.

    python benchmarks/audit.py CLONES [--findings FOLDER] [--advice on] [--limit SECONDS]

Each folder in CLONES is an application, linted with its tests and with an empty cache.  It prints a
table with a line for each; of a clone it names the commit.  With ``--findings`` the findings of
each go to a file of their own, to be read next to the code: docs/field.md says what came of that.
Run it with a Python that has flake8 and this plugin installed.  It lints with the package beside this
folder, though: in a checkout of an older commit, with that commit.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from processes import BenchmarkError, Flake8, TooLong, find_flake8

HEAD = ("application", "commit", "lines", "findings", "CPU s", "MB")
CODE = re.compile(r": (AFA\d+) ")


@dataclass(frozen=True)
class Result:
    """What was found in an application, and what that took; no findings if it took too long."""

    name: str
    commit: str
    lines: int
    findings: tuple[str, ...] | None
    seconds: float
    memory: int

    @property
    def by_rule(self) -> Mapping[str, int]:
        """How often each rule reports something."""
        codes = Counter(match[1] for line in self.findings or () if (match := CODE.search(line)))
        return dict(sorted(codes.items()))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="findings on public applications, by rule")
    parser.add_argument("clones", type=Path, metavar="CLONES", help="folder of applications")
    parser.add_argument("--findings", type=Path, metavar="FOLDER", help="write the findings there")
    parser.add_argument("--advice", choices=("on", "off"), default="off", help="rules that only advise")
    parser.add_argument(
        "--limit", type=float, default=900, metavar="SECONDS", help="stop after it (default: 900)"
    )
    arguments = parser.parse_args(argv)
    applications = sorted(path for path in arguments.clones.iterdir() if path.is_dir())
    if not applications:
        parser.error(f"no folders in {arguments.clones}")
    if arguments.findings is not None:
        arguments.findings.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            flake8 = find_flake8(Path(scratch).resolve(), arguments.limit)
            print(f"flake8 {flake8.about}\n\n{row(HEAD)}\n|---|---|---:|---|---:|---:|", flush=True)
            for application in applications:
                result = lint(flake8, application.resolve(), arguments.advice)
                print(row(cells(result)), flush=True)
                if arguments.findings is not None:
                    text = "".join(f"{line}\n" for line in result.findings or ())
                    (arguments.findings / f"{application.name}.txt").write_text(text, encoding="utf-8")
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def lint(flake8: Flake8, application: Path, advice: str) -> Result:
    """Lint an application with an empty cache.

    Raises BenchmarkError if flake8 fails.
    """
    about = application.name, commit_of(application), count_lines(application)
    with tempfile.TemporaryDirectory(dir=flake8.folder) as cache:
        try:
            run = flake8.run("--select=AFA", f"--afa-advice={advice}", application, cache=Path(cache))
        except TooLong:
            return Result(*about, None, flake8.limit, 0)
    prefix = f"{application}/"
    lines = tuple(line.removeprefix(prefix) for line in run.output.splitlines())
    return Result(*about, lines, run.seconds, run.memory)


def commit_of(application: Path) -> str:
    """The commit that is checked out in a clone; empty for a folder that is none."""
    command = ["git", "-C", str(application), "rev-parse", "--short=12", "HEAD"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() if (application / ".git").exists() else ""


def count_lines(application: Path) -> int:
    """How many lines all its Python files have."""
    files = (path for path in application.rglob("*.py") if path.is_file())
    return sum(path.read_bytes().count(b"\n") for path in files)


def cells(result: Result) -> Iterator[str]:
    """The line of an application in the table."""
    yield from (result.name, result.commit, f"{result.lines:,}")
    if result.findings is None:
        yield from (f"stopped after {result.seconds:.0f} s", "", "")
    else:
        yield ", ".join(f"{code}: {count}" for code, count in result.by_rule.items()) or "none"
        yield from (f"{result.seconds:.1f}", f"{result.memory / 1e6:.0f}")


def row(texts: Iterator[str] | Sequence[str]) -> str:
    return f"| {' | '.join(texts)} |"


if __name__ == "__main__":
    sys.exit(main())
