"""What the analysis says of a program, beside what happens when it runs.

A *hit* is a failure with a finding at one of the lines of the program that it went through,
a *miss* a failure without.  An *alarm* is a finding at a line that no run fails at.  It is
claimed only where it is certain: each part of the line was evaluated to the end in some run,
and no run failed somewhere else before it came there.  It is *sure* when no run of the
program fails at all; otherwise it is well worth a look.

What a program reads may be in the session by luck: because of the rows that there are.  So
a program with an alarm runs again on other rows, and a finding at a line that fails then
is counted as one that depends on the rows.  Likewise a failure that was missed is *certain* only
if no run on other rows gets past its line: the analysis must say nothing of what other rows allow.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from flake8_async_fastapi.analysis import analysis_of
from flake8_async_fastapi.rules.model import Finding, catalogue

from .oracle import Failure, Outcome, Place, Run, run_program
from .programs import Program, random_program

FAMILY = "AFA3"
Verdict = Literal["right", "alarm", "unknown"]


def rules_exist() -> bool:
    """Whether there are rules of this family at all."""
    return any(rule.code.startswith(FAMILY) for rule, _ in catalogue())


@dataclass(frozen=True)
class Disagreement:
    """Something that the analysis and the run see differently."""

    sort: Literal["alarm", "miss"]
    key: str
    """The code of an alarm, the kind of a failure that was missed."""
    place: Place
    text: str
    program: Program
    sure: bool = True

    def told(self) -> str:
        path, line = self.place
        head = (
            f"{self.sort}{'' if self.sure else ' (the program fails elsewhere)'}: {self.key} at {path}:{line}"
        )
        return f"=== seed {self.program.seed}, {head}\n    {self.text}\n{self.program.text()}\n"


@dataclass
class Comparison:
    """Programs compared, and what came out."""

    programs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    mistakes: list[str] = field(default_factory=list)
    found: Counter[str] = field(default_factory=Counter)
    """Failures that the analysis finds, by kind."""
    missed: Counter[str] = field(default_factory=Counter)
    """Failures that it does not find, though they come with any rows."""
    lucky: Counter[str] = field(default_factory=Counter)
    """Failures that it does not find, and that do not come with other rows."""
    codes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Hits by kind and codes."""
    depending: int = 0
    """Findings at lines that fail with other rows only."""
    unknown: int = 0
    """Findings at lines of which no run tells anything."""
    disagreements: list[Disagreement] = field(default_factory=list)

    def add(self, other: Comparison) -> None:
        """Take in another comparison."""
        self.programs += other.programs
        self.outcomes += other.outcomes
        self.mistakes += other.mistakes
        self.found += other.found
        self.missed += other.missed
        self.lucky += other.lucky
        self.codes += other.codes
        self.depending += other.depending
        self.unknown += other.unknown
        self.disagreements += other.disagreements

    @property
    def recall(self) -> float:
        """The share of the certain failures that have a finding; 1 without failures."""
        failures = self.found.total() + self.missed.total()
        return self.found.total() / failures if failures else 1.0

    def of(self, sort: str) -> list[Disagreement]:
        return [one for one in self.disagreements if one.sort == sort]

    def report(self) -> str:
        """The numbers, as a table."""
        lines = [
            f"{self.programs} programs, {len(self.mistakes)} of them dropped as mistakes of the generator"
        ]
        outcomes = ", ".join(f"{kind} {count}" for kind, count in self.outcomes.most_common())
        lines.append(f"by the first failure: {outcomes}")
        lines.append(f"{'failures by kind':28}{'all':>7}{'found':>7}{'recall':>8}  codes")
        for kind, count in (self.found + self.missed).most_common():
            codes = Counter({code: n for (one, code), n in self.codes.items() if one == kind})
            listed = ", ".join(f"{code} {n}" for code, n in codes.most_common(5))
            lines.append(f"{kind:28}{count:7}{self.found[kind]:7}{self.found[kind] / count:8.1%}  {listed}")
        total = self.found.total() + self.missed.total()
        lines.append(f"{'all':28}{total:7}{self.found.total():7}{self.recall:8.1%}")
        sure = sum(1 for alarm in self.of("alarm") if alarm.sure)
        lines.append(
            f"alarms: {sure} in programs that never fail, {len(self.of('alarm')) - sure} in others;"
            f" findings that depend on the rows: {self.depending}, that no run judges: {self.unknown}"
        )
        lines.append(f"failures that depend on the rows, without a finding: {self.lucky.total()}")
        return "\n".join(lines)


def compare_seeds(seeds: Sequence[int]) -> Comparison:
    """Generate, run and analyse the programs of some seeds."""
    whole = Comparison()
    for seed in seeds:
        whole.add(compare(random_program(seed)))
    return whole


