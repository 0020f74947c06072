"""Lints projects in this process and watches each file: its CPU time, the faults, and whether it ends.

Used by `fuzz.py` and `scale.py`.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import TypeVar

from flake8_async_fastapi.analysis import Analysis, analysis_of
from flake8_async_fastapi.faults import LOG, Fault
from flake8_async_fastapi.reading import facts_of
from flake8_async_fastapi.rules.model import Finding
from flake8_async_fastapi.store.cache import Cache

T = TypeVar("T")

SLOW = 3.0
"""CPU seconds that no file may take."""
ENDLESS = 60.0
"""CPU seconds after which a file is given up."""


@dataclass(frozen=True)
class FileRun:
    """What one file cost and gave."""

    path: str
    lines: int
    seconds: float
    findings: tuple[Finding, ...] = ()
    faults: tuple[str, ...] = ()
    """What the log says, and the traceback of a crash."""

    @property
    def is_slow(self) -> bool:
        return self.seconds > SLOW


class Endless(BaseException):
    """A file took more than `ENDLESS`; no handler for `Exception` may swallow it."""


class _Collector(logging.Handler):
    """Keeps the warnings of the plugin, which say that a file could not be read or analysed."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        self.messages.append(f"{record.getMessage()}\n{trace}".rstrip())


@contextlib.contextmanager
def collect_faults() -> Iterator[list[str]]:
    """The faults that the plugin logs inside the block."""
    collector = _Collector()
    LOG.addHandler(collector)
    try:
        yield collector.messages
    finally:
        LOG.removeHandler(collector)


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        where = "".join(traceback.format_stack(frame, limit=-12))
        raise Endless(f"no end after {seconds:.0f} s of CPU:\n{where}")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _watch(run: FileRun, work: Callable[[], T]) -> tuple[FileRun, T | None]:
    """Do some work for a file; the run with what it added to it, and the result unless it crashed."""
    result = None
    begun = time.process_time()
    with collect_faults() as faults:
        try:
            with _limited(ENDLESS):
                result = work()
        except Endless as endless:
            faults.append(f"{run.path}: {endless}")
        except Fault:
            pass  # it is in the log
        except Exception:
            faults.append(f"{run.path}: {traceback.format_exc()}".rstrip())
    taken = run.seconds + time.process_time() - begun
    return replace(run, seconds=taken, faults=(*run.faults, *faults)), result


def lint_project(texts: Mapping[str, str], linted: Callable[[str], bool] | None = None) -> list[FileRun]:
    """Lint the Python files of a project, or some of them, with an empty cache.

    A file's seconds are those of its extraction and its analysis.  The last run has the
    path "" and is what it takes to link all files.
    """
    runs = {path: FileRun(path, text.count("\n"), 0.0) for path, text in texts.items() if _is_python(path)}
    with tempfile.TemporaryDirectory() as folder:
        cache = Cache(Path(folder))
        unread = set()
        sources = analysis_of(texts).sources
        for path, source in ((path, sources[path]) for path in runs):
            runs[path], _ = _watch(runs[path], lambda source=source: facts_of(source, cache))  # type: ignore[misc]
            if runs[path].faults:
                unread.add(path)
        analysis = analysis_of({path: text for path, text in texts.items() if path not in unread}, cache)
        linking, _ = _watch(FileRun("", 0, 0.0), lambda: analysis.project)
        for path in runs:
            if path not in unread and (linted is None or linted(path)):
                runs[path] = _lint_file(runs[path], analysis)
    return [*runs.values(), linking]


def _lint_file(run: FileRun, analysis: Analysis) -> FileRun:
    watched, found = _watch(run, lambda: analysis.findings(run.path))
    return replace(watched, findings=tuple(found or ()))


def _is_python(path: str) -> bool:
    return path.endswith(".py")
