"""Modules and functions stay small enough to be read in one go."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import flake8_async_fastapi

PACKAGE = Path(flake8_async_fastapi.__file__).parent
LONGEST_MODULE = 400
LONGEST_FUNCTION = 60


def modules(*parts: str) -> Iterator[Path]:
    for part in parts:
        yield from sorted((PACKAGE / part).rglob("*.py"))


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """The functions of a module, with their lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, (node.end_lineno or 0) - node.lineno + 1


def test_modules_of_engine_and_domains_are_short() -> None:
    lengths = {
        path.relative_to(PACKAGE).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in modules("engine", "domains")
    }
    assert len(lengths) > 80
    assert {path: length for path, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_functions_are_short() -> None:
    found = {
        f"{path.relative_to(PACKAGE).as_posix()}: {name}": length
        for path in modules(".")
        if "blog" not in path.relative_to(PACKAGE).parts
        for name, length in functions(path)
    }
    assert len(found) > 1_000
    assert {name: length for name, length in found.items() if length > LONGEST_FUNCTION} == {}
