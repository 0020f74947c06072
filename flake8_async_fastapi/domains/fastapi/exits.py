"""Errors of a route that a dependency catches or drops around its ``yield`` and does not raise again.

FastAPI throws the error of a route into its dependencies. Since 0.110 a dependency that does not raise it
again leaves FastAPI without a response: it answers 500, whatever the error was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct, field

from flake8_async_fastapi.domains.fastapi.events import RouteErrorSwallowed
from flake8_async_fastapi.domains.fastapi.routes import REGISTERED, ROUTE
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import attributes, expressions, names
from flake8_async_fastapi.engine.places import Position
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import Collection, Function, Instance, Library, Manager, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import dotted, flat, nodes_in

_ENTERS: Final = frozenset({"enter_async_context", "enter_context"})
_ALL: Final = ("builtins.Exception", "builtins.BaseException")
_CAUGHT: Final = (*_ALL, "fastapi.HTTPException", "starlette.exceptions.HTTPException", "sqlalchemy.exc.")


class ExitNotes(Struct):
    """The items of ``with`` statements around a ``yield`` of a dependency, by their place."""

    around_yield: set[Position] = field(default_factory=set)


class Swallowing(Struct, frozen=True):
    """Code that swallows an error, as text; whether it is a statement that leaves a ``finally``."""

    place: Position
    text: str
    is_left: bool = False


def begin_dependency(frame: Frame, function: Function, outer: Frame) -> None:
    """Report a dependency that catches the errors of routes and does not raise again."""
    node = function.node
    if frame.role != REGISTERED or not function.is_generator or not isinstance(node, tree.FunctionDef):
        return
    if frame.ctx.project.requirements_of(frame.path).at_least("fastapi", (0, 110)) is False:
        return
    for found in _swallowing(frame.ctx, function):
        event = RouteErrorSwallowed(frame.path, *found.place, frame.qualname, found.text, found.is_left)
        frame.ctx.events.append(event)
    for statement in flat(node.body):
        if isinstance(statement, tree.With) and _yields(statement.body):
            places = (Position(item.context.line, item.context.col) for item in statement.items)
            frame.notes_of(ExitNotes).around_yield.update(places)


def enter_manager(frame: Frame, item: tree.WithItem, value: Value) -> None:
    """Report a dependency that yields inside a context manager that catches and swallows errors.

    Report also a route that writes inside one that commits: it goes on as if the commit had succeeded.
    """
    made = value.function if frame.role == ROUTE and isinstance(value, Manager) else None
    if made is not None and frame.emit and _commits(made) and _swallows(frame.ctx, value):
        event = RouteErrorSwallowed(*frame.at(item.context), for_message(item.context), is_own=True)
        frame.emit_event(event)
    notes = frame.notes.get(ExitNotes)
    if notes is None:
        return
    at = Position(item.context.line, item.context.col)
    if at in notes.around_yield and _swallows(frame.ctx, value):
        frame.emit_event(RouteErrorSwallowed(*frame.at(item.context), for_message(item.context)))


def _commits(manager: Function) -> bool:
    """Whether a generator commits what is written in the block at its ``yield``."""
    body = manager.node.body if isinstance(manager.node.body, list) else []
    return any(
        _yields(attempt.body)
        and any(
            isinstance(one, tree.Attr) and one.name == "commit"
            for one in nodes_in([*attempt.body, *attempt.orelse])
        )
        for attempt in flat(body)
        if isinstance(attempt, tree.Try)
    )


def _swallows(ctx: Context, manager: Value) -> bool:
    """Whether a context manager of the project certainly swallows errors of the block that it manages."""
    if isinstance(manager, Manager) and manager.function is not None:
        function = manager.function
        return ctx.query(("swallows", function.key), lambda: any(_swallowing(ctx, function)), False)
    if isinstance(manager, Instance):
        for name in ("__aexit__", "__exit__"):
            method = attributes.attribute_of(ctx, manager, name)
            if isinstance(method, Function) and isinstance(method.node, tree.FunctionDef):
                return _returns_only_true(ctx, method, method.node.body)
    return False


def _returns_only_true(ctx: Context, method: Function, body: list[Stmt]) -> bool:
    """Whether a method ends with ``return True``, and cannot end in another way."""
    ways = [node for node in nodes_in(body) if isinstance(node, tree.Return)]
    last = body[-1] if body else None
    is_true = all(isinstance(way.value, tree.Const) and way.value.value is True for way in ways)
    return isinstance(last, tree.Return) and is_true and not _raises(_frame_in(ctx, method), body)


def _frame_in(ctx: Context, function: Function) -> Frame:
    return Frame(ctx, function.path, "", owner=function.owner, closure=function.closure)


def _swallowing(ctx: Context, function: Function) -> Iterator[Swallowing]:
    """The code of a generator function that swallows errors thrown in at its ``yield``."""
    body = function.node.body
    assert isinstance(body, list)
    frame = _frame_in(ctx, function)
    for statement in flat(body):
        if isinstance(statement, tree.Try):
            yield from _swallowing_try(frame, body, statement)
        elif isinstance(statement, tree.With) and _yields(statement.body):
            entered = [item.context for item in statement.items]
            for context in (*entered, *_entered_by_stack(statement)):
                if _suppresses(frame, context) or _swallows(
                    ctx, expressions.evaluate(frame, State(), context)
                ):
                    yield Swallowing(Position(context.line, context.col), for_message(context))


def _entered_by_stack(block: tree.With) -> Iterator[Expr]:
    """The managers that the block of an ``AsyncExitStack`` or ``ExitStack`` enters by a method of it."""
    stacks = {
        dotted(item.target)
        for item in block.items
        if item.target is not None and isinstance(item.context, tree.Call)
        if dotted(item.context.func).endswith("ExitStack")
    }
    for node in nodes_in(block.body) if stacks else ():
        match node:
            case tree.Call(func=tree.Attr(value=stack, name=name), args=[made]) if name in _ENTERS:
                if dotted(stack) in stacks:
                    yield made


def _suppresses(frame: Frame, node: Expr) -> bool:
    """Whether an expression is a call of ``contextlib.suppress`` with errors of routes."""
    if not isinstance(node, tree.Call) or dotted(node.func).rpartition(".")[2] != "suppress":
        return False
    return any(_catches(frame, kind) for kind in node.args)


def _swallowing_try(frame: Frame, body: list[Stmt], node: tree.Try) -> Iterator[Swallowing]:
    """The parts of a ``try`` that catch or drop errors thrown in at the ``yield`` in it."""
    if _yields(node.body) and not any(_raises(frame, later) for later in _after(body, node)):
        for handler in node.handlers:
            if not _raises(frame, handler.body) and _catches(frame, handler.type):
                first = handler.type if handler.type is not None else handler.body[0]
                text = "except" if handler.type is None else f"except {for_message(handler.type)}"
                yield Swallowing(Position(first.line, first.col), text)
    if _yields(node.body) or _yields(node.orelse):
        leaving = _dropping(node.final)
        if leaving is not None and not any(_raises(frame, later) for later in _after(body, node)):
            word = leaving.word if isinstance(leaving, tree.Jump) else "return"
            yield Swallowing(Position(leaving.line, leaving.col), f"{word} in finally", is_left=True)


def _dropping(final: list[Stmt]) -> tree.Return | tree.Jump | None:
    """The statement that certainly leaves a ``finally``, and so drops the error that led there."""
    for statement in final:
        if isinstance(statement, (tree.Return, tree.Jump)):
            return statement
        if isinstance(statement, tree.With) and (inside := _dropping(statement.body)) is not None:
            return inside
        if isinstance(statement, tree.Try):
            for block in (statement.final, statement.body):
                if not statement.handlers and (inside := _dropping(block)) is not None:
                    return inside
    return None


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
