"""Truth values, statements and tracked objects that objects of the project keep and their methods change.

For example, ``__aexit__`` of a unit of work may depend on ``self._committed``, and each method of a builder
may add an option to ``self._statement``. An object is identified by the variable that holds it; any code
that gets it may change it.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.domains.python.untouched import leaves_untouched
from flake8_async_fastapi.engine.assignments import attributes_assigned_in
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.hints import passed_parameters
from flake8_async_fastapi.engine.machine import classes
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    Arguments,
    ClassValue,
    Collection,
    Const,
    Function,
    Instance,
    Object,
    OneOf,
    Value,
)
from flake8_async_fastapi.engine.walks import inner_values
from flake8_async_fastapi.engine.watches import ALL, Watch
from flake8_async_fastapi.facts import tree


def _changing_names(ctx: Context, cls: ClassValue) -> frozenset[str]:
    """The attributes that methods assign after the object was created."""

    def collect() -> frozenset[str]:
        return frozenset(
            name
            for base in classes.mro(ctx, cls)
            if isinstance(base, ClassValue)
            for statement in base.node.body
            if isinstance(statement, tree.FunctionDef) and statement.name != "__init__"
            for name in attributes_assigned_in(ctx, base.path, statement)
        )

    return ctx.query(("changing", cls), collect, frozenset())


def _changing_values(ctx: Context, value: Value | None) -> dict[str, Value]:
    """The truth values, statements and tracked objects of an object that its methods change."""
    if not isinstance(value, Instance) or not value.attributes:
        return {}
    found = {name: one for name, one in value.attributes if _is_followed(one)}
    names = _changing_names(ctx, value.cls) if found else frozenset()
    return {name: one for name, one in found.items() if name in names and not _is_resource(ctx, one)}


def _is_followed(value: Value) -> bool:
    if isinstance(value, Object):
        return value.detail is not None
    if isinstance(value, Const):
        return isinstance(value.value, bool)
    return isinstance(value, (Instance, Collection, OneOf)) and _is_located(value)


def _is_located(value: Value) -> bool:
    """Whether a value leads to a tracked object."""
    return any(isinstance(one, Instance) and one.location is not None for one in inner_values(value))


def _is_held_by_others(state: State, held: Instance) -> bool:
    """Whether another object may hold an object, too, so that its methods may change it unseen."""
    return any(
        isinstance(inner, Instance) and inner.cls == held.cls
        for value in state.values()
        if value != held
        for inner in inner_values(value)
    )


def _is_resource(ctx: Context, value: Value) -> bool:
    return isinstance(value, Object) and ctx.hooks.models.resource(value.type) is not None


def change_receiver(frame: Frame, before: Value | None, after: Value | None) -> None:
    """Apply a method call: its receiver has new values from then on."""
    if not isinstance(before, Instance) or not isinstance(after, Instance):
        return
    if before.attributes == after.attributes:
        return
    old, new = _changing_values(frame.ctx, before), _changing_values(frame.ctx, after)
    if old != new and any(map(_is_located, new.values())) and _is_held_by_others(frame.state, before):
        new = {name: one for name, one in new.items() if not _is_located(one)}
    if old != new:
        rest = [(name, kept) for name, kept in before.attributes or () if name not in old and name not in new]
        _exchange_object(frame.ctx, frame.state, before, replace(before, attributes=(*rest, *new.items())))


def forget_arguments(
    frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value
) -> None:
    """Forget the values of objects that are passed to code, unless it only reads them."""
    ctx, state = frame.ctx, frame.state
    for argument in (*node.args, *[keyword.value for keyword in node.keywords]):
        value = state.env.get(argument.id) if isinstance(argument, tree.Name) else None
        known = _changing_values(ctx, value) if isinstance(value, Instance) else None
        if known and isinstance(value, Instance) and not _only_looks(ctx, callee, arguments, value):
            rest = tuple(pair for pair in value.attributes or () if pair[0] not in known)
            _exchange_object(ctx, state, value, replace(value, attributes=rest))


def _only_looks(ctx: Context, callee: Value, arguments: Arguments, value: Instance) -> bool:
    """Whether a function only reads the object that a call passes for some of its parameters."""
    if not isinstance(callee, Function) or arguments.opaque:
        return False
    passed = [param.name for param, given in passed_parameters(callee, arguments) if given == value]
    there = sum(given == value for given in arguments.values())
    return len(passed) == there and all(leaves_untouched(ctx, callee, name, value.cls) for name in passed)


def _exchange_object(ctx: Context, state: State, before: Instance, after: Instance) -> None:
    changed = _changing_values(ctx, after)
    for variable in [name for name, value in state.env.items() if value == before]:
        state.env[variable] = after
        for name in _changing_values(ctx, before).keys() | changed.keys():
            path = f"{variable}.{name}"
            if name in changed:
                state.attributes[path] = changed[name]
            elif path in state.attributes:
                del state.attributes[path]


CALLS: Final = Watch(forget_arguments, methods=ALL, others=ALL)
