"""What an edit costs in an editor: CPU time from a keystroke to the findings of all open buffers.

    python benchmarks/editing.py [FOLDER] [--edits N] [--buffers N] [--lines N]

Without a folder, on a generated project of 75,000 lines in about 1,000 files (see `projects.py`).  Files are
chosen at random and opened, up to so many at a time; in each of them a line is inserted, removed or
changed, or a function is added.  The server's delay and the protocol are not counted.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from projects import make_project
from scale import write_project

from flake8_async_fastapi.server.folders import Folder, open_folder


def main(argv: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="what an edit costs in an editor")
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--edits", type=int, default=200, metavar="N")
    parser.add_argument("--buffers", type=int, default=5, metavar="N", help="that are open at a time")
    parser.add_argument("--lines", type=int, default=75_000, metavar="N", help="of a generated project")
    options = parser.parse_args(argv)
    with contextlib.ExitStack() as stack:
        root = options.folder
        if root is None:
            root = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "project"
            write_project(root, make_project(options.lines))
        begin = time.process_time()
        folder = open_folder(root.resolve(), ["--isolated", "--afa-cache-dir=off"])
        gc.collect()
        gc.freeze()
        print(f"opened in {time.process_time() - begin:.1f} s")
        costs = sorted(measure(folder, options.edits, options.buffers))
    seconds = [cost for cost, _ in costs]
    print(f"{len(costs)} edits: median {1000 * statistics.median(seconds):.0f} ms, "
          f"95 % within {1000 * seconds[int(0.95 * len(seconds))]:.0f} ms")  # fmt: skip
    for cost, what in costs[-5:]:
        print(f"{1000 * cost:6.0f} ms  {what}")


def measure(folder: Folder, edits: int, buffers: int) -> Iterator[tuple[float, str]]:
    """Edit files at random: what each edit cost, and what it was."""
    dice = random.Random(1)
    (analysis,) = folder.projects.opened.values()
    paths = [path for path, source in analysis.sources.items() if source.text.count("\n") > 5]
    opened: list[str] = []
    for _ in range(edits):
        if dice.random() < 0.4 or not opened:
            path = dice.choice(paths)
            filename = str(folder.path / path)
            folder.set_text(filename, folder.buffers.get(filename, analysis.sources[path].text))
            opened = [one for one in opened if one != filename][1 - buffers :] + [filename]
            _find_all(folder, opened)
        filename = dice.choice(opened)
        kind, text = _edit(dice, folder.buffers[filename])
        begin = time.process_time()
        folder.set_text(filename, text)
        _find_all(folder, opened)
        yield time.process_time() - begin, f"{filename}: {kind}"


def _find_all(folder: Folder, opened: Sequence[str]) -> None:
    for filename in opened:
        folder.find(filename)


def _edit(dice: random.Random, text: str) -> tuple[str, str]:
    """An edit of a text, and what it is; it need not parse."""
    lines = text.split("\n")
    at = dice.randrange(len(lines))
    awaits = [number for number, line in enumerate(lines) if "await " in line]
    kind = dice.choice(("a line more", "a line less", "a function more", "an await less"))
    if kind == "a line more":
        lines.insert(at, "")
    elif kind == "a line less":
        del lines[at]
    elif kind == "a function more" or not awaits:
        lines += ["", "", f"async def added_{dice.randrange(1_000)}() -> None:", "    pass", ""]
    else:
        at = dice.choice(awaits)
        lines[at] = lines[at].replace("await ", "", 1)
    return kind, "\n".join(lines)


if __name__ == "__main__":
    main()
