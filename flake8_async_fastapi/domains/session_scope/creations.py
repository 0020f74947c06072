"""Calls that create coroutines, as written: the callee and the expressions of its arguments."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.domains.session_scope import deletes, holders
from flake8_async_fastapi.domains.session_scope.activity import Creation
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    Function,
    Library,
    Member,
    Partial,
    Value,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.knowledge import concurrency, member
from flake8_async_fastapi.knowledge.transactions import is_session_type

MAP: Final = "builtins.map"


def creation_by_call(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call) -> Creation | None:
    """A call of a coroutine or generator function, or of a session's method, with its expressions."""
    if not _may_be_later(callee):  # nearly all calls
        return None
    func, args = node.func, tuple(node.args)
    keywords = tuple((k.name, k.value) for k in node.keywords if k.name is not None)
    if isinstance(callee, Partial):
        bound = holders.assigned_expression(frame, node.func)
        if not isinstance(bound, tree.Call) or not bound.args:
            return None
        func, args = bound.args[0], (*bound.args[1:], *args)
        keywords = (*((k.name, k.value) for k in bound.keywords if k.name is not None), *keywords)
        arguments = arguments.after(*callee.args, keywords=callee.keywords)
        callee = callee.function
    around = tuple(frame.enclosing_loops), tuple(frame.branches)
    if isinstance(callee, Function) and (callee.is_async or callee.is_generator):
        return Creation(func, args, keywords, callee, arguments, *around)
    if isinstance(callee, Member) and is_session_type(callee.receiver.type):  # also that of a partial
        if callee.name == "delete" and not deletes.deleting_queries(frame.ctx, arguments.get(0, "instance")):
            return None
        known = member(callee.receiver.type, callee.name)
        if known is not None and known.kind == "async" and callee.name not in concurrency.ENDS:
            return Creation(func, args, keywords, None, arguments, *around)
    return None


def _may_be_later(callee: Value) -> bool:
    """Whether a call of a value may make a coroutine or a generator, or use a session."""
    if isinstance(callee, Function):
        return callee.is_async or callee.is_generator
    return isinstance(callee, Partial) or (
        isinstance(callee, Member) and is_session_type(callee.receiver.type)
    )


def creation_by_map(frame: Frame, callee: Library, arguments: Arguments, node: tree.Call) -> Creation | None:
    """``map(function, items)``: a call of the function for each item, as in a comprehension."""
    if callee.dotted != MAP or len(arguments.args) < 2 or arguments.opaque:
        return None
    items = tuple(UNKNOWN for _ in arguments.args[1:])
    written = tree.Call(node.line, node.col, node.args[0], [], [])  # each item is different
    made = creation_by_call(frame, arguments.args[0], Arguments(items), written)
    return replace(made, enclosing_loops=(*made.enclosing_loops, node)) if made is not None else None


def creation_of_callback(frame: Frame, arguments: Arguments, node: tree.Call) -> Creation | None:
    """A function that is passed with its arguments, as the call that will be made."""
    if not node.args or isinstance(node.args[0], tree.Starred):
        return None
    rest = arguments.rest()
    written = tree.Call(
        node.line, node.col, node.args[0], node.args[1:],
        [keyword for keyword in node.keywords if keyword.name not in ("name", "content", "background")],
    )  # fmt: skip
    function = arguments.args[0]
    if isinstance(function, Function) and not function.is_async and not function.is_generator:
        return None  # it runs in a thread, or does nothing with an async session
    return creation_by_call(frame, function, rest, written)
