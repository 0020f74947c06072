"""The order of two branches decides no verdict: ``if c: A else: B`` and ``if not c: B else: A`` are one.

So are ``a if c else b`` and ``b if not c else a``.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from typing import TypeGuard

import pytest
from case_files import Case, read_cases

from flake8_async_fastapi.analysis import analysis_of

CASES = [
    case
    for case in read_cases(Path(__file__).parents[1] / "cases")
    if any("if " in text for text in case.program.files.values())
]
BY_FORM = {
    "AFA205: A value that is kept after the first call, with an early return",
    "AFA205: A value that a container keeps after the first call",
    "AFA205: A value that a helper keeps after the first call",
    "AFA208: Values that are created once, after a check of a state or a cache",
    "offloading: At import, on the first use, and at start-up",
}
"""Lazy initialisation, which the blocking rules know by how it is written."""
Verdicts = Counter[tuple[str, str, str]]
"""How often a code is reported at a statement of a file."""


class Swap(ast.NodeTransformer):
    """Turns all conditions and their branches round."""

    def visit_If(self, node: ast.If) -> ast.If:
        self.generic_visit(node)
        if is_special(node.test):
            return node
        return ast.If(negated(node.test), node.orelse or [ast.Pass()], node.body)

    def visit_IfExp(self, node: ast.IfExp) -> ast.IfExp:
        self.generic_visit(node)
        return ast.IfExp(negated(node.test), node.orelse, node.body)


def negated(test: ast.expr) -> ast.expr:
    return test.operand if is_negated(test) else ast.UnaryOp(ast.Not(), test)


def is_negated(test: ast.expr) -> TypeGuard[ast.UnaryOp]:
    return isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)


def is_special(test: ast.expr) -> bool:
    """Conditions that Python's readers know by their form."""
    return any(word in ast.unparse(test) for word in ("__name__", "TYPE_CHECKING"))


def verdicts(files: dict[str, str]) -> Verdicts:
    analysis = analysis_of(files)
    found: Verdicts = Counter()
    for path, text in files.items():
        lines = text.splitlines()
        for finding in analysis.findings(path):
            statement = lines[finding.line - 1].strip() if lines else ""
            found[path, finding.code, _either_way(statement)] += 1
    return found


def _either_way(statement: str) -> str:
    """The text of a statement that is the same when the sides of its conditions are turned round."""
    if statement.startswith(("if ", "elif ")):
        return "if"  # a finding in the condition itself
    if " if " not in statement:
        return statement
    return " ".join(sorted(word for word in re.findall(r"\w+", statement) if word != "not"))


def rewritten(files: dict[str, str], *, swapped: bool) -> dict[str, str] | None:
    """The program as Python writes it, with branches turned round or not; None if Python cannot parse it."""
    changed = dict(files)
    for path, text in files.items():
        if path.endswith(".py"):
            try:
                tree = ast.parse(text)
            except SyntaxError:
                return None
            changed[path] = ast.unparse(ast.fix_missing_locations(Swap().visit(tree) if swapped else tree))
    return changed


def test_the_exceptions_exist() -> None:
    assert {case.id for case in CASES} >= BY_FORM


@pytest.mark.parametrize("case", [c for c in CASES if c.id not in BY_FORM], ids=lambda case: case.id)
def test_branches_may_be_turned_round(case: Case) -> None:
    straight = rewritten(dict(case.program.files), swapped=False)
    swapped = rewritten(dict(case.program.files), swapped=True)
    if straight is None or swapped is None or straight == swapped:
        pytest.skip("no branches")
    assert verdicts(swapped) == verdicts(straight)
