"""The flake8 plugin: the only module that knows flake8."""

from __future__ import annotations

import argparse
import ast
import gc
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Final

from flake8.discover_files import expand_paths
from flake8.exceptions import ExecutionError
from flake8.options.manager import OptionManager

from flake8_async_fastapi import __version__
from flake8_async_fastapi.analysis import Analysis, open_analysis
from flake8_async_fastapi.faults import LOG, survive
from flake8_async_fastapi.knowledge.settings import Settings, read_settings
from flake8_async_fastapi.progress import Progress, terminal
from flake8_async_fastapi.rules.model import Finding
from flake8_async_fastapi.store.cache import Cache, cache_directory
from flake8_async_fastapi.store.root import RootError, find_root, is_makeshift, relative_path
from flake8_async_fastapi.store.sources import normalised

_STDIN: Final = frozenset({"stdin", "-", "(none)", ""})


class Plugin:
    """One file's findings, as flake8 asks for them.

    flake8 reads the names of the parameters: ``lines`` is the text under check,
    which may differ from the file on disk.
    """

    name: ClassVar[str] = "flake8-async-fastapi"
    version: ClassVar[str] = __version__
    _options: ClassVar[argparse.Namespace] = argparse.Namespace()
    _settings: ClassVar[Settings] = Settings()
    _roots: ClassVar[dict[str, Path]] = {}
    """The root of the project that the files in a folder belong to."""
    _opened: ClassVar[dict[Path, Analysis]] = {}
    _progress: ClassVar[Progress] = Progress(None)
    _places: ClassVar[dict[str, int]] = {}

    def __init__(self, tree: ast.AST, filename: str, lines: list[str]) -> None:
        self.filename = filename
        self.lines = lines

    @staticmethod
    def add_options(manager: OptionManager) -> None:
        """Declare the options, with flake8's own prefix rules."""
        manager.add_option(
            "--afa-root",
            metavar="DIR",
            parse_from_config=True,
            normalize_paths=True,
            help="folder that holds the project (default: found upward from each file)",
        )
        manager.add_option(
            "--afa-cache-dir",
            metavar="DIR",
            parse_from_config=True,
            normalize_paths=True,
            help="folder of the cache; 'off' for none (default: the user's cache folder)",
        )
        for name, what in (
            ("blocking", "more functions that block, as a dotted name or CODE=name"),
            ("offloaders", "more functions that run what they are given in a thread, as dotted names"),
            ("allowed", "functions that may block, as dotted names, or all below one as name.*"),
        ):
            manager.add_option(
                f"--afa-{name}",
                metavar="NAMES",
                default="",
                parse_from_config=True,
                comma_separated_list=True,
                help=what,
            )
        for name, default, what in (
            ("reuse", "on", "findings stand after a change elsewhere that they do not depend on"),
            ("brief", "off", "calls are reported too that block for a moment only, as os.listdir()"),
            ("advice", "on", "advice is reported too: code that works today"),
        ):
            manager.add_option(
                f"--afa-{name}",
                metavar="on|off",
                default=default,
                choices=("on", "off"),
                parse_from_config=True,
                help=f"whether {what} (default: {default})",
            )

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        """Take the options; called once in the parent process, and again in spawned workers.

        Projects are read here already, so that workers that are forked later have
        them, and workers that are spawned find their facts in the cache.

        Raises ExecutionError for options that are of no use.
        """
        cls._options = options
        cls._roots = {}
        cls._opened = {}
        cls._places = {}
        told = not options.quiet and not options.verbose  # what flake8 logs goes to the same terminal
        cls._progress = Progress(terminal(sys.stderr) if told else None)
        _log_as_flake8()
        try:
            cls._root("")
            cls._settings = read_settings(
                options.afa_blocking,
                options.afa_offloaders,
                options.afa_allowed,
                reports_brief=options.afa_brief == "on",
            )
        except (RootError, ValueError) as error:
            raise ExecutionError(f"flake8-async-fastapi: {error}") from error
        for argument in options.filenames or (".",):
            if argument not in _STDIN:
                folder = argument if Path(argument).is_dir() else os.path.dirname(argument)
                cls._prepare(cls._root(folder))
        gc.freeze()  # what lives as long as the process is not looked through again and again

    def run(self) -> Iterator[tuple[int, int, str, type[Any]]]:
        """Give the findings as flake8 wants them: line, column, text, type."""
        for finding in survive(self.filename, "analysed", self._findings) or ():
            if not finding.advice or self._options.afa_advice == "on":
                yield finding.line, finding.col, f"{finding.code} {finding.message}", type(self)

    def _findings(self) -> list[Finding]:
        lines = "".join(self.lines)
        text = normalised(lines)
        root = self._root("" if self.filename in _STDIN else os.path.dirname(self.filename))
        analysis = self._project(root)
        path = self._path(root, analysis, text)
        source = analysis.sources.get(path)
        if source is None or source.text != text:
            analysis = analysis.with_text(path, lines)
        try:
            return analysis.findings(path, self._tell_checked)
        finally:
            self._progress.clear()

    @classmethod
    def _prepare(cls, root: Path) -> None:
        try:
            survive(str(root), "read", lambda: cls._project(root).prepare(cls._tell_read))
        finally:
            cls._progress.clear()

    @classmethod
    def _tell_read(cls, done: int, of: int) -> None:
        cls._progress.tell(f"{cls.name}: {done} of {of} files read")

    def _tell_checked(self) -> None:
        """Say how far flake8 is: it hands out files in order, so the place of one counts those before it."""
        if not self._progress.is_due():
            return
        if not self._places:
            type(self)._places = _places(self._options)
        done = self._places.get(self.filename)
        if done is not None:
            self._progress.tell(f"{self.name}: {done} of {len(self._places)} files checked")

    def _path(self, root: Path, analysis: Analysis, text: str | None) -> str:
        """The path of the text in its project: without a name, that of the file with the same text."""
        if self.filename in _STDIN:
            same = [path for path, source in analysis.sources.items() if source.text == text]
            return same[0] if len(same) == 1 else _unused("stdin", analysis)
        inside = relative_path(self.filename, root, cwd=os.getcwd())
        # A file elsewhere is linted as a guest: it sees the project, and stands in for none of its files.
        return inside or _unused(Path(self.filename).stem, analysis)

    @classmethod
    def _root(cls, folder: str) -> Path:
        if folder not in cls._roots:
            cls._roots[folder] = find_root(
                Path(folder, "x.py"), arguments=cls._named(), cwd=Path.cwd(), configured=cls._options.afa_root
            )
        return cls._roots[folder]

    @classmethod
    def _project(cls, root: Path) -> Analysis:
        if root not in cls._opened:
            options, cwd = cls._options, Path.cwd()
            cache = Cache(cache_directory(options.afa_cache_dir, os.environ))
            makeshift = is_makeshift(root, arguments=cls._named(), cwd=cwd, configured=options.afa_root)
            cls._opened[root] = open_analysis(
                root,
                cache,
                deep=not makeshift,
                settings=cls._settings,
                reuses=options.afa_reuse == "on",
                name=relative_path(root, cwd, cwd=cwd) or "",
            )
        return cls._opened[root]

    @classmethod
    def _named(cls) -> list[str]:
        return [name for name in cls._options.filenames or (".",) if name not in _STDIN]


def _places(options: argparse.Namespace) -> dict[str, int]:
    """The files that flake8 checks, as it looks for them itself, each with its number."""
    files = expand_paths(
        paths=options.filenames,
        stdin_display_name=options.stdin_display_name,
        filename_patterns=options.filename,
        exclude=(*options.exclude, *options.extend_exclude),
    )
    return {name: number for number, name in enumerate(files)}


def _unused(stem: str, analysis: Analysis) -> str:
    while f"{stem}.py" in analysis.sources:
        stem += "_"
    return f"{stem}.py"


def _log_as_flake8() -> None:
    """Tell of faults where ``--verbose`` has flake8 tell of its own doings, and nowhere else."""
    flake8 = logging.getLogger("flake8")
    for handler in flake8.handlers:
        LOG.addHandler(handler)
    LOG.setLevel(flake8.level)
