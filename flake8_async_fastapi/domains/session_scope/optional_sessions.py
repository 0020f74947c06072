"""Sessions that a function may also be called without, for it then opens one of its own."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from flake8_async_fastapi.domains.session_scope.activity import Session, Use
from flake8_async_fastapi.engine import renaming
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.hints import allows_none
from flake8_async_fastapi.engine.machine import attributes, classes, statements, summaries
from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    Arguments,
    ClassValue,
    Function,
    Instance,
    Value,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import flat


def is_dispensable(frame: Frame, function: Function, arguments: Arguments, use: Use, holder: Session) -> bool:
    """Whether the session of a use may be None as far as the caller knows, and the function works without it.

    ``holder`` is what holds the session in the caller. A function that fails for None has a session when
    it runs.
    """
    ctx, (_, name, path) = frame.ctx, use
    function, given = renaming.call_without_identity(ctx, function, arguments)
    bound = summaries.bind_arguments(ctx, function, given)
    node = function.node
    if not isinstance(node, tree.FunctionDef):
        return False
    inner, state = summaries.enter_function(ctx, function, bound)
    without: Value | None = NONE if not path and _is_optional_parameter(frame, holder) else None
    if path and holder[1]:
        without = _without(ctx, state.env.get(name, UNKNOWN), path.split("."))
    if without is None:
        return False
    if name == inner.receiver_name:
        function = replace(function, receiver=without)
    else:
        bound = tuple((key, without if key == name else value) for key, value in bound)
    inner, state = summaries.enter_function(ctx, function, bound)
    return bool(statements.run_statements(inner, node.body, [state]) or inner.returns)


def _is_optional_parameter(frame: Frame, holder: Session) -> bool:
    params = frame.node.params if frame.node is not None else ()
    return any((param.name, "") == holder and allows_none(param.annotation) for param in params)


def _without(ctx: Context, value: Value, path: list[str]) -> Value | None:
    """An object whose first optional attribute along a path is None; no value if none is optional."""
    if not path or not isinstance(value, Instance):
        return None
    first, *rest = path
    is_optional = any(map(allows_none, _annotations(ctx, value.cls, first)))
    inner = NONE if is_optional else _without(ctx, attributes.attribute_of(ctx, value, first), rest)
    if inner is None:
        return None
    kept = tuple(pair for pair in value.attributes or () if pair[0] != first)
    return replace(value, attributes=(*kept, (first, inner)))


def _annotations(ctx: Context, cls: ClassValue, name: str) -> Iterator[tree.Expr | None]:
    """The annotations of an attribute: in the classes, in ``__init__``, and of the parameter that sets it."""
    for base in classes.mro(ctx, cls):
        if not isinstance(base, ClassValue):
            continue
        for binding in classes.body_bindings(ctx, base, name):
            if isinstance(binding, tree.Assign):
                yield binding.annotation
        for method in classes.body_bindings(ctx, base, "__init__"):
            if isinstance(method, tree.FunctionDef):
                yield from _set_in(method, name)


def _set_in(method: tree.FunctionDef, name: str) -> Iterator[tree.Expr | None]:
    given = {param.name: param.annotation for param in method.params}
    for statement in flat(method.body):
        match statement:
            case tree.Assign(targets=[tree.Attr(name=target)], value=value) if target == name:
                yield statement.annotation
                yield given.get(value.id) if isinstance(value, tree.Name) else None
