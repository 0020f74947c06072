"""The command ``fix``: its arguments, its changes and its output."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flake8_async_fastapi.check.command import add_shared_arguments, forwarded, require_libcst
from flake8_async_fastapi.faults import UsageError

if TYPE_CHECKING:
    from flake8_async_fastapi.check.fixing import Fixing
    from flake8_async_fastapi.fixes.rounds import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "paths", nargs="*", default=["."], metavar="PATH", help="files and folders (default: .)"
    )
    parser.add_argument(
        "--unsafe", action="store_true", help="also make fixes that may change more than the bug"
    )
    parser.add_argument(
        "--diff", action="store_true", help="only show the changes; exit with status 1 if there are any"
    )
    add_shared_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Apply all fixes and report them; returns 0, or 1 if a file could not be written.

    With ``--diff``, 1 where there is something to change. Raises UsageError.
    """
    require_libcst("fix")
    # flake8 and libcst take long to import, and no other command needs both
    from flake8_async_fastapi.check.fixing import run_fix
    from flake8_async_fastapi.check.run import CheckError

    if "-" in arguments.paths:
        raise UsageError("fix changes files, and standard input is none")
    try:
        fixing, outcome = run_fix(
            arguments.paths, list(forwarded(arguments)), unsafe=arguments.unsafe, only_shows=arguments.diff
        )
    except CheckError as error:
        raise UsageError(str(error)) from error
    if arguments.diff:
        for line in _diff(fixing, outcome):
            print(line)
        return 1 if outcome.texts else 0
    failed = fixing.write(outcome.texts)
    for line in _summary(outcome, failed, unsafe=arguments.unsafe):
        print(line)
    return 1 if failed else 0


def _diff(fixing: Fixing, outcome: Outcome) -> Iterator[str]:
    from flake8_async_fastapi.fixes.edits import unified_diff

    for path, text in sorted(outcome.texts.items()):
        yield from unified_diff(path, fixing.read(path) or "", text)


def _summary(outcome: Outcome, failed: list[tuple[str, str]], *, unsafe: bool) -> Iterator[str]:
    for path, why in failed:
        yield f"{path}: not written: {why}"
    for taken in outcome.taken_back:
        found = taken.finding
        yield f"{found.path}:{found.line}: the fix of {found.code} was taken back: {taken.why}"
    waiting = sum(one.fix is not None and not one.fix.is_safe for one in outcome.left)
    hint = f", {waiting} of them with --unsafe" if waiting and not unsafe else ""
    if failed:
        yield f"{len(failed)} of {len(outcome.texts)} files not written"
    yield f"{outcome.fixed} fixed in {len(outcome.texts)} files, {len(outcome.left)} left{hint}"
