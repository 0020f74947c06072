"""Sessions in a ``ContextVar``, and middlewares that read them after the request.

``BaseHTTPMiddleware`` runs the application in a task with a copy of its context: a value set below
``call_next`` is not visible above it.
"""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.database.events import SessionLeftOpen
from flake8_async_fastapi.domains.fastapi.context_variables import (
    calls_of_next,
    ends_session,
    is_set_below,
)
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, flat


def report_unseen_session(frame: Frame) -> None:
    """Report a middleware that closes the session of a variable which is set below it."""
    function = frame.node
    if not isinstance(function, tree.FunctionDef) or not function.is_async:
        return
    if not any(param.name == "call_next" for param in function.params):
        return
    line = min((call.line for call in calls_of_next(function)), default=None)
    if line is None:
        return
    for variable, read in _variables_read(function):
        if read.line >= line and ends_session(function, read) and is_set_below(frame, function, variable):
            frame.emit_event(SessionLeftOpen(*frame.at(read), f"{variable}.get()", "variable"))


def _variables_read(function: tree.FunctionDef) -> Iterator[tuple[str, tree.Call]]:
    """The assignments ``target = variable.get()`` of a function."""
    for statement in flat(function.body):
        match statement:
            case tree.Assign(
                targets=[tree.Name()], value=tree.Call(func=tree.Attr(value=variable, name="get")) as read
            ) if dotted(variable):
                yield dotted(variable), read
