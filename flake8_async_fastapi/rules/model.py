"""Rules, their input and their findings."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain, repeat
from types import ModuleType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar, cast

import flake8_async_fastapi.rules as package
from flake8_async_fastapi.engine.places import Mention

if TYPE_CHECKING:  # a finding from the cache needs no engine, and that takes long to import
    from flake8_async_fastapi.engine.events import Event

E = TypeVar("E", bound="Event")
Level: TypeAlias = Literal["certain", "likely"]
LEVELS: Final[tuple[Level, ...]] = ("certain", "likely")
"""How sure the findings of a report are: each level has those of the levels before it."""
FAMILIES: Final = ("awaiting", "blocking", "loading", "setup", "scope", "loops", "testing")


Fixable: TypeAlias = Literal["safe", "unsafe", "no"]


@dataclass(frozen=True, slots=True)
class Fix:
    """How a finding can be mended: which ``kind`` of edit, at which place, with which ``words``.

    Its kind is a module of ``fixes/kinds``, which says what the words mean.  ``col`` counts bytes from 0;
    it is -1 for what stands somewhere on the line.  A fix that is not safe may change more than the bug.
    ``files`` are other files that the words are about.  ``instead`` is tried where this one cannot be made.
    """

    kind: str
    path: str
    line: int
    col: int
    words: tuple[str, ...] = ()
    is_safe: bool = True
    files: tuple[str, ...] = ()
    instead: Fix | None = None

    def with_paths(self, seen: Callable[[str], str]) -> Fix:
        """The same fix with other names of its files."""
        instead = None if self.instead is None else self.instead.with_paths(seen)
        return replace(self, path=seen(self.path), files=tuple(map(seen, self.files)), instead=instead)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; ``col`` counts from 0, ``advice`` says that the code works today.

    ``others`` are the other places that have a part in it: a query, a commit.  ``level`` is ``likely``
    for what may fail, and need not.  ``fix`` is None where only a person can mend it.  ``within`` is the
    line of a callee at which it happens, if that is another one.
    """

    path: str
    line: int
    col: int
    code: str
    message: str
    advice: bool = False
    others: tuple[Mention, ...] = field(default=(), compare=False)
    level: Level = "certain"
    fix: Fix | None = field(default=None, compare=False)
    within: Mention | None = field(default=None, compare=False)

    @property
    def cause(self) -> Mention | None:
        """Where it comes from: the first of the other places, such as the query; None if it has none."""
        return self.others[0] if self.others else None


NOT_ANALYSED: Final = "AFA001"
"""A code that is no rule's."""


def not_analysed(path: str) -> Finding:
    """The finding for a file on which this package failed, so that nobody takes silence for a clean file."""
    return Finding(path, 1, 0, NOT_ANALYSED, "this file could not be analysed: flake8 --verbose says why")


