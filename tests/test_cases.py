"""Every case of `cases/`: the marked lines are reported, and all others are not."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

import pytest
from case_files import Case, files_of_cases, read_cases, read_sections, read_shared, run
from golden.digests import HOW, differences, key_of, keys_of_one_case, report_of
from message_laws import faults_of

from flake8_async_fastapi.analysis import analysis_of
from flake8_async_fastapi.fixes.changes import edits_by_kind
from flake8_async_fastapi.rules.model import catalogue

FOLDER = Path(__file__).parent / "cases"
CASES = read_cases(FOLDER)
KNOWN = {"Known miss": "missed", "Known alarm": "alarm"}
ADVICE = {"Advice": True, "No advice": False}
RUN = [case for case in CASES if case.program.runs]
PROMISED = {rule.code: rule.fixable for rule, _ in catalogue()}
MOST_LINES = 1000
SHARED = read_shared(FOLDER / "shared")


def test_titles_are_unique() -> None:
    counted = Counter(case.id for case in CASES)
    assert [name for name, times in counted.items() if times > 1] == []


@pytest.mark.parametrize(
    "path", sorted(FOLDER.rglob("*.md")), ids=lambda path: path.relative_to(FOLDER).as_posix()
)
def test_files_are_short(path: Path) -> None:
    """A file that grows becomes a folder of files, each about one thing."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_the_index_lists_every_file() -> None:
    """Once, and with what its cases are about."""
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\* \[(\S+)\]\((?:shared/)?\1\.md\): \w|^\* \[.*", index, re.MULTILINE)
    files = [path.relative_to(FOLDER) for path in files_of_cases(FOLDER)]
    names = [path.with_suffix("").as_posix() for path in files]
    assert Counter(listed) == Counter([*names, *SHARED])


def test_shared_programs_are_shared() -> None:
    texts = [path.read_text(encoding="utf-8") for path in files_of_cases(FOLDER)]
    sections = [section for text in texts for section in read_sections(text)[1]]
    used = Counter(name for section in sections for name in section.shared)
    assert {name for name, times in used.items() if times > 1} == set(SHARED)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    """A known miss or alarm that is cured fails here, too: take its mark away then.

    All that holds of a case's findings is asked here, so that each case is analysed once.
    """
    analysis = analysis_of(case.program.files)
    report = report_of(key_of(case), analysis)
    linted = case.program.lint(analysis)
    assert case.program.findings(case.source, linted) == {
        **case.program.marks(),
        **case.program.marks("alarm"),
    }
    assert not caplog.records  # a fault while analysing would look like silence
    own, said = case.source.partition("/")[0], ADVICE.get(case.title.partition(":")[0])
    told = {finding.advice for finding in linted if finding.code == own}
    assert said is None or told == {said}
    for finding in linted:
        assert list(faults_of(finding, case.program.files)) == [], finding.message
        if finding.fix is not None:
            assert finding.fix.kind in edits_by_kind()
            assert PROMISED[finding.code] == ("safe" if finding.fix.is_safe else "unsafe")
    if report.key in keys_of_one_case():
        assert "\n".join(differences([report])) == "", HOW


def test_known_faults_are_named_in_the_heading() -> None:
    wrong = []
    for case in CASES:
        words = {word for word in KNOWN.values() if case.program.marks(word)}
        said = KNOWN.get(case.title.partition(":")[0])
        if words != ({said} if said else set()):
            wrong.append(case.id)
    assert wrong == []


@pytest.mark.parametrize("case", RUN, ids=lambda case: case.id)
def test_the_marks_tell_the_truth(case: Case, tmp_path: Path) -> None:
    """A program fails when it is run if it has a bug, and only then."""
    pytest.importorskip("sqlalchemy")
    pytest.importorskip("aiosqlite")
    if sys.version_info < case.program.since:
        pytest.skip(f"for Python {'.'.join(map(str, case.program.since))} and later")
    outcome = run(case.program, tmp_path)
    buggy = bool(case.program.marks() or case.program.marks("missed"))
    assert outcome.failed is buggy, outcome
