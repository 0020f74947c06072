"""Dependencies and context managers that provide a session, close it, and never commit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.fastapi import dependencies
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import functions, names
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import Function, Library, Member, Object
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import bound_names, dotted, flat, nodes_in

_COMMITS: Final = ("commit", "begin")
_DEEPEST: Final = 3
"""How many functions are followed that give the session one to another."""
_FACTORIES: Final = ("sessionmaker", "async_scoped_session")


def request_only_closes(frame: Frame, session: Place) -> bool:
    """Whether a route's session comes from dependencies that only close it, and nothing commits it."""
    maker, node = function_around(frame.ctx, session), frame.node
    if maker is None or not isinstance(node, tree.FunctionDef):
        return False
    used = dependencies.functions_before(frame, node)
    giving = [given for given, _ in used if maker.key in _functions_followed(frame.ctx, given)]
    if not giving or not all(only_closes(frame.ctx, given) for given in giving):
        return False
    return not _commits_around_requests(frame.ctx)


def _functions_followed(ctx: Context, function: Function) -> frozenset[Place]:
    """A dependency, and the functions that it calls for its value."""
    return ctx.query(
        ("followed", function.key), lambda: frozenset(_find_followed(ctx, function)), frozenset[Place]()
    )


def _find_followed(ctx: Context, function: Function) -> Iterator[Place]:
    yield function.key
    for node in nodes_in(function.node.body):
        if isinstance(node, tree.Call) and (text := dotted(node.func)):
            callee = names.dotted_value(ctx, function.path, text)
            if isinstance(callee, Function):
                yield from _functions_followed(ctx, callee)


def only_closes(ctx: Context, function: Function, depth: int = 0) -> bool:
    """Whether a generator function yields a session, closes it at the end, and certainly commits nothing."""
    return ctx.query(("only closes", function.key), lambda: _find_only_closes(ctx, function, depth), False)


def _find_only_closes(ctx: Context, function: Function, depth: int) -> bool:
    node = function.node
    if not isinstance(node, tree.FunctionDef) or not node.is_generator or depth > _DEEPEST:
        return False
    own = {name for statement in flat(node.body) for name in bound_names(statement)}
    calls = [inner for inner in nodes_in(node.body) if isinstance(inner, tree.Call)]
    if any(_commits_in(node)):
        return False
    return bool(calls) and all(_commits_nothing(ctx, function, call, own, depth) for call in calls)


def _commits_nothing(ctx: Context, function: Function, call: tree.Call, own: set[str], depth: int) -> bool:
    """Whether a call in a dependency certainly commits nothing: it makes, closes or reads one, or logs."""
    text = dotted(call.func)
    if text.partition(".")[0] in own:
        return True  # a method of the session other than commit
    callee = names.dotted_value(ctx, function.path, text)
    if isinstance(callee, Function):
        return only_closes(ctx, callee, depth + 1)
    if isinstance(callee, Member):
        return not callee.receiver.type.startswith("sqlalchemy.")
    if isinstance(callee, Library):
        return True
    return isinstance(callee, Object) and callee.type.endswith(_FACTORIES)


def function_around(ctx: Context, place: Place) -> Function | None:
    """The innermost function of the project around a call, or the function at a place.

    The place of a function identifies a session that a dependency makes anew for each of its users.
    """
    if not ctx.project.has(place.path):
        return None
    nodes = nodes_in(ctx.project.body(place.path))
    before = [node for node in nodes if isinstance(node, tree.FunctionDef) and node.line <= place.line]
    for node in sorted(before, key=lambda node: node.line, reverse=True):
        if (node.line, node.col) == place.position:
            return functions.as_function(place.path, node)
        for inner in nodes_in(node.body):
            if isinstance(inner, tree.Call) and (inner.line, inner.col) == place.position:
                return functions.as_function(place.path, node)
    return None


def commits_anywhere(ctx: Context) -> bool:
    """Whether the project commits at all. A project that does not is left alone."""
    return ctx.query(("commits",), lambda: any(_committing_functions(ctx)), False)


def _commits_around_requests(ctx: Context) -> bool:
    """Whether code around requests commits a session that it did not open itself."""
    return ctx.query(
        ("commits around",), lambda: any(map(_commits_around, _committing_functions(ctx))), False
    )


def _committing_functions(ctx: Context) -> Iterator[tree.FunctionDef]:
    """The functions of the project that call a ``commit`` or ``begin``."""
    for path in sorted({path for word in _COMMITS for path in ctx.project.mentioning(word)}):
        for node in nodes_in(ctx.project.body(path)):
            if isinstance(node, tree.FunctionDef) and any(_commits_in(node)):
                yield node


def _commits_in(node: tree.FunctionDef) -> Iterator[tree.Attr]:
    for inner in nodes_in(node.body):
        if isinstance(inner, tree.Attr) and inner.name in _COMMITS:
            yield inner


def _commits_around(node: tree.FunctionDef) -> bool:
    """Whether a function may commit one of its arguments after the code of a route."""
    given = {param.name for param in node.params}
    runs_around = node.is_generator or node.name in ("dispatch", "__call__", "__aexit__", "app")
    return runs_around and any(dotted(found.value).partition(".")[0] in given for found in _commits_in(node))
