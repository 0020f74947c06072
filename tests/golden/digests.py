"""Many programs, and a digest of the findings and one of the events of each.

An event is told by its class, and by the texts, numbers and places in it.  Names of
fields, of modules and of the classes of values are left out: they may be renamed.
"""

from __future__ import annotations

import hashlib
import types
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

import msgspec
from case_files import Case, read_cases
from generated.programs import random_program
from msgspec.structs import astuple

from flake8_async_fastapi.analysis import Analysis, analysis_of, open_analysis
from flake8_async_fastapi.engine.comparison import ComparedBy
from flake8_async_fastapi.engine.events import Event
from flake8_async_fastapi.engine.values import Closure
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.faults import survive
from flake8_async_fastapi.rules.model import Events, Finding, check_all
from flake8_async_fastapi.store.cache import Cache

TESTS = Path(__file__).parents[1]
DATA = Path(__file__).parent / "digests.txt"
SEEDS = range(1, 121)
_BLOG = TESTS.parent / "flake8_async_fastapi" / "blog"
_VARIANTS = "converted", "pitfalls"
HOW = """
See what changed in one of them: run `python -m tests.golden --show KEY` here and at a
commit before, and compare.  If all is as it should be: `python -m tests.golden --update`.
"""
_KINDS = ("findings", "events")
_FAILED = "failed"


@dataclass(frozen=True)
class Report:
    """What the linter says of one program, in full; ``key`` need not be unique."""

    key: str
    findings: tuple[str, ...]
    events: tuple[str, ...]

    def line(self) -> str:
        """The key and both digests."""
        return f"{self.key}\t{_digest(self.findings)}\t{_digest(self.events)}"


def key_of(case: Case) -> str:
    """The title of a case alone: cases move from file to file."""
    return f"case {case.title}"


@cache
def keys_of_one_case() -> frozenset[str]:
    """The keys that no two cases have: `test_cases.py` compares the reports of these cases."""
    counted = Counter(key_of(case) for case in read_cases(TESTS / "cases"))
    return frozenset(key for key, times in counted.items() if times == 1)


def keys_of_all() -> Iterator[str]:
    """The keys of all reports."""
    for variant in _VARIANTS:
        analysis = open_analysis(_BLOG / variant, Cache(None))
        yield from (f"blog {variant}/{path}" for path in analysis.sources)
    yield from (key_of(case) for case in read_cases(TESTS / "cases"))
    yield from (f"seed {seed}" for seed in SEEDS)


def report_all(wanted: Callable[[str], bool] = lambda key: True) -> Iterator[Report]:
    """The reports of the programs whose keys are wanted; a variant of the blog is one, `blog pitfalls/`."""
    for variant in _VARIANTS:
        if wanted(prefix := f"blog {variant}/"):
            yield from report_tree(_BLOG / variant, prefix)
    for case in read_cases(TESTS / "cases"):
        if wanted(key := key_of(case)):
            yield report_of(key, analysis_of(case.program.files))
    for seed in SEEDS:
        if wanted(key := f"seed {seed}"):
            yield report_of(key, analysis_of(random_program(seed).files))


def report_tree(root: Path, prefix: str = "") -> Iterator[Report]:
    """The reports of all Python files below a folder, which is taken as one project."""
    analysis = open_analysis(root, Cache(None))
    for path in sorted(analysis.sources):
        yield Report(prefix + path, *_report_file(analysis, path))


def lines_of(reports: Iterable[Report]) -> list[str]:
    """The lines of reports, sorted as in the file of data."""
    return sorted(report.line() for report in reports)


def differences(reports: Iterable[Report]) -> list[str]:
    """What differs from what is recorded for the keys of some reports."""
    lines = lines_of(reports)
    return compare([line for key in _by_key(lines) for line in _recorded().get(key, ())], lines)


@cache
def _recorded() -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for line in DATA.read_text(encoding="utf-8").splitlines():
        found.setdefault(line.split("\t")[0], []).append(line)
    return found


def compare(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """What differs between two lists of lines, a line for each key that does."""
    old, new = _by_key(before), _by_key(now)
    told = []
    for key in sorted(old.keys() | new.keys()):
        if key not in new:
            told.append(f"{key}: is gone")
        elif key not in old:
            told.append(f"{key}: is new")
        elif old[key] != new[key]:
            kinds = [name for index, name in enumerate(_KINDS) if _differ(old, new, key, index)]
            told.append(f"{key}: other {' and '.join(kinds)}")
    return told


def render(value: object) -> str:
    """The texts, numbers and places in a value, in their order; sets and dicts sorted."""
    match value:
        case tree.Part() | types.FunctionType():
            return ""  # the places of the event and its values say enough
        case Enum():
            return render(value.value)
        case str() | int() | float() | None:
            return repr(value)
        case tuple() | list():
            parts = [render(item) for item in value]
        case set() | frozenset():
            parts = sorted(render(item) for item in value)
        case Mapping():
            parts = sorted(f"{render(key)}:{render(item)}" for key, item in value.items())
        case Closure():
            return ""  # compared by identity, and may hold itself
        case ComparedBy():
            parts = [render(item) for item in type(value).compared(value)]
        case msgspec.Struct():
            parts = [render(item) for item in astuple(value)]
        case _:
            raise TypeError(f"no words for {value!r}")
    return f"({' '.join(filter(None, parts))})"


def report_of(key: str, analysis: Analysis) -> Report:
    """The report of a program in one piece."""
    findings: list[str] = []
    events: list[str] = []
    for path in sorted(analysis.sources):
        found, happened = _report_file(analysis, path)
        findings += found
        events += happened
    return Report(key, tuple(findings), tuple(events))


def _report_file(analysis: Analysis, path: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The findings and the events of a file.

    Events are sorted, each once: how many paths lead to one, and in which order, is no matter.
    """

    def work() -> tuple[list[Event], list[Finding]]:
        events = analysis.events(path)
        return events, check_all(Events(events))

    done = survive(path, "analysed", work)
    if done is None:
        return (_FAILED,), (_FAILED,)
    events = sorted({f"{type(event).__name__}{render(event)}" for event in done[0]})
    findings = [f"{one.path}:{one.line}:{one.col}: {one.code} {one.message}" for one in done[1]]
    return tuple(findings), tuple(events)


def _digest(lines: Sequence[str]) -> str:
    """A short digest; ``-`` for no line at all."""
    if not lines or lines == (_FAILED,):
        return lines[0] if lines else "-"
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=8).hexdigest()


def _by_key(lines: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """The pairs of digests that each key has, sorted."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in lines:
        key, findings, events = line.split("\t")
        found.setdefault(key, []).append((findings, events))
    return {key: sorted(pairs) for key, pairs in found.items()}


def _differ(
    old: Mapping[str, Sequence[tuple[str, str]]],
    new: Mapping[str, Sequence[tuple[str, str]]],
    key: str,
    index: int,
) -> bool:
    return Counter(pair[index] for pair in old[key]) != Counter(pair[index] for pair in new[key])
