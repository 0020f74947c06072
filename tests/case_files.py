"""Programs written in Markdown: how to read them, lint them and run them.

A program is one or more fenced blocks. The line before a block names its file,
in backticks and with a colon; a block without one is `main.py`. A line that must
be reported ends in a comment with its codes: `# AFA101 AFA105`. `# missed AFA101`
is a bug that is not found yet, `# alarm AFA105` a false alarm that is not cured
yet. A block marked `run` belongs to a program that the tests run as well.

A line `from: blog` under a heading takes the files of a shared program, which stands
in `shared/blog.md` beside the cases; `from: blog, client` takes those of two. A block
of the case replaces the shared file of its name.

A block in `py` is an excerpt of the program that follows it, and no part of it.

A block whose line says `main.py` fixed: holds the file as `fix --unsafe` leaves it.

A line `level: likely` under a heading asks for the findings of that level, too.

A line `since: Python 3.11` says that the program is not run by older Pythons.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import os
import re
import sys
import traceback
import warnings
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy.orm import registry

from flake8_async_fastapi.analysis import Analysis, analysis_of
from flake8_async_fastapi.rules.model import LEVELS, Finding, Level, of_level

MARK = re.compile(r"#\s*(?P<word>missed\s+|alarm\s+)?(?P<codes>AFA\d{3}(?:\s+AFA\d{3})*)\s*$")
CODE = re.compile(r"\bAFA\d+\b")
_FENCE = re.compile(r"^```(?P<language>\w*)(?P<run> run)?$")
_PATH = re.compile(r"^`(?P<path>[^`]+)`:$")
_FIXED = re.compile(r"^`(?P<path>[^`]+)` fixed:$")
_FROM = re.compile(r"^from:(?P<names>.*)$")
_LEVEL = re.compile(r"^level:\s*(?P<level>\S*)$")
_SINCE = re.compile(r"^since: Python (?P<major>\d+)\.(?P<minor>\d+)$")
_NO_CASES = "shared", "README.md"

Places = dict[tuple[str, int], frozenset[str]]
"""Codes by file and line."""


@dataclass(frozen=True)
class Program:
    """The files of a small project, whether and by which Pythons it is run, and the level of its report."""

    files: Mapping[str, str]
    runs: bool = False
    level: Level = LEVELS[0]
    fixed: Mapping[str, str] = field(default_factory=dict)
    """The files that fixes change, as they are then."""
    since: tuple[int, ...] = ()
    """The version of Python that it needs when it is run; empty: any."""

    def marks(self, word: str = "") -> Places:
        """The codes that comments give, by file and line."""
        found = {}
        for path, text in self.files.items():
            for number, line in enumerate(text.splitlines(), start=1):
                mark = MARK.search(line)
                if mark is not None and (mark["word"] or "").strip() == word:
                    found[path, number] = frozenset(mark["codes"].split())
        return found

    def findings(self, own: str = "", linted: Sequence[Finding] | None = None) -> Places:
        """The codes that the linter reports, by file and line; ``linted`` is what ``lint`` gave before.

        Advice of other rules than the ``own`` one is left out of programs that mark none of it:
        they are about something else.
        """
        marked = {code for codes in self.marks().values() for code in codes}
        found: Places = {}
        for finding in of_level(self.lint() if linted is None else linted, self.level):
            if finding.advice and own and finding.code != own and finding.code not in marked:
                continue
            place = (finding.path, finding.line)
            found[place] = found.get(place, frozenset()) | {finding.code}
        return found

    def lint(self, analysis: Analysis | None = None) -> list[Finding]:
        """The findings of all levels in all files; an analysis of these files may be there already."""
        analysis = analysis or analysis_of(self.files)
        return [finding for path in self.files for finding in analysis.findings(path, level=LEVELS[-1])]


@dataclass(frozen=True)
class Case:
    """A program under a heading of a file of cases.

    Its source is the file or the folder that it stands in: `AFA301`, or `names`.
    """

    source: str
    title: str
    program: Program

    @property
    def id(self) -> str:
        return f"{self.source}: {self.title}"


@dataclass
class Section:
    """The text and the program under one heading."""

    title: str
    prose: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    runs: bool = False
    shared: list[str] = field(default_factory=list)
    fixed: dict[str, str] = field(default_factory=dict)
    level: Level = LEVELS[0]
    since: tuple[int, ...] = ()

    @property
    def program(self) -> Program:
        """The program of a section that takes nothing from shared ones."""
        return self.program_with({})

    def program_with(self, shared: Mapping[str, Mapping[str, str]]) -> Program:
        """The program with the files that it takes from shared ones, given by their names."""
        files: dict[str, str] = {}
        for name in self.shared:
            if name not in shared:
                known = ", ".join(sorted(shared)) or "none"
                raise ValueError(f"{self.title}: no shared program {name!r}; there are: {known}")
            for path, code in shared[name].items():
                if path in files:
                    raise ValueError(f"{self.title}: two shared programs have {path}")
                files[path] = code
        return Program({**files, **self.files}, self.runs, self.level, self.fixed, self.since)


def read_sections(text: str) -> tuple[str, list[Section]]:
    """The title of a page, and its sections in order."""
    title = ""
    sections: list[Section] = []
    path = ""
    fixed: re.Match[str] | None = None
    lines = iter(text.splitlines())
    for line in lines:
        fence, named, shared = _FENCE.match(line), _PATH.match(line), _FROM.match(line)
        level, since, fixed = _LEVEL.match(line), _SINCE.match(line), _FIXED.match(line) or fixed
        if line.startswith("# "):
            title = line.removeprefix("# ")
        elif line.startswith("## "):
            sections.append(Section(line.removeprefix("## ")))
        elif named is not None:
            path = named["path"]
        elif shared is not None and sections:
            sections[-1].shared += [name.strip() for name in shared["names"].split(",")]
        elif level is not None and sections:
            sections[-1].level = _level(level["level"])
        elif since is not None and sections:
            sections[-1].since = int(since["major"]), int(since["minor"])
        elif fence is not None:
            code = "".join(inner + "\n" for inner in _until_fence(lines))
            if fence["language"] == "py":
                continue  # an excerpt of the program that follows
            if not sections:
                raise ValueError(f"a block before the first heading: {code!r}")
            if fixed is not None and sections:
                sections[-1].fixed[fixed["path"]] = code
            elif path or fence["language"] == "python":
                _add(sections[-1], path or "main.py", code)
                sections[-1].runs |= fence["run"] is not None
            path, fixed = "", None
        elif sections:
            sections[-1].prose.append(line)
    return title, sections


def _level(text: str) -> Level:
    for level in LEVELS:
        if level == text:
            return level
    raise ValueError(f"no level {text!r}; there are: {', '.join(LEVELS)}")


def _until_fence(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line == "```":
            return
        yield line
    raise ValueError("a block that does not end")


def _add(section: Section, path: str, code: str) -> None:
    if path in section.files:
        raise ValueError(f"{section.title}: {path} is given twice")
    for line in code.splitlines():
        if CODE.search(line) and not MARK.search(line):
            raise ValueError(f"{section.title}: not a mark: {line}")
    if path.endswith(".py"):
        compile(code, path, "exec")
    section.files[path] = code


def files_of_cases(folder: Path) -> list[Path]:
    """The files of cases in a folder and below it, without its index and the shared programs."""
    found = folder.rglob("*.md")
    return sorted(path for path in found if path.relative_to(folder).parts[0] not in _NO_CASES)


def read_shared(folder: Path) -> dict[str, Program]:
    """The shared programs of a folder, by name: each has a file, with one heading and no marks."""
    found = {}
    for path in sorted(folder.glob("*.md")):
        _, sections = read_sections(path.read_text(encoding="utf-8"))
        if len(sections) != 1 or not sections[0].files or sections[0].shared:
            raise ValueError(f"{path.name}: a shared program has one heading and files of its own")
        program = sections[0].program
        if program.runs:
            raise ValueError(f"{path.name}: a case says whether it is run, not a shared program")
        if any(program.marks(word) for word in ("", "missed", "alarm")):
            raise ValueError(f"{path.name}: a shared program has no marks")
        found[path.stem] = program
    return found


@cache
def read_cases(folder: Path) -> list[Case]:
    """All cases of all files of a folder and below it, with what they take from shared programs."""
    shared = {name: program.files for name, program in read_shared(folder / "shared").items()}
    found = []
    for path in files_of_cases(folder):
        source = path.relative_to(folder).with_suffix("").parts[0]
        for section in read_sections(path.read_text(encoding="utf-8"))[1]:
            found.append(Case(source, section.title, section.program_with(shared)))
    return found


# --- running -------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What a run gave: its value, or the type and text of its failure, and what the interpreter warned of.

    The exception itself would keep coroutines alive, which then do not count as never awaited.
    Of its traceback, the lines of the program stay; dots stand for those of libraries.
    """

    value: Any
    error: tuple[str, str] | None
    never_awaited: tuple[str, ...]
    warned: tuple[str, ...]
    traceback: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        return self.error is not None or bool(self.never_awaited)


