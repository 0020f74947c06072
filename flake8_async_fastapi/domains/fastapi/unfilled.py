"""Parameters that FastAPI cannot fill: sessions, engines and factories without a ``Depends``.

FastAPI treats a parameter without a ``Depends`` as a part of the request, and makes a Pydantic field of its
type when the route is registered. Pydantic does not support these types.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

from flake8_async_fastapi.domains.fastapi.contracts import is_harmless
from flake8_async_fastapi.domains.fastapi.events import ParameterNotFilled
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import classes, expressions
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import (
    Arguments,
    ClassValue,
    Coroutine,
    Function,
    Generator,
    Library,
    Object,
    Value,
    is_none,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, subscript_parts
from flake8_async_fastapi.knowledge import is_subtype

_TYPES: Final = (
    "sqlalchemy.ext.asyncio.AsyncSession",
    "sqlalchemy.ext.asyncio.AsyncConnection",
    "sqlalchemy.ext.asyncio.AsyncEngine",
    "sqlalchemy.ext.asyncio.async_scoped_session",
    "sqlalchemy.ext.asyncio.async_sessionmaker",
    "sqlalchemy.orm.Session",
    "sqlalchemy.orm.sessionmaker",
    "sqlalchemy.engine.Connection",
    "sqlalchemy.engine.Engine",
)


def report_parameters(frame: Frame, function: Function, outer: Frame) -> None:
    """Report a route or dependency with a parameter that FastAPI cannot fill."""
    if frame.role:
        for name, annotation, calls in _unfilled(frame, function):
            where = (function.path, annotation.line, annotation.col, frame.qualname)
            kind = _last_name(annotation)
            frame.ctx.events.append(ParameterNotFilled(*where, function.name, name, kind, calls))


def report_class(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """As ``report_parameters``, for the constructor of a class that is a dependency."""
    given = arguments.get(0, "dependency")
    if isinstance(given, ClassValue):
        for name, annotation, calls in _unfilled_by(frame, given):
            found = given.name, name, _last_name(annotation), calls
            frame.emit_event(ParameterNotFilled(*frame.at(node), *found))


def _unfilled(frame: Frame, function: Function) -> Iterator[tuple[str, Expr, str]]:
    """The parameters of a function that FastAPI cannot fill, each with its type as written.

    For a ``Depends()`` without a function, also with what the type is called with.
    """
    node = function.node
    if not isinstance(node, tree.FunctionDef) or not all(map(is_harmless, node.decorators)):
        return
    around = Frame(frame.ctx, function.path, "", owner=function.owner, closure=function.closure)
    for param in node.params:
        written = None if param.annotation is None else _only_type(param.annotation)
        if written is None or param.kind in ("*", "**"):
            continue
        named = expressions.evaluate(around, State(), written)
        if _is_bare_depends(param.default):
            inner = _unfilled_by(around, named) if isinstance(named, ClassValue) else ()
            if inner or _is_refused(named):
                called_with = (f"{name}: {_last_name(annotation)}" for name, annotation, _ in inner)
                yield param.name, written, ", ".join(called_with) or "..."
        elif _is_refused(named) and (param.default is None or _is_no_marker(around, param.default)):
            yield param.name, written, ""


def _unfilled_by(frame: Frame, cls: ClassValue) -> tuple[tuple[str, Expr, str], ...]:
    """As ``_unfilled``, for the constructor of a class."""

    def find() -> tuple[tuple[str, Expr, str], ...]:
        function = classes.class_attribute(frame.ctx, cls, "__init__")
        return tuple(_unfilled(frame, function)) if isinstance(function, Function) else ()

    nothing: tuple[tuple[str, Expr, str], ...] = ()
    return frame.ctx.query(("unfilled by", cls), find, nothing)  # a class may depend on itself


def _is_bare_depends(default: Expr | None) -> bool:
    """Whether a default is ``Depends()``, which calls the type in the annotation."""
    match default:
        case tree.Call(func=func, args=[], keywords=[]):
            return dotted(func).rpartition(".")[2] == "Depends"
    return False


def _only_type(annotation: Expr) -> tree.Name | tree.Attr | None:
    """The only type that an annotation names except None; None for other annotations."""
    match annotation:
        case tree.Name() | tree.Attr():
            return annotation
        case tree.Binary(op="|", left=left, right=right):
            sides = [side for side in (left, right) if side != tree.Const(side.line, side.col, None)]
            return _only_type(sides[0]) if len(sides) == 1 else None
        case tree.Subscript(value=owner):
            name = dotted(owner).rpartition(".")[2]
            return _only_type(subscript_parts(annotation)[0] if name == "Optional" else owner)
    return None


def _is_refused(named: Value) -> bool:
    return isinstance(named, Library) and _is_refused_type(named.dotted)


@cache
def _is_refused_type(name: str) -> bool:
    return any(is_subtype(name, refused) for refused in _TYPES)


def _is_no_marker(frame: Frame, default: Expr) -> bool:
    """Whether a default tells FastAPI nothing about the parameter."""
    value = expressions.evaluate(frame, State(), default)
    if isinstance(value, Object):
        return _is_refused_type(value.type)
    return is_none(value) is True or isinstance(value, (Function, Coroutine, Generator))


def _last_name(annotation: Expr) -> str:
    return for_message(annotation).rpartition(".")[2]
