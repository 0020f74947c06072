"""Functions of the project that run what they are given in a task that nobody awaits.

Caches with early refresh do so with the function that they wrap, helpers with a coroutine or a function.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.session_scope import creations, holders
from flake8_async_fastapi.domains.session_scope.activity import Activity, Creation, Session
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.values import Arguments, Coroutine, Function
from flake8_async_fastapi.engine.walks import held_coroutines
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, nodes_in

_STARTS: Final = ("create_task", "ensure_future")
_KEEPS: Final = ("add", "append", "add_done_callback")
"""Methods that only keep a task from being collected."""


def sessions_left(frame: Frame, callee: Function, arguments: Arguments, node: tree.Call) -> Iterator[Session]:
    """The sessions that a call of a function leaves to a task which nobody awaits."""
    yield from _sessions_kept(frame, callee, node)
    made = _creations_left(frame, callee, arguments, node)
    yield from sorted({session for creation in made for session in holders.sessions_of(frame, creation)})


def _sessions_kept(frame: Frame, callee: Function, node: tree.Call) -> Iterator[Session]:
    """The sessions among the arguments of a wrapper that may use them after the call has returned."""
    if callee.closure is None:
        return
    if not frame.ctx.query(("keeps arguments", callee.key), lambda: _keeps_arguments(callee.node), False):
        return
    for written in (*node.args, *(keyword.value for keyword in node.keywords)):
        holder = holders.holder_of(frame, written) if holders.holds_session(frame, written) else None
        if holder is not None:
            yield holder


def _creations_left(
    frame: Frame, callee: Function, arguments: Arguments, node: tree.Call
) -> Iterator[Creation]:
    """The coroutines that a function gets, and leaves to a task that nobody awaits.

    Or the one that it makes by calling its first argument with the others.
    """
    if not arguments.args:
        return
    kinds = list(map(type, arguments.args))
    if Coroutine not in kinds and kinds[0] is not Function:
        return
    left = frame.ctx.derive(("left to tasks", callee.key), lambda: _left_to_tasks(callee))
    for param, value, is_called in left:
        given = arguments.get(value, param)
        if is_called and value == 0:
            made = creations.creation_of_callback(frame, arguments, node)
            if made is not None:
                yield made
        elif given is not None and not is_called:
            known = frame.notes_of(Activity).creations
            yield from (known[one.origin] for one in held_coroutines(given) if one.origin in known)


def _left_to_tasks(function: Function) -> tuple[tuple[str, int, bool], ...]:
    """The parameters that a function leaves to tasks that nobody awaits: with the place of each, and whether
    it calls them for a coroutine.
    """
    node = function.node
    if not isinstance(node, tree.FunctionDef):
        return ()
    params = [param.name for param in node.params if param.kind != "*"][function.receiver is not None :]
    found: list[tuple[str, int, bool]] = []
    for call in nodes_in(node.body):
        if isinstance(call, tree.Call) and dotted(call.func).endswith(_STARTS) and len(call.args) == 1:
            made = call.args[0]
            name = dotted(made.func if isinstance(made, tree.Call) else made)
            if name in params and not _is_awaited(node, call) and not _may_be_awaited_later(node):
                found.append((name, params.index(name), isinstance(made, tree.Call)))
    return tuple(found)


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


def _may_be_awaited_later(node: tree.FunctionDef) -> bool:
    """Whether a function puts something into a list: whoever has the list may await it."""
    return any(isinstance(inner, tree.Attr) and inner.name == "append" for inner in nodes_in(node.body))


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
