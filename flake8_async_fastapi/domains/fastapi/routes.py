"""Routes, and how FastAPI processes their results."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.domains.fastapi import applications
from flake8_async_fastapi.domains.pydantic.validation import ValidationTarget, validate_adapted
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import expressions
from flake8_async_fastapi.engine.places import Place, Position
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Function, Member, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, nodes_in, written_argument

ROUTE: Final = "route"
"""The role of a function under ``@router.get`` and the like."""
REGISTERED: Final = "registered"
"""The role of a function that is passed to ``Depends``, ``add_exception_handler`` and the like."""

_READING: Final = frozenset({"get", "head", "options"})
_CHANGING: Final = frozenset({"post", "put", "patch", "delete", "api_route", "websocket", "trace"})


def only_reads(route: tree.FunctionDef) -> bool:
    """Whether a route is only for requests that are not meant to change anything, such as GET."""
    written = [one.func if isinstance(one, tree.Call) else one for one in route.decorators]
    verbs = {one.name for one in written if isinstance(one, tree.Attr)} & (_READING | _CHANGING)
    return bool(verbs) and verbs <= _READING


def is_written_verb(decorator: Expr) -> bool:
    """Whether a decorator is written like one that registers a route: ``@router.get(...)``."""
    made = decorator.func if isinstance(decorator, tree.Call) else None
    return isinstance(made, tree.Attr) and made.name in (_READING | _CHANGING)


def is_route_verb(value: Value) -> bool:
    """Whether a value is ``app.get`` or another decorator that registers a route."""
    return isinstance(value, Member) and knowledge.is_registering_method(value.receiver.type, value.name)


class Routes(Struct):
    """The functions that a run defines as routes, and how its own result is processed.

    ``response`` is the response model; ``encodes``: there is none, and nothing else takes the result before
    FastAPI encodes it.
    """

    keys: set[Place] = field(default_factory=set)
    response: ValidationTarget | None = None
    encodes: bool = False


def note_route(frame: Frame, decorator: Value, function: Function, node: Expr) -> None:
    """Note a decorated function: with ``@router.get(...)`` it is a route."""
    if is_route_verb(decorator):
        frame.notes_of(Routes).keys.add(function.key)


def begin_route(frame: Frame, function: Function, outer: Frame) -> None:
    """Find the role in which FastAPI calls a function, and how it processes the result."""
    noted = outer.notes.get(Routes)
    if noted is not None and function.key in noted.keys:
        frame.role = ROUTE
        if isinstance(function.node, tree.FunctionDef):
            around = Frame(frame.ctx, function.path, "", owner=function.owner, closure=function.closure)
            notes = frame.notes_of(Routes)
            notes.response = _response_adapter(around, function.node)
            notes.encodes = notes.response is None and _is_only_route(around, function.node)
    elif applications.is_registered(frame.ctx, function) or (
        outer.node is not None and applications.is_made_dependency(function, outer)
    ):
        frame.role = REGISTERED
        frame.notes_of(Routes).response = _response_of_added(frame.ctx, function)


def validate_response(frame: Frame, value: Value, place: Position) -> None:
    """Validate the result of a route as its response."""
    noted = frame.notes.get(Routes)
    if noted is not None and noted.response is not None:
        validate_adapted(frame, noted.response, value, place, "response")


def _response_adapter(frame: Frame, node: tree.FunctionDef) -> ValidationTarget | None:
    """The type that FastAPI validates the result of a route against; None if it validates nothing."""
    for decorator in node.decorators:
        if isinstance(decorator, tree.Call) and is_route_verb(
            expressions.evaluate(frame, State(), decorator.func)
        ):
            return _response_of_call(frame, decorator, node.returns)
    return None


def _response_of_call(frame: Frame, call: tree.Call, returns: Expr | None) -> ValidationTarget | None:
    """The type that a call which registers a route names for the response, or else the function itself."""
    for keyword in call.keywords:
        if keyword.name == "response_model":
            if isinstance(keyword.value, tree.Const) and keyword.value.value is None:
                return None
            return ValidationTarget(keyword.value, frame, Position(keyword.value.line, keyword.value.col))
        if keyword.name is None:
            return None
    if returns is not None:
        return ValidationTarget(returns, frame, Position(returns.line, returns.col))
    return None


def _response_of_added(ctx: Context, function: Function) -> ValidationTarget | None:
    """As ``_response_adapter``, for a function or method that ``add_api_route()`` makes a route."""
    returns = function.node.returns if isinstance(function.node, tree.FunctionDef) else None
    adding = ctx.project.mentioning(_ADDS_ROUTE)
    for path, text in ctx.project.registrations_of(function.name):
        if path not in adding:
            continue
        frame = Frame(ctx, path, "")
        for call in nodes_in(ctx.project.body(path)):
            if not isinstance(call, tree.Call) or dotted(call.func).rpartition(".")[2] != _ADDS_ROUTE:
                continue
            given = written_argument(call, 1, "endpoint")
            if given is None or dotted(given) != text or not applications.means(ctx, path, text, function):
                continue
            is_own = function.path == path  # an annotation of another file means what its names are there
            return _response_of_call(frame, call, returns if is_own else None)
    return None


_ADDS_ROUTE: Final = "add_api_route"


def _is_only_route(frame: Frame, node: tree.FunctionDef) -> bool:
    """Whether all decorators of a function register it as a route, with options that are all known."""
    return all(
        isinstance(one, tree.Call)
        and all(keyword.name is not None for keyword in one.keywords)
        and is_route_verb(expressions.evaluate(frame, State(), one.func))
        for one in node.decorators
    )
