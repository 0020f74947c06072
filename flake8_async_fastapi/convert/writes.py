"""Where a function has written all that a relationship shows."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from flake8_async_fastapi.convert.texts import Source


@dataclass(frozen=True)
class Written:
    """An object in a variable, the session that has it, and an attribute that is read later."""

    session: str
    name: str
    attribute: str


def last_write(source: Source, statement: ast.stmt, written: Written) -> ast.stmt:
    """The last statement of a block that uses the session, from one on.

    A lazy load saw all that was written before the attribute was read. So the search ends where it may be
    read: where the function returns, or passes the object on.
    """
    last = statement
    for one in _behind(source, statement):
        if any(_may_read(source, node, written) for node in ast.walk(one)):
            break
        nodes = list(ast.walk(one))
        is_session = any(
            isinstance(node, (ast.Name, ast.Attribute)) and source.code(node) == written.session
            for node in nodes
        )
        if is_session and any(isinstance(node, ast.Await) for node in nodes):
            last = one
    return last


def refreshed(statement: ast.stmt) -> str:
    """The variable that a statement refreshes; empty for another statement."""
    match statement:
        case ast.Expr(ast.Await(ast.Call(ast.Attribute(attr="refresh"), [ast.Name(name), *_]))):
            return name
    return ""


def _behind(source: Source, statement: ast.stmt) -> list[ast.stmt]:
    """The statements after one, in its block."""
    for _, block in ast.iter_fields(source.parents[statement]):
        if isinstance(block, list) and statement in block:
            return block[block.index(statement) + 1 :]
    return []


def _may_read(source: Source, node: ast.AST, written: Written) -> bool:
    """Whether a part of a statement may read the attribute, or makes the variable mean another object."""
    if isinstance(node, (ast.Return, ast.Yield, ast.YieldFrom)):
        return True
    if isinstance(node, ast.Attribute) and node.attr == written.attribute:
        return not isinstance(node.value, ast.Name) or node.value.id == written.name
    if not isinstance(node, ast.Name) or node.id != written.name:
        return False
    parent = source.parents[node]
    if isinstance(parent, ast.Attribute):
        return False
    return not (
        isinstance(parent, ast.Call)
        and isinstance(parent.func, ast.Attribute)
        and source.code(parent.func.value) == written.session
    )
