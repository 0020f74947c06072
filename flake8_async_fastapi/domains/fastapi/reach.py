"""The functions of the project that a function calls, found by the names in modules."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from flake8_async_fastapi.domains.fastapi import dependencies
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import names
from flake8_async_fastapi.engine.values import Function
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, nodes_in


def functions_reached(
    ctx: Context,
    function: Function,
    depth: int,
    *,
    with_dependencies: bool = False,
    overridden: AbstractSet[str] = frozenset(),
) -> list[Function]:
    """A function and those that it calls, directly or through a few others, with its dependencies.

    Dependencies with the names ``overridden`` are left out.
    """
    found = {function.key: function}
    if depth:
        inner = [called_function(ctx, function.path, node) for node in nodes_in(function.node.body)]
        if with_dependencies:
            frame = Frame(ctx, function.path, "", owner=function.owner, closure=function.closure)
            targets = [dependencies.target_of_parameter(frame, param) for param in function.node.params]
            inner += [
                target for target in targets if isinstance(target, Function) and target.name not in overridden
            ]
        for callee in inner:
            if callee is not None and callee.key not in found:
                below = functions_reached(
                    ctx,
                    callee,
                    depth - 1,
                    with_dependencies=with_dependencies,
                    overridden=overridden,
                )
                found |= {one.key: one for one in below}
    return list(found.values())


def called_function(ctx: Context, path: str, node: object) -> Function | None:
    """The function of the project that a call names."""
    if isinstance(node, tree.Call) and (text := dotted(node.func)):
        callee = names.dotted_value(ctx, path, text)
        return callee if isinstance(callee, Function) else None
    return None
