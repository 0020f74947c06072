"""`docs/behaviour.md`: each statement has its proof, and each proof its statement."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "behaviour.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
STATEMENTS = re.findall(r"^\* .*?(?=\n\n|\n\* |\Z)", TEXT, re.MULTILINE | re.DOTALL)
PROOF = re.compile(r"\[`(?P<name>test_\w+)`\]\((?P<path>[\w./]+)\)")


def proofs_of(path: Path) -> set[str]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return {node.name for node in body if isinstance(node, functions) and node.name.startswith("test_")}


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda text: text[2:42])
def test_statement_ends_in_its_proof(statement: str) -> None:
    proofs = list(PROOF.finditer(statement))
    assert proofs and statement.rstrip().endswith(proofs[-1][0])
    for proof in proofs:
        path = DOCUMENT.parent / proof["path"]
        assert path.is_file() and proof["name"] in proofs_of(path)


def test_each_proof_has_a_statement() -> None:
    linked = {proof["name"] for statement in STATEMENTS for proof in PROOF.finditer(statement)}
    files = [path for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__)]
    proofs = {name for path in files for name in proofs_of(path)}
    assert len(proofs) > 100
    assert sorted(proofs - linked) == []
