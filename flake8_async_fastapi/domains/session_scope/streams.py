"""Streaming responses that wait while a session of the request still holds its connection.

Since FastAPI 0.118, and before 0.106, the exit code of a dependency runs after the last chunk was sent.
Source: docs/behaviour.md#fastapi-functions.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.fastapi.applications import is_registered, may_end_after_response
from flake8_async_fastapi.domains.fastapi.routes import ROUTE
from flake8_async_fastapi.domains.session_scope import holders, providers
from flake8_async_fastapi.domains.session_scope.activity import Creation, Session
from flake8_async_fastapi.domains.session_scope.connection_state import Connections
from flake8_async_fastapi.domains.session_scope.events import ConnectionHeld
from flake8_async_fastapi.domains.session_scope.keys import sessions_among
from flake8_async_fastapi.domains.session_scope.late_commits import sends_response_first
from flake8_async_fastapi.domains.session_scope.requests_before import (
    effects_of,
    functions_before,
    held_before,
)
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import names
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import Arguments, Function, Library, Object
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, nodes_in
from flake8_async_fastapi.knowledge.waits import SLEEPS
from flake8_async_fastapi.project.modules import is_test


def report_held(frame: Frame, creation: Creation, node: tree.Call) -> None:
    """Report a route that returns a stream that waits while a session of its dependencies is in use.

    ``creation`` creates the stream, ``node`` the response.
    """
    if not frame.emit or frame.role != ROUTE or is_test(frame.path) or creation.function is None:
        return
    if not sends_response_first(frame.ctx.project.requirements_of(frame.path)):
        return
    held = {session: _name_of(frame, session) for session in frame.state.part(Connections).held}
    held |= held_before(frame)
    given = set(sessions_among(creation.arguments.values()))
    left = [session for session in sorted(held) if session not in given and _outlives_route(frame, session)]
    if not left:
        return
    kind = _kind_of_wait(frame, creation.function)
    if kind:
        text = f"the stream {for_message(creation.func)}()"
        name = _name_of(frame, left[0]) or held[left[0]]
        frame.emit_event(ConnectionHeld(*frame.at(node), text, name, kind, False))


def _name_of(frame: Frame, session: Place) -> str:
    """The variable that holds a session; empty if none does."""
    for name, value in frame.state.env.items():
        if isinstance(value, Object) and value.origin == session:
            return name
    return ""


def _outlives_route(frame: Frame, session: Place) -> bool:
    """Whether a session is from a dependency that ends after the response was sent."""
    maker, node = providers.function_around(frame.ctx, session), frame.node
    if maker is None or not isinstance(node, tree.FunctionDef) or maker.node is node:
        return False
    return any(
        given.key == maker.key and given.is_generator and may_end_after_response(frame.ctx, given)
        for given, _ in functions_before(frame, node)
    )


def ends_before_response(frame: Frame, session: Session) -> bool:
    """Whether a session is of a dependency with ``scope="function"``, wherever that is used."""
    value, node = holders.value_of_text(frame, holders.join_path(*session)), frame.node
    if not isinstance(value, Object) or value.origin is None or not isinstance(node, tree.FunctionDef):
        return False
    maker = providers.function_around(frame.ctx, value.origin)
    return maker is not None and any(
        given.key == maker.key
        and given.is_generator
        and is_registered(frame.ctx, given)
        and not may_end_after_response(frame.ctx, given)
        for given, _ in functions_before(frame, node)
    )


def _kind_of_wait(frame: Frame, stream: Function) -> str:
    """The wait of a stream: for ``others``, the ``network``, or empty if it may soon be over."""
    if any(_goes_on(frame, stream, node) for node in nodes_in(stream.node.body)):
        return "others"
    kinds = {wait.kind for effect in effects_of(frame.ctx, stream, Arguments()) for wait in effect.waits}
    return "others" if "others" in kinds else "network" if "network" in kinds else ""


def _goes_on(frame: Frame, stream: Function, loop: object) -> bool:
    """Whether a loop waits in each pass, and is endless or sleeps."""
    if not isinstance(loop, tree.While) or not isinstance(loop.test, tree.Const) or not loop.test.value:
        return False
    inside = list(nodes_in(loop.body))
    if not any(isinstance(node, tree.Await) for node in inside):
        return False
    if not any(isinstance(node, (tree.Jump, tree.Return)) for node in inside):
        return True
    called = (dotted(node.func) for node in inside if isinstance(node, tree.Call))
    slept = (names.dotted_value(frame.ctx, stream.path, text) for text in called if text.endswith("sleep"))
    return any(isinstance(value, Library) and value.dotted in SLEEPS for value in slept)
