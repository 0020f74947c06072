"""A folder of the editor: its configuration, and its projects, which follow the buffers."""

from __future__ import annotations

import argparse
import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flake8_async_fastapi.analysis import Analysis
from flake8_async_fastapi.check.report import Shown
from flake8_async_fastapi.check.run import Run, open_run
from flake8_async_fastapi.engine.events import Event
from flake8_async_fastapi.faults import survive
from flake8_async_fastapi.plugin import files_to_check
from flake8_async_fastapi.projects import Projects
from flake8_async_fastapi.rules.model import Finding, Level
from flake8_async_fastapi.store.cache import Cache
from flake8_async_fastapi.store.root import relative_path


@dataclass
class LiveProjects(Projects):
    """Projects that stay in memory and follow edits: what these give is not written to the disk."""

    def analysis(self, root: Path) -> Analysis:
        """The project below a root, with its files read."""
        if root not in self.opened:
            self.opened[root] = _kept_in_memory(super().analysis(root))
        return self.opened[root]

    def edit(self, filename: str, text: str) -> bool:
        """Take the text of a buffer; whether the file belongs to its project.

        A text that does not parse changes nothing.
        """
        root = self.root_of(os.path.dirname(filename))
        analysis = self.analysis(root)
        path = relative_path(filename, root, cwd=self.cwd)
        if path is None or (path not in analysis.sources and os.path.exists(filename)):
            return False  # a library, say, that the editor went to
        source = analysis.sources.get(path)
        if source is None or source.text != text:
            edited = survive(filename, "read", lambda: analysis.after_edits({path: text}))
            self.opened[root] = edited or analysis
        return True

    def findings(
        self,
        filename: str,
        lines: str,
        begins: Callable[[], None] | None = None,
        level: Level = "certain",
    ) -> list[Finding]:
        """The findings of one file, as it was when it last parsed."""
        root = self.root_of(os.path.dirname(filename))
        path = relative_path(filename, root, cwd=self.cwd)
        return self.analysis(root).findings(path, begins, level) if path is not None else []

    def events(self, filename: str) -> list[Event]:
        """The trace of a file, as it was when it last parsed."""
        root = self.root_of(os.path.dirname(filename))
        path = relative_path(filename, root, cwd=self.cwd)
        analysis = self.analysis(root)
        return (survive(filename, "traced", lambda: analysis.traced(path)) or []) if path else []

    def read_disk(self, buffers: Iterable[str]) -> None:
        """Look at the disk again, but not for the files that are open as ``buffers``."""
        for root, analysis in list(self.opened.items()):
            del self.opened[root]
            disk = Projects.analysis(self, root)
            for filename in buffers:
                is_here = self.root_of(os.path.dirname(filename)) == root
                path = relative_path(filename, root, cwd=self.cwd) if is_here else None
                if path is not None and path in analysis.sources:
                    disk = disk.with_text(path, analysis.sources[path].text)  # as it last parsed
            self.opened[root] = _kept_in_memory(analysis.after_reading(disk))


def _kept_in_memory(analysis: Analysis) -> Analysis:
    """A project whose files are read, and that keeps what is new of them in memory alone."""
    if analysis.cache.directory is None:
        return analysis
    survive("the project", "linked", lambda: analysis.project)
    return replace(analysis, cache=Cache(None))


@dataclass
class Folder:
    """A folder of the editor.

    ``buffers`` are the texts of open files, by absolute path.
    """

    path: Path
    options: argparse.Namespace
    projects: LiveProjects
    buffers: dict[str, str] = field(default_factory=dict)
    _checked: dict[str, bool] = field(default_factory=dict)
    """Whether the configuration does not exclude a file, and it belongs to its project."""
    _found: dict[str, tuple[str, list[Any], list[Shown] | None]] = field(default_factory=dict)
    """What was shown last of a file, for which text and which findings."""

    def set_text(self, filename: str, text: str) -> None:
        """Take the text of a buffer."""
        self.buffers[filename] = text
        if not self.projects.edit(filename, text):
            self._checked[filename] = False

    def close(self, filename: str) -> None:
        """Close a buffer: its text on disk counts again."""
        self.buffers.pop(filename, None)
        self._checked.pop(filename, None)
        self._found.pop(filename, None)
        self.read_disk()

    def read_disk(self) -> None:
        """Apply changes on disk."""
        self.projects.read_disk(self.buffers)

    def find(self, filename: str) -> list[Shown] | None:
        """The findings in a buffer; None for a text that does not parse."""
        if not self._is_checked(filename):
            return []
        text = self.buffers[filename]
        level: Level = self.options.afa_level
        said = [(one, one.others) for one in self.projects.findings(filename, text, level=level)]
        known = self._found.get(filename)
        if known is None or known[:2] != (text, said):
            run = Run(self.options, self.projects)
            run.check_file(filename, lines_of(text))
            found = None if run.unread else list(run.report().findings)
            known = self._found[filename] = text, said, found
        return known[2]

    def _is_checked(self, filename: str) -> bool:
        if filename not in self._checked:
            asked = argparse.Namespace(**{**vars(self.options), "filenames": [filename]})
            self._checked[filename] = bool(files_to_check(asked))
        return self._checked[filename]


def open_folder(path: Path, arguments: Sequence[str]) -> Folder:
    """Read the configuration of a folder, and the projects in it.

    Raises CheckError for a configuration that is of no use.
    """
    with _inside(path):
        run = open_run(["."], arguments)
    read = run.projects
    projects = LiveProjects(read.cache, read.named, read.configured, read.settings, read.reuses, read.cwd)
    projects.opened = {root: _kept_in_memory(analysis) for root, analysis in read.opened.items()}
    return Folder(path, run.options, projects)


@contextmanager
def _inside(path: Path) -> Iterator[None]:
    """flake8 looks for its configuration from the working directory upward."""
    before = os.getcwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)


def lines_of(text: str) -> list[str]:
    """The lines of a text, as flake8 reads them from a file."""
    return io.StringIO(text, newline=None).readlines()
