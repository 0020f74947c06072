"""What a method leaves in the object that it was called on."""

from __future__ import annotations

from flake8_async_fastapi.engine import relevance, renaming
from flake8_async_fastapi.engine.assignments import is_set_once, variable_made_in
from flake8_async_fastapi.engine.containers import without_emptiness
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.joins import join_bindings
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import NONE, UNKNOWN, ClassValue, Instance, Value, is_plain
from flake8_async_fastapi.engine.walks import holds_coroutine
from flake8_async_fastapi.facts import tree


def receiver_after(frame: Frame, ends: list[State]) -> Value | None:
    """The receiver with the attributes that the run assigned, if all ends agree on a type.

    For a class method, the object that it creates.
    """
    me, variable = frame.receiver, frame.receiver_name
    if isinstance(me, ClassValue) and isinstance(frame.node, tree.FunctionDef):
        me, variable = Instance(me), variable_made_in(frame.node)
    if not isinstance(me, Instance) or not variable:
        return None
    found: dict[str, list[Value]] = {}
    for end in ends:
        for name, value in end.assigned_to(variable).items():
            found.setdefault(name, []).append(_without_coroutines(value))
    for name, value in frame.assigned_anywhere.assigned_to(variable).items():
        there = found.setdefault(name, [])  # what became of its objects is not known
        bare = renaming.without_new_locations(_without_coroutines(value))
        if not there or bare not in map(renaming.without_new_locations, there):
            there.append(bare)
    attributes = dict(me.attributes or ())
    for name, values in found.items():
        joined = NONE if _stays_none(frame, me, name, values) else join_bindings(values)
        attributes[name] = relevance.limit_depth(without_emptiness(joined), 1)
    return Instance(me.cls, tuple((n, v) for n, v in attributes.items() if not is_plain(v)), me.exact)


def _stays_none(frame: Frame, me: Instance, name: str, values: list[Value]) -> bool:
    """Whether a constructor leaves None in an attribute, and nothing sets it later."""
    is_constructor = isinstance(frame.node, tree.FunctionDef) and frame.node.name == "__init__"
    if not is_constructor or any(value != NONE for value in values):
        return False
    return is_set_once(frame.ctx, me.cls.path, name)


def _without_coroutines(value: Value) -> Value:
    """A value; unknown if it holds a coroutine, as it is not known when that is awaited."""
    return UNKNOWN if holds_coroutine(value) else value
