"""Sessions of which a function knows every object: no other code used or uses them.

Such a session holds only objects that variables lead to. Source: docs/behaviour.md#reading-relationships.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import Unknown
from flake8_async_fastapi.engine.walks import inner_values
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import nodes_in


class OwnSessions(Struct):
    """``find`` returns the sessions that belong to a run though others made them; None if there are none.

    ``are_of_request``: the functions called are dependencies, and those that one of them makes are for all.
    """

    find: Callable[[], frozenset[object]] | None = None
    are_of_request: bool = False


def holds_only_known(frame: Frame, session: object) -> bool:
    """Whether every object of a session is known: the function made it, or got it unused.

    Unknown values of the surrounding code may be objects of it.
    """
    values = (inner for value in frame.state.values() for inner in inner_values(value))
    if any(isinstance(value, Unknown) for value in values):
        return False
    own: OwnSessions | None = frame.notes.get(OwnSessions)
    is_given = own is not None and own.find is not None and session in own.find()
    return is_given or is_made_in(frame, session)


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
