"""The arguments of ``report``, and where the report goes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from flake8_async_fastapi.check.command import add_shared_arguments, forwarded
from flake8_async_fastapi.faults import UsageError

if TYPE_CHECKING:
    from flake8_async_fastapi.report.routes import Route


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "paths", nargs="*", default=["."], metavar="PATH", help="files and folders (default: .)"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write an HTML page to this file")
    parser.add_argument(
        "--route", metavar="TEXT", help="only routes whose method, path or function contains this text"
    )
    add_shared_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Report on the routes of all projects that the paths lie in.

    Raises UsageError.
    """
    # flake8 takes long to import, and no other command needs it
    from flake8_async_fastapi.check.run import CheckError, open_run
    from flake8_async_fastapi.report.page import as_page
    from flake8_async_fastapi.report.routes import find_routes
    from flake8_async_fastapi.report.text import as_text

    try:
        run = open_run(arguments.paths, list(forwarded(arguments)))
        run.check(arguments.paths)
    except CheckError as error:
        raise UsageError(str(error)) from error
    findings, cwd = run.report().findings, run.projects.cwd
    routes = [
        route
        for root, analysis in run.projects.opened.items()
        for route in find_routes(analysis, root, cwd, run.processors, findings)
        if _is_wanted(route, arguments.route)
    ]
    if arguments.output is None:
        for line in as_text(routes):
            print(line)
        return 0
    title = f"Routes of {', '.join(Path(path).resolve().name for path in arguments.paths)}"
    try:
        arguments.output.write_text(as_page(routes, title), encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"{arguments.output} cannot be written: {error.strerror}") from error
    print(f"{len(routes)} routes written to {arguments.output}")
    return 0


def _is_wanted(route: Route, text: str | None) -> bool:
    return text is None or text.lower() in f"{route.method} {route.path} {route.function}".lower()
