"""The page of symptoms quotes what the examples of the rules fail with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from test_rule_pages import PROOFS, RULES

PAGE = (Path(__file__).parents[1] / "docs" / "symptoms.md").read_text(encoding="utf-8")
SECTIONS = {head: body for head, _, body in (part.partition("\n") for part in PAGE.split("\n## ")[1:])}
QUOTED = {head: body for head, body in SECTIONS.items() if "```text" in body}

IN_OTHER_VERSIONS = {"StatementError": "MissingGreenlet", "Warning": "ProgrammingError"}
"""What the page calls an error that has another name in SQLAlchemy 2.1, or in Python 3.10's sqlite3."""


def test_most_sections_quote_an_error() -> None:
    assert len(QUOTED) >= 20


@pytest.mark.parametrize("head", QUOTED)
def test_the_first_rule_fails_with_the_quoted_text(head: str) -> None:
    """`test_rule_pages` runs the example of that rule, and compares what it raises with its proof."""
    _, block, text = QUOTED[head].split("```", 2)
    code = re.findall(r"\[(AFA\d+)\]", text)[0]
    proof = PROOFS[code]
    quoted = " ".join(block.split())
    if proof.error is None:
        assert f"coroutine {proof.never_awaited} was never awaited" in quoted
    else:
        kind, said = proof.error
        assert said in quoted
        assert kind in quoted or IN_OTHER_VERSIONS.get(kind, kind) in quoted


def test_the_page_names_rules_that_exist() -> None:
    assert set(re.findall(r"AFA\d+", PAGE)) <= set(RULES)
