"""Middlewares that read the body of a request when the route has consumed it, or before the route can.

``body()`` keeps what it reads, for the middleware and the route. ``form()`` and ``stream()`` keep nothing.
Source: https://www.starlette.io/requests/ and ``starlette.middleware.base``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from flake8_async_fastapi.domains.fastapi.events import BodyConsumed
from flake8_async_fastapi.domains.fastapi.middlewares import Middlewares
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import Function
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Stmt
from flake8_async_fastapi.facts.walk import bound_names, dotted, flat, nodes_in

Problem: TypeAlias = Literal["after", "before"]
_KEEPS: Final = frozenset({"body", "json"})
_TAKES: Final = frozenset({"form", "stream"})
_REPLACED: Final = frozenset({"_body", "_form", "_receive", "_stream_consumed", "receive"})
"""Attributes by which code gives a request its body back."""


def report_bodies(frame: Frame, function: Function, outer: Frame) -> None:
    """Report a body that a middleware reads after ``call_next()``, or takes from the route before that."""
    node = function.node
    if Middlewares not in frame.notes or not isinstance(node, tree.FunctionDef):
        return
    names = [param.name for param in node.params][function.owner is not None :]
    if len(names) != 2 or function.key not in frame.notes_of(Middlewares).keys:
        return
    request, call_next = names
    bound = {name for statement in flat(node.body) for name in bound_names(statement)}
    words = {part.name for part in nodes_in(node.body) if isinstance(part, tree.Attr)}
    if words & _REPLACED or bound & {request, call_next}:
        return
    calls = [part for part in nodes_in(node.body) if isinstance(part, tree.Call)]
    passed = [part.args for part in calls if dotted(part.func) == call_next]
    if all(len(args) == 1 and dotted(args[0]) == request for args in passed):
        for call, problem in _consumed(node.body, request, call_next):
            where = frame.at(call)
            frame.ctx.events.append(BodyConsumed(*where, for_message(call.func), problem))


def _consumed(body: list[Stmt], request: str, call_next: str) -> Iterator[tuple[tree.Call, Problem]]:
    """The reads of a body that get nothing, or leave nothing for the route, in the order of a block."""
    first = min(_lines_of_calls(body, call_next), default=0)
    kept = any(True for _ in _reads(body, request, _KEEPS, before=first))
    taken: tree.Call | None = None
    is_called = False
    for statement in _in_order(body):
        if is_called and not kept:
            late = next(_reads([statement], request, _KEEPS | _TAKES), None)
            if late is not None:
                yield late, "after"
                return
        took = next(_reads([statement], request, _TAKES), None) if not kept else None
        calls = any(
            isinstance(one, tree.Call) and dotted(one.func) == call_next for one in nodes_in(statement)
        )
        if calls and taken is not None:
            yield taken, "before"
            return
        if calls and not isinstance(statement, _BRANCHES):
            is_called = True
        if took is not None and not calls and not _may_leave(statement):
            taken = took


def _may_leave(statement: Stmt) -> bool:
    """Whether a statement may end the middleware."""
    return any(isinstance(one, (tree.Return, tree.Raise, tree.FunctionDef)) for one in nodes_in(statement))


_BRANCHES: Final = (tree.If, tree.For, tree.While, tree.Match, tree.Return, tree.Raise, tree.FunctionDef)


def _in_order(body: list[Stmt]) -> Iterator[Stmt]:
    """The statements that run one after the other, also those in a ``with`` or the body of a ``try``."""
    for statement in body:
        if isinstance(statement, tree.With):
            yield from _in_order(statement.body)
        elif isinstance(statement, tree.Try):
            yield from _in_order(statement.body)
            yield from _in_order(statement.orelse)
            yield from _in_order(statement.final)
        else:
            yield statement


def _lines_of_calls(body: list[Stmt], call_next: str) -> list[int]:
    calls = (one for one in nodes_in(body) if isinstance(one, tree.Call))
    return [call.line for call in calls if dotted(call.func) == call_next]


def _reads(
    body: list[Stmt], request: str, methods: frozenset[str], *, before: int | None = None
) -> Iterator[tree.Call]:
    """The calls of methods that read the body of a request."""
    for node in nodes_in(body):
        match node:
            case tree.Call(func=tree.Attr(value=tree.Name(id=name), name=method)):
                if name == request and method in methods and (before is None or node.line <= before):
                    yield node
