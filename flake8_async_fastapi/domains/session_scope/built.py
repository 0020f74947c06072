"""Objects that a class makes from one session: what each of them uses is the session that the class got.

``self.users = Users(session)`` and ``self.posts = Posts(session)`` in ``__init__`` hold one session, as
``self.users.session`` and ``self.posts.session``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.machine import classes, names
from flake8_async_fastapi.engine.values import ClassValue
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import bound_names, dotted, flat, written_argument

_FARTHEST: Final = 3
"""Classes that make objects of each other, one inside of the other."""


def first_path(ctx: Context, cls: ClassValue, path: str) -> str:
    """The first way from an object to what it got when it was made, and holds at the end of a path."""

    def find() -> str:
        given = _given_as(ctx, cls, path, _FARTHEST)
        return (_way_to(ctx, cls, given, _FARTHEST) if given else "") or path

    return ctx.query(("first path", cls, path), find, path)


def _given_as(ctx: Context, cls: ClassValue, path: str, depth: int) -> str:
    """The parameter of ``__init__`` that is at the end of a path; empty if none surely is."""
    first, _, rest = path.partition(".")
    made = [value for name, value in _attributes_set(ctx, cls) if name == first]
    if len(made) != 1 or not depth:
        return ""
    inner = _class_made(ctx, cls, made[0]) if rest else None
    if inner is not None:
        asked = _given_as(ctx, inner, rest, depth - 1)
        given = _argument_for(ctx, inner, made[0], asked) if asked else ""
    else:
        given = made[0].id if isinstance(made[0], tree.Name) and not rest else ""
    return given if given in _parameters(ctx, cls) else ""


def _way_to(ctx: Context, cls: ClassValue, given: str, depth: int) -> str:
    """The first path on which an object holds what it got for a parameter; an attribute of its own first."""
    attributes = list(_attributes_set(ctx, cls))
    for name, value in attributes:
        if isinstance(value, tree.Name) and value.id == given:
            return name
    for name, value in attributes if depth else ():
        inner = _class_made(ctx, cls, value)
        for param in _parameters(ctx, inner) if inner is not None else ():
            if inner is not None and _argument_for(ctx, inner, value, param) == given:
                way = _way_to(ctx, inner, param, depth - 1)
                if way:
                    return f"{name}.{way}"
    return ""


def _initializer(ctx: Context, cls: ClassValue) -> tuple[ClassValue, tree.FunctionDef] | None:
    for base in classes.mro(ctx, cls):
        if not isinstance(base, ClassValue):
            return None
        for node in classes.body_bindings(ctx, base, "__init__"):
            return (base, node) if isinstance(node, tree.FunctionDef) else None
    return None


def _parameters(ctx: Context, cls: ClassValue) -> list[str]:
    """The parameters of a class, without names for those that ``__init__`` binds anew."""
    found = _initializer(ctx, cls)
    bound = {name for statement in flat(found[1].body) for name in bound_names(statement)} if found else ()
    return ["" if one.name in bound else one.name for one in found[1].params[1:]] if found else []


def _attributes_set(ctx: Context, cls: ClassValue) -> Iterator[tuple[str, Expr]]:
    """The attributes that ``__init__`` sets outside of conditions, with the expressions."""
    found = _initializer(ctx, cls)
    params = found[1].params if found is not None else []
    for statement in found[1].body if found is not None and params else ():
        match statement:
            case tree.Assign(targets=[tree.Attr(value=tree.Name(id=me), name=name)], value=value):
                if me == params[0].name and value is not None:
                    yield name, value


def _class_made(ctx: Context, cls: ClassValue, value: Expr) -> ClassValue | None:
    """The class of the project that an expression in ``__init__`` makes an object of."""
    found = _initializer(ctx, cls)
    if found is None or not isinstance(value, tree.Call):
        return None
    made = names.dotted_value(ctx, found[0].path, dotted(value.func))
    return made if isinstance(made, ClassValue) else None


def _argument_for(ctx: Context, cls: ClassValue, call: Expr, param: str) -> str:
    """The variable that a call passes for a parameter of the class that it makes an object of."""
    params = _parameters(ctx, cls)
    if not isinstance(call, tree.Call) or param not in params:
        return ""
    given = written_argument(call, params.index(param), param)
    return given.id if isinstance(given, tree.Name) else ""