def compare(program: Program, family: str = FAMILY) -> Comparison:
    """Run and analyse one program."""
    outcome = run_program(program)
    result = Comparison(1, Counter([outcome.kind]))
    if outcome.mistake is not None:
        result.mistakes.append(f"seed {program.seed}: {outcome.mistake}")
        return result
    findings = findings_of(program, family)
    by_place: dict[Place, list[Finding]] = {}
    for finding in findings:
        by_place.setdefault((finding.path, finding.line), []).append(finding)
    others: list[Outcome] = []
    for failure in dict.fromkeys(outcome.failures):
        codes = sorted({one.code for place in failure.places for one in by_place.get(place, ())})
        codes = codes or sorted({one.code for one in findings if _is_cause(one, failure)})
        if codes:
            result.found[failure.kind] += 1
            result.codes[failure.kind, "+".join(codes)] += 1
        elif not _is_certain(failure, outcome, others):
            result.lucky[failure.kind] += 1
        else:
            result.missed[failure.kind] += 1
            text = f"{failure.attribute} {failure.text}".strip()
            result.disagreements.append(Disagreement("miss", failure.kind, failure.place, text, program))
    first = {finding: _judge(finding, outcome, outcome.runs) for finding in findings}
    runs = outcome.runs
    if "alarm" in first.values():
        runs = [*runs, *run_program(program, data=1).runs]
        if any(verdict == "alarm" == _judge(one, outcome, runs) for one, verdict in first.items()):
            runs = [*runs, *(run for data in _OTHER_ROWS[1:] for run in run_program(program, data).runs)]
    sure = all(run.failure is None for run in runs)
    for finding in findings:
        verdict = _judge(finding, outcome, runs)
        if verdict == "unknown" and first[finding] == "unknown":
            result.unknown += 1
        elif verdict == "right" and first[finding] == "alarm":
            result.depending += 1
        elif verdict != "right":
            place = finding.path, finding.line
            alarm = Disagreement(
                "alarm", finding.code, place, finding.message, program, sure and verdict == "alarm"
            )
            result.disagreements.append(alarm)
    return result


_OTHER_ROWS = range(1, 13)
_SAID_ELSEWHERE = {"strategy": "AFA313", "argument": "AFA311"}
"""Failures of a statement whose mistake is at another line: where the model or the option is written."""


def _is_cause(finding: Finding, failure: Failure) -> bool:
    """Whether a finding tells of the line that makes a statement fail elsewhere."""
    if _SAID_ELSEWHERE.get(failure.kind) != finding.code:
        return False
    return failure.kind == "strategy" or any(
        attribute in failure.text for attribute in re.findall(r"\w+\.\w+", finding.message)
    )


def _is_certain(failure: Failure, outcome: Outcome, others: list[Outcome]) -> bool:
    """Whether no run on other rows gets past the line that fails; ``others`` keeps these runs."""
    if not others:
        others += [run_program(outcome.program, data) for data in _OTHER_ROWS]
    failing = {run.flags for run in outcome.runs if run.failure == failure}
    path, line = failure.place
    for other in others:
        parts = _parts_at(other, path, line)
        for run in other.runs:
            fails = run.failure is not None and failure.place in run.failure.places
            if parts and parts <= run.done and not fails and run.flags in failing:
                return False
    return True


def _parts_at(outcome: Outcome, path: str, line: int) -> set[int]:
    """The parts of a program that a line belongs to."""
    return {
        number
        for number, part in enumerate(outcome.parts)
        if part.path == path and part.first <= line <= part.last
    }


def findings_of(program: Program, family: str = FAMILY) -> list[Finding]:
    """The findings of a family in all files of a program."""
    analysis = analysis_of(program.files)
    return [one for path in program.files for one in analysis.findings(path) if one.code.startswith(family)]


def _judge(finding: Finding, outcome: Outcome, runs: Sequence[Run]) -> Verdict:
    place = finding.path, finding.line
    failures = [run.failure for run in runs if run.failure is not None]
    if any(place in failure.places for failure in failures):
        return "right"
    special = _judge_special(finding, outcome.program, runs, failures)
    if special is not None:
        return special
    parts = _parts_at(outcome, finding.path, finding.line)
    if not parts:  # in the body of a module or a class
        return "unknown" if failures else "alarm"
    if not parts <= frozenset().union(*(run.done for run in runs)):
        return "unknown"
    if any(run.failure is not None and not parts <= run.done for run in runs):
        return "unknown"
    return "alarm"


def _judge_special(
    finding: Finding, program: Program, runs: Sequence[Run], failures: Sequence[Failure]
) -> Verdict | None:
    """The rules about what fails elsewhere, or does not fail but does nothing."""
    if any(_is_cause(finding, failure) for failure in failures):
        return "right"
    if finding.code == "AFA313":
        return "alarm"
    if finding.code == "AFA315":
        return "right"  # it costs statements, and does not fail
    if finding.code == "AFA314":
        texts = "\n".join(program.files.values())
        return "right" if any(word in texts for word in ("noload", "lazy=None", '"lazy": None')) else "alarm"
    if finding.code == "AFA311":
        place = finding.path, finding.line
        dropped = _drops_options(program.files[finding.path], finding.line)
        if dropped or any(place in run.ineffective for run in runs):
            return "right"
    return None


