"""Wrappers that call the wrapped function in a task that nobody awaits, as caches with early refresh do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.session_scope import holders
from flake8_async_fastapi.domains.session_scope.activity import Session
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.values import Function, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, nodes_in

_STARTS: Final = ("create_task", "ensure_future")
_KEEPS: Final = ("add", "append", "add_done_callback")
"""Methods that only keep a task from being collected."""


def sessions_kept(frame: Frame, callee: Value, node: tree.Call) -> Iterator[Session]:
    """The sessions among the arguments of a wrapper that may use them after the call has returned."""
    if not isinstance(callee, Function) or callee.closure is None:
        return
    if not frame.ctx.query(("keeps arguments", callee.key), lambda: _keeps_arguments(callee.node), False):
        return
    for written in (*node.args, *(keyword.value for keyword in node.keywords)):
        holder = holders.holder_of(frame, written) if holders.holds_session(frame, written) else None
        if holder is not None:
            yield holder


def _keeps_arguments(node: object) -> bool:
    """Whether a function passes its ``*args`` to a task that nobody awaits."""
    if not isinstance(node, tree.FunctionDef):
        return False
    rest = {param.name for param in node.params if param.kind == "*"}
    passing = {
        inner.name
        for inner in nodes_in(node.body)
        if isinstance(inner, tree.FunctionDef) and _passes_on(inner.body, rest)
    }
    return any(
        isinstance(call, tree.Call)
        and dotted(call.func).endswith(_STARTS)
        and any(isinstance(made, tree.Call) and _calls(made, passing, rest) for made in call.args[:1])
        and not _is_awaited(node, call)
        for call in (nodes_in(node.body) if rest else ())
    )


def _calls(made: tree.Call, passing: set[str], rest: set[str]) -> bool:
    return dotted(made.func) in passing or _passes_on(made, rest)


def _passes_on(code: object, rest: set[str]) -> bool:
    """Whether code passes ``*args`` on."""
    return any(isinstance(inner, tree.Starred) and dotted(inner.value) in rest for inner in nodes_in(code))


def _is_awaited(node: tree.FunctionDef, call: Expr) -> bool:
    """Whether a function may await the task that a call starts: it does more than keep it."""
    inside = list(nodes_in(node.body))
    assigned = [inner for inner in inside if isinstance(inner, tree.Assign)]
    held = {dotted(target) for inner in assigned if inner.value is call for target in inner.targets}
    if not held:
        return not any(isinstance(inner, tree.ExprStmt) and inner.value is call for inner in inside)
    kept = {id(target) for inner in assigned for target in inner.targets}
    for inner in inside:
        if isinstance(inner, tree.Call) and isinstance(inner.func, tree.Attr) and inner.func.name in _KEEPS:
            kept.update(id(part) for part in (inner.func.value, *inner.args))
    names = (inner for inner in inside if isinstance(inner, tree.Name) and id(inner) not in kept)
    return any(name.id in held for name in names)
