"""`docs/behaviour.md`: each statement has its proof, each proof its statement, and what cites it finds it."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "behaviour.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
STATEMENTS = re.findall(r"^\* .*?(?=\n\n|\n\* |\Z)", TEXT, re.MULTILINE | re.DOTALL)
PROOF = re.compile(r"\[`(?P<name>test_\w+)`\]\((?P<path>[\w./]+)\)")
CITED = re.compile(r"docs/behaviour\.md(?:#(?P<anchor>[\w-]+))?")
MARKDOWN = re.compile(r"[\w./-]+\.md\b")
OUTSIDE = re.compile(r"\bFACT[S]\b")  # the notes that these statements come from are no part of the project


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


def test_cited_anchors_exist() -> None:
    headings = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    cited = {
        (path.relative_to(ROOT).as_posix(), found["anchor"])
        for path in (ROOT / "flake8_async_fastapi").rglob("*.py")
        for found in CITED.finditer(path.read_text(encoding="utf-8"))
    }
    assert len(cited) > 10
    assert {(path, anchor) for path, anchor in cited if anchor not in anchors} == set()


def own_files() -> list[Path]:
    """The text files of the checkout, without what is generated."""
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip("no checkout of git")
    suffixes = {".md", ".py", ".toml", ".ini", ".jinja", ".html", ""}
    paths = (ROOT / line for line in done.stdout.splitlines())
    return [path for path in paths if path.suffix in suffixes and path.is_file()]


def test_no_file_rests_on_notes_outside_the_repository() -> None:
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in own_files()}
    assert DOCUMENT in texts
    assert [path for path, text in texts.items() if OUTSIDE.search(text)] == []


def test_documents_that_the_code_cites_exist() -> None:
    cited = {
        (path.relative_to(ROOT).as_posix(), document)
        for path in (ROOT / "flake8_async_fastapi").rglob("*.py")
        for document in MARKDOWN.findall(path.read_text(encoding="utf-8"))
    }
    assert len(cited) > 10
    assert {(path, document) for path, document in cited if not (ROOT / document).is_file()} == set()
