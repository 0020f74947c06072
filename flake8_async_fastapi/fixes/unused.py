"""The imports that a fix leaves unused, and how they are taken out."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

import libcst as cst

from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit


def unused_imports(before: Code, after: Code) -> list[Edit]:
    """Edits of a file as it is now that take out what it imports and used only as it was before."""
    if after.path.endswith("__init__.py"):
        return []  # what imports from the package may use it
    found: list[Edit] = []
    for line in after.module.body:
        if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
            continue
        statement = line.body[0]
        if not isinstance(statement, (cst.Import, cst.ImportFrom)):
            continue
        if isinstance(statement.names, cst.ImportStar):
            continue
        unused = [alias for alias in statement.names if _is_left(before, after, _bound(alias))]
        if not unused or "noqa" in after.text[after.start(line) : after.end_of_line(line)]:
            continue
        if len(unused) == len(statement.names):
            found.append(_without_line(after, line, found))
        else:
            found += _without_names(after, statement.names, unused)
    return found


def loses_names(before: str, after: str) -> bool:
    """Whether a text uses a name that another does not use any more: else no import can be left unused."""
    try:
        return bool(_names(before) - _names(after))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True


def _names(text: str) -> set[str]:
    nodes = ast.walk(ast.parse(text.removeprefix("\ufeff")))
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def _without_line(code: Code, line: cst.SimpleStatementLine, before: Sequence[Edit]) -> Edit:
    """The edit that takes a line out, with the empty line behind a group of imports that is gone."""
    edit = code.without_lines(line)
    start = before[-1].start if before and before[-1].end == edit.start else edit.start
    above, below = code.text[:start], code.text[edit.end :]
    empty = len(below) - len(below.lstrip("\r\n"))
    if not above:
        return replace(edit, end=edit.end + empty)
    is_group = above.endswith(code.newline * 2) and empty
    return replace(edit, end=edit.end + len(code.newline)) if is_group else edit


def _bound(alias: cst.ImportAlias) -> str:
    return alias.evaluated_alias or alias.evaluated_name.partition(".")[0]


def _is_left(before: Code, after: Code, name: str) -> bool:
    """Whether a file used a name, and does not any more, in a text neither."""
    if not before.has_name(name) or after.has_name(name):
        return False
    return not any(name in after.source(text) for text in after.nodes(cst.SimpleString))


def _without_names(
    code: Code, aliases: Sequence[cst.ImportAlias], unused: Sequence[cst.ImportAlias]
) -> list[Edit]:
    """Edits that take names out of an import that keeps others, each with the comma to its right, or left."""
    kept = [alias for alias in aliases if alias not in unused]
    found = []
    for number, alias in enumerate(aliases):
        if alias in unused:
            is_last = code.start(alias) > code.start(kept[-1])
            start = code.end(aliases[number - 1]) if is_last else code.start(alias)
            end = code.end(alias) if is_last else code.start(aliases[number + 1])
            found.append(Edit(code.path, start, end, ""))
    return found
