"""Truth values that objects of the project keep, and that their own methods change.

As ``self._committed`` of a unit of work: what its ``__aexit__`` does hangs on it.
An object is told apart by the variable that has it; whoever else is given it may change it.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.python.untouched import leaves_untouched
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import classes
from flake8_async_fastapi.engine.machine.summaries import passed_parameters
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import path_of
from flake8_async_fastapi.engine.values import (
    Arguments,
    ClassValue,
    Const,
    Function,
    Instance,
    Library,
    Value,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import flat
from flake8_async_fastapi.records import replace


def _flag_names(ctx: Context, cls: ClassValue) -> frozenset[str]:
    """The attributes that methods assign after the object was made."""

    def collect() -> frozenset[str]:
        return frozenset(
            name
            for base in classes.mro(ctx, cls)
            if isinstance(base, ClassValue)
            for statement in flat(base.node.body)
            if isinstance(statement, tree.FunctionDef) and statement.name != "__init__"
            for name in classes.attributes_assigned_in(ctx, base, statement)
        )

    return ctx.query(("flags", cls), collect, frozenset())


def _flags_of(ctx: Context, value: Value | None) -> dict[str, Value]:
    if not isinstance(value, Instance) or not value.attributes:
        return {}
    kept = value.attributes
    found = {name: one for name, one in kept if isinstance(one, Const) and isinstance(one.value, bool)}
    names = _flag_names(ctx, value.cls) if found else frozenset()
    return {name: one for name, one in found.items() if name in names}


def change_receiver_flags(frame: Frame, before: Value | None, after: Value | None) -> None:
    """A method was called: its receiver has other flags from then on."""
    if not isinstance(before, Instance) or not isinstance(after, Instance):
        return
    old, new = _flags_of(frame.ctx, before), _flags_of(frame.ctx, after)
    if old != new:
        rest = [(name, kept) for name, kept in before.attributes or () if name not in old and name not in new]
        _exchange_object(frame.state, before, replace(before, attributes=(*rest, *new.items())))


def forget_argument_flags(
    frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value
) -> None:
    """Whoever is given an object may call its methods, unless it only looks at it."""
    ctx, state = frame.ctx, frame.state
    if isinstance(callee, (ClassValue, Library)):
        return
    for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
        value = state.env.get(path_of(argument))
        known = _flags_of(ctx, value) if isinstance(value, Instance) else None
        if known and isinstance(value, Instance) and not _only_looks(ctx, callee, arguments, value):
            rest = tuple(pair for pair in value.attributes or () if pair[0] not in known)
            _exchange_object(state, value, replace(value, attributes=rest))


def _only_looks(ctx: Context, callee: Value, arguments: Arguments, value: Instance) -> bool:
    """Whether a function leaves an object as it is that a call passes for some of its parameters."""
    if not isinstance(callee, Function) or arguments.opaque:
        return False
    passed = [param.name for param, given in passed_parameters(callee, arguments) if given == value]
    there = sum(given == value for given in arguments.values())
    return len(passed) == there and all(leaves_untouched(ctx, callee, name, value.cls) for name in passed)


def _exchange_object(state: State, before: Instance, after: Instance) -> None:
    flags = {name: value for name, value in after.attributes or () if isinstance(value, Const)}
    for variable in [name for name, value in state.env.items() if value == before]:
        state.env[variable] = after
        for name in {name for name, _ in before.attributes or ()} | flags.keys():
            path = f"{variable}.{name}"
            if isinstance(state.attributes.get(path), Const) and name not in flags:
                del state.attributes[path]
            elif name in flags:
                state.attributes[path] = flags[name]
