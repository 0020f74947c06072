"""The blog's marks: every rule is marked, nothing is marked in the converted one."""

import re
from pathlib import Path

import pytest
from blog_marks import ADVICE, BLOG, CATALOGUE, MARK, VARIANTS, marked, marks

PROVES = re.compile(r'^@proves\("(AFA\d{3})", "([^"]+)"\)$', re.MULTILINE)


def files(variant: str) -> set[str]:
    root = BLOG / variant
    return {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def proofs() -> set[tuple[str, str]]:
    texts = [path.read_text() for path in Path(__file__).parent.glob("test_proofs_*.py")]
    return {pair for text in texts for pair in PROVES.findall(text)}


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_rule_is_marked_in_the_pitfalls(code: str) -> None:
    assert any(code in codes for codes in marks("pitfalls").values())


def test_only_rules_of_the_catalogue_are_marked() -> None:
    assert set().union(*marks("pitfalls").values()) <= CATALOGUE


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_mention_of_a_code_is_a_mark(variant: str) -> None:
    """A mark with a slip of the pen would be no mark at all."""
    for path in (BLOG / variant / "app").rglob("*.*"):
        if path.suffix not in {".py", ".html"}:
            continue
        for line in path.read_text().splitlines():
            assert "AFA" not in line or (path.suffix == ".py" and MARK.search(line)), (path, line)


def test_nothing_is_marked_in_the_converted_blog() -> None:
    assert marks("converted") == {}


def test_both_variants_have_the_same_files() -> None:
    assert files("pitfalls") == files("converted")


@pytest.mark.parametrize("code", sorted(CATALOGUE - ADVICE))
def test_every_bug_has_a_proof(code: str) -> None:
    assert any(code == proven for proven, _ in proofs())


@pytest.mark.parametrize("code, file", sorted(proofs()))
def test_every_proof_names_a_marked_file(code: str, file: str) -> None:
    assert marked(code, file)
