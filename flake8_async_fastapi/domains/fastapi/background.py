"""Background tasks that nobody runs.

FastAPI passes the tasks of a ``BackgroundTasks`` parameter to the response that a route returns, unless the
response has its own tasks. A route that fails returns no response. Dependencies end after the tasks have run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.database.kept import is_of_module
from flake8_async_fastapi.domains.fastapi import applications, dependencies
from flake8_async_fastapi.domains.fastapi.events import BackgroundTasksDropped
from flake8_async_fastapi.domains.fastapi.routes import REGISTERED, ROUTE
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import expressions, functions, type_hints
from flake8_async_fastapi.engine.places import Position
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import Arguments, Function, Member, Object, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import blocks, flat, nodes_in
from flake8_async_fastapi.knowledge import is_subtype

_TASKS: Final = "starlette.background.BackgroundTasks"
_TASK: Final = "starlette.background.BackgroundTask"
_RESPONSE: Final = "starlette.responses.Response"
_ENDS_LATE: Final = (0, 118)
"""The first FastAPI in which dependencies end after the response, and its tasks."""
_FARTHEST: Final = 4
"""Dependencies of dependencies that are looked at."""


# --- replaced by those of the response -----------------------------------------------------------


def report_replaced(frame: Frame, value: Value, place: Position) -> None:
    """Report a route that returns a response with its own tasks after other tasks were added."""
    if not frame.emit or frame.role != ROUTE or not isinstance(value, Object):
        return
    node = frame.node
    if not is_subtype(value.type, _RESPONSE) or not isinstance(node, tree.FunctionDef):
        return
    reason = _reason_to_drop(frame, value)
    around = Frame(frame.ctx, frame.path, "", owner=frame.owner, closure=frame.closure)
    for owner in _adders(around, node, node.name, _FARTHEST) if reason else ():
        at = (frame.path, *place, frame.qualname)
        frame.emit_event(BackgroundTasksDropped(*at, "the response", reason, owner))
        return


def _reason_to_drop(frame: Frame, response: Object) -> str:
    """Why a response does not get the tasks that its request adds; empty if it may.

    It has its own, or it is one object for all requests, which keeps those of the first one.
    """
    own = response.argument("background")
    if isinstance(own, Object):
        return "replaced" if own.origin is not None and own.type in (_TASK, _TASKS) else ""
    made = response.origin
    is_shared = made is not None and not made.path.startswith("<") and is_of_module(frame.ctx, made)
    return "shared" if is_shared and own is None else ""


def _adders(frame: Frame, node: tree.FunctionDef, name: str, depth: int) -> Iterator[str]:
    """The functions that get and use the BackgroundTasks of one request."""
    if any(_uses(node, param.name) for param in node.params if _takes_tasks(frame, param)):
        yield name
    if depth:
        for target in _dependencies(frame, node):
            if isinstance(target, Function) and isinstance(target.node, tree.FunctionDef):
                outer = Frame(frame.ctx, target.path, "", owner=target.owner, closure=target.closure)
                yield from _adders(outer, target.node, target.name, depth - 1)


def _takes_tasks(frame: Frame, param: tree.Param) -> bool:
    if param.annotation is None:
        return False
    value = type_hints.declared_value(frame, State(), param.annotation)
    return isinstance(value, Object) and value.type == _TASKS


def _uses(node: tree.FunctionDef, name: str) -> bool:
    return any(isinstance(inner, tree.Name) and inner.id == name for inner in nodes_in(node.body))


def _dependencies(frame: Frame, node: tree.FunctionDef) -> Iterator[Value]:
    """The dependencies of a route or dependency, from its parameters and decorator."""
    for param in node.params:
        target = dependencies.target_of_parameter(frame, param)
        if target is not None:
            yield target
    for decorator in node.decorators:
        for keyword in decorator.keywords if isinstance(decorator, tree.Call) else ():
            if keyword.name == "dependencies" and isinstance(keyword.value, tree.Display):
                for item in keyword.value.items:
                    target = dependencies.dependency_target(expressions.evaluate(frame, State(), item))
                    if target is not None:
                        yield target


# --- never given to a response -------------------------------------------------------------------


def report_unattached(
    frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value
) -> None:
    """Report a function that makes a BackgroundTasks, adds tasks, and does nothing else with it."""
    if arguments.args:
        return
    if not isinstance(frame.node, tree.FunctionDef):
        return
    for statement in flat(frame.node.body):
        match statement:
            case tree.Assign(targets=[tree.Name(id=name)], value=made) if made is node:
                is_lost = _only_adds(frame.node, name)
            case tree.Assign(targets=[tree.Attr(name=name) as kept], value=made) if made is node:
                is_lost = frame.receiver is not None and _is_only_added_to(frame, kept)
            case _:
                continue
        if is_lost:
            frame.emit_event(BackgroundTasksDropped(*frame.at(node), for_message(node), "unattached"))


def _only_adds(function: tree.FunctionDef, name: str) -> bool:
    """Whether a function does nothing with a variable except add tasks to it."""
    added, mentioned = 0, 0
    for inner in nodes_in(function.body):
        match inner:
            case tree.Call(func=tree.Attr(value=tree.Name(id=owner), name="add_task")) if owner == name:
                added += 1
            case tree.Name(id=owner) if owner == name:
                mentioned += 1
    return added > 0 and mentioned == added + 1


def _is_only_added_to(frame: Frame, kept: tree.Attr) -> bool:
    """Whether all that the project does with an attribute of an object is to set it once and add tasks."""
    added = 0
    for path in frame.ctx.project.mentioning(kept.name):
        nodes = list(nodes_in(frame.ctx.project.body(path)))
        adds = [one.value for one in nodes if isinstance(one, tree.Attr) and one.name == "add_task"]
        added += sum(isinstance(one, tree.Attr) and one.name == kept.name for one in adds)
        for one in nodes:
            if isinstance(one, tree.Attr) and one.name == kept.name:
                if one is not kept and not any(one is owner for owner in adds):
                    return False
            elif isinstance(one, tree.Const) and one.value == kept.name:
                return False  # getattr(), perhaps
    return added > 0


def report_dropped(frame: Frame, value: Value, node: Expr) -> None:
    """Report a statement that makes a BackgroundTask and drops it."""
    if frame.emit and isinstance(value, Object) and value.type == _TASK and isinstance(node, tree.Call):
        frame.emit_event(BackgroundTasksDropped(*frame.at(node), for_message(node), "unattached"))


# --- lost with the request -----------------------------------------------------------------------


def report_raised(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Report a route that adds a task and then certainly raises an exception."""
    if frame.role != ROUTE or not isinstance(callee, Member) or not isinstance(frame.node, tree.FunctionDef):
        return
    is_given = callee.receiver.type == _TASKS and callee.receiver.declared
    if is_given and _raises_after(frame.node.body, node):
        frame.emit_event(BackgroundTasksDropped(*frame.at(node), for_message(node), "raised"))


