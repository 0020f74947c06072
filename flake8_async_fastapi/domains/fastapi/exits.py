"""Errors of a route that a dependency catches around its ``yield`` and does not raise again.

FastAPI throws the error of a route into its dependencies. Since 0.110 a dependency that does not raise it
again leaves FastAPI without a response: it answers 500, whatever the error was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct, field

from flake8_async_fastapi.domains.fastapi.events import RouteErrorSwallowed
from flake8_async_fastapi.domains.fastapi.routes import REGISTERED
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import expressions, names
from flake8_async_fastapi.engine.places import Position
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import Collection, Function, Library, Manager, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import dotted, flat, nodes_in

_ALL: Final = ("builtins.Exception", "builtins.BaseException")
_CAUGHT: Final = (*_ALL, "fastapi.HTTPException", "starlette.exceptions.HTTPException", "sqlalchemy.exc.")


class ExitNotes(Struct):
    """The items of ``with`` statements around a ``yield`` of a dependency, by their place."""

    around_yield: set[Position] = field(default_factory=set)


def begin_dependency(frame: Frame, function: Function, outer: Frame) -> None:
    """Report a dependency that catches the errors of routes and does not raise again."""
    node = function.node
    if frame.role != REGISTERED or not function.is_generator or not isinstance(node, tree.FunctionDef):
        return
    if frame.ctx.project.requirements_of(frame.path).at_least("fastapi", (0, 110)) is False:
        return
    for place, text in _swallowing(frame.ctx, function):
        frame.ctx.events.append(RouteErrorSwallowed(frame.path, *place, frame.qualname, text))
    for statement in flat(node.body):
        if isinstance(statement, tree.With) and _yields(statement.body):
            places = (Position(item.context.line, item.context.col) for item in statement.items)
            frame.notes_of(ExitNotes).around_yield.update(places)


def enter_manager(frame: Frame, item: tree.WithItem, value: Value) -> None:
    """Report a dependency that yields inside a context manager that catches and swallows errors."""
    notes = frame.notes.get(ExitNotes)
    if notes is None or not isinstance(value, Manager) or value.function is None:
        return
    at = Position(item.context.line, item.context.col)
    if at in notes.around_yield and any(_swallowing(frame.ctx, value.function)):
        frame.emit_event(RouteErrorSwallowed(*frame.at(item.context), for_message(item.context)))


def _swallowing(ctx: Context, function: Function) -> Iterator[tuple[Position, str]]:
    """The places where a generator function catches errors thrown in at its ``yield``, with the catching
    code.
    """
    body = function.node.body
    assert isinstance(body, list)
    frame = Frame(ctx, function.path, "", owner=function.owner, closure=function.closure)
    for statement in flat(body):
        if isinstance(statement, tree.Try) and _yields(statement.body):
            if any(_raises(frame, later) for later in _after(body, statement)):
                continue
            for handler in statement.handlers:
                if not _raises(frame, handler.body) and _catches(frame, handler.type):
                    first = handler.type if handler.type is not None else handler.body[0]
                    text = "except" if handler.type is None else f"except {for_message(handler.type)}"
                    yield Position(first.line, first.col), text
        elif isinstance(statement, tree.With) and _yields(statement.body):
            for item in statement.items:
                call = item.context
                if (
                    isinstance(call, tree.Call)
                    and dotted(call.func).rpartition(".")[2] == "suppress"
                    and any(_catches(frame, kind) for kind in call.args)
                ):
                    yield Position(call.line, call.col), for_message(call)


def _yields(body: list[Stmt]) -> bool:
    """Whether a block itself contains a ``yield``, outside of nested functions."""
    return any(
        isinstance(inner, tree.Yield)
        for statement in body
        if not isinstance(statement, (tree.FunctionDef, tree.ClassDef))
        for inner in nodes_in(statement)
    )


def _after(body: list[Stmt], statement: tree.Try) -> Iterator[Stmt]:
    """The statements after a ``try``, and its ``finally``."""
    inside = {id(node) for node in nodes_in(statement)}
    yield from statement.final
    for other in flat(body):
        if other.line > statement.line and id(other) not in inside:
            yield other


def _raises(frame: Frame, code: object) -> bool:
    """Whether code may raise, directly or in a function of the project that it calls."""
    for node in nodes_in(code):
        if isinstance(node, tree.Raise):
            return True
        if isinstance(node, tree.Call) and (text := dotted(node.func)):
            callee = names.dotted_value(frame.ctx, frame.path, text)
            if isinstance(callee, Function) and any(
                isinstance(inner, tree.Raise) for inner in nodes_in(callee.node.body)
            ):
                return True
    return False


def _catches(frame: Frame, kind: Expr | None) -> bool:
    """Whether a handler catches errors of routes: all errors, HTTP exceptions, or those of the database."""
    if kind is None:
        return True
    value = expressions.evaluate(frame, State(), kind)
    caught = value.items if isinstance(value, Collection) and value.items is not None else (value,)
    return any(isinstance(one, Library) and one.dotted.startswith(_CAUGHT) for one in caught)
