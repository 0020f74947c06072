"""The table of what users report, in docs/limits.md, names rules and cases that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from case_files import read_cases

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
ROW = r"^\| .*? \| (.+?) \| (?:\[(AFA\d+)\]\(rules/\2\.md\)|not seen) \| (.*?) ?\|$"
ROWS = re.findall(ROW, PAGE, re.MULTILINE)
CASES = {(case.source.partition("/")[0], case.title): case for case in read_cases(ROOT / "tests" / "cases")}


def test_the_table_is_read() -> None:
    lines = [line for line in PAGE.splitlines() if line.startswith("| ") and line.count("|") == 5]
    assert len(ROWS) == len(lines) - 1 > 60  # but for its head


@pytest.mark.parametrize(("fault", "code", "title"), ROWS, ids=[fault for fault, _, _ in ROWS])
def test_a_case_shows_what_the_rule_finds(fault: str, code: str, title: str) -> None:
    if not code:
        assert not title
        return
    found = {one for codes in CASES[code, title].program.marks().values() for one in codes}
    assert code in found
