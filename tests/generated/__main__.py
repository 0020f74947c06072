"""Compare many programs: `python -m tests.generated --programs 2000 --seed 1 --jobs 2`."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterator, Sequence

from .compare import Comparison, compare, compare_seeds, findings_of, rules_exist, shrink
from .oracle import run_program
from .programs import random_program


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 1 when there are alarms."""
    parser = argparse.ArgumentParser(prog="python -m tests.generated", description=__doc__)
    parser.add_argument("--programs", type=int, default=200, help="how many programs")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; each program has the next one")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--show", choices=["alarms", "misses", "all", "mistakes"], default="alarms")
    parser.add_argument("--most", type=int, default=20, help="how many disagreements to show")
    parser.add_argument(
        "--key", default="", help="show those of one code or kind only, such as AFA301 or `unique`"
    )
    parser.add_argument("--shrink", action="store_true", help="make the programs that are shown small")
    parser.add_argument(
        "--print", action="store_true", dest="text", help="show the program of the seed and its runs"
    )
    options = parser.parse_args(arguments)
    if options.text:
        _print(options.seed)
        return 0
    start = time.perf_counter()
    whole = Comparison()
    seeds = range(options.seed, options.seed + options.programs)
    for part in _compared([seeds[first : first + 25] for first in range(0, len(seeds), 25)], options.jobs):
        whole.add(part)
        if sys.stderr.isatty():
            print(f"\r{whole.programs} programs", end="", file=sys.stderr)
    took = time.perf_counter() - start
    wanted = {"alarms": ("alarm",), "misses": ("miss",), "all": ("alarm", "miss"), "mistakes": ()}[
        options.show
    ]
    shown = [one for one in whole.disagreements if one.sort in wanted and options.key in one.key]
    shown.sort(key=lambda one: not one.sure)
    for one in shown[: options.most]:
        print((shrink(one) if options.shrink else one).told())
    if options.show == "mistakes":
        print("\n".join(whole.mistakes))
    print(whole.report())
    if not rules_exist():
        print("there are no rules of this family yet")
    print(f"{took:.1f} s, {whole.programs / took:.1f} programs a second")
    return 1 if whole.of("alarm") else 0


def _compared(chunks: Sequence[Sequence[int]], jobs: int) -> Iterator[Comparison]:
    if jobs == 1:
        yield from map(compare_seeds, chunks)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(compare_seeds, chunks)


def _print(seed: int) -> None:
    program = random_program(seed)
    print(program.text())
    outcome = run_program(program)
    if outcome.mistake:
        print("mistake:", outcome.mistake)
    for run in outcome.runs:
        failure = run.failure
        told = (
            f"{failure.kind}: {failure.attribute} at {failure.places}\n    {failure.text}"
            if failure
            else "ok"
        )
        print(f"run{run.flags}: {told}", *sorted(run.ineffective))
    for finding in findings_of(program):
        print(f"{finding.path}:{finding.line}: {finding.code} {finding.message}")
    for one in compare(program).disagreements:
        print(f"{one.sort}: {one.key} at {one.place}{'' if one.sure else ' (the program fails elsewhere)'}")


if __name__ == "__main__":
    sys.exit(main())
