"""A lint of one project: sources and cache to facts, facts to findings.

The one place that joins the layers.  Every run sees all files of the project,
not only those it is asked about, and the text it is handed, not the disk's.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from flake8_async_fastapi import __version__
from flake8_async_fastapi.facts.module import FORMAT, ModuleFacts, decode, encode
from flake8_async_fastapi.interpreter.analyse import analyse
from flake8_async_fastapi.interpreter.context import Memo
from flake8_async_fastapi.interpreter.events import Event
from flake8_async_fastapi.project.project import Project, link
from flake8_async_fastapi.rules.model import Events, Finding, check_all
from flake8_async_fastapi.store.cache import Cache
from flake8_async_fastapi.store.sources import Source, digest, load_sources

T = TypeVar("T")

LOG: Final = logging.getLogger("flake8_async_fastapi")
SALT: Final = f"{__version__} {FORMAT} {sys.version_info[:2]}"
"""Facts and verdicts depend on the text, on this package, and on the Python that parses."""
_RECURSION: Final = 6_000
"""The interpreter calls itself for nested code and for callees; deep code needs more than 1,000."""


@dataclass(frozen=True)
class Analysis:
    """A project as it stands, ready to be asked about any of its files."""

    sources: Mapping[str, Source]
    cache: Cache

    @cached_property
    def project(self) -> Project:
        """The linked facts of all files that have any."""
        found = {path: facts_of(source, self.cache) for path, source in self.sources.items()}
        return link({path: facts for path, facts in found.items() if facts is not None})

    @cached_property
    def _memo(self) -> Memo:
        return {}

    @cached_property
    def key(self) -> str:
        """A digest of everything that a verdict can depend on."""
        texts = "\n".join(f"{path} {source.digest}" for path, source in sorted(self.sources.items()))
        return digest(texts, salt=SALT)

    def prepare(self) -> None:
        """Extract all texts that are new, so that processes forked from this one need not."""
        self.project.imports  # noqa: B018 - reads the outline of every file

    def findings(self, path: str) -> list[Finding]:
        """The findings of one file; none for a file that does not parse."""
        key = digest(path, salt=self.key)
        cached = _decode_findings(self.cache.read("findings", key))
        if cached is not None:
            return cached
        with _deep_recursion():
            found = _survive(path, "analysed", lambda: check_all(Events(self.events(path))))
        if found is None:
            return []
        self.cache.write("findings", key, msgspec.msgpack.encode(found))
        return found

    def events(self, path: str, *, trace: bool = False) -> list[Event]:
        """What the interpreter saw in one file."""
        if path not in self.project.facts:
            return []
        return analyse(self.project, path, self._memo, trace=trace)


def open_analysis(root: Path, cache: Cache, overlays: Mapping[str, str] | None = None) -> Analysis:
    """Read a project from disk; ``overlays`` are texts by path that stand for the disk's."""
    return Analysis(load_sources(root, overlays or {}, salt=SALT), cache)


def analysis_of(texts: Mapping[str, str], cache: Cache | None = None) -> Analysis:
    """An analysis of texts by path, for tests and editors."""
    sources = {path: Source(path, text, digest(text, salt=SALT)) for path, text in texts.items()}
    return Analysis(sources, cache or Cache(None))


def facts_of(source: Source, cache: Cache) -> ModuleFacts | None:
    """The facts of a file, from the cache or from its text; None for a file that has none."""
    data = cache.read("facts", source.digest)
    if data is not None:
        if not data:
            return None
        facts = decode(data)
        if facts is not None:
            return facts
    return _extract(source, cache)


def _extract(source: Source, cache: Cache) -> ModuleFacts | None:
    # astroid takes as long to import as flake8 itself: only when a text is new
    from flake8_async_fastapi.extract import ExtractError, extract

    try:
        with _deep_recursion():
            facts = _survive(source.path, "read", lambda: extract(source.text), (ExtractError,))
    except ExtractError as error:
        LOG.info("%s %s", source.path, error)
        facts = None
    cache.write("facts", source.digest, b"" if facts is None else encode(facts))
    return facts


def _survive(path: str, done: str, work: Callable[[], T], passing: tuple[type[Exception], ...] = ()) -> T | None:
    """The result of some work on one file, or None if it failed: a fault costs that file, not the run."""
    try:
        return work()
    except passing:
        raise
    except RecursionError:
        LOG.warning("%s could not be %s: it nests too deep", path, done)
    except Exception:
        LOG.warning("%s could not be %s because of a fault in flake8-async-fastapi", path, done, exc_info=True)
    return None


def _decode_findings(data: bytes | None) -> list[Finding] | None:
    if data is None:
        return None
    try:
        return msgspec.msgpack.decode(data, type=list[Finding])
    except (msgspec.DecodeError, RecursionError):
        return None


@contextmanager
def _deep_recursion() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _RECURSION))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
