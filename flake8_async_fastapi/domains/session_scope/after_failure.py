"""Functions of the project that flush a session of their caller, or use one whose flush has failed.

Only what they do for certain counts: outside of conditions, and with no ``try`` and no rollback.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, TypeAlias

from flake8_async_fastapi.domains.database import sessions
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import classes, names
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    Coroutine,
    Function,
    Instance,
    Library,
    Value,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import bound_names, dotted, flat, nodes_in, written_argument
from flake8_async_fastapi.knowledge.transactions import FLUSHES, ROLLS_BACK, STATEMENTS

_WORKS = STATEMENTS | {"commit", "begin_nested"}
UNDOES = ROLLS_BACK | {"begin_nested"}
ERRORS: Final = ("sqlalchemy.", "builtins.Exception", "builtins.BaseException")
"""How the names of errors begin that a failed flush may raise, or that are above them."""
Failure: TypeAlias = Literal["failed", "may have failed", "timed out"]
"""A flush ``failed``, or it ``may have failed``, in a handler of any error of code that does more than use
sessions; or a statement ``timed out``."""


def sessions_used(frame: Frame, function: Function, node: tree.Call, broken: Iterable[str]) -> Iterator[str]:
    """The failed sessions that a call passes on, or that its object has, and that the function uses."""
    for session in sorted(broken):
        inside = _name_inside(frame, function, node, session)
        if inside and _uses_first(function.node, inside):
            yield session


def sessions_flushed(
    frame: Frame, function: Function, arguments: Arguments, node: tree.Call
) -> Iterator[str]:
    """The sessions that a call passes on, or that its object has, and that the function flushes."""
    body, is_known = function.node, isinstance(node.func, (tree.Name, tree.Attr))
    if not isinstance(body, tree.FunctionDef) or not is_known or body.decorators:
        return
    if frame.place_of(node).position not in frame.awaited_calls:
        return
    for inside in frame.ctx.derive(("flushed by", function.key), lambda: _flushed_by(body)):
        outside = name_outside(frame, function, arguments, node, inside)
        if outside:
            yield outside


def waits_for_others(function: Function) -> bool:
    """Whether a function that flushes also awaits something that has nothing to do with its sessions."""
    node = function.node
    flushed = flushed_in(node.body) if isinstance(node, tree.FunctionDef) else set()

    def is_of_session(part: object) -> bool:
        text = dotted(part) if isinstance(part, (tree.Name, tree.Attr)) else ""
        return bool(text) and any(f"{name}.".startswith(f"{text}.") for name in flushed)

    awaits = (inner for inner in nodes_in(node.body) if isinstance(inner, tree.Await))
    return bool(flushed) and any(not any(map(is_of_session, nodes_in(one))) for one in awaits)


def sessions_left(frame: Frame, value: Value, node: tree.Await) -> list[str]:
    """The sessions that an awaited function may leave to be rolled back."""
    if not isinstance(value, Coroutine) or not isinstance(node.value, tree.Call):
        return []
    if value.function is None or value.call is None:
        return []
    function, call = value.function, node.value
    attempts = frame.ctx.derive(("silent attempts", function.key), lambda: _silent_attempts(function))
    return list(_sessions_left(frame, function, attempts, value.call, call)) if attempts else []


def _silent_attempts(function: Function) -> tuple[tree.Try, ...]:
    """The ``try`` statements of a function that neither rolls back nor returns a result, if they flush.

    It awaits nothing after them: a session with a failed flush would raise there, and not be left. What it
    awaits in a handler is asked of each handler.
    """
    node = function.node
    if not isinstance(node, tree.FunctionDef) or node.decorators or not node.is_async or node.is_generator:
        return ()
    attempts = tuple(one for one in node.body if isinstance(one, tree.Try) and not one.final)
    if not any(flushed_in(attempt.body) for attempt in attempts):
        return ()
    inner = list(nodes_in(node.body))
    undoes = any(isinstance(one, tree.Attr) and one.name in UNDOES for one in inner)
    tells = any(isinstance(one, tree.Return) and one.value is not None for one in inner)
    if undoes or tells:
        return ()
    return tuple(one for one in attempts if not _awaits(node.body[node.body.index(one) + 1 :]))


def _sessions_left(
    frame: Frame, function: Function, attempts: Sequence[tree.Try], given: Arguments, node: tree.Call
) -> Iterator[str]:
    """The sessions for which a function catches the error of its flush, and neither rolls back nor tells
    its caller. A handler of any error is written for others if its ``try`` does more than use the session.
    """
    for attempt in attempts:
        kinds = [kind for handler in attempt.handlers for kind in _kinds_kept(frame, function, handler)]
        if any(kind.startswith(ERRORS) for kind in kinds):
            is_sure = any(kind.startswith(ERRORS[0]) for kind in kinds)
            for inside in sorted(flushed_in(attempt.body) if kinds else ()):
                outside = name_outside(frame, function, given, node, inside)
                awaited = (one.value for one in nodes_in(attempt.body) if isinstance(one, tree.Await))
                if outside and (is_sure or all(_is_method_of(inside, one) for one in awaited)):
                    yield outside


def _kinds_kept(frame: Frame, function: Function, handler: tree.Handler) -> Iterator[str]:
    """The errors that a handler catches and does not raise again.

    What it awaits may end the transaction, or fails because of it.
    """
    if _awaits(handler.body) or any(isinstance(one, tree.Raise) for one in nodes_in(handler.body)):
        return
    if handler.type is None:
        yield ERRORS[-1]
    for kind in nodes_in(handler.type):
        if isinstance(kind, (tree.Name, tree.Attr)):
            found = names.dotted_value(frame.ctx, function.path, dotted(kind))
            yield found.dotted if isinstance(found, Library) else ""


def _awaits(body: list[Stmt]) -> bool:
    return any(isinstance(one, (tree.Await, tree.With, tree.For)) for one in nodes_in(body))


def _is_method_of(session: str, call: Expr) -> bool:
    return (
        isinstance(call, tree.Call)
        and isinstance(call.func, tree.Attr)
        and dotted(call.func.value) == session
    )


def flushed_in(body: list[Stmt]) -> set[str]:
    """What code certainly flushes, by its own names."""
    calls = [
        inner.value.func
        for statement in body
        if isinstance(statement, (tree.Assign, tree.ExprStmt, tree.Return))
        for inner in nodes_in(statement)
        if isinstance(inner, tree.Await) and isinstance(inner.value, tree.Call)
    ]
    return {dotted(func.value) for func in calls if isinstance(func, tree.Attr) and func.name in FLUSHES} - {
        name for statement in flat(body) for name in bound_names(statement)
    }


def name_outside(frame: Frame, function: Function, arguments: Arguments, node: tree.Call, inside: str) -> str:
    """What the caller of a function calls a session of it; empty if it does not name it, or it is none."""
    first, _, attribute = inside.partition(".")
    receiver, params = function.receiver, function.node.params
    if receiver is not None:
        if params and first == params[0].name and attribute and isinstance(node.func, tree.Attr):
            owner = dotted(node.func.value)
            value: Value = UNKNOWN
            if isinstance(receiver, Instance) and "." not in attribute:
                value = classes.instance_attribute(frame.ctx, receiver, attribute)
            return f"{owner}.{attribute}" if owner and sessions.is_surely_session(frame.ctx, value) else ""
        params = params[1:]
    for place, param in enumerate(params):
        given = written_argument(node, place, param.name) if param.name == inside else None
        value = arguments.get(place, param.name) or UNKNOWN
        if isinstance(given, (tree.Name, tree.Attr)) and sessions.is_surely_session(frame.ctx, value):
            return dotted(given)
    return ""


def _name_inside(frame: Frame, function: Function, node: tree.Call, session: str) -> str:
    """What a function calls a session of its caller; empty if it does not get it, or not surely."""
    params = function.node.params
    owner = dotted(node.func.value) if isinstance(node.func, tree.Attr) else ""
    if owner and session.startswith(f"{owner}.") and params and function.receiver is not None:
        return params[0].name + session.removeprefix(owner)
    rest = params[1:] if function.receiver is not None else params
    for param, given in zip(rest, node.args, strict=False):
        if isinstance(given, tree.Starred):
            return ""
        if dotted(given) == session and isinstance(given, (tree.Name, tree.Attr)):
            return param.name
    return next((one.name or "" for one in node.keywords if dotted(one.value) == session), "")


def _uses_first(node: tree.FunctionDef | tree.Lambda, session: str) -> bool:
    """Whether a function certainly works with a session, and nowhere ends its transaction or catches."""
    if not isinstance(node, tree.FunctionDef) or node.is_generator or not node.is_async:
        return False
    if session in {name for statement in flat(node.body) for name in bound_names(statement)}:
        return False
    if not _is_straight(node):
        return False
    for statement in node.body:
        if isinstance(statement, (tree.Assign, tree.ExprStmt, tree.Return)) and _works(statement, session):
            return True
        if isinstance(statement, (tree.If, tree.For, tree.While, tree.Match, tree.Return, tree.Raise)):
            return False
    return False


def _flushed_by(node: tree.FunctionDef) -> tuple[str, ...]:
    """What a function certainly flushes, if it catches no error and rolls nothing back."""
    flushed = flushed_in(node.body)
    return tuple(sorted(flushed)) if flushed and _is_straight(node) else ()


def _is_straight(node: tree.FunctionDef) -> bool:
    """Whether a function has no ``try``, no savepoint and no rollback."""
    return not any(
        isinstance(inner, tree.Try) or (isinstance(inner, tree.Attr) and inner.name in UNDOES)
        for inner in nodes_in(node.body)
    )


def _works(statement: object, session: str) -> bool:
    return any(
        isinstance(inner, tree.Await)
        and isinstance(inner.value, tree.Call)
        and isinstance(inner.value.func, tree.Attr)
        and inner.value.func.name in _WORKS
        and dotted(inner.value.func.value) == session
        for inner in nodes_in(statement)
    )
