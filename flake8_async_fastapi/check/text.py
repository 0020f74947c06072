"""Findings for people: one line each, or with the code around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from flake8_async_fastapi.check.report import Report, Shown, rule_of
from flake8_async_fastapi.check.understood import Understood

_MOST_PROJECTS: Final = 3
"""What the summary describes; more of them are seldom what somebody looks for."""


def concise(report: Report) -> Iterator[str]:
    """One line for each finding, as flake8 writes it."""
    for finding in report.findings:
        yield f"{finding.path}:{finding.line}:{finding.col + 1}: {finding.code} {finding.message}"
    yield from _unread(report)


def full(report: Report) -> Iterator[str]:
    """Each finding with its line of code and the other places; those of one cause together."""
    for _, group in groupby(report.findings, key=_cause):
        yield from _block(list(group))
        yield ""
    yield from _unread(report)
    yield from summary(report)


def _cause(finding: Shown) -> tuple[object, ...]:
    """What findings have in common that one change can fix."""
    return finding.path, finding.line, finding.col, finding.code, finding.cause


def _block(findings: list[Shown]) -> Iterator[str]:
    first = findings[0]
    rule = rule_of(first.code)
    name = f" {rule.name}" if rule is not None else ""
    yield f"{first.path}:{first.line}:{first.col + 1}: {first.code}{name}"
    margin = " " * len(str(first.line))
    if first.text.strip():
        until = first.end.col if first.end.line == first.line else len(first.text)
        under = "".join("\t" if character == "\t" else " " for character in first.text[: first.col])
        yield f" {margin} |"
        yield f" {first.line} | {first.text.rstrip()}"
        yield f" {margin} | {under}{'^' * max(1, until - first.col)}"
    for finding in findings:
        yield f" {margin} = {finding.message}"
    for other in dict.fromkeys(other for finding in findings for other in finding.others):
        yield f" {margin} : {other.path}:{other.line}: {other.text}"


def _unread(report: Report) -> Iterator[str]:
    for path, why in report.unread:
        yield f"{path}: not checked: {why}"


def stale_entries(report: Report) -> Iterator[str]:
    """The entries of the baseline that match nothing any more."""
    for path, code, text in report.stale:
        yield f"The baseline lists {code} in {path}, which is no longer found: {text}"


def summary(report: Report) -> Iterator[str]:
    """The numbers of files checked and of findings."""
    yield from stale_entries(report)
    found, advice = len(report.findings), sum(finding.is_advice for finding in report.findings)
    left_out = [
        f"{count} {why}"
        for count, why in ((report.suppressed, "suppressed by comments"), (report.known, "in the baseline"))
        if count
    ]
    yield (
        f"{counted(found, 'finding')}, {advice} of them advice"
        f"{''.join(f', {text}' for text in left_out)}; "
        f"{counted(report.files, 'file')} checked in {_projects(report.roots)}"
    )
    for project in report.understood[:_MOST_PROJECTS]:
        yield _described(project)
    if len(report.understood) > _MOST_PROJECTS:
        yield f"and {counted(len(report.understood) - _MOST_PROJECTS, 'smaller project')}"


def _projects(roots: Sequence[str]) -> str:
    return f"{len(roots)} projects" if len(roots) > 1 else "".join(roots) or "no project"


def _described(project: Understood) -> str:
    """How much of a project was understood: if few of its imports resolve, there are few findings."""
    counts = project.counts
    share = f"{100 * counts.resolved // counts.imports} %" if counts.imports else "none"
    return (
        f"{project.root}: {counted(counts.files, 'file')}, {counted(counts.routes, 'route')}, "
        f"{counts.factories} async session {'factory' if counts.factories == 1 else 'factories'}; "
        f"{share} of {counted(counts.imports, 'import')} of its own modules resolved"
    )


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
