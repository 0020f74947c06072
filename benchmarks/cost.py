"""What the plugin costs on a tree: CPU time and memory, next to plain flake8.

    python benchmarks/cost.py TREE [--repeat N] [--jobs N]

Run it with a Python that has flake8 and this plugin installed.  Each round runs
plain flake8, flake8 with the plugin and an empty cache (cold), and the same
again (warm), one after the other, so that a slower spell of the machine meets
all three.  Times are the user and system time of the whole process tree.

Plain flake8 is the same installation with the plugin hidden: flake8 takes the
first distribution of a name that it finds, and an empty one is put in front.
No code is patched, so it holds for worker processes too.  That the plugin is
absent there, and present in the other runs, is checked before measuring.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

NAME = "flake8-async-fastapi"
VARIABLE = "FLAKE8_ASYNC_FASTAPI_CACHE_DIR"
HIDDEN = "0+hidden"

# flake8's own defaults for --exclude.
EXCLUDED = {".svn", "CVS", ".bzr", ".hg", ".git", "__pycache__", ".tox", ".nox", ".eggs"}


class BenchmarkError(Exception):
    """The figures would mean nothing.  The text is a message for the user."""


@dataclass(frozen=True)
class Run:
    """One run of flake8: CPU seconds, bytes of the largest process, the plugin's findings."""

    seconds: float
    memory: int
    findings: frozenset[str]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="CPU time and memory of the plugin, next to plain flake8")
    parser.add_argument("tree", type=Path, help="file or directory to lint")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="rounds (default: 3)")
    parser.add_argument("--jobs", "-j", type=int, default=1, metavar="N", help="flake8's --jobs (default: 1)")
    arguments = parser.parse_args(argv)
    if not arguments.tree.exists():
        parser.error(f"no such file or directory: {arguments.tree}")
    if arguments.repeat < 1 or arguments.jobs < 1:
        parser.error("--repeat and --jobs must be at least 1")
    if not hasattr(os, "wait4"):
        parser.error("this system does not tell the CPU time of a process tree")
    try:
        with tempfile.TemporaryDirectory() as scratch:
            results = measure(arguments.tree.resolve(), arguments.repeat, arguments.jobs, Path(scratch))
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    files, lines = size(arguments.tree)
    print(f"{arguments.tree}: {files:,} files, {lines:,} lines of Python; ", end="")
    print(f"median of {arguments.repeat}, --jobs={arguments.jobs}")
    print(table(results))
    return 0


def measure(tree: Path, repeat: int, jobs: int, scratch: Path) -> dict[str, list[Run]]:
    """Return the runs of plain flake8 and of flake8 with the plugin, cold and warm.

    Raises BenchmarkError if flake8 fails or if the findings differ between runs.
    """
    with_plugin = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    plain = {**with_plugin, "PYTHONPATH": str(hide_plugin(scratch))}
    if f"{NAME}:{HIDDEN}" not in version(plain, scratch):
        raise BenchmarkError(f"{NAME} is still there where it should be hidden")
    if f"{NAME}:" not in version(with_plugin, scratch):
        raise BenchmarkError(f"flake8 does not see {NAME}: is it installed for {sys.executable}?")

    results: dict[str, list[Run]] = {"plain": [], "cold": [], "warm": []}
    # One round that does not count: it brings the files into memory and compiles the modules.
    for turn in range(repeat + 1):
        cached = {**with_plugin, VARIABLE: str(scratch / f"cache{turn}")}
        for name, environ in (("plain", plain), ("cold", cached), ("warm", cached)):
            run = flake8(tree, jobs, environ, scratch)
            if turn:
                results[name].append(run)
    if len({run.findings for name in ("cold", "warm") for run in results[name]}) != 1:
        raise BenchmarkError("the runs with the plugin do not agree on the findings")
    return results


def hide_plugin(scratch: Path) -> Path:
    """Make a folder for PYTHONPATH that hides the plugin, and return it."""
    folder = scratch / "hidden"
    metadata = folder / f"{NAME.replace('-', '_')}-{HIDDEN}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {HIDDEN}\n")
    # flake8 looks at distributions with an entry point in one of its groups only;
    # this one is a report format that nobody asks for.
    (metadata / "entry_points.txt").write_text("[flake8.report]\nunused = builtins:object\n")
    return folder


def version(environ: Mapping[str, str], scratch: Path) -> str:
    """Return what flake8 tells of its own version and its plugins', without spaces and line breaks."""
    command = [sys.executable, "-m", "flake8", "--isolated", "--version"]
    result = subprocess.run(command, env=environ, cwd=scratch, capture_output=True, text=True)
    if result.returncode:
        raise BenchmarkError(f"flake8 --version failed:\n{result.stderr}")
    return "".join(result.stdout.split())


def flake8(tree: Path, jobs: int, environ: Mapping[str, str], scratch: Path) -> Run:
    """Run flake8 on the tree and return what it cost and what the plugin found."""
    # From another folder: `-m` puts the current one on the path.
    command = [sys.executable, "-m", "flake8", "--isolated", f"--jobs={jobs}", str(tree)]
    with (scratch / "output").open("w+b") as output, (scratch / "errors").open("w+b") as errors:
        process = subprocess.Popen(command, env=environ, cwd=scratch, stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)  # or its destructor would wait again
        if process.returncode not in {0, 1}:
            errors.seek(0)
            message = errors.read().decode(errors="replace")[-2000:]
            raise BenchmarkError(f"flake8 ended with {process.returncode}:\n{message}")
        output.seek(0)
        lines = output.read().decode(errors="replace").splitlines()
    scale = 1 if sys.platform == "darwin" else 1024
    findings = frozenset(line for line in lines if " AFA" in line)
    return Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * scale, findings)


def size(tree: Path) -> tuple[int, int]:
    """Return how many Python files flake8 finds in the tree, and their lines."""
    if tree.is_file():
        paths = [tree]
    else:
        paths = []
        for folder, folders, names in os.walk(tree):
            folders[:] = [name for name in folders if name not in EXCLUDED and not name.endswith(".egg")]
            paths += [Path(folder, name) for name in names if name.endswith(".py")]
    return len(paths), sum(map(lines_of, paths))


def lines_of(path: Path) -> int:
    try:
        with tokenize.open(path) as file:
            return sum(1 for _ in file)
    except (OSError, SyntaxError, UnicodeError):
        return 0


def table(results: Mapping[str, Sequence[Run]]) -> str:
    plain = statistics.median(run.seconds for run in results["plain"])
    rows = [f"{'':<22}{'CPU s':>9}{'added s':>9}{'added / plain':>15}{'peak MB':>9}{'findings':>10}"]
    titles = {"plain": "plain flake8", "cold": "with plugin, cold", "warm": "with plugin, warm"}
    for name, title in titles.items():
        seconds = statistics.median(run.seconds for run in results[name])
        memory = max(run.memory for run in results[name]) / 1e6
        row = f"{title:<22}{seconds:>9.2f}"
        if name == "plain":
            row += f"{'':>9}{'':>15}{memory:>9.0f}"
        else:
            added = seconds - plain
            row += f"{added:>9.2f}{added / plain:>15.2f}{memory:>9.0f}{len(results[name][0].findings):>10}"
        rows.append(row)
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
