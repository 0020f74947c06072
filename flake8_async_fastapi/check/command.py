"""The arguments and the output of ``check``."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flake8_async_fastapi.check.watching import look, wait_for_change
from flake8_async_fastapi.faults import UsageError

if TYPE_CHECKING:
    from flake8_async_fastapi.check.report import Report

_FORMATS: Final = ("full", "concise", "json", "github", "gitlab", "sarif", "junit")

_FOR_FLAKE8: Final = (
    ("--select", "CODES", "only these codes, or codes that begin like this"),
    ("--extend-select", "CODES", "these codes as well"),
    ("--ignore", "CODES", "not these codes"),
    ("--extend-ignore", "CODES", "not these codes either"),
    ("--per-file-ignores", "RULES", "codes that are not reported in some files, such as 'tests/*:AFA2'"),
    ("--exclude", "PATTERNS", "files and folders to leave out"),
    ("--extend-exclude", "PATTERNS", "more files and folders to leave out"),
    ("--config", "FILE", "flake8's configuration file (default: the one flake8 finds)"),
    ("--append-config", "FILE", "one more configuration file"),
    ("--stdin-display-name", "PATH", "the file name of the text on standard input"),
    ("--afa-root", "DIR", "folder that holds the project (default: found by looking upward from each file)"),
    ("--afa-cache-dir", "DIR", "folder of the cache, or 'off'"),
    ("--afa-blocking", "NAMES", "more functions that block"),
    ("--afa-offloaders", "NAMES", "more functions that run their argument in a thread"),
    ("--afa-allowed", "NAMES", "functions that may block"),
    ("--afa-reuse", "on|off", "keep findings that a change elsewhere does not affect (default: on)"),
    ("--afa-brief", "on|off", "also report calls that block for only a moment (default: off)"),
    ("--afa-advice", "on|off", "also report advice: code that works today (default: on)"),
    (
        "--afa-level",
        "certain|likely",
        "what to report: certain findings, or likely ones as well (default: certain)",
    ),
)
_FLAGS_FOR_FLAKE8: Final = (
    ("--isolated", "read no configuration file"),
    ("--disable-noqa", "ignore '# noqa' comments"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "paths",
        nargs="*",
        default=["."],
        metavar="PATH",
        help="files and folders, or - for standard input (default: .)",
    )
    parser.add_argument("--output-format", choices=_FORMATS, default="full", help="(default: full)")
    parser.add_argument("--output-file", type=Path, metavar="FILE", help="write the findings to this file")
    parser.add_argument(
        "--statistics", action="store_true", help="count the findings of each code at the end"
    )
    parser.add_argument(
        "--exit-zero", action="store_true", help="exit with status 0 even if something is found"
    )
    parser.add_argument(
        "--baseline", type=Path, metavar="FILE", help="leave out the findings listed in this file"
    )
    parser.add_argument(
        "--write-baseline", type=Path, metavar="FILE", help="list today's findings in this file, and exit"
    )
    parser.add_argument(
        "--add-noqa", action="store_true", help="add a '# noqa' comment for each finding, and exit"
    )
    parser.add_argument(
        "--unused-noqa", action="store_true", help="also report '# noqa: AFA' comments that suppress nothing"
    )
    parser.add_argument(
        "--show-fixes", action="store_true", help="include the edits that 'fix' would make (JSON and SARIF)"
    )
    parser.add_argument("--watch", action="store_true", help="check again whenever a file changes")
    add_shared_arguments(parser)


def add_shared_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that are handed on to flake8."""
    shared = parser.add_argument_group(
        "options that flake8 has as well, on the command line and in its configuration"
    )
    for name, metavar, text in _FOR_FLAKE8:
        shared.add_argument(name, metavar=metavar, action="append", dest=_dest(name), help=text)
    for name, text in _FLAGS_FOR_FLAKE8:
        shared.add_argument(name, action="store_true", dest=_dest(name), help=text)


def _dest(name: str) -> str:
    return f"flake8_{name[2:].replace('-', '_')}"


def run(arguments: argparse.Namespace) -> int:
    """Check and print the findings; returns 0 if there are none, otherwise 1.

    Raises UsageError.
    """
    if "-" in arguments.paths and (arguments.add_noqa or arguments.watch):
        raise UsageError("standard input is no file that could be changed or watched")
    report = _checked(arguments)
    if arguments.write_baseline is not None:
        return _write_baseline(report, arguments.write_baseline)
    if arguments.add_noqa:
        return _add_noqa(report)
    _print(report, arguments)
    if arguments.watch:
        _watch([Path(root) for root in report.roots], arguments)
    return 0 if report.is_clean or arguments.exit_zero else 1


