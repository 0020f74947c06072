"""Classes that complete a method of a base: they set the model that it uses, or one of its steps."""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.engine import relevance
from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.machine import classes, functions, implementations
from flake8_async_fastapi.engine.values import ClassValue, Function, Instance
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import bound_names, flat
from flake8_async_fastapi.project.modules import is_test

_MOST: Final = 6
"""Classes that are looked at for a base."""
_INITIALISER: Final = "__init__"


def completing_classes(ctx: Context, cls: ClassValue, function: Function) -> list[ClassValue]:
    """The subclasses that complete what a method uses, and inherit the method."""
    none: list[ClassValue] = []
    below = ctx.query(("completing", cls), lambda: _classes_below(ctx, cls), none)
    if not below or not isinstance(function.node, tree.FunctionDef) or function.node.is_stub:
        return []
    uses = _names_used(ctx, cls, function)
    found = [one for one in below if _completes(ctx, one, cls, function, uses)]
    return [one for one in found if _may_be_called(ctx, one, function.name)]


def _may_be_called(ctx: Context, cls: ClassValue, method: str) -> bool:
    """Whether a file that mentions a class also mentions a method. A base's methods may be unused."""
    calling = ctx.project.mentioning(method)
    return any(path in calling for path in ctx.project.mentioning(cls.name))


def _classes_below(ctx: Context, cls: ClassValue) -> list[ClassValue]:
    found = [one for one in implementations.classes_below(ctx, cls) if isinstance(one, ClassValue)]
    return [one for one in found if not is_test(one.path)][:_MOST]


def _names_used(ctx: Context, cls: ClassValue, function: Function) -> frozenset[str]:
    """The attributes that a method mentions, and those in the methods of its class that it mentions."""
    found: set[str] = set()
    pending = [function]
    while pending:
        new = relevance.mentions_of(ctx, pending.pop()).attributes - found
        found |= new
        for name in sorted(new):
            for statement in classes.body_bindings(ctx, cls, name):
                if isinstance(statement, tree.FunctionDef):
                    pending.append(functions.as_method(cls, statement, Instance(cls)))
    return frozenset(found)


def _completes(
    ctx: Context, one: ClassValue, cls: ClassValue, function: Function, uses: frozenset[str]
) -> bool:
    said: set[str] = set()
    is_parameter = False
    for base in classes.mro(ctx, one):
        if base == cls:
            break
        if isinstance(base, ClassValue):
            said |= _names_said(ctx, base)
            is_parameter |= any(isinstance(written, tree.Subscript) for written in base.node.bases)
    if function.name in said:
        return False
    if is_parameter or _INITIALISER in said:
        said |= classes.assigned_names(ctx, cls)
    return not uses.isdisjoint(said)


def _names_said(ctx: Context, cls: ClassValue) -> frozenset[str]:
    """The names that the body of a class binds."""

    def find() -> frozenset[str]:
        found = {name for statement in flat(cls.node.body) for name in bound_names(statement)}
        return frozenset(found)

    return ctx.derive(("names said", cls), find)
