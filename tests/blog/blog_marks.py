"""The marks of the blog: `# AFA101 AFA206` at the end of a line."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from flake8_async_fastapi.rules.model import catalogue

BLOG = Path(__file__).parents[2] / "flake8_async_fastapi" / "blog"
VARIANTS = ("pitfalls", "converted")
MARK = re.compile(r"#\s*(AFA\d{3}(?:\s+AFA\d{3})*)\s*$")

CATALOGUE = {rule.code for rule, _ in catalogue()}
ADVICE = {rule.code for rule, _ in catalogue() if rule.kind == "advice"}


@cache
def marks(variant: str) -> dict[tuple[str, int], frozenset[str]]:
    """The codes at each marked line, by file (relative to the variant) and line."""
    found = {}
    for path in sorted((BLOG / variant).rglob("*.py")):
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if mark := MARK.search(line):
                found[path.relative_to(BLOG / variant).as_posix(), number] = frozenset(mark[1].split())
    return found


def marked(code: str, file: str) -> set[int]:
    """The lines of a file of `pitfalls` that are marked with the code."""
    return {line for (where, line), codes in marks("pitfalls").items() if where == file and code in codes}


def proves(code: str, file: str) -> Callable[[Any], Any]:
    """Says that a test runs a line of the file marked with the code."""
    return pytest.mark.proof(code=code, file=file)
