"""The arguments of ``server``, and its start."""

from __future__ import annotations

import argparse

from flake8_async_fastapi.check.command import add_shared_arguments, forwarded
from flake8_async_fastapi.faults import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "--stdio", action="store_true", help="use standard input and output (the default, and the only way)"
    )
    parser.add_argument("--inlay-hints", action="store_true", help="show in the code what responses read")
    add_shared_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Serve one editor until it ends the session.

    Raises UsageError where pygls is not installed.
    """
    try:
        from flake8_async_fastapi.server.wire import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        raise UsageError(
            "the server needs pygls: python -m pip install 'flake8-async-fastapi[server]'"
        ) from error
    serve(list(forwarded(arguments)), shows_hints=arguments.inlay_hints)
    return 0
