"""The flake8 plugin: the only module that knows flake8."""

from __future__ import annotations

import argparse
import ast
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Final

from flake8.options.manager import OptionManager

from flake8_async_fastapi import __version__
from flake8_async_fastapi.analysis import Analysis, open_analysis
from flake8_async_fastapi.store.cache import Cache, cache_directory
from flake8_async_fastapi.store.root import find_root, relative_path
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
    _opened: ClassVar[dict[Path, Analysis]] = {}

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

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        """Take the options; called once in the parent process, and again in spawned workers.

        Projects are read here already, so that workers that are forked later have them.
        """
        cls._options = options
        cls._opened = {}
        for argument in getattr(options, "filenames", None) or ():
            path = Path(argument)
            if argument not in _STDIN:
                cls._project(path / "x.py" if path.is_dir() else path)

    def run(self) -> Iterator[tuple[int, int, str, type[Any]]]:
        """Give the findings as flake8 wants them: line, column, text, type."""
        text = "".join(self.lines)
        root, analysis = self._project(self._path())
        path = self._relative(root, analysis, text)
        source = analysis.sources.get(path)
        if source is None or source.text != normalised(text):
            analysis = open_analysis(root, analysis.cache, {path: text})
        for finding in analysis.findings(path):
            yield finding.line, finding.col, f"{finding.code} {finding.message}", type(self)

    def _path(self) -> Path:
        return Path.cwd() / "stdin.py" if self.filename in _STDIN else Path(self.filename)

    def _relative(self, root: Path, analysis: Analysis, text: str) -> str:
        """The path of the text in its project: without a name, that of the file with the same text."""
        if self.filename in _STDIN:
            same = [path for path, source in analysis.sources.items() if source.text == normalised(text)]
            return same[0] if len(same) == 1 else "stdin.py"
        return relative_path(Path(self.filename), root, cwd=Path.cwd()) or Path(self.filename).name

    @classmethod
    def _project(cls, path: Path) -> tuple[Path, Analysis]:
        configured = getattr(cls._options, "afa_root", None)
        named = [name for name in getattr(cls._options, "filenames", None) or () if name not in _STDIN]
        root = find_root(path, arguments=named, cwd=Path.cwd(), configured=configured)
        if root not in cls._opened:
            directory = cache_directory(getattr(cls._options, "afa_cache_dir", None), os.environ)
            cls._opened[root] = open_analysis(root, Cache(directory))
            cls._opened[root].prepare()
        return root, cls._opened[root]
