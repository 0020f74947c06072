"""Whether a function leaves an object that it gets unchanged: it only reads it.

For example ``add(shelf, unit)``, which only tests ``if unit is None``. Any other use of the object counts
as a change.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.machine import classes, names
from flake8_async_fastapi.engine.values import UNKNOWN, ClassValue, Function, Instance, Library, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import names_in, nodes_in

_LOOKING: Final = frozenset({"builtins.callable", "builtins.hasattr", "builtins.isinstance", "builtins.type"})


def leaves_untouched(ctx: Context, function: Function, name: str, cls: ClassValue) -> bool:
    """Whether a function only reads the object of a class that it gets as a parameter."""

    def find() -> bool:
        body = function.node.body
        looks = sum(1 for node in nodes_in(body) for _ in _looks_in(ctx, function, node, name, cls))
        return looks == sum(1 for mentioned in names_in(body) if mentioned == name)

    return ctx.query(("untouched", function.key, function.owner, name, cls), find, False)


def _looks_in(ctx: Context, function: Function, node: object, name: str, cls: ClassValue) -> Iterator[Expr]:
    """The mentions of a variable in a node that only read what it holds."""
    tested: list[Expr] = []
    match node:
        case tree.If(test=test) | tree.While(test=test) | tree.Assert(test=test) | tree.IfExp(test=test):
            tested = list(_tested(test))
        case tree.Compare(left=left, rights=rights):
            tested = [left, *rights]
        case tree.Attr(value=owner, name=attribute):
            changes = attribute in _attributes_assigned(ctx, function, name)
            tested = [] if changes or not _is_left(ctx, cls, attribute) else [owner]
        case tree.Call():
            tested = list(_passed_to_lookers(ctx, function, node, name, cls))
    yield from (one for one in tested if isinstance(one, tree.Name) and one.id == name)


def _tested(test: Expr) -> Iterator[Expr]:
    """The values whose truth a condition tests."""
    if isinstance(test, tree.BoolOp):
        for value in test.values:
            yield from _tested(value)
    elif isinstance(test, tree.Unary):
        yield from _tested(test.value)
    else:
        yield test


def _attributes_assigned(ctx: Context, function: Function, name: str) -> frozenset[str]:
    """The attributes of a variable that a function assigns or deletes."""

    def find() -> frozenset[str]:
        targets: list[Expr] = []
        for node in nodes_in(function.node.body):
            if isinstance(node, (tree.Assign, tree.Delete)):
                targets += node.targets
            elif isinstance(node, (tree.AugAssign, tree.For)):
                targets.append(node.target)
            elif isinstance(node, tree.With):
                targets += [item.target for item in node.items if item.target is not None]
        parts = (part for target in targets for part in nodes_in(target))
        return frozenset(
            part.name
            for part in parts
            if isinstance(part, tree.Attr) and isinstance(part.value, tree.Name) and part.value.id == name
        )

    return ctx.derive(("assigns", function.key, name), find)


def _is_left(ctx: Context, cls: ClassValue, attribute: str) -> bool:
    """Whether an object is unchanged after its attribute is read, or called if it is a method."""
    if not classes.has_member(ctx, cls, attribute):
        return classes.is_closed(ctx, cls)
    member = classes.class_attribute(ctx, cls, attribute)
    if not isinstance(member, Function) or not member.node.params:
        return False
    return leaves_untouched(ctx, member, member.node.params[0].name, cls)


def _passed_to_lookers(
    ctx: Context, function: Function, call: tree.Call, name: str, cls: ClassValue
) -> Iterator[Expr]:
    """The arguments of a call that are the variable, if the callee only reads it."""
    callee = _called(ctx, function, call.func)
    if isinstance(callee, Library):
        if callee.dotted in _LOOKING or knowledge.is_plain_consumer(callee.dotted):
            yield from call.args
        return
    if not isinstance(callee, Function) or any(isinstance(one, tree.Starred) for one in call.args):
        return
    params = callee.node.params[callee.receiver is not None :]
    for place, given in enumerate(call.args):
        is_named = place < len(params) and params[place].kind in ("pos", "any")
        if is_named and leaves_untouched(ctx, callee, params[place].name, cls):
            yield given
    known = {param.name for param in params if param.kind in ("any", "kw")}
    for keyword in call.keywords:
        if keyword.name in known and leaves_untouched(ctx, callee, keyword.name, cls):
            yield keyword.value


def _called(ctx: Context, function: Function, written: Expr) -> Value:
    """The function that an expression names: one of the module, or a method of the same object."""
    match written:
        case tree.Name(id=name):
            return names.module_value(ctx, function.path, name)
        case tree.Attr(value=tree.Name(id=me), name=name) if (
            isinstance(function.receiver, Instance)
            and function.node.params
            and function.node.params[0].name == me
        ):
            return classes.instance_attribute(ctx, Instance(function.receiver.cls), name)
    return UNKNOWN
