"""Sessions of which a function knows every object: no other code used or uses them.

Such a session holds only objects that variables lead to. Source: docs/behaviour.md#reading-relationships.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import expressions
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Function, Library, Unknown, Value
from flake8_async_fastapi.engine.walks import inner_values
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import bound_names, flat, nodes_in


class OwnSessions(Struct):
    """``find`` returns the sessions that belong to a run though others made them; None if there are none.

    ``are_of_request``: the functions called are dependencies, and those that one of them makes are for all.
    ``called_before`` returns the functions that run before a route, with parts of the same request.
    """

    find: Callable[[], frozenset[object]] | None = None
    are_of_request: bool = False
    called_before: Callable[[], Iterable[Function]] | None = None


def holds_only_known(frame: Frame, session: object) -> bool:
    """Whether every object of a session is known: the function made it, or got it unused.

    Unknown values of the surrounding code may be objects of it, but not those of parameters that are data.
    """
    own: OwnSessions | None = frame.notes.get(OwnSessions)
    is_given = own is not None and own.find is not None and session in own.find()
    return _has_only_data(frame) and (is_given or is_made_in(frame, session))


def knows_objects(frame: Frame, session: object) -> bool:
    """Whether every object of a session is known, but for those of a caller, who passed nothing but it."""
    is_passed = isinstance(session, Place) and session.path.startswith("<")
    return holds_only_known(frame, session) or (is_passed and _has_only_data(frame))


def _has_only_data(frame: Frame) -> bool:
    """Whether no unknown value of a function may be an object of a session."""
    env = frame.state.env
    unknown = [name for name, value in env.items() if any(map(_is_unknown, inner_values(value)))]
    if unknown and not _data_parameters(frame).issuperset(unknown):
        return False
    attributes = frame.state.attributes.values()
    return not any(_is_unknown(inner) for value in attributes for inner in inner_values(value))


def _is_unknown(value: Value) -> bool:
    return isinstance(value, Unknown)


def _data_parameters(frame: Frame) -> frozenset[str]:
    """The parameters whose annotations name classes of libraries only, such as ``UUID | None``."""
    node = frame.node
    if not isinstance(node, tree.FunctionDef):
        return frozenset()

    def find() -> frozenset[str]:
        bound = {name for statement in flat(node.body) for name in bound_names(statement)}
        return frozenset(
            param.name
            for param in node.params
            if param.annotation is not None and param.name not in bound and _is_data(frame, param.annotation)
        )

    nothing: frozenset[str] = frozenset()
    return frame.ctx.query(("data parameters", frame.path, node.line, node.col), find, nothing)


def _is_data(frame: Frame, annotation: Expr) -> bool:
    module = Frame(frame.ctx, frame.path, "")
    named = [part for part in nodes_in(annotation) if isinstance(part, (tree.Name, tree.Attr))]
    inner = {id(part.value) for part in named if isinstance(part, tree.Attr)}
    types = [expressions.evaluate(module, State(), part) for part in named if id(part) not in inner]
    return all(isinstance(one, Library) and one.dotted not in _ANYTHING for one in types)


_ANYTHING: Final = frozenset({"typing.Any", "typing_extensions.Any", "builtins.object"})


def is_made_by_call(frame: Frame, session: object) -> bool:
    """Whether a call made a session, which did not get it from its caller: it holds nothing of the caller.

    Two calls of one function, or two uses of one context manager, make two sessions at one place.
    """
    own: OwnSessions | None = frame.notes.get(OwnSessions)
    if (
        not isinstance(session, Place)
        or is_made_in(frame, session)
        or (own is not None and own.are_of_request)
    ):
        return False

    def find() -> frozenset[tuple[int, int]]:
        functions = (
            node
            for node in nodes_in(frame.ctx.project.body(session.path))
            if isinstance(node, tree.FunctionDef)
        )
        calls = (call for function in functions for call in nodes_in(function.body))
        return frozenset((call.line, call.col) for call in calls if isinstance(call, tree.Call))

    if not frame.ctx.project.has(session.path):
        return False
    return (session.line, session.col) in frame.ctx.derive(("calls in functions", session.path), find)


def is_made_in(frame: Frame, session: object) -> bool:
    """Whether a call in the current function made a session."""
    node = frame.node
    if not isinstance(session, Place) or not isinstance(node, tree.FunctionDef) or session.path != frame.path:
        return False

    def find() -> frozenset[tuple[int, int]]:
        return frozenset((call.line, call.col) for call in nodes_in(node.body) if isinstance(call, tree.Call))

    key = ("calls in", frame.path, node.line, node.col)
    return (session.line, session.col) in frame.ctx.derive(key, find)
