"""The argument of a decorator, and the decorators that hand a function over."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import functions
from flake8_async_fastapi.engine.values import UNKNOWN, Function, Library, Member, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.knowledge import with_bases


def names_of_decorator(decorator: Value) -> tuple[str, ...]:
    """The names of a decorator: one for each type that has the method."""
    if isinstance(decorator, Library):
        return (decorator.dotted,)
    if isinstance(decorator, Member):
        return tuple(f"{base}.{decorator.name}" for base in with_bases(decorator.receiver.type))
    return ()


def decorated_value(frame: Frame, function: Function, decorator: Expr) -> Value:
    """The value that a decorator gets: the function, with the decorators below it applied."""
    node = function.node
    if not isinstance(node, tree.FunctionDef):
        return UNKNOWN
    below = node.decorators[node.decorators.index(decorator) + 1 :]
    inner = replace(function, node=msgspec.structs.replace(node, decorators=below))
    return functions.apply_decorators(frame, frame.state.fork(), inner)
