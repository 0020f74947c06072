"""Objects made by hand that keep a ``Depends`` in an attribute: they fail where a method reads it.

A class that has the marker and never reads it works, and so do the methods that do not need it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import classes, type_hints
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import ClassValue, Function, Instance
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, nodes_in

_CALLS_FOLLOWED: Final = 3


def is_missed(frame: Frame, cls: ClassValue, constructor: Function, name: str, node: tree.Call) -> bool:
    """Whether an object misses the value of a parameter: in its constructor, or in a method that is called.

    If other code gets the object, any method may be called: all of them must miss it.
    """
    body = constructor.node.body
    me = constructor.node.params[0].name if constructor.node.params else ""
    kept = {
        target.name: assigned.value
        for assigned in nodes_in(body)
        if isinstance(assigned, tree.Assign) and _names(assigned.value, name)
        for target in assigned.targets
        if isinstance(target, tree.Attr) and dotted(target.value) == me
    }
    mentions = sum(_names(part, name) for part in nodes_in(body))
    unused = sum(_is_unused_default(frame.ctx, constructor, part, name) for part in nodes_in(body))
    if mentions > len(kept) + unused:
        return True
    if not kept:
        return not unused
    called = _methods_called(frame, node)
    if called:
        return any(_reads(frame.ctx, cls, method, kept.keys(), _CALLS_FOLLOWED) for method in called)
    methods = set(_methods_of(frame.ctx, cls))
    return bool(methods) and all(
        _reads(frame.ctx, cls, method, kept.keys(), _CALLS_FOLLOWED) for method in methods
    )


def _is_unused_default(ctx: Context, constructor: Function, part: object, name: str) -> bool:
    """Whether code is ``getattr(other, "attribute", name)`` of a parameter whose class has the attribute."""
    match part:
        case tree.Call(
            func=tree.Name(id="getattr"),
            args=[tree.Name(id=other), tree.Const(value=str(attribute)), tree.Name(id=default)],
        ) if default == name:
            frame = Frame(ctx, constructor.path, "")
            for param in constructor.node.params:
                if param.name == other and param.annotation is not None:
                    value = type_hints.declared_value(frame, State(), param.annotation)
                    return isinstance(value, Instance) and (
                        classes.has_member(ctx, value.cls, attribute)
                        or attribute in classes.assigned_names(ctx, value.cls)
                    )
    return False


def _names(part: object, name: str) -> bool:
    return isinstance(part, tree.Name) and part.id == name


def _methods_called(frame: Frame, node: tree.Call) -> set[str]:
    """The methods that the function calls on the object that a call makes, at once or by a variable."""
    code = frame.node.body if isinstance(frame.node, tree.FunctionDef) else frame.ctx.project.body(frame.path)
    holders: set[str] = set()
    found: set[str] = set()
    for part in nodes_in(code):
        if isinstance(part, tree.Assign) and part.value == node:
            holders |= {target.id for target in part.targets if isinstance(target, tree.Name)}
    for part in nodes_in(code):
        match part:
            case tree.Call(func=tree.Attr(value=tree.Name(id=owner), name=method)) if owner in holders:
                found.add(method)
            case tree.Call(func=tree.Attr(value=tree.Call() as made, name=method)) if made == node:
                found.add(method)
    return found


def _methods_of(ctx: Context, cls: ClassValue) -> Iterator[str]:
    """The public methods of a class, its own and those of its bases in the project."""
    for base in classes.mro(ctx, cls):
        if isinstance(base, ClassValue):
            for part in base.node.body:
                if isinstance(part, tree.FunctionDef) and not part.name.startswith("_"):
                    yield part.name


def _reads(ctx: Context, cls: ClassValue, name: str, kept: Collection[str], depth: int) -> bool:
    """Whether a method reads one of some attributes, itself or in a method of the same object."""
    method = classes.class_attribute(ctx, cls, name)
    if not isinstance(method, Function) or not method.node.params:
        return False
    me = method.node.params[0].name
    return any(
        isinstance(part, tree.Attr)
        and _names(part.value, me)
        and (
            part.name in kept
            or (depth > 0 and part.name != name and _reads(ctx, cls, part.name, kept, depth - 1))
        )
        for part in nodes_in(method.node.body)
    )
