"""Plain functions that FastAPI calls in a thread, and the async sessions that it passes to them."""

from __future__ import annotations

from flake8_async_fastapi.domains.fastapi import dependencies
from flake8_async_fastapi.domains.fastapi.events import SyncEndpoint
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import expressions, names
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Function, Object, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, nodes_in, subscript_parts
from flake8_async_fastapi.knowledge.transactions import is_session_type

_SAVES = frozenset({"commit", "begin"})


def report_sync_endpoint(frame: Frame, function: Function, outer: Frame) -> None:
    """Say so where a plain function has a dependency that gives it an AsyncSession."""
    node = function.node
    if not isinstance(node, tree.FunctionDef) or node.is_async:
        return
    for param in node.params:
        value = frame.state.env.get(param.name)
        if isinstance(value, Object) and is_session_type(value.type):
            target = _dependency_target(frame, param)
            if target is not None:
                frame.ctx.events.append(
                    SyncEndpoint(
                        frame.path,
                        node.line,
                        node.col,
                        frame.qualname,
                        node.name,
                        param.name,
                        _commits_itself(target),
                    )
                )


def _dependency_target(frame: Frame, param: tree.Param) -> Value | None:
    """What the ``Depends`` of a parameter calls, in its default or its annotation."""
    written = [param.default] if param.default is not None else []
    annotation = param.annotation
    outer = frame
    if isinstance(annotation, tree.Name):  # an alias such as `SessionDep`
        found = names.only_definition(frame.ctx, frame.path, annotation.id)
        if found is not None and isinstance(found[1], tree.Assign) and found[1].value is not None:
            outer, annotation = Frame(frame.ctx, found[0], ""), found[1].value
    if isinstance(annotation, tree.Subscript):
        written += subscript_parts(annotation)[1:]
    for expression in written:
        target = dependencies.dependency_target(expressions.evaluate(outer, State(), expression))
        if target is not None:
            return target
    return None


def _commits_itself(provider: Value) -> bool:
    """Whether the dependency that gives the session commits when the endpoint is done."""
    if not isinstance(provider, Function):
        return True  # nobody can say
    return any(
        isinstance(node, tree.Attr) and node.name in _SAVES and dotted(node) != ""
        for node in nodes_in(provider.node.body)
    )