Driver = Callable[[ModuleType], Awaitable[Any]]


async def call_main(module: ModuleType) -> Any:
    """The driver of programs with an `async def main()`."""
    return await module.main()


def run(program: Program, folder: Path, driver: Driver = call_main) -> Outcome:
    """Import `main` from the files of a program, and let the driver use it on a new event loop."""
    for path, text in program.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    value, error = None, None
    shown: tuple[str, ...] = ()
    with warnings.catch_warnings(record=True) as caught, _own_garbage():
        warnings.simplefilter("always")
        with _importing(folder), _own_registry():
            try:
                value = asyncio.run(_drive(driver))
            except Exception as raised:
                error = type(raised).__name__, str(raised)
                shown = _traceback(raised, folder)
            gc.collect(0)
            texts = tuple(str(warning.message) for warning in caught)
    return Outcome(value, error, tuple(text for text in texts if "was never awaited" in text), texts, shown)


def _traceback(raised: BaseException, folder: Path) -> tuple[str, ...]:
    """What Python prints of a failure, with the frames of a program and without its folder."""
    lines, dots = ["Traceback (most recent call last):"], "  ..."
    for frame in traceback.extract_tb(raised.__traceback__):
        if Path(frame.filename).is_relative_to(folder):
            path = Path(frame.filename).relative_to(folder).as_posix()
            lines += [f'  File "{path}", line {frame.lineno}, in {frame.name}', f"    {frame.line}"]
        elif lines[-1] != dots:
            lines.append(dots)
    if len(lines) > 2 and lines[1] == dots:
        del lines[1]  # the test's own frames
    said = "".join(traceback.format_exception_only(type(raised), raised)).replace(f"{folder}{os.sep}", "")
    return *lines, *(line.rstrip() for line in said.rstrip().splitlines())


