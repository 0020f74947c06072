"""Sessions in a ``ContextVar``, and middlewares that look for them when the request is over.

``BaseHTTPMiddleware`` runs the application in a task with a copy of its context: what is set below
``call_next`` is not seen above it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.database.events import SessionLeftOpen
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import names
from flake8_async_fastapi.engine.values import Function
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, flat, nodes_in
from flake8_async_fastapi.knowledge.transactions import ENDS

_ENDS: Final = frozenset({*ENDS, "remove"})


def report_unseen_session(frame: Frame) -> None:
    """Say so where a middleware closes the session of a variable that is set below it."""
    function = frame.node
    if not isinstance(function, tree.FunctionDef) or not function.is_async:
        return
    if not any(param.name == "call_next" for param in function.params):
        return
    line = min((call.line for call in _calls_of_next(function)), default=None)
    if line is None:
        return
    for variable, read, target in _variables_read(function):
        if read.line >= line and _is_ended(function, target) and _is_set_below(frame, function, variable):
            frame.emit_event(SessionLeftOpen(*frame.at(read), f"{variable}.get()", "variable"))


def _calls_of_next(function: tree.FunctionDef) -> Iterator[tree.Call]:
    for node in nodes_in(function.body):
        if isinstance(node, tree.Call) and dotted(node.func) == "call_next":
            yield node


def _variables_read(function: tree.FunctionDef) -> Iterator[tuple[str, tree.Call, str]]:
    """The assignments ``target = variable.get()`` of a function."""
    for statement in flat(function.body):
        match statement:
            case tree.Assign(
                targets=[tree.Name(id=target)],
                value=tree.Call(func=tree.Attr(value=variable, name="get")) as read,
            ) if dotted(variable):
                yield dotted(variable), read, target


def _is_ended(function: tree.FunctionDef, name: str) -> bool:
    """Whether a function closes a session of some name, or ends its transaction."""
    return any(
        isinstance(node, tree.Attr) and node.name in _ENDS and dotted(node.value) == name
        for node in nodes_in(function.body)
    )


def _is_set_below(frame: Frame, function: tree.FunctionDef, variable: str) -> bool:
    """Whether functions of the project set a variable, but no middleware and nothing that this one calls."""
    setters = _setters(frame.ctx, variable.rpartition(".")[2])
    called = [
        callee.node
        for node in nodes_in(function.body)
        if isinstance(node, tree.Call) and dotted(node.func)
        if isinstance(callee := names.dotted_value(frame.ctx, frame.path, dotted(node.func)), Function)
    ]
    return bool(setters) and not any(
        setter == function or setter in called or {"call_next", "receive"} & {p.name for p in setter.params}
        for setter in setters
    )


def _setters(ctx: Context, variable: str) -> list[tree.FunctionDef]:
    """The functions of the project that set a variable of some name."""
    return [
        node
        for path in ctx.project.mentioning(variable)
        for node in nodes_in(ctx.project.body(path))
        if isinstance(node, tree.FunctionDef)
        and any(
            isinstance(inner, tree.Attr)
            and inner.name == "set"
            and dotted(inner.value).rpartition(".")[2] == variable
            for inner in nodes_in(node.body)
        )
    ]
