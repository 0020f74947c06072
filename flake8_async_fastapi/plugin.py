"""The flake8 plugin, the only module that knows flake8."""

from __future__ import annotations

import argparse
import ast
import gc
import logging
import os
import sys
from collections.abc import Iterator
from typing import Any, ClassVar

from flake8.discover_files import expand_paths
from flake8.exceptions import ExecutionError
from flake8.options.manager import OptionManager

from flake8_async_fastapi import __version__
from flake8_async_fastapi.configuration import Option, read_configuration
from flake8_async_fastapi.faults import LOG, survive
from flake8_async_fastapi.knowledge.settings import read_settings
from flake8_async_fastapi.progress import Progress, terminal
from flake8_async_fastapi.projects import Projects
from flake8_async_fastapi.rules.model import LEVELS, Finding, not_analysed
from flake8_async_fastapi.store.cache import Cache, cache_directory
from flake8_async_fastapi.store.root import RootError


class Plugin:
    """The findings of one file, in the form that flake8 expects.

    flake8 looks at the names of the parameters. ``lines`` is the text under check, which may differ from
    the file on disk.
    """

    name: ClassVar[str] = "flake8-async-fastapi"
    version: ClassVar[str] = __version__
    _declared: ClassVar[dict[str, Option]] = {}
    _options: ClassVar[argparse.Namespace] = argparse.Namespace()
    projects: ClassVar[Projects]
    _progress: ClassVar[Progress] = Progress(None)
    _places: ClassVar[dict[str, int]] = {}

    def __init__(self, tree: ast.AST, filename: str, lines: list[str]) -> None:
        self.filename = filename
        self.lines = lines

    @classmethod
    def add_options(cls, manager: OptionManager) -> None:
        """Declare the options, with flake8's own prefix rules."""

        def add(name: str, **details: Any) -> None:
            is_list = details.get("comma_separated_list", False)
            default = [] if is_list else details.get("default")
            cls._declared[f"afa-{name}"] = Option(default, details.get("choices"), is_list)
            manager.add_option(f"--afa-{name}", parse_from_config=True, **details)

        add(
            "root",
            metavar="DIR",
            normalize_paths=True,
            help="folder that holds the project (default: found by looking upward from each file)",
        )
        add(
            "cache-dir",
            metavar="DIR",
            normalize_paths=True,
            help="folder of the cache, or 'off' (default: in the user's cache folder)",
        )
        for name, what in (
            ("blocking", "more functions that block, as dotted names or CODE=name"),
            ("offloaders", "more functions that run their argument in a thread, as dotted names"),
            ("allowed", "functions that may block, as dotted names; name.* for all below a name"),
        ):
            add(name, metavar="NAMES", default="", comma_separated_list=True, help=what)
        add(
            "level",
            metavar="|".join(LEVELS),
            default=LEVELS[0],
            choices=LEVELS,
            help=f"what to report: certain findings, or likely ones as well (default: {LEVELS[0]})",
        )
        for name, default, what in (
            ("reuse", "on", "keep findings that a change elsewhere does not affect"),
            ("brief", "off", "also report calls that block for only a moment, such as os.listdir()"),
            ("advice", "on", "also report advice: code that works today"),
        ):
            add(
                name,
                metavar="on|off",
                default=default,
                choices=("on", "off"),
                help=f"{what} (default: {default})",
            )

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        """Apply the options. flake8 calls this once in the parent process, and again in spawned workers.

        Projects are read here, so that workers forked later already have them, and spawned workers find the
        facts in the cache.

        Raises ExecutionError for invalid options.
        """
        cls._options = options
        cls._places = {}
        told = not options.quiet and not options.verbose  # what flake8 logs goes to the same terminal
        cls._progress = Progress(terminal(sys.stderr) if told else None)
        _log_as_flake8()
        try:
            read_configuration(options, cls._declared)
            cls.projects = open_projects(options)
        except (RootError, ValueError) as error:
            raise ExecutionError(f"flake8-async-fastapi: {error}") from error
        try:
            cls.projects.prepare(cls._tell_read)
        finally:
            cls._progress.clear()
        gc.freeze()  # what lives as long as the process is not looked through again and again

    def run(self) -> Iterator[tuple[int, int, str, type[Any]]]:
        """The findings as flake8 expects them: line, column, text, type."""
        found = survive(self.filename, "analysed", self._findings)
        for finding in [not_analysed(self.filename)] if found is None else found:
            if not finding.advice or self._options.afa_advice == "on":
                message = self.projects.message(finding, self.filename)
                yield finding.line, finding.col, f"{finding.code} {message}", type(self)

    def _findings(self) -> list[Finding]:
        try:
            return self.projects.findings_with_callers(
                self.filename, "".join(self.lines), self._tell_checked, self._options.afa_level
            )
        finally:
            self._progress.clear()

    @classmethod
    def tell_checked(cls, done: int, of: int, changed: int = 0) -> None:
        """Show how many files are checked, if that takes long and there is a terminal.

        ``changed`` of them have a text that differs from the disk.
        """
        fixed = f", of which {changed} are changed" if changed else ""
        cls._progress.tell(f"{cls.name}: {done} of {of} files checked{fixed}")

    @classmethod
    def tell_opened(cls, path: str) -> None:
        """Show which file is being read in order to change it."""
        cls._progress.tell(f"{cls.name}: looking for changes in {path}")

    @classmethod
    def tell_done(cls) -> None:
        """Remove the progress line."""
        cls._progress.clear()

    @classmethod
    def _tell_read(cls, done: int, of: int) -> None:
        cls._progress.tell(f"{cls.name}: {done} of {of} files read")

    def _tell_checked(self) -> None:
        """Show how far flake8 is. It hands out files in order, so the position of a file is the number of
        those before it.
        """
        if not self._progress.is_due():
            return
        if not self._places:
            names = files_to_check(self._options)
            type(self)._places = {name: number for number, name in enumerate(names)}
        done = self._places.get(self.filename)
        if done is not None:
            self.tell_checked(done, len(self._places))


def open_projects(options: argparse.Namespace) -> Projects:
    """The projects of a run, as its options describe them.

    Raises RootError and ValueError for invalid options.
    """
    projects = Projects(
        Cache(cache_directory(options.afa_cache_dir, os.environ)),
        options.filenames or (".",),
        options.afa_root,
        read_settings(
            options.afa_blocking,
            options.afa_offloaders,
            options.afa_allowed,
            reports_brief=options.afa_brief == "on",
        ),
        options.afa_reuse == "on",
    )
    projects.root_of("")
    return projects


def files_to_check(options: argparse.Namespace) -> list[str]:
    """The files that flake8 checks, found as flake8 finds them."""
    return list(
        expand_paths(
            paths=options.filenames,
            stdin_display_name=options.stdin_display_name,
            filename_patterns=options.filename,
            exclude=(*options.exclude, *options.extend_exclude),
        )
    )


def _log_as_flake8() -> None:
    """Log faults wherever flake8 writes its own log with ``--verbose``, and nowhere else."""
    flake8 = logging.getLogger("flake8")
    for handler in flake8.handlers:
        LOG.addHandler(handler)
    LOG.setLevel(flake8.level)