def report_late(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Report a dependency that adds a task after its ``yield``: since 0.118 the tasks have run then."""
    function = frame.node
    if frame.role != REGISTERED or not isinstance(callee, Member):
        return
    given = callee.receiver
    if not isinstance(function, tree.FunctionDef) or not function.is_generator:
        return
    if given.type != _TASKS or not given.declared:
        return
    lines = [inner.line for inner in nodes_in(function.body) if isinstance(inner, tree.Yield)]
    if len(lines) != 1 or node.line <= lines[0] or frame.enclosing_loops:
        return
    if frame.ctx.project.requirements_of(frame.path).at_least("fastapi", _ENDS_LATE) is False:
        return
    if applications.may_end_after_response(frame.ctx, functions.as_function(frame.path, function)):
        frame.emit_event(BackgroundTasksDropped(*frame.at(node), for_message(node), "late"))


def _raises_after(block: list[Stmt], call: tree.Call) -> bool:
    """Whether a call that is a statement is certainly followed by an uncaught exception."""
    for at, statement in enumerate(block):
        if isinstance(statement, tree.ExprStmt) and statement.value is call:
            rest = block[at + 1 :]
            return bool(rest) and isinstance(rest[-1], tree.Raise) and all(map(_goes_on, rest[:-1]))
        if not isinstance(statement, tree.Try) or not statement.handlers:
            if any(_raises_after(inner, call) for inner in blocks(statement)):
                return True
        elif any(_raises_after(handler.body, call) for handler in statement.handlers):
            return True
    return False


def _goes_on(statement: Stmt) -> bool:
    return isinstance(statement, (tree.ExprStmt, tree.Assign, tree.AugAssign))
