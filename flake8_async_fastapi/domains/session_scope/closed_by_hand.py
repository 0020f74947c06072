"""Sessions that a function closes in a ``finally``, and tasks that it leaves running with them."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.session_scope.activity import RunningTask
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import names
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import Function
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Stmt
from flake8_async_fastapi.facts.walk import dotted, flat, nodes_in


def closes(frame: Frame, name: str, place: Place) -> bool:
    """Whether a function closes the session of a variable in the ``finally`` of a ``try`` around a call."""
    return any(
        any(
            f"{name}.close" == dotted(node.func)
            for node in nodes_in(attempt.final)
            if isinstance(node, tree.Call)
        )
        and any(
            isinstance(node, tree.Call) and (node.line, node.col) == place.position
            for node in nodes_in(attempt.body)
        )
        for attempt in flat(_code_of(frame))
        if isinstance(attempt, tree.Try)
    )


def leaves_running(frame: Frame, task: RunningTask) -> bool:
    """Whether a function only stores a task, and awaits nothing afterwards that may wait for it."""
    for statement in flat(_code_of(frame)):
        match statement:
            case tree.Assign(targets=[tree.Subscript(value=owner) | tree.Attr(value=owner)], value=made):
                if isinstance(made, tree.Call) and (made.line, made.col) == task.place.position:
                    kept = dotted(owner).rpartition(".")[2]
                    return bool(kept) and all(
                        _is_other(frame, one, kept) for one in _awaited_after(frame, made)
                    )
    return False


def _awaited_after(frame: Frame, made: tree.Call) -> Iterator[tree.Await | tree.Yield]:
    """What a function awaits after a call, or yields: others may go on with the task there."""
    for node in nodes_in(_code_of(frame)):
        if isinstance(node, (tree.Await, tree.Yield)) and (node.line, node.col) > (made.line, made.col):
            yield node


def _is_other(frame: Frame, awaited: tree.Await | tree.Yield, kept: str) -> bool:
    """Whether an ``await`` has nothing to do with a container: a session is closed, or a function is called
    that does not mention it, and calls none that may.
    """
    call = awaited.value
    if not isinstance(call, tree.Call) or isinstance(awaited, tree.Yield):
        return False
    if isinstance(call.func, tree.Attr) and call.func.name in ("close", "rollback"):
        return True
    called = names.dotted_value(frame.ctx, frame.path, dotted(call.func)) if dotted(call.func) else None
    if not isinstance(called, Function):
        return False
    inside = list(nodes_in(called.node.body))
    awaits = (node.value for node in inside if isinstance(node, tree.Await))
    return all(
        isinstance(one, tree.Call) and dotted(one.func) == "asyncio.sleep" for one in awaits
    ) and not any(
        isinstance(node, (tree.Name, tree.Attr)) and dotted(node).rpartition(".")[2] == kept
        for node in inside
    )


def _code_of(frame: Frame) -> list[Stmt]:
    return frame.node.body if isinstance(frame.node, tree.FunctionDef) else []
