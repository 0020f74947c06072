"""Functions of the project that get a session whose flush has failed, and use it before they roll it back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.values import Function
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import bound_names, dotted, flat, nodes_in
from flake8_async_fastapi.knowledge.transactions import ROLLS_BACK, STATEMENTS

_WORKS = STATEMENTS | {"commit", "begin_nested"}


def sessions_used(frame: Frame, function: Function, node: tree.Call, broken: Iterable[str]) -> Iterator[str]:
    """The failed sessions that a call passes on, or that its object has, and that the function uses."""
    for session in sorted(broken):
        inside = _name_inside(frame, function, node, session)
        if inside and _uses_first(function.node, inside):
            yield session


def _name_inside(frame: Frame, function: Function, node: tree.Call, session: str) -> str:
    """What a function calls a session of its caller; empty if it does not get it, or not surely."""
    params = function.node.params
    me = frame.receiver_name
    is_own = isinstance(node.func, tree.Attr) and dotted(node.func.value) == me
    if me and is_own and session.startswith(f"{me}.") and params and function.receiver is not None:
        return params[0].name + session.removeprefix(me)
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
    for inner in nodes_in(node.body):
        if isinstance(inner, tree.Try) or (isinstance(inner, tree.Attr) and inner.name in ROLLS_BACK):
            return False
    for statement in node.body:
        if isinstance(statement, (tree.Assign, tree.ExprStmt, tree.Return)) and _works(statement, session):
            return True
        if isinstance(statement, (tree.If, tree.For, tree.While, tree.Match, tree.Return, tree.Raise)):
            return False
    return False


def _works(statement: object, session: str) -> bool:
    return any(
        isinstance(inner, tree.Await)
        and isinstance(inner.value, tree.Call)
        and isinstance(inner.value.func, tree.Attr)
        and inner.value.func.name in _WORKS
        and dotted(inner.value.func.value) == session
        for inner in nodes_in(statement)
    )
