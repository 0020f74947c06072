"""Plain functions that FastAPI calls in a thread with an async session."""

from __future__ import annotations

from flake8_async_fastapi.domains.fastapi import dependencies
from flake8_async_fastapi.domains.fastapi.events import SyncEndpoint
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.values import Function, Object, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, nodes_in
from flake8_async_fastapi.knowledge.transactions import is_session_type

_SAVES = frozenset({"commit", "begin"})


def report_sync_endpoint(frame: Frame, function: Function, outer: Frame) -> None:
    """Report a plain function with a dependency that provides an AsyncSession."""
    node = function.node
    if not isinstance(node, tree.FunctionDef) or node.is_async:
        return
    for param in node.params:
        value = frame.state.env.get(param.name)
        if isinstance(value, Object) and is_session_type(value.type):
            target = dependencies.target_of_parameter(frame, param)
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


def _commits_itself(provider: Value) -> bool:
    """Whether the dependency that provides the session commits when the endpoint has returned."""
    if not isinstance(provider, Function):
        return True  # not known
    return any(
        isinstance(node, tree.Attr) and node.name in _SAVES and dotted(node) != ""
        for node in nodes_in(provider.node.body)
    )
