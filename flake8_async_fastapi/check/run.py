"""Find the findings of this plugin that flake8 would show, with its files, options and comments."""

from __future__ import annotations

import argparse
import ast
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from flake8.exceptions import ExecutionError
from flake8.options.parse_args import parse_args
from flake8.processor import FileProcessor
from flake8.style_guide import Decision, StyleGuideManager
from flake8.violation import Violation

from flake8_async_fastapi.check.comments import UNUSED, suppressions, unused_codes
from flake8_async_fastapi.check.report import Report, Shown, told_at
from flake8_async_fastapi.check.understood import Understood, understand
from flake8_async_fastapi.engine.places import Mention, Position
from flake8_async_fastapi.faults import survive
from flake8_async_fastapi.plugin import Plugin, files_to_check
from flake8_async_fastapi.project.counts import exists
from flake8_async_fastapi.projects import STDIN, Projects, seen_from
from flake8_async_fastapi.rules.model import LEVELS, Finding, not_analysed, of_level
from flake8_async_fastapi.store.root import relative_path


class CheckError(Exception):
    """The run cannot start; the text gives the reason."""


class _Nothing:
    """The formatter that flake8 requires. It prints nothing: findings are taken from the style guide's
    answers.
    """

    def handle(self, violation: Violation) -> None:
        pass


def run_check(
    paths: Sequence[str], arguments: Sequence[str], *, finds_unused: bool = False, describes: bool = False
) -> Report:
    """Check files and folders with flake8's configuration and some of its ``arguments``.

    With ``finds_unused``, comments are reported too that suppress nothing; with ``describes``, the report
    says what was understood.  Raises CheckError for paths that are not there and for useless options.
    """
    run = open_run(paths, arguments)
    try:
        run.check(paths)
    finally:
        Plugin.tell_done()
    if finds_unused:
        run.tell_unused()
    report = run.report()
    return replace(report, understood=run.understand()) if describes else report


def open_run(paths: Sequence[str], arguments: Sequence[str]) -> Run:
    """A run that has not checked any file yet. See ``run_check``, also for exceptions."""
    for path in paths:
        if path not in STDIN and not os.path.exists(path):
            raise CheckError(f"there is no file or folder {path}")
    try:
        _, options = parse_args([*arguments, *paths])
        if not _speaks_of_us(options.select):
            options.select = None  # a configuration for other plugins, which says nothing of this one
        return Run(options, Plugin.projects)
    except ExecutionError as error:
        raise CheckError(str(error).removeprefix(f"{Plugin.name}: ")) from error


def _affected_files(named: Sequence[str], run: Run) -> list[str]:
    """The files that were not checked and have a finding in which a line of a named file has a part.

    Those that the configuration excludes are left out.  The whole project is analysed for that: what
    is known already comes from the cache.
    """
    projects, found = run.projects, []
    for root in dict.fromkeys(projects.root_of(os.path.dirname(name)) for name in named):
        analysis = projects.analysis(root)
        inside = {relative_path(name, root, cwd=projects.cwd) for name in named}
        checked = {relative_path(name, root, cwd=projects.cwd) for name in run.processors}
        for path in analysis.sources:
            if path in checked:
                continue
            findings = analysis.findings(path, level=run.options.afa_level)
            if any(other.path in inside for finding in findings for other in finding.others):
                found.append(seen_from(projects.cwd, root, path))
    return files_to_check(argparse.Namespace(**{**vars(run.options), "filenames": found})) if found else []


def _speaks_of_us(select: Sequence[str] | None) -> bool:
    return any(code.startswith("A") or not code for code in select or ())


