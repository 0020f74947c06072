"""Which files and functions of a project take the most time, in one process.

    python benchmarks/dearest.py TREE [--count N]

Every file of the tree is checked as if nothing were known, one after the other:
what functions of other files do is learned by the first file that asks.  Times
are CPU seconds; reading and linking the project come before, and are apart.  A
function's time is that of its own check, callees that were not run before
included.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from unittest.mock import patch

from msgspec.structs import replace

from flake8_async_fastapi import analysis
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.hooks import Hooks
from flake8_async_fastapi.engine.values import Function
from flake8_async_fastapi.store.cache import Cache
from flake8_async_fastapi.store.root import find_root

Times = list[tuple[str, float]]
"""Names with CPU seconds, the dearest first."""


@dataclass(frozen=True)
class Dearest:
    """What takes the most time, and what reading and checking all files takes."""

    files: Times
    functions: Times
    reading: float
    checking: float


@dataclass
class Stopwatch:
    """Times the checks of functions, which it is told the begin of; each ends where another begins."""

    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    name: str = ""
    began: float = 0.0

    def begin(self, frame: Frame, function: Function, outer: Frame) -> None:
        self.stop()
        self.name = f"{frame.path}:{frame.qualname}"
        self.began = time.process_time()

    def stop(self) -> None:
        """End what is under way."""
        if self.name:
            self.seconds[self.name] += time.process_time() - self.began
        self.name = ""


def find_dearest(tree: Path, cache: Path, count: int) -> Dearest:
    """Check all files of a tree in this process, and return the files and functions that took longest."""
    tree = tree.absolute()
    root = find_root(tree / "x.py", arguments=[str(tree)], cwd=tree)
    watch = Stopwatch()
    hooks = _watched_by(watch)
    start = time.process_time()
    opened = analysis.open_analysis(root, Cache(cache))
    opened.project  # noqa: B018 - a property that is computed once
    read = time.process_time()
    files = {}
    with patch.object(analysis, "all_hooks", lambda: hooks):
        for path in opened.sources:
            if (root / path).is_relative_to(tree):
                begin = time.process_time()
                opened.findings(path)
                watch.stop()
                files[path] = time.process_time() - begin
    end = time.process_time()
    return Dearest(_first(files, count), _first(watch.seconds, count), read - start, end - read)


def _watched_by(watch: Stopwatch) -> Hooks:
    hooks = analysis.all_hooks()
    begins = (watch.begin, *hooks.observers.function_begins)
    return replace(hooks, observers=replace(hooks.observers, function_begins=begins))


def _first(seconds: Mapping[str, float], count: int) -> Times:
    return sorted(seconds.items(), key=lambda item: -item[1])[:count]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="the files and functions that the plugin takes longest for")
    parser.add_argument("tree", type=Path, help="folder to check")
    parser.add_argument("--count", type=int, default=10, metavar="N", help="how many to show (default: 10)")
    parser.add_argument("--json", action="store_true", help="for programs")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as cache:
        dearest = find_dearest(arguments.tree, Path(cache), arguments.count)
    print(json.dumps(asdict(dearest)) if arguments.json else show(dearest))
    return 0


def show(dearest: Dearest) -> str:
    """Return the times as lines of text."""
    lines = [f"{dearest.reading:8.2f} s to read and link the project", f"{dearest.checking:8.2f} s to check"]
    for title, times in (("files", dearest.files), ("functions", dearest.functions)):
        lines += ["", f"{title}:", *(f"{seconds:8.2f} s {name}" for name, seconds in times)]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