def _watch(roots: Sequence[Path], arguments: argparse.Namespace) -> None:
    """Check again after each change, until somebody ends it."""
    state = look(roots)
    while True:
        sys.stdout.flush()
        changed, state = wait_for_change(roots, state)
        print(f"\n--- changed: {', '.join(changed)}\n")
        _print(_checked(arguments), arguments)


def _checked(arguments: argparse.Namespace) -> Report:
    # flake8 takes long to import, and no other command needs it
    from flake8_async_fastapi.check.run import CheckError, run_check

    try:
        report = run_check(
            arguments.paths,
            list(forwarded(arguments)),
            finds_unused=arguments.unused_noqa,
            describes=arguments.output_format == "full",
        )
    except CheckError as error:
        raise UsageError(str(error)) from error
    if arguments.baseline is not None:
        report = _without_known(report, arguments.baseline)
    return _with_edits(report) if arguments.show_fixes else report


def _with_edits(report: Report) -> Report:
    require_libcst("--show-fixes")
    from flake8_async_fastapi.check.edits import with_edits

    return with_edits(report)


def require_libcst(wanted: str) -> None:
    """Raise UsageError if libcst is not installed, which only some things need."""
    if importlib.util.find_spec("libcst") is None:
        raise UsageError(f"{wanted} needs libcst: install flake8-async-fastapi[fix]")


def forwarded(arguments: argparse.Namespace) -> Iterator[str]:
    """The arguments that are handed on, as flake8 takes them."""
    given: dict[str, Any] = vars(arguments)
    for name, _, _ in _FOR_FLAKE8:
        for value in given[_dest(name)] or ():
            yield f"{name}={value}"
    for name, _ in _FLAGS_FOR_FLAKE8:
        if given[_dest(name)]:
            yield name


def _print(report: Report, arguments: argparse.Namespace) -> None:
    writers = _writers()
    lines = list(writers[arguments.output_format](report))
    if arguments.output_file is None:
        for line in lines:
            print(line)
    else:
        text = "".join(f"{line}\n" for line in lines)
        _write(arguments.output_file, text.encode("utf-8", "backslashreplace"))
    for remark in _remarks(report, arguments):
        print(remark, file=sys.stderr)
    beside = sys.stdout if arguments.output_format in ("full", "concise") else sys.stderr
    if arguments.statistics:
        counts = Counter(finding.code for finding in report.findings)
        for code, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            print(f"{count:6} {code}", file=beside)


def _remarks(report: Report, arguments: argparse.Namespace) -> Iterator[str]:
    """What a user should know whatever the format: findings can be missing because of it."""
    for name in report.unknown:
        yield f"an option names {name}, which is nowhere in the project"
    for root in report.empty:
        yield f"the project root {root} holds no Python file"
    if not report.files:
        yield f"nothing to check in {', '.join(arguments.paths)}: no Python file, or all are excluded"
    if arguments.output_format != "full":  # which shows them with the findings
        from flake8_async_fastapi.check.text import stale_entries

        yield from stale_entries(report)


def _writers() -> dict[str, Callable[[Report], Iterator[str]]]:
    from flake8_async_fastapi.check import data, sarif, text

    return {
        "full": text.full,
        "concise": text.concise,
        "json": data.as_json,
        "github": data.github,
        "gitlab": data.gitlab,
        "sarif": sarif.sarif,
        "junit": data.junit,
    }


def _write_baseline(report: Report, file: Path) -> int:
    from flake8_async_fastapi.check.baseline import encode_baseline
    from flake8_async_fastapi.check.text import counted

    _write(file, encode_baseline(report.findings, str(file.parent)))
    print(f"{counted(len(report.findings), 'finding')} written to {file}")
    return 0


def _add_noqa(report: Report) -> int:
    from flake8_async_fastapi.check.comments import add_comments
    from flake8_async_fastapi.check.text import counted

    written, failed = add_comments(report.findings)
    for path, why in failed:
        print(f"{path}: not written: {why}")
    print(f"{counted(sum(written.values()), 'line')} marked in {counted(len(written), 'file')}")
    return 1 if failed else 0


def _without_known(report: Report, file: Path) -> Report:
    from flake8_async_fastapi.check.baseline import decode_baseline, without_known

    try:
        entries = decode_baseline(file.read_bytes())
    except OSError as error:
        raise UsageError(f"the baseline {file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{file} {error}") from error
    return without_known(report, entries, str(file.parent))


def _write(file: Path, data: bytes) -> None:
    """Write a file as a whole, or not at all."""
    beside = file.with_name(f"{file.name}.new")
    try:
        beside.write_bytes(data)
        os.replace(beside, file)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from error