async def _drive(driver: Driver) -> Any:
    module = importlib.import_module("main")
    try:
        return await driver(module)
    finally:
        for engine in list(vars(module).values()):
            if type(engine).__name__ == "AsyncEngine":
                await engine.dispose()


@contextlib.contextmanager
def _own_garbage() -> Iterator[None]:
    """Have all that the block makes stay in the youngest generation, and collect what it leaves at its end.

    In a run of all tests there is much that is older: to look through that, too, takes far longer than
    most programs run.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.collect(1)
        gc.enable()


@contextlib.contextmanager
def _own_registry() -> Iterator[None]:
    """Give the tables of SQLModel that a program defines a registry of their own: others do not matter."""
    try:
        SQLModel = importlib.import_module("sqlmodel").SQLModel  # no import statement: mypy would need it
    except ImportError:
        yield
        return
    kept = SQLModel._sa_registry, SQLModel.metadata
    SQLModel._sa_registry = registry()
    SQLModel.metadata = SQLModel._sa_registry.metadata
    try:
        yield
    finally:
        SQLModel._sa_registry, SQLModel.metadata = kept


@contextlib.contextmanager
def _importing(folder: Path) -> Iterator[None]:
    before, home = set(sys.modules), Path.cwd()
    kept = sys.dont_write_bytecode, sys.modules.pop("main", None)
    sys.path.insert(0, str(folder))
    os.chdir(folder)  # a program may write files
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()
    try:
        yield
    finally:
        os.chdir(home)
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = kept[0]
        for name in set(sys.modules) - before:
            origin = getattr(sys.modules[name], "__file__", None)
            if origin is not None and Path(origin).is_relative_to(folder):
                del sys.modules[name]
        sys.modules.pop("main", None)
        if kept[1] is not None:
            sys.modules["main"] = kept[1]
