"""Middlewares of an application, and what handles the errors that they raise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct, field

from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import classes, names
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import ClassValue, Function, Library, Member, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, nodes_in
from flake8_async_fastapi.knowledge import is_subtype
from flake8_async_fastapi.project.views import calls_by_name

_APPLICATION: Final = "starlette.applications.Starlette"
_MIDDLEWARE: Final = "starlette.middleware.base.BaseHTTPMiddleware"
_REGISTERS: Final = ("exception_handler", "add_exception_handler")


class Middlewares(Struct):
    """The functions that a run registers by ``@app.middleware("http")``; its own, if it is a middleware."""

    keys: set[Place] = field(default_factory=set)


def note_middleware(frame: Frame, decorator: Value, function: Function, node: Expr) -> None:
    """Note a function under ``@app.middleware("http")``."""
    is_middleware = isinstance(decorator, Member) and decorator.name == "middleware"
    if is_middleware and isinstance(decorator, Member) and is_subtype(decorator.receiver.type, _APPLICATION):
        frame.notes_of(Middlewares).keys.add(function.key)


def begin_middleware(frame: Frame, function: Function, outer: Frame) -> None:
    """Note that a run is that of a middleware of an application."""
    noted: Middlewares | None = outer.notes.get(Middlewares)
    is_dispatch = frame.owner is not None and function.name == "dispatch" and _is_dispatch(frame, function)
    if is_dispatch or (noted is not None and function.key in noted.keys):
        frame.notes_of(Middlewares).keys.add(function.key)


def _is_dispatch(frame: Frame, function: Function) -> bool:
    """Whether a function is that of a middleware class which code adds to an application."""
    owner = frame.owner
    if owner is None or not function.is_async:
        return False
    bases = classes.mro(frame.ctx, owner)
    if not any(isinstance(base, Library) and base.dotted == _MIDDLEWARE for base in bases):
        return False
    key = ("added middleware", owner.path, owner.name)
    return frame.ctx.query(key, lambda: _is_added(frame.ctx, owner), False)


def _is_added(ctx: Context, cls: ClassValue) -> bool:
    for path in ctx.project.mentioning(cls.name):
        for call in ctx.project.view_of(path, calls_by_name, "add_middleware") or ():
            if call.args and names.dotted_value(ctx, path, dotted(call.args[0])) == cls:
                return True
    return False


def is_handled_above(ctx: Context, function: tree.FunctionDef | tree.Lambda | None) -> bool:
    """Whether code of the project handles errors around a middleware, in another one or for all errors."""
    registering = (path for name in _REGISTERS for path in ctx.project.mentioning(name))
    return any(_handles_all(ctx, path) for path in registering) or any(
        _handles_around(ctx, path, function) for path in ctx.project.mentioning("call_next")
    )


def _handles_all(ctx: Context, path: str) -> bool:
    for node in nodes_in(ctx.project.body(path)):
        match node:
            case tree.Call(func=tree.Attr(name=name), args=[first, *_]) if name in _REGISTERS:
                if dotted(first) == "Exception" or (isinstance(first, tree.Const) and first.value == 500):
                    return True
    return False


def _handles_around(ctx: Context, path: str, function: object) -> bool:
    return any(
        isinstance(attempt, tree.Try) and attempt.handlers and "call_next" in set(_called(attempt))
        for other in nodes_in(ctx.project.body(path))
        if isinstance(other, tree.FunctionDef) and other is not function
        for attempt in nodes_in(other.body)
    )


def _called(attempt: tree.Try) -> Iterator[str]:
    for node in nodes_in(attempt.body):
        if isinstance(node, tree.Call):
            yield dotted(node.func)
