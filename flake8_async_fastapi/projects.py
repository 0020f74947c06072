"""The projects of one run. Each file belongs to the project found above it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from flake8_async_fastapi.analysis import Analysis, open_analysis
from flake8_async_fastapi.faults import survive
from flake8_async_fastapi.knowledge.settings import Settings
from flake8_async_fastapi.rules.model import Finding, Level
from flake8_async_fastapi.store.cache import Cache
from flake8_async_fastapi.store.root import find_root, is_makeshift, relative_path
from flake8_async_fastapi.store.sources import normalised

STDIN: Final = frozenset({"stdin", "-", "(none)", ""})
"""The names of a text that is no file."""


@dataclass
class Projects:
    """All projects of a run, each opened when one of its files is needed for the first time.

    ``named`` are the files and folders of the command line, relative to ``cwd``, as is the ``configured``
    root. ``settings`` and ``reuses`` are those of ``Analysis``.
    """

    cache: Cache
    named: Sequence[str] = (".",)
    configured: str | None = None
    settings: Settings = field(default_factory=Settings)
    reuses: bool = True
    cwd: Path = field(default_factory=Path.cwd)
    opened: dict[Path, Analysis] = field(default_factory=dict)
    """By root."""
    _roots: dict[str, Path] = field(default_factory=dict)
    """The root of the project that the files in a folder belong to."""
    _links: dict[Path, Mapping[Path, Path]] = field(default_factory=dict)
    """The roots of projects that import from each other, by repository."""

    def prepare(self, told: Callable[[int, int], None] | None = None) -> None:
        """Read and link the projects of all named files; ``told`` is as in ``Analysis.prepare``."""
        for name in self._files():
            root = self.root_of(name if Path(name).is_dir() else os.path.dirname(name))
            survive(str(root), "read", lambda root=root: self.analysis(root).prepare(told))  # type: ignore[misc]

    def keep_nothing(self) -> None:
        """Leave the cache as it is from now on."""
        self.cache = Cache(self.cache.directory, only_reads=True)
        self.opened = {root: analysis.with_cache(self.cache) for root, analysis in self.opened.items()}

    def root_of(self, folder: str) -> Path:
        """The root of the project that the files in a folder belong to.

        Raises RootError if the configured root is not a directory.
        """
        if folder not in self._roots:
            self._roots[folder] = find_root(
                Path(folder, "x.py"),
                arguments=self._files(),
                cwd=self.cwd,
                configured=self.configured,
                links=self._links,
            )
        return self._roots[folder]

    def analysis(self, root: Path) -> Analysis:
        """The project below a root."""
        if root not in self.opened:
            makeshift = is_makeshift(root, arguments=self._files(), cwd=self.cwd, configured=self.configured)
            self.opened[root] = open_analysis(
                root,
                self.cache,
                deep=not makeshift,
                settings=self.settings,
                reuses=self.reuses,
                name=relative_path(root, self.cwd, cwd=self.cwd) or "",
            )
        return self.opened[root]

    def findings(
        self,
        filename: str,
        lines: str,
        begins: Callable[[], None] | None = None,
        level: Level = "certain",
    ) -> list[Finding]:
        """The findings of one file, whose text may differ from the disk; paths are relative to its root.

        ``begins`` and ``level`` are as in ``Analysis.findings``.
        """
        analysis, path = self._place(filename, lines)
        return analysis.findings(path, begins, level)

    def findings_with_callers(
        self, filename: str, lines: str, begins: Callable[[], None] | None = None, level: Level = "certain"
    ) -> list[Finding]:
        """Like ``findings``, with the findings of callers: see ``Analysis.findings_with_callers``."""
        analysis, path = self._place(filename, lines)
        return analysis.findings_with_callers(path, begins, level)

    def _place(self, filename: str, lines: str) -> tuple[Analysis, str]:
        """The project of a file with its given text, and its path in the project."""
        text = normalised(lines)
        root = self.root_of("" if filename in STDIN else os.path.dirname(filename))
        analysis = self.analysis(root)
        path = self._path(filename, root, analysis, text)
        source = analysis.sources.get(path)
        if source is None or source.text != text:
            analysis = analysis.with_text(path, lines)
        return analysis, path

    def message(self, finding: Finding, filename: str) -> str:
        """The message of a finding, with paths relative to the working directory."""
        if not finding.others:
            return finding.message
        root = self.root_of("" if filename in STDIN else os.path.dirname(filename))

        def seen(path: str) -> str:
            if path != finding.path:
                return seen_from(self.cwd, root, path)
            return path if filename in STDIN else seen_from(self.cwd, self.cwd, filename)

        return message_seen(finding, seen)

    def show_texts(self, texts: Mapping[str, str]) -> None:
        """Replace the texts of some files on disk for all later questions."""
        shown: dict[Path, dict[str, str]] = {}
        for filename, text in texts.items():
            root = self.root_of(os.path.dirname(filename))
            inside = relative_path(filename, root, cwd=self.cwd)
            if inside is not None:
                shown.setdefault(root, {})[inside] = text
        for root, inside_texts in shown.items():
            self.opened[root] = self.analysis(root).after_edits(inside_texts)

    def _path(self, filename: str, root: Path, analysis: Analysis, text: str | None) -> str:
        """The path of a text in its project; without a name, the path of the file that has the same text."""
        if filename in STDIN:
            same = [path for path, source in analysis.sources.items() if source.text == text]
            return same[0] if len(same) == 1 else _unused("stdin", analysis)
        inside = relative_path(filename, root, cwd=self.cwd)
        # A file elsewhere is linted as a guest: it sees the project, and stands in for none of its files.
        return inside or _unused(Path(filename).stem, analysis)

    def _files(self) -> list[str]:
        return [name for name in self.named or (".",) if name not in STDIN]


def seen_from(cwd: Path, root: Path, path: str) -> str:
    """The path of a file below a root, as a user in another folder would write it."""
    try:
        return os.path.relpath(root / path, cwd)
    except ValueError:  # on another drive
        return str(root / path)


def message_seen(finding: Finding, seen: Callable[[str], str]) -> str:
    """The message of a finding, with paths as seen from another folder."""
    if not finding.others:
        return finding.message
    paths = {finding.path, *(other.path for other in finding.others)}
    # All at once: the new name of one file may be the old name of another.
    pattern = f" ({'|'.join(sorted(map(re.escape, paths)))}):"
    return re.sub(pattern, lambda match: f" {seen(match[1])}:", finding.message)


def _unused(stem: str, analysis: Analysis) -> str:
    while f"{stem}.py" in analysis.sources:
        stem += "_"
    return f"{stem}.py"
