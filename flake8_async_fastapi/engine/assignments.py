"""The attributes of their receiver that methods assign or fill, found without running them."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.engine.queries import Queries
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Instance, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, flat


def attributes_assigned_in(ctx: Queries, path: str, method: tree.FunctionDef) -> frozenset[str]:
    """The attributes that a method assigns on its first parameter, or on an object that it creates from
    it.
    """
    key = ("assigned in", path, method.line, method.col)
    return ctx.derive(key, lambda: frozenset(_assigned_attributes(method)))


def attributes_filled_in(ctx: Queries, path: str, method: tree.FunctionDef) -> frozenset[str]:
    """The attributes in which a method assigns an item: ``self.name[key] = value``."""
    key = ("filled in", path, method.line, method.col)
    return ctx.derive(key, lambda: frozenset(_filled_attributes(method)))


def _assigned_attributes(method: tree.FunctionDef) -> Iterator[str]:
    if not method.params:
        return
    me = variable_made_in(method) or method.params[0].name
    for statement in flat(method.body):
        targets: list[Expr] = statement.targets if isinstance(statement, tree.Assign) else []
        if isinstance(statement, tree.With):
            targets = [item.target for item in statement.items if item.target is not None]
        for target in targets:
            for part in target.items if isinstance(target, tree.Display) else (target,):
                if isinstance(part, tree.Attr) and dotted(part.value) == me:
                    yield part.name


def _filled_attributes(method: tree.FunctionDef) -> Iterator[str]:
    for statement in flat(method.body) if method.params else ():
        for target in statement.targets if isinstance(statement, tree.Assign) else ():
            owner = target.value if isinstance(target, tree.Subscript) else None
            if isinstance(owner, tree.Attr) and dotted(owner.value) == method.params[0].name:
                yield owner.name


def variable_made_in(method: tree.FunctionDef) -> str:
    """The variable that holds the object a class method creates, ``made = cls()``; empty for other
    methods.
    """
    for statement in flat(method.body):
        match statement:
            case tree.Assign(targets=[tree.Name(id=name)], value=tree.Call(func=tree.Name(id=called))) if (
                method.params and called == method.params[0].name
            ):
                return name
    return ""


def keep_assigned(state: State, name: str, before: Value | None, after: Value | None) -> None:
    """Keep what another method assigned to the object in a variable, as ``super().__init__(...)`` does."""
    if isinstance(before, Instance) and isinstance(after, Instance):
        there = dict(before.attributes or ())
        for attribute, value in after.attributes or ():
            if there.get(attribute) != value:
                state.narrow(f"{name}.{attribute}", value)
