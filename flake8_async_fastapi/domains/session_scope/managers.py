"""Context managers of the project that keep a session, such as units of work: entering and leaving them."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.engine.assignments import attributes_assigned_in
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import attributes
from flake8_async_fastapi.engine.values import Function, Instance, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, nodes_in
from flake8_async_fastapi.knowledge.transactions import ROLLS_BACK


def set_on_entry(ctx: Context, manager: Instance) -> frozenset[str]:
    """The attributes that a manager sets when it is entered, itself or by its methods."""
    found: set[str] = set()
    for path, method in _methods(ctx, manager, "__aenter__", "__enter__"):
        found |= attributes_assigned_in(ctx, path, method)
    return frozenset(found)


def ended_by(frame: Frame, item: tree.WithItem, value: Value) -> str:
    """How the code begins the names of the sessions that the manager of a block lets go of when it is left.

    For ``async with self.unit:`` that is ``self.unit.``; empty for a manager that leaves its sessions alone.
    """
    written = item.target if isinstance(item.target, tree.Name) else item.context
    if not isinstance(value, Instance) or not isinstance(written, (tree.Name, tree.Attr)):
        return ""
    methods = list(_methods(frame.ctx, value, "__aexit__", "__exit__"))
    ends = not methods or any(
        isinstance(node, tree.Attr) and node.name in ROLLS_BACK
        for _, method in methods
        for node in nodes_in(method)
    )
    return f"{dotted(written)}." if ends and dotted(written) else ""


def _methods(
    ctx: Context, manager: Instance, *names: str, calls: bool = True
) -> Iterator[tuple[str, tree.FunctionDef]]:
    """The methods of some names that a manager has, with their files, and those of its own that they call."""
    for name in names:
        method = attributes.attribute_of(ctx, manager, name)
        if isinstance(method, Function) and isinstance(method.node, tree.FunctionDef):
            yield method.path, method.node
            if calls:
                yield from _methods(ctx, manager, *_called_by(method.node), calls=False)


def _called_by(method: tree.FunctionDef) -> Iterator[str]:
    """The methods that a method calls on its first parameter."""
    me = method.params[0].name if method.params else ""
    for node in nodes_in(method.body):
        if isinstance(node, tree.Call) and isinstance(node.func, tree.Attr) and dotted(node.func.value) == me:
            yield node.func.name
