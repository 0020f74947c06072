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
        line = f"await {session}.refresh({code.source(read.value)}{names})"
        if isinstance(loop, cst.CompFor):
            line = in_loop_before(code, statement, loop, line) or ""
        if line:
            line_end = code.newline + code.indent_of(statement)
            return [insert(code.path, code.start(statement), line + line_end)]
    return []


def in_loop_before(code: Code, statement: cst.CSTNode, loop: cst.CompFor, line: str) -> str | None:
    """A line in a loop over what a comprehension of a statement iterates over; None if it would not do."""
    one = loop.target
    if not isinstance(one, cst.Name) or not _is_list(code, loop.iter):
        return None
    if not _is_only_in_loops(code, one.value, statement):
        return None
    indent = code.newline + code.indent_of(statement) + code.step
    return f"for {one.value} in {code.source(loop.iter)}:{indent}{line}"


def comprehension_over(code: Code, node: cst.CSTNode, name: str) -> cst.CompFor | None:
    """The comprehension around a node whose first loop binds a variable."""
    for _, outer in code.around(node):
        loop = outer.for_in if isinstance(outer, cst.BaseComp) else None
        if loop is not None and _binds(loop.target, name):
            return loop
    return None


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
    """Whether a value can be iterated over twice: a variable with a list, as of all rows of a result."""
    values = list(assigned_values(code, node)) if isinstance(node, cst.Name) else []
    last = values[-1] if values else None
    return isinstance(last, (cst.List, cst.ListComp)) or (
        isinstance(last, cst.Call) and called_name(last) in ("all", "list")
    )


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
