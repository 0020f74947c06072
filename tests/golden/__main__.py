"""Look at the golden digests: which programs have other findings or events than before?

--update            record what is so now
--diff FILE|COMMIT  compare with recorded or printed lines; without a value, with those of the last commit
--show KEY          the findings and events in full, for a comparison by `diff` with those of another commit
--tree PATH         take the files of a folder instead of the programs of the tests, and print their lines
--calls             print how many Python calls a lint of the blog makes, by part of the package
--update-calls      record that
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # as under pytest

from golden import calls
from golden.digests import DATA, compare, lines_of, report_all, report_tree


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 1 when there is a difference."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.golden",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--diff", metavar="FILE|COMMIT", nargs="?", const="HEAD")
    parser.add_argument("--show", metavar="KEY")
    parser.add_argument("--tree", metavar="PATH", type=Path)
    parser.add_argument("--calls", action="store_true")
    parser.add_argument("--update-calls", action="store_true")
    options = parser.parse_args(arguments)
    if options.calls:
        print(*(f"{part}: {number}" for part, number in calls.measure().items()), sep="\n")
        return 0
    if options.update_calls:
        calls.record()
        return 0
    shown = options.show or ""

    def is_wanted(key: str) -> bool:
        return key in shown or shown in key

    reports = report_tree(options.tree) if options.tree else report_all(is_wanted)
    if options.show:
        for report in reports:
            if report.key == shown:
                print(f"# {report.key}", *report.findings, *report.events, sep="\n")
        return 0
    lines = lines_of(reports)
    if options.update:
        DATA.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return 0
    if options.tree and not options.diff:
        print(*lines, sep="\n")
        return 0
    told = compare(_recorded(options.diff or "HEAD"), lines)
    print(*told, f"{len(told)} of {len(lines)} programs differ", sep="\n")
    return 1 if told else 0


def _recorded(source: str) -> list[str]:
    """The lines of a file, or of the file of data at a commit."""
    if Path(source).is_file():
        return Path(source).read_text(encoding="utf-8").splitlines()
    command = ["git", "show", f"{source}:./{DATA.name}"]
    done = subprocess.run(command, cwd=DATA.parent, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main())