@dataclass(frozen=True, slots=True)
class Events:
    """All events of one file."""

    all: Sequence[Event]
    _by_kind: dict[type[Event], list[Event]] = field(default_factory=dict, repr=False, compare=False)
    _doubtful: dict[type[Event], list[tuple[Event, str]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def of(self, kind: type[E]) -> Iterator[E]:
        """The events of one kind that are certain, in the order of the file."""
        if not self._by_kind:
            self._sort()
        return iter(cast("list[E]", self._by_kind.get(kind, [])))

    def with_doubtful(self, kind: type[E]) -> Iterator[tuple[E, str]]:
        """The events of one kind, each with the case in which it does not happen; empty if it is certain."""
        if not self._by_kind:
            self._sort()
        certain = cast("list[E]", self._by_kind.get(kind, []))
        doubtful = cast("list[tuple[E, str]]", self._doubtful.get(kind, []))
        return chain(zip(certain, repeat("")), doubtful)

    def _sort(self) -> None:
        """Sort the events by kind: every rule asks, and most kinds are rare."""
        from flake8_async_fastapi.engine.events import Doubtful

        for event in self.all:
            self._by_kind.setdefault(type(event), []).append(event)
            if isinstance(event, Doubtful):
                self._doubtful.setdefault(type(event.event), []).append((event.event, event.unless))


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as the catalogue shows it; ``name`` reads well after "allow".

    ``kind`` is ``bug`` for what fails, blocks or silently does nothing at run
    time, ``advice`` for what works today and bites later.  ``fixable`` says whether findings may have a
    fix, and of which sort, ``since`` which version has the rule.
    """

    code: str
    name: str
    kind: Literal["bug", "advice"]
    summary: str
    fixable: Fixable = "no"
    since: str = "0.2.0"

    def at(self, event: Event, message: str, unless: str = "", fix: Fix | None = None) -> Finding:
        """A finding of this rule at the place of an event; ``unless`` as ``Events.with_doubtful`` has it."""
        return self._found(event, message, advice=self.kind == "advice", unless=unless, fix=fix)

    def advise(self, event: Event, message: str, fix: Fix | None = None) -> Finding:
        """A finding that is advice, also of a rule that finds bugs."""
        return self._found(event, message, advice=True, fix=fix)

    def fix(self, event: Event, kind: str, *words: str) -> Fix:
        """A fix at the place of an event, as safe as this rule's are."""
        return Fix(kind, event.path, event.line, event.col, words, self.fixable == "safe")

    def _found(
        self, event: Event, message: str, *, advice: bool, fix: Fix | None, unless: str = ""
    ) -> Finding:
        """A finding; its message is of ASCII only, since flake8 fails where the locale cannot print it."""
        message = f"may fail, unless {unless}: {message}" if unless else message
        plain = message.encode("ascii", "backslashreplace").decode("ascii")
        place = event.path, event.line, event.col, self.code
        level: Level = "likely" if unless else "certain"
        return Finding(*place, plain, advice, event.others(), level, fix, event.within())


Check = Callable[[Events], Iterator[Finding]]


@cache
def catalogue() -> tuple[tuple[Rule, Check], ...]:
    """All rules with their checks, by code: every module below this package that has a ``RULE``."""
    found = [(module.RULE, module.check) for module in _modules() if hasattr(module, "RULE")]
    return tuple(sorted(found, key=lambda pair: pair[0].code))


def _modules() -> Iterator[ModuleType]:
    for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        yield importlib.import_module(info.name)


def of_level(findings: Iterable[Finding], level: Level) -> list[Finding]:
    """The findings that a report of a level has."""
    return [finding for finding in findings if LEVELS.index(finding.level) <= LEVELS.index(level)]


def told_within(path: str, text: str, findings: Iterable[Finding]) -> list[Finding]:
    """Findings of callers, reported at the lines of the file ``path`` that fail in what they call.

    Calls that make a line fail in the same way have one finding: it names the first, and counts the
    others.  What is certain goes before what is likely.
    """
    first: dict[tuple[str, Mention], Finding] = {}
    lines, calls = text.splitlines(), Counter[tuple[str, Mention]]()
    for finding in sorted(dict.fromkeys(findings), key=lambda one: (one.level, one.path, one.line)):
        if finding.within is not None and finding.within.path == path:
            key = finding.code, finding.within
            first.setdefault(key, finding)
            calls[key] += 1
    return [_at_line(finding, read, lines, calls[code, read] - 1) for (code, read), finding in first.items()]


def _at_line(finding: Finding, read: Mention, lines: Sequence[str], more: int) -> Finding:
    """A finding, reported at the line of a callee, for so many more calls."""
    line = lines[read.line - 1] if 0 < read.line <= len(lines) else ""
    among = f" (and by {more} more)" if more else ""
    call = Mention(finding.path, finding.line, "this call leads there")
    return replace(
        finding,
        path=read.path,
        line=read.line,
        col=len(line) - len(line.lstrip()),
        message=f"called by {finding.path}:{finding.line}{among}: {finding.message}",
        others=(call, *(other for other in finding.others if other != read)),
        within=None,
    )


def check_all(events: Events) -> list[Finding]:
    """The findings of all rules for the events of a file, without duplicates."""
    found = {finding: None for _, check in catalogue() for finding in check(events)}
    return sorted(found, key=lambda finding: (finding.line, finding.col, finding.code, finding.message))
