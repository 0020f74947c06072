"""Imports that a fix leaves unused, and their removal."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import libcst as cst

from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit


def unused_imports(before: Code, after: Code) -> list[Edit]:
    """Edits of a file's new text that remove imports which only its old text used."""
    if after.path.endswith("__init__.py"):
        return []  # code that imports from the package may use it
    was_used, is_used = _uses(before), _uses(after)
    found: list[Edit] = []
    for line in after.nodes(cst.SimpleStatementLine):
        if len(line.body) != 1 or not _always_runs(after, line):
            continue
        statement, place = line.body[0], _place(after, line)
        if not isinstance(statement, (cst.Import, cst.ImportFrom)) or isinstance(
            statement.names, cst.ImportStar
        ):
            continue
        gone = was_used.get(place, set()) - is_used.get(place, set())
        unused = [
            alias for alias in statement.names if _bound(alias) in gone and not _is_in_text(after, alias)
        ]
        if not unused or "noqa" in after.text[after.start(line) : after.end_of_line(line)]:
            continue
        if len(unused) == len(statement.names):
            found.append(_without_line(after, line, found))
        else:
            found += _without_names(after, statement.names, unused)
    return found


def _always_runs(code: Code, line: cst.SimpleStatementLine) -> bool:
    """Whether a line is one of several of its module or function, and under no condition."""
    block = code.parent(line)
    if isinstance(block, cst.IndentedBlock):
        return isinstance(code.parent(block), cst.FunctionDef) and len(block.body) > 1
    return isinstance(block, cst.Module)


_Place: TypeAlias = tuple[str, ...]
"""The names of the functions and classes around some code, from the inside; none for a module."""


def _place(code: Code, node: cst.CSTNode) -> _Place:
    around = (outer for _, outer in code.around(node))
    return tuple(outer.name.value for outer in around if isinstance(outer, (cst.FunctionDef, cst.ClassDef)))


def _uses(code: Code) -> dict[_Place, set[str]]:
    """The names that the code in each place uses, except as an attribute, a keyword or in an import."""
    found: dict[_Place, set[str]] = {}
    for name in code.nodes(cst.Name):
        if not code.is_label(name):
            place = _place(code, name)
            for number in range(len(place) + 1):
                found.setdefault(place[number:], set()).add(name.value)
    return found


def loses_names(before: str, after: str) -> bool:
    """Whether a text uses a name that it imports less often than before; otherwise no import is unused."""
    try:
        _, used = _names(before)
        imported, still = _names(after)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return any(used[name] > still[name] for name in imported)


def _names(text: str) -> tuple[set[str], Counter[str]]:
    """The names that a text imports, and how often it uses each name."""
    imported: set[str] = set()
    used: Counter[str] = Counter()
    for node in ast.walk(ast.parse(text.removeprefix("\ufeff"))):
        if isinstance(node, ast.Name):
            used[node.id] += 1
        elif isinstance(node, ast.alias):
            imported.add(node.asname or node.name.partition(".")[0])
    return imported, used


def _without_line(code: Code, line: cst.SimpleStatementLine, before: Sequence[Edit]) -> Edit:
    """The edit that removes a line, with the empty line after a group of imports that is gone."""
    edit = code.without_lines(line)
    start = before[-1].start if before and before[-1].end == edit.start else edit.start
    above, below = code.text[:start], code.text[edit.end :]
    empty = len(below) - len(below.lstrip("\r\n"))
    block = code.parent(line)
    if not above or (isinstance(block, cst.IndentedBlock) and block.body[0] is line):
        return replace(edit, end=edit.end + empty)
    is_group = above.endswith(code.newline * 2) and empty
    return replace(edit, end=edit.end + len(code.newline)) if is_group else edit


def _bound(alias: cst.ImportAlias) -> str:
    return alias.evaluated_alias or alias.evaluated_name.partition(".")[0]


def _is_in_text(code: Code, alias: cst.ImportAlias) -> bool:
    """Whether a text mentions an imported name, for example in a quoted annotation."""
    return any(_bound(alias) in code.source(text) for text in code.nodes(cst.SimpleString))


def _without_names(
    code: Code, aliases: Sequence[cst.ImportAlias], unused: Sequence[cst.ImportAlias]
) -> list[Edit]:
    """Edits that remove names from an import that keeps others, each with the comma to its right, or left."""
    kept = [alias for alias in aliases if alias not in unused]
    found = []
    for number, alias in enumerate(aliases):
        if alias in unused:
            is_last = code.start(alias) > code.start(kept[-1])
            start = code.end(aliases[number - 1]) if is_last else code.start(alias)
            end = code.end(alias) if is_last else code.start(aliases[number + 1])
            found.append(Edit(code.path, start, end, ""))
    return found
