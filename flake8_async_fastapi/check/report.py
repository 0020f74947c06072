"""The result of a check, ready to be written in any format."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from flake8_async_fastapi.check.understood import Understood
from flake8_async_fastapi.engine.places import Mention, Position
from flake8_async_fastapi.rules.model import Fix, Level, Rule, catalogue


@dataclass(frozen=True, slots=True)
class Replacement:
    """Text that takes the place of other text; columns count characters from 0."""

    path: str
    start: Position
    end: Position
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding as a user sees it: paths are as flake8 would print them.

    ``col`` and the column of ``end`` count characters from 0; ``text`` is the line of the code.
    """

    path: str
    line: int
    col: int
    end: Position
    code: str
    message: str
    is_advice: bool
    text: str
    others: tuple[Mention, ...] = ()
    level: Level = "certain"
    fix: Fix | None = None
    edits: tuple[Replacement, ...] = ()
    """What the fix does, where somebody asked for it."""
    tells_of: Shown | None = None
    """The finding of another file that is told here, where it comes from."""

    @property
    def cause(self) -> Mention | None:
        """Where it comes from; see ``Finding``."""
        return self.others[0] if self.others else None

    @property
    def is_safely_fixed(self) -> bool:
        """Whether it has a fix that is safe."""
        return self.fix is not None and self.fix.is_safe


@dataclass(frozen=True, slots=True)
class Report:
    """The findings of a run, with the number of files checked and the roots they are below.

    ``unread`` are the files that could not be read or analysed, each with the reason. ``suppressed`` counts
    what a comment keeps from being shown, ``known`` what the baseline does.
    """

    findings: Sequence[Shown]
    files: int
    roots: Sequence[str]
    unread: Sequence[tuple[str, str]] = ()
    suppressed: int = 0
    known: int = 0
    stale: Sequence[tuple[str, str, str]] = field(default=())
    """Entries of the baseline that no finding meets any more: path, code and text of the line."""
    understood: Sequence[Understood] = ()
    """What is in the projects, the largest first; nothing if nobody asked."""
    unknown: Sequence[str] = ()
    """Names in the options of what is in none of the projects."""
    empty: Sequence[str] = ()
    """The roots that hold no Python file."""
    covers: Callable[[str, str], bool] = lambda path, code: True
    """Whether the run would have reported a code in a file, if it were there."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing is to be mended."""
        return not self.findings and not self.unread


def told_at(finding: Shown, origin: Mention, path: str, text: str) -> Shown:
    """A finding of another file, told at one of its other places: in the file ``path``, where ``text`` is."""
    own = Mention(finding.path, finding.line, "it is reported here when this file is checked")
    return replace(
        finding,
        path=path,
        line=origin.line,
        col=len(text) - len(text.lstrip()),
        end=Position(origin.line, len(text)),
        message=f"at {finding.path}:{finding.line}, {finding.message}",
        text=text,
        others=(own, *(other for other in finding.others if other != origin)),
        tells_of=finding,
    )


def rule_of(code: str) -> Rule | None:
    """The rule of a code; None for a code of no rule."""
    return _rules().get(code)


@cache
def _rules() -> dict[str, Rule]:
    return {rule.code: rule for rule, _ in catalogue()}


def with_fingerprints(findings: Sequence[Shown]) -> Iterator[tuple[Shown, str]]:
    """Findings, each with a text that stays the same where code above it is added or removed."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for finding in findings:
        key = finding.path, finding.code, finding.text.strip()
        seen[key] += 1
        named = "\0".join((*key, str(seen[key])))
        yield finding, hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:32]
