"""Small walks over the reduced tree that several layers need."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import msgspec.structs

from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt


def flat(body: list[Stmt]) -> Iterator[Stmt]:
    """All statements that run in the same scope, those of inner blocks included."""
    for statement in body:
        yield statement
        for block in blocks(statement):
            yield from flat(block)


def blocks(statement: Stmt) -> Iterator[list[Stmt]]:
    """The blocks of a statement that run in its own scope."""
    if isinstance(statement, (tree.If, tree.For, tree.While)):
        yield statement.body
        yield statement.orelse
    elif isinstance(statement, tree.With):
        yield statement.body
    elif isinstance(statement, tree.Try):
        yield statement.body
        yield from (handler.body for handler in statement.handlers)
        yield statement.orelse
        yield statement.final
    elif isinstance(statement, tree.Match):
        yield from (case.body for case in statement.cases)


def bound_names(statement: Stmt) -> Iterator[str]:
    """The names that a statement itself binds in its scope."""
    if isinstance(statement, (tree.FunctionDef, tree.ClassDef)):
        yield statement.name
    elif isinstance(statement, tree.Import):
        yield from (binding.local for binding in statement.bindings)
    elif isinstance(statement, tree.Assign):
        for target in statement.targets:
            yield from target_names(target)
    elif isinstance(statement, (tree.For, tree.AugAssign)):
        yield from target_names(statement.target)
    elif isinstance(statement, tree.With):
        for item in statement.items:
            if item.target is not None:
                yield from target_names(item.target)


def target_names(target: Expr) -> Iterator[str]:
    """The names in an assignment's target."""
    if isinstance(target, tree.Name):
        yield target.id
    elif isinstance(target, tree.Starred):
        yield from target_names(target.value)
    elif isinstance(target, tree.Display):
        for item in target.items:
            yield from target_names(item)


def dotted(expression: Expr) -> str:
    """``a.b.c`` as text, subscripts dropped; empty for anything else."""
    if isinstance(expression, tree.Name):
        return expression.id
    if isinstance(expression, tree.Attr):
        owner = dotted(expression.value)
        return f"{owner}.{expression.name}" if owner else ""
    if isinstance(expression, tree.Subscript):
        return dotted(expression.value)
    return ""


def subscript_parts(node: tree.Subscript) -> list[Expr]:
    """What is between the brackets: ``a`` and ``b`` of ``x[a, b]``."""
    return node.index.items if isinstance(node.index, tree.Display) else [node.index]


def names_in(code: object) -> Iterator[str]:
    """All names that code mentions, nested functions included."""
    return (node.id for node in nodes_in(code) if isinstance(node, tree.Name))


def nodes_in(code: object) -> Iterator[msgspec.Struct]:
    """All nodes of code, nested functions included."""
    pending = [code]
    while pending:
        node = pending.pop()
        if isinstance(node, list):
            pending.extend(node)
        elif isinstance(node, msgspec.Struct):
            yield node
            for name in _parts(type(node)):
                pending.append(getattr(node, name))


@functools.cache
def _parts(node: type[msgspec.Struct]) -> tuple[str, ...]:
    """The fields of a type of node that may hold others."""
    fields = msgspec.structs.fields(node)
    return tuple(field.name for field in fields if field.type not in (int, str, bool))


def shared_names(body: list[Stmt]) -> Iterator[str]:
    """The names that a nested function declares ``nonlocal`` (or ``global``)."""
    for statement in flat(body):
        if isinstance(statement, tree.Scope):
            yield from statement.names
        elif isinstance(statement, tree.FunctionDef):
            yield from shared_names(statement.body)