def _drops_options(text: str, line: int) -> bool:
    """Whether a statement at a line makes options and gives them to nobody."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and node.lineno <= line <= (node.end_lineno or line):
            call = node.value
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr == "options"
            ):
                return True
    return False


# --- shrinking ---------------------------------------------------------------------------


def shrink(disagreement: Disagreement, tries: int = 1500) -> Disagreement:
    """The same disagreement in a program as small as simple edits make it."""
    best = disagreement
    left = tries
    changed = True
    while changed and left > 0:
        changed = False
        for path in list(best.program.files):
            number = 0
            while left > 0 and path in best.program.files:
                files = _edited(best.program, path, number)
                if files is None:
                    break
                left -= 1
                found = _same(best, replace(best.program, files=files))
                if found is None:
                    number += 1
                else:
                    best, changed = found, True
    return best


def _same(wanted: Disagreement, program: Program) -> Disagreement | None:
    try:
        found = compare(program).disagreements
    except Exception:  # an edit may break whatever a run relies on
        return None
    same = [
        one for one in found if (one.sort, one.key) == (wanted.sort, wanted.key) and one.sure >= wanted.sure
    ]
    attribute = wanted.text.split(" ")[0]
    exact = [one for one in same if one.text.split(" ")[0] == attribute]
    return (exact or same or [None])[0] if wanted.sort == "alarm" else (exact or [None])[0]


def _edited(program: Program, path: str, number: int) -> dict[str, str] | None:
    """The files with one edit in one of them; None when there are no more edits."""
    tree = ast.parse(program.files[path])
    for count, edit in enumerate(_edits(tree)):
        if count == number:
            edit()
            text = ast.unparse(ast.fix_missing_locations(tree))
            files = {name: text + "\n" if name == path else other for name, other in program.files.items()}
            return {name: other for name, other in files.items() if other.strip()}
    return None


def _edits(tree: ast.AST) -> Iterator[Callable[[], None]]:
    """All edits that make a tree smaller, big ones first."""
    nodes = list(ast.walk(tree))
    for node in nodes:
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                for index in range(len(block)):
                    if not (len(block) == 1 and isinstance(block[0], ast.Pass)):
                        yield _Cut(
                            node, name, index, block=name == "body" and not isinstance(node, ast.Module)
                        )
                for index, inner in enumerate(block):
                    if isinstance(inner, (ast.If, ast.With, ast.AsyncWith, ast.For, ast.AsyncFor, ast.Try)):
                        yield _Unfold(block, index, inner.body)
    for node in nodes:
        if isinstance(node, ast.Call):
            for index in range(len(node.keywords)):
                yield _Cut(node, "keywords", index)
            if len(node.args) > 1 or (node.args and isinstance(node.func, ast.Attribute)):
                for index in range(len(node.args)):
                    yield _Cut(node, "args", index)
        elif isinstance(node, (ast.List, ast.Tuple)) and isinstance(node.ctx, ast.Load):
            for index in range(len(node.elts)):
                yield _Cut(node, "elts", index)
        elif isinstance(node, ast.ImportFrom) and len(node.names) > 1:
            for index in range(len(node.names)):
                yield _Cut(node, "names", index)
    for node in nodes:
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.Call):
                for smaller in _smaller(value):
                    yield _Put(node, name, None, smaller)
            elif isinstance(value, list):
                for index, item in enumerate(value):
                    if isinstance(item, ast.Call):
                        for smaller in _smaller(item):
                            yield _Put(node, name, index, smaller)


def _smaller(call: ast.Call) -> list[ast.expr]:
    """What may stand instead of a call: its receiver, or its only argument."""
    found: list[ast.expr] = []
    if isinstance(call.func, ast.Attribute):
        found.append(call.func.value)
    if len(call.args) == 1 and not call.keywords and not isinstance(call.args[0], ast.Starred):
        found.append(call.args[0])
    return found


@dataclass
class _Cut:
    """Drop one item of a list."""

    node: Any
    name: str
    index: int
    block: bool = False

    def __call__(self) -> None:
        items = getattr(self.node, self.name)
        del items[self.index]
        if self.block and not items:
            items.append(ast.Pass())


@dataclass
class _Unfold:
    """Put the body of a compound statement in its place."""

    block: list[ast.stmt]
    index: int
    body: list[ast.stmt]

    def __call__(self) -> None:
        self.block[self.index : self.index + 1] = self.body


@dataclass
class _Put:
    """Put a part of an expression in its place."""

    node: Any
    name: str
    index: int | None
    value: ast.expr

    def __call__(self) -> None:
        if self.index is None:
            setattr(self.node, self.name, self.value)
        else:
            getattr(self.node, self.name)[self.index] = self.value
