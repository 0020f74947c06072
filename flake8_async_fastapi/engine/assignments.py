"""The attributes of their receiver that methods assign or fill, found without running them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flake8_async_fastapi.engine.queries import Queries
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Instance, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import dotted, flat, nodes_in
from flake8_async_fastapi.project.views import view


def attributes_assigned_in(ctx: Queries, path: str, method: tree.FunctionDef) -> frozenset[str]:
    """The attributes that a method assigns on its first parameter, or on an object that it creates from
    it.
    """
    key = ("assigned in", path, method.line, method.col)
    return ctx.derive(key, lambda: frozenset(name for name, _ in _assigned_attributes(method)))


def attributes_set_in(ctx: Queries, path: str, method: tree.FunctionDef) -> frozenset[str]:
    """The attributes to which a method assigns more than None."""

    def find() -> frozenset[str]:
        pairs = _assigned_attributes(method)
        return frozenset(name for name, value in pairs if value is not None and not _is_none(value))

    return ctx.derive(("set in", path, method.line, method.col), find)


def attributes_emptied_in(ctx: Queries, path: str, method: tree.FunctionDef) -> frozenset[str]:
    """The attributes to which a method assigns None."""

    def find() -> frozenset[str]:
        return frozenset(name for name, value in _assigned_attributes(method) if _is_none(value))

    return ctx.derive(("emptied in", path, method.line, method.col), find)


def _is_none(value: Expr | None) -> bool:
    return isinstance(value, tree.Const) and value.value is None


def attributes_filled_in(ctx: Queries, path: str, method: tree.FunctionDef) -> frozenset[str]:
    """The attributes in which a method assigns an item: ``self.name[key] = value``."""
    key = ("filled in", path, method.line, method.col)
    return ctx.derive(key, lambda: frozenset(_filled_attributes(method)))


def is_set_once(ctx: Queries, path: str, name: str) -> bool:
    """Whether only constructors assign an attribute of this name, as far as the code names it.

    ``path`` is the file of a class that has it: what that sets by ``setattr()`` is not known.
    """
    project = ctx.project
    if any(path in project.mentioning(word) for word in ("setattr", "__dict__")):
        return False
    files = (path, *project.mentioning(name))
    return not any(project.view_of(one, _attributes_set_later, name) for one in files)


@view
def _attributes_set_later(body: list[Stmt]) -> dict[str, bool]:
    """The attributes that code of a file assigns outside of constructors, on any object."""
    return dict.fromkeys(_set_later(body), True)


def _set_later(body: Iterable[Stmt]) -> Iterator[str]:
    for statement in flat(list(body)):
        targets: list[Expr] = []
        match statement:
            case tree.FunctionDef(name="__init__"):
                inner = flat(statement.body)
                yield from _set_later(one for one in inner if isinstance(one, tree.FunctionDef))
            case tree.FunctionDef() | tree.ClassDef():
                yield from _set_later(statement.body)
            case tree.Assign():
                targets = statement.targets
            case tree.AugAssign(target=target) | tree.For(target=target):
                targets = [target]
            case tree.With():
                targets = [item.target for item in statement.items if item.target is not None]
        yield from (part.name for part in nodes_in(targets) if isinstance(part, tree.Attr))


def _assigned_attributes(method: tree.FunctionDef) -> Iterator[tuple[str, Expr | None]]:
    """The attributes, each with the value that it gets, or of which it gets a part; None if it gets none."""
    if not method.params:
        return
    me = variable_made_in(method) or method.params[0].name
    for statement in flat(method.body):
        bound: list[tuple[Expr, Expr | None]] = []
        if isinstance(statement, tree.Assign):
            bound = [pair for target in statement.targets for pair in _pairs(target, statement.value)]
        elif isinstance(statement, tree.With):
            items = [(item.target, item.context) for item in statement.items]
            bound = [pair for target, value in items if target is not None for pair in _pairs(target, value)]
        for part, value in bound:
            if isinstance(part, tree.Attr) and dotted(part.value) == me:
                yield part.name, value


def _pairs(target: Expr, value: Expr | None) -> Iterator[tuple[Expr, Expr | None]]:
    """The targets of an assignment, each with its value, if that is written."""
    if not isinstance(target, tree.Display):
        yield target, value
    elif isinstance(value, tree.Display) and len(value.items) == len(target.items):
        yield from zip(target.items, value.items, strict=True)
    else:
        yield from ((part, value) for part in target.items)


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
