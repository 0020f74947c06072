"""Refresh each of many objects before an attribute of them is read: in the loop, or in one before it.

``words``: the attribute, empty for all; and the session.
"""

from __future__ import annotations

from typing import TypeAlias

import libcst as cst

from flake8_async_fastapi.fixes.awaiting import may_await
from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit, insert
from flake8_async_fastapi.fixes.queries import assigned_values, called_name
from flake8_async_fastapi.rules.model import Fix

_Loop: TypeAlias = cst.For | cst.CompFor


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    attribute, session = fix.words
    for read in code.starting_at(fix.line, fix.col, cst.Attribute):
        statement = code.first_around(read, cst.SimpleStatementLine)
        loop = _loop_over(code, read.value) if isinstance(read.value, cst.Name) else None
        if loop is None or statement is None or not may_await(code, statement):
            continue
        names = f', ["{attribute}"]' if attribute else ""
        one = code.source(read.value)
        line = f"await {session}.refresh({one}{names})"
        line_end = code.newline + code.indent_of(statement)
        if isinstance(loop, cst.CompFor):
            is_plain = isinstance(loop.target, cst.Name) and _is_list(code, loop.iter)
            if not is_plain or not _is_only_in_loops(code, one, read):
                continue
            line = f"for {one} in {code.source(loop.iter)}:{line_end}{code.step}{line}"
        return [insert(code.path, code.start(statement), line + line_end)]
    return []


def _loop_over(code: Code, name: cst.Name) -> _Loop | None:
    """The innermost loop, or first one of a comprehension, that binds a variable."""
    for _, outer in code.around(name):
        loop = outer.for_in if isinstance(outer, cst.BaseComp) else outer
        if isinstance(loop, (cst.For, cst.CompFor)) and _binds(loop.target, name.value):
            return loop
        if isinstance(outer, (cst.FunctionDef, cst.Lambda)):
            break
    return None


def _binds(target: cst.BaseExpression, name: str) -> bool:
    if isinstance(target, (cst.Tuple, cst.List)):
        return any(_binds(element.value, name) for element in target.elements)
    return isinstance(target, cst.Name) and target.value == name


def _is_list(code: Code, node: cst.BaseExpression) -> bool:
    """Whether a value can be iterated over twice: a variable with the list of all rows of a result."""
    values = list(assigned_values(code, node)) if isinstance(node, cst.Name) else []
    return bool(values) and isinstance(values[-1], cst.Call) and called_name(values[-1]) in ("all", "list")


def _is_only_in_loops(code: Code, name: str, place: cst.CSTNode) -> bool:
    """Whether a function binds a variable only in loops."""
    function = code.function_around(place) or code.module
    return all(
        _loop_over(code, node) is not None
        for node in code.nodes(cst.Name)
        if node.value == name
        and function in (outer for _, outer in code.around(node))
        and not _is_attribute(code, node)
    )


def _is_attribute(code: Code, node: cst.Name) -> bool:
    parent = code.parent(node)
    return isinstance(parent, cst.Attribute) and parent.attr is node
