"""The findings in converted code that no edit mends: which the conversion brings, and their marks."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from flake8_async_fastapi.analysis import Analysis
from flake8_async_fastapi.convert.leaving import comment_above, left_functions
from flake8_async_fastapi.convert.refreshes import statement_at
from flake8_async_fastapi.convert.texts import Edit, Source, apply_edits, first_line, parse
from flake8_async_fastapi.rules.left_open import LEFT_OPEN, MARK
from flake8_async_fastapi.rules.model import Finding, catalogue

_OLD: Final = frozenset(
    "AFA402 AFA409 AFA413 AFA415 AFA416 AFA417 AFA418 AFA502 AFA503 AFA504 AFA505 AFA506 AFA507 AFA508 AFA509"
    " AFA510 AFA511 AFA512 AFA513 AFA704 AFA705".split()
)
"""Rules about what a synchronous session, or FastAPI, does as well."""
_SAME_DRIVER: Final = "aiosqlite "
"""It refuses the values that sqlite3 refuses: it is sqlite3 in a thread."""
_MARKED: Final = "is left here"


@dataclass(frozen=True)
class Remaining:
    """The findings in a converted project.

    ``new`` are those that the conversion brings, and its comments; ``old`` those that were true before.
    """

    new: list[Finding] = field(default_factory=list)
    old: list[Finding] = field(default_factory=list)


def with_marks(analysis: Analysis, texts: Mapping[str, str]) -> tuple[dict[str, str], Analysis]:
    """The texts with a comment above each statement with findings that the conversion brings."""
    marked = dict(texts)
    names = {rule.code: rule.name for rule, _ in catalogue()}
    for path, text in texts.items():
        left = [finding for finding in _bugs(analysis, path) if _is_new(finding)]
        edits = set(_comments(path, text, left, names)) if left else set()
        if edits:
            marked[path] = apply_edits(text, edits)
            analysis = analysis.with_text(path, marked[path])
    return marked, analysis


def remaining(analysis: Analysis, texts: Mapping[str, str]) -> Remaining:
    """The findings in a project; those in a function that is left are told with its comment."""
    new: list[Finding] = []
    old: list[Finding] = []
    for path, text in texts.items():
        found = _bugs(analysis, path)
        inside: dict[int, int] = {}
        spans = dict(_spans(path, text)) if any(one.code == LEFT_OPEN for one in found) else {}
        for finding in found:
            above = next((line for line, span in spans.items() if finding.line in span), None)
            if above is not None and finding.line != above:
                inside[above] = inside.get(above, 0) + 1
            elif not finding.message.endswith(_MARKED):
                (new if _is_new(finding) or finding.code == LEFT_OPEN else old).append(finding)
        new = [_with_count(one, inside.get(one.line, 0)) if one.path == path else one for one in new]
    return Remaining(new, old)


def _bugs(analysis: Analysis, path: str) -> list[Finding]:
    return [one for one in analysis.findings(path) if not one.advice and one.level == "certain"]


def _is_new(finding: Finding) -> bool:
    if finding.code == "AFA421" and finding.message.startswith(_SAME_DRIVER):
        return False
    return finding.code not in _OLD and finding.code != LEFT_OPEN


def _with_count(finding: Finding, count: int) -> Finding:
    if finding.code != LEFT_OPEN or not count:
        return finding
    return replace(finding, message=f"{finding.message} ({count} finding{'s' * (count != 1)} in it)")


def _comments(path: str, text: str, left: Iterable[Finding], names: Mapping[str, str]) -> Iterator[Edit]:
    source = parse(path, text)
    if source is None:
        return
    spans = list(_spans(path, text))
    for finding in left:
        statement = statement_at(source, finding.line)
        is_told = any(finding.line in span for _, span in spans)
        if statement is not None and not is_told and not _has_comment(source, statement):
            yield comment_above(source, statement, f"{names[finding.code]} ({finding.code}) {_MARKED}")


def _has_comment(source: Source, statement: ast.stmt) -> bool:
    line = first_line(statement)
    return line > 1 and source.line_text(line - 1).strip().startswith(MARK)


def _spans(path: str, text: str) -> Iterator[tuple[int, range]]:
    """The lines of each function that is left, with that of its comment."""
    source = parse(path, text)
    for function in left_functions(source) if source is not None else ():
        first = first_line(function) - 1
        yield first, range(first, (function.end_lineno or first) + 1)
