"""Context variables that are set in a context that their readers do not see.

FastAPI runs a plain dependency in a thread, with a copy of the context: a value that it sets is gone when
it returns. A plain generator is entered in one copy and left in another. ``BaseHTTPMiddleware`` runs the
application in a task with a copy: a value that is set below ``call_next`` is not visible above it. A server
runs the lifespan in a task of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.fastapi.applications import APPLICATION
from flake8_async_fastapi.domains.fastapi.events import ContextVariableLost
from flake8_async_fastapi.domains.fastapi.reach import called_function, functions_reached
from flake8_async_fastapi.domains.fastapi.routes import REGISTERED
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import definitions, functions, names, type_hints
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import ModuleValue, Object
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, nodes_in
from flake8_async_fastapi.knowledge import is_subtype
from flake8_async_fastapi.knowledge.transactions import ENDS
from flake8_async_fastapi.project.modules import is_test

_CALLS_FOLLOWED: Final = 2
_ENDS: Final = frozenset({*ENDS, "remove"})


def report_lost(frame: Frame) -> None:
    """Report a dependency, middleware or lifespan that loses the value of a context variable."""
    function = frame.node
    if not isinstance(function, tree.FunctionDef):
        return
    if frame.role == REGISTERED and not function.is_async:
        _report_thread(frame, function)
    elif function.is_async and any(param.name == "call_next" for param in function.params):
        _report_middleware(frame, function)
    elif _is_lifespan(frame, function):
        _report_set(frame, function, "lifespan")


def _report_thread(frame: Frame, function: tree.FunctionDef) -> None:
    """Report a plain dependency: the values that it sets are lost, and a generator cannot reset them."""
    resets = [use for use in _uses(frame, function, "reset") if function.is_generator]
    for call, variable in resets:
        frame.emit_event(ContextVariableLost(*frame.at(call), variable, "reset", function.name))
    if not resets:
        _report_set(frame, function, "thread")


def _report_set(frame: Frame, function: tree.FunctionDef, how: str) -> None:
    """Report code that sets a variable whose other readers do not see the value."""
    start = functions.as_function(frame.path, function)
    reached = [one.node for one in functions_reached(frame.ctx, start, _CALLS_FOLLOWED)]
    for call, variable in _set_by(frame, function):
        readers = _users(frame.ctx, variable, "get")
        if readers and not is_test(frame.path) and not any(reader in reached for reader in readers):
            frame.emit_event(ContextVariableLost(*frame.at(call), variable, how, function.name))


def _report_middleware(frame: Frame, function: tree.FunctionDef) -> None:
    """Report a middleware that reads a variable after ``call_next`` which is set below it."""
    line = min((call.line for call in calls_of_next(function)), default=None)
    for call, variable in _uses(frame, function, "get") if line is not None else ():
        if line is None or call.line <= line or ends_session(function, call):
            continue  # a session that nobody closes then is reported elsewhere
        if is_set_below(frame, function, variable):
            frame.emit_event(ContextVariableLost(*frame.at(call), variable, "middleware", function.name))


def calls_of_next(function: tree.FunctionDef) -> Iterator[tree.Call]:
    """The calls by which a middleware runs the application."""
    for node in nodes_in(function.body):
        if isinstance(node, tree.Call) and dotted(node.func) == "call_next":
            yield node


def ends_session(function: tree.FunctionDef, read: tree.Call) -> bool:
    """Whether a function closes the session that a call returns, or ends its transaction."""
    targets = {
        dotted(target)
        for node in nodes_in(function.body)
        if isinstance(node, tree.Assign) and node.value == read
        for target in node.targets
    }
    return any(
        isinstance(node, tree.Attr) and node.name in _ENDS and dotted(node.value) in targets
        for node in nodes_in(function.body)
    )


def is_set_below(frame: Frame, function: tree.FunctionDef, variable: str) -> bool:
    """Whether functions of the project set a variable, but no middleware or function called by this one
    does.
    """
    setters = _users(frame.ctx, variable, "set")
    start = functions.as_function(frame.path, function)
    reached = [one.node for one in functions_reached(frame.ctx, start, 1)]
    return bool(setters) and not any(
        setter in reached or {"call_next", "receive"} & {param.name for param in setter.params}
        for setter in setters
    )


def _set_by(frame: Frame, function: tree.FunctionDef) -> Iterator[tuple[tree.Call, str]]:
    """The calls by which a function sets variables, directly or through a helper."""
    yield from _uses(frame, function, "set")
    for node in nodes_in(function.body):
        helper = called_function(frame.ctx, frame.path, node)
        if isinstance(node, tree.Call) and helper is not None and not helper.is_generator:
            inside = Frame(frame.ctx, helper.path, "")
            for _, variable in _uses(inside, helper.node, "set"):
                yield node, variable


def _uses(
    frame: Frame, function: tree.FunctionDef | tree.Lambda, method: str
) -> Iterator[tuple[tree.Call, str]]:
    """The calls of one method on context variables of a module, each with its variable."""
    for node in nodes_in(function.body):
        match node:
            case tree.Call(func=tree.Attr(value=owner, name=name)) if name == method and dotted(owner):
                if _is_variable(frame.ctx, frame.path, dotted(owner)):
                    yield node, dotted(owner)


def _is_variable(ctx: Context, path: str, text: str) -> bool:
    """Whether a name is a ``ContextVar`` of a module."""
    owner, _, name = text.rpartition(".")
    if owner:
        module = names.dotted_value(ctx, path, owner)
        path = module.path if isinstance(module, ModuleValue) else ""
    found = definitions.only_definition(ctx, path, name) if path else None
    match found:
        case (_, tree.Assign(value=tree.Call(func=func))):
            return dotted(func).rpartition(".")[2] == "ContextVar"
    return False


def _users(ctx: Context, variable: str, method: str) -> list[tree.FunctionDef]:
    """The functions of the project that call a method of a variable of some name."""
    last = variable.rpartition(".")[2]
    return [
        function
        for path in ctx.project.mentioning(last)
        for function in nodes_in(ctx.project.body(path))
        if isinstance(function, tree.FunctionDef)
        and any(
            isinstance(node, tree.Attr)
            and node.name == method
            and dotted(node.value).rpartition(".")[2] == last
            for node in nodes_in(function.body)
        )
    ]


def _is_lifespan(frame: Frame, function: tree.FunctionDef) -> bool:
    """Whether a function is the lifespan of an application, or handles its start-up."""
    called = [part.func if isinstance(part, tree.Call) else part for part in function.decorators]
    if any(dotted(part).rpartition(".")[2] == "on_event" for part in called):
        return True
    if not (function.is_async and function.is_generator and called and len(function.params) == 1):
        return False
    annotation = function.params[0].annotation
    value = None if annotation is None else type_hints.declared_value(frame, State(), annotation)
    return isinstance(value, Object) and is_subtype(value.type, APPLICATION)
