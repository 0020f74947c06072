"""Functions of the project that flush a session of their caller, or use one whose flush has failed.

Only what they do for certain counts: outside of conditions, and with no ``try`` and no rollback.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flake8_async_fastapi.domains.database import sessions
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import classes
from flake8_async_fastapi.engine.values import UNKNOWN, Arguments, Function, Instance, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import bound_names, dotted, flat, nodes_in, written_argument
from flake8_async_fastapi.knowledge.transactions import FLUSHES, ROLLS_BACK, STATEMENTS

_WORKS = STATEMENTS | {"commit", "begin_nested"}
_UNDOES = ROLLS_BACK | {"begin_nested"}


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
    if frame.place_of(node).position not in frame.awaited_calls or not _is_straight(body):
        return
    for inside in sorted(_flushed_in(body)):
        outside = _name_outside(frame, function, arguments, node, inside)
        if outside:
            yield outside


def waits_for_others(function: Function) -> bool:
    """Whether a function that flushes also awaits something that has nothing to do with its sessions."""
    node = function.node
    flushed = _flushed_in(node) if isinstance(node, tree.FunctionDef) else set()

    def is_of_session(part: object) -> bool:
        text = dotted(part) if isinstance(part, (tree.Name, tree.Attr)) else ""
        return bool(text) and any(f"{name}.".startswith(f"{text}.") for name in flushed)

    awaits = (inner for inner in nodes_in(node.body) if isinstance(inner, tree.Await))
    return bool(flushed) and any(not any(map(is_of_session, nodes_in(one))) for one in awaits)


def _flushed_in(node: tree.FunctionDef) -> set[str]:
    """What a function certainly flushes, by its own names."""
    calls = [
        inner.value.func
        for statement in node.body
        if isinstance(statement, (tree.Assign, tree.ExprStmt, tree.Return))
        for inner in nodes_in(statement)
        if isinstance(inner, tree.Await) and isinstance(inner.value, tree.Call)
    ]
    return {
        dotted(func.value) for func in calls if isinstance(func, tree.Attr) and func.name in FLUSHES
    } - {name for statement in flat(node.body) for name in bound_names(statement)}


def _name_outside(
    frame: Frame, function: Function, arguments: Arguments, node: tree.Call, inside: str
) -> str:
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


def _is_straight(node: tree.FunctionDef) -> bool:
    """Whether a function has no ``try``, no savepoint and no rollback."""
    return not any(
        isinstance(inner, tree.Try) or (isinstance(inner, tree.Attr) and inner.name in _UNDOES)
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