@dataclass
class Run:
    """A check of some files, with flake8's options."""

    options: argparse.Namespace
    projects: Projects
    findings: list[Shown] = field(default_factory=list)
    files: int = 0
    suppressed: int = 0
    unread: list[tuple[str, str]] = field(default_factory=list)
    processors: dict[str, FileProcessor] = field(default_factory=dict)
    """What flake8 knows of each file: its lines, and the comments in them."""
    places: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    """The lines and codes of all that there is in each file, whether it is reported or not."""
    progress: tuple[int, int, int] = (0, 0, 0)
    """How many files are checked, of how many, and how many of them are not as on the disk."""
    looked_at: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By path, a text and why Python does not read it, if so: known to a run after an edit, too."""

    def __post_init__(self) -> None:
        self.guide = StyleGuideManager(self.options, _Nothing())  # type: ignore[arg-type]

    def check(self, paths: Sequence[str], texts: Mapping[str, list[str]] | None = None) -> None:
        """Add the findings of files and folders, and those that named files have a part in.

        ``texts`` are the lines of files that are not as on disk, by the paths that are shown.
        """
        texts = texts or {}
        names = {os.path.normpath(name): name for name in files_to_check(self.options)}
        shown_names = {**names, **texts}
        for number, shown in enumerate(shown_names):
            self.progress = number, len(shown_names), len(texts)
            self.check_file(names.get(shown, shown), texts.get(shown))
        named = [path for path in paths if os.path.isfile(path)]
        elsewhere = Run(self.options, self.projects)
        for filename in _affected_files(named, self):
            elsewhere.check_file(filename, texts.get(os.path.normpath(filename)))
        self.tell_at_origins(elsewhere.findings, named)

    def check_file(self, filename: str, lines: list[str] | None = None) -> None:
        """Add the findings of one file, or why there are none; ``lines`` may differ from those on disk."""
        self.files += 1
        shown = self.options.stdin_display_name if filename in STDIN else os.path.normpath(filename)
        try:
            processor = FileProcessor(filename, self.options, lines)
        except OSError as error:
            self.unread.append((shown, str(error.strerror or error)))
            return
        self.processors[shown] = processor
        text = "".join(processor.lines)
        tree, why = None, ""
        known, known_why = self.looked_at.get(shown, (None, ""))
        if known == text:
            why = known_why
        else:
            tree, why = _parsed(text)
            self.looked_at[shown] = text, why
        if why:
            self.unread.append((shown, why))
            return
        if processor.should_ignore_file():
            return
        found = survive(shown, "analysed", lambda: self._findings(filename, text))
        found = [not_analysed(shown)] if found is None else found
        self.places[shown] = [(finding.line, finding.code) for finding in found]
        wanted = of_level(found, self.options.afa_level)
        chosen = [finding for finding in wanted if not finding.advice or self.options.afa_advice == "on"]
        if chosen:  # most files have none, and all nodes are looked at for the ends
            ends = _Ends(tree or ast.parse(text), text.splitlines())
            for finding in chosen:
                self._add(finding, shown, ends)

    def _findings(self, filename: str, text: str) -> list[Finding]:
        return self.projects.findings(
            filename, text, lambda: Plugin.tell_checked(*self.progress), level=LEVELS[-1]
        )

    def _add(self, finding: Finding, shown: str, ends: _Ends) -> None:
        if not self._is_reported(shown, finding.line, finding.col, finding.code, finding.message):
            chosen = self.guide.style_guide_for(shown).should_report_error(finding.code)
            self.suppressed += chosen is Decision.Selected
            return
        col, end = ends.of(finding.line, finding.col)
        text = ends.lines[finding.line - 1] if 0 < finding.line <= len(ends.lines) else ""
        root = self.projects.root_of("" if shown in STDIN else os.path.dirname(shown))

        def seen(path: str) -> str:
            return shown if path == finding.path else seen_from(self.projects.cwd, root, path)

        others = tuple(Mention(seen(other.path), other.line, other.text) for other in finding.others)
        fix = None if finding.fix is None else finding.fix.with_paths(seen)
        self.findings.append(
            Shown(
                shown,
                finding.line,
                col,
                end,
                finding.code,
                self.projects.message(finding, shown),
                finding.advice,
                text,
                others,
                finding.level,
                fix,
            )
        )

    def _is_reported(self, shown: str, line: int, col: int, code: str, message: str) -> bool:
        """Whether the configuration and the comments of a file let a finding pass."""
        physical = self.processors[shown].noqa_line_for(line)
        return bool(self.guide.handle_error(code, shown, line, col, message, physical))

    def tell_at_origins(self, elsewhere: Sequence[Shown], named: Sequence[str]) -> None:
        """Add findings of files that are not checked, each at the first line of a named file in it."""
        names = {os.path.abspath(name): os.path.normpath(name) for name in named}
        for finding in elsewhere:
            places = (other for other in finding.others if os.path.abspath(other.path) in names)
            origin = next(places, None)
            if origin is not None:
                path = names[os.path.abspath(origin.path)]
                lines = self.processors[path].lines
                text = lines[origin.line - 1] if 0 < origin.line <= len(lines) else ""
                told = told_at(finding, origin, path, text.rstrip())
                if self._is_reported(path, told.line, told.col, told.code, told.message):
                    self.findings.append(told)

    def tell_unused(self) -> None:
        """Add the comments of the files that name a code of this plugin and suppress nothing by it."""
        for shown, found in self.places.items():
            lines = self.processors[shown].lines
            for comment in suppressions(lines):
                for code in unused_codes(comment, found):
                    text, col = lines[comment.line - 1].rstrip("\r\n"), comment.col
                    message = f"there is no {code} here to suppress: remove it from the comment"
                    if self._is_reported(shown, comment.line, col, UNUSED, message):
                        self.findings.append(
                            Shown(shown, comment.line, col, Position(comment.line, len(text)), UNUSED,
                                  message, True, text)
                        )  # fmt: skip

    def understand(self) -> tuple[Understood, ...]:
        """The contents of the projects of the run, the largest project first."""
        found = [understand(root, analysis) for root, analysis in self.projects.opened.items()]
        return tuple(sorted(found, key=lambda one: (-one.counts.files, one.root)))

    def report(self) -> Report:
        """All that was found; the projects are named by their roots."""
        found = sorted(self.findings, key=lambda one: (one.path, one.line, one.col, one.code, one.message))
        return Report(
            tuple(found),
            self.files,
            tuple(str(root) for root in self.projects.opened),
            tuple(self.unread),
            self.suppressed,
            unknown=self.unknown_names(),
            empty=tuple(str(root) for root, one in self.projects.opened.items() if not one.sources),
            covers=self._covers,
        )

    def _covers(self, path: str, code: str) -> bool:
        """Whether a finding in a file would have been reported; in a file that is gone there is none."""
        checked = {os.path.abspath(shown): shown for shown in self.processors}.get(os.path.abspath(path))
        if checked is None:
            return not os.path.exists(path)
        return self.guide.style_guide_for(checked).should_report_error(code) is Decision.Selected

    def unknown_names(self) -> tuple[str, ...]:
        """Names in the options that do not exist in any project: misspelt or removed."""
        names = sorted(self.projects.settings.names())
        projects = [analysis.project for analysis in self.projects.opened.values()] if names else []
        return tuple(name for name in names if not any(exists(one.answers, name) for one in projects))


def _parsed(text: str) -> tuple[ast.Module | None, str]:
    """A text, parsed; or why it does not parse."""
    try:
        return ast.parse(text), ""
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        where = f"line {error.lineno}: " if isinstance(error, SyntaxError) and error.lineno else ""
        said = error.msg if isinstance(error, SyntaxError) else str(error) or "it nests too deep"
        python = ".".join(map(str, sys.version_info[:2]))
        return None, f"{where}{said} (as Python {python} reads it)"


class _Ends:
    """Where the code that a finding is about ends: with the longest expression that begins there."""

    def __init__(self, tree: ast.AST, lines: list[str]) -> None:
        self.lines: Final = lines
        self._ends: dict[tuple[int, int], tuple[int, int]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.expr) and node.end_lineno is not None and node.end_col_offset is not None:
                start, end = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
                self._ends[start] = max(end, self._ends.get(start, end))

    def of(self, line: int, col: int) -> tuple[int, Position]:
        """The column of a place, and the end of the code that begins there, both in characters."""
        end_line, end_col = self._ends.get((line, col), (line, -1))
        if end_col < 0:
            end_col = len(self._line(line).encode("utf-8", "surrogatepass"))
        return self._characters(line, col), Position(end_line, self._characters(end_line, end_col))

    def _characters(self, line: int, col: int) -> int:
        """Python counts the bytes of UTF-8."""
        return len(self._line(line).encode("utf-8", "surrogatepass")[:col].decode("utf-8", "ignore"))

    def _line(self, line: int) -> str:
        return self.lines[line - 1] if 0 < line <= len(self.lines) else ""
