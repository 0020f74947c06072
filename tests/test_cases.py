"""Every case of `cases/`: the marked lines are reported, and all others are not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from case_files import Case, read_cases, run

CASES = read_cases(Path(__file__).parent / "cases")
KNOWN = {"Known miss": "missed", "Known alarm": "alarm"}
RUN = [case for case in CASES if case.program.runs]


def test_titles_are_unique() -> None:
    counted = Counter(case.id for case in CASES)
    assert [name for name, times in counted.items() if times > 1] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    """A known miss or alarm that is cured fails here, too: take its mark away then."""
    assert case.program.findings(case.source) == {**case.program.marks(), **case.program.marks("alarm")}
    assert not caplog.records  # a fault while analysing would look like silence


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_known_faults_are_named_in_the_heading(case: Case) -> None:
    words = {word for word in KNOWN.values() if case.program.marks(word)}
    said = KNOWN.get(case.title.partition(":")[0])
    assert words == ({said} if said else set())


@pytest.mark.parametrize("case", RUN, ids=lambda case: case.id)
def test_the_marks_tell_the_truth(case: Case, tmp_path: Path) -> None:
    """A program fails when it is run if it has a bug, and only then."""
    pytest.importorskip("sqlalchemy")
    pytest.importorskip("aiosqlite")
    outcome = run(case.program, tmp_path)
    buggy = bool(case.program.marks() or case.program.marks("missed"))
    assert outcome.failed is buggy, outcome
