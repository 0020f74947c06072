"""The arguments and the output of ``convert``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flake8_async_fastapi.faults import UsageError

if TYPE_CHECKING:
    from flake8_async_fastapi.convert.application import Converted

_REFUSED: Final = frozenset({"AFA404", "AFA421"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("path", type=Path, metavar="PATH", help="the folder of the project")
    parser.add_argument(
        "--driver",
        choices=("asyncpg", "psycopg"),
        default="",
        help="the driver for PostgreSQL; without it, psycopg if the project requires version 3, or asyncpg",
    )
    parser.add_argument("--diff", action="store_true", help="only show the changes")
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit with status 1 if something would change"
    )


def run(arguments: argparse.Namespace) -> int:
    """Convert a project, and report the work that is left.

    Returns 0, or 1 with ``--check`` if something would change. Raises UsageError.
    """
    from flake8_async_fastapi.convert.application import Refused, convert_project
    from flake8_async_fastapi.store.rewriting import ChangedMeanwhile

    root: Path = arguments.path
    if root.is_file():
        raise UsageError(f"{root} is a file: convert needs the folder of the project")
    if not root.is_dir():
        raise UsageError(f"there is no folder {root}")
    try:
        converted = convert_project(root, arguments.driver)
    except Refused as refused:
        if refused.is_done:
            print(refused)
            return 0
        raise UsageError(str(refused)) from refused
    if arguments.diff:
        print("\n".join(_diff(converted)))
    if not (arguments.diff or arguments.check):
        try:
            converted.write()
        except ChangedMeanwhile as error:
            raise UsageError(f"{error} has changed meanwhile: run convert again") from error
        except OSError as error:
            raise UsageError(f"{error.filename}: {error.strerror}: nothing is converted") from error
        except ValueError as error:
            raise UsageError(f"{error}: nothing is converted") from error
    if not arguments.diff:
        print("\n".join(_summary(converted, would=arguments.check)))
    return 1 if arguments.check and converted.texts else 0


def _diff(converted: Converted) -> Iterator[str]:
    from flake8_async_fastapi.fixes.edits import unified_diff

    for path, text in sorted(converted.texts.items()):
        yield from unified_diff(path, converted.originals[path].text, text)


def _summary(converted: Converted, *, would: bool) -> Iterator[str]:
    """The changes made, followed by the work that is left."""
    count = len(converted.texts)
    done = "would be" if would else "was" if count == 1 else "were"
    yield f"{count} file{'s' * (count != 1)} {done} changed"
    if converted.around is not None:
        yield f"the project begins at {converted.around}: its files outside of PATH are not converted"
    for heading, findings in (
        ("to do by hand:", converted.left.new),
        ("as before the conversion:", converted.left.old),
    ):
        if findings:
            yield ""
            yield heading
        for finding in findings:
            yield f"  {finding.path}:{finding.line}: {finding.code} {finding.message}"
    if any(finding.code in _REFUSED and "asyncpg" in finding.message for finding in converted.left.new):
        yield ""
        yield "with --driver psycopg, nothing is left of what asyncpg refuses"
