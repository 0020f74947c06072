"""Sessions and their transactions as context managers: what entering and leaving them does.

Source: SQLAlchemy documentation, "Session Basics"; FACTS sections 2 and 3.
"""

from __future__ import annotations

from dataclasses import replace

from flake8_async_fastapi.domains.orm.instances import Row, rows_of
from flake8_async_fastapi.domains.sqlalchemy import session_factories, sessions, transitions
from flake8_async_fastapi.domains.sqlalchemy.queries import Scope, Settings, Transition
from flake8_async_fastapi.engine.context import Frame
from flake8_async_fastapi.engine.renaming import resource_key
from flake8_async_fastapi.engine.values import Object, Origin, Ref, Value


def scope_called(frame: Frame, scope: Scope, name: str, origin: Origin) -> Value | None:
    """``commit`` and ``rollback`` of a transaction."""
    if name in ("commit", "rollback") and not scope.nested:
        sessions.happen(frame, Transition(scope.session, name, scope.settings or Settings()), origin[1])
    return None


def renewed(frame: Frame, value: Value) -> None:
    """A session is made again at the same place: objects of the one before are not in it."""
    if isinstance(value, Object) and session_factories.is_session(value):
        rows = rows_of(frame.state)
        for ref, row in transitions.of_session(rows, resource_key(value)):
            rows[ref] = replace(row, doubtful=True, identity=None)


def entered(value: Object, usual: Value) -> Value:
    """What ``async with`` gives for a scope of a session: ``factory.begin()`` gives the session."""
    scope = value.detail
    if isinstance(scope, Scope) and scope.closes and isinstance(scope.session, tuple):
        return Object(session_factories.SESSION, origin=scope.session, detail=scope.settings)
    return usual


def left(frame: Frame, value: Value, line: int) -> None:
    """The end of ``async with`` on a session or a transaction."""
    if not isinstance(value, Object):
        return
    if session_factories.is_session(value):
        known = session_factories.settings(frame.ctx, value)
        sessions.happen(frame, Transition(resource_key(value), "close", known), line)
    elif isinstance(value.detail, Scope):
        scope = value.detail
        known = scope.settings or Settings()
        sessions.happen(frame, Transition(scope.session, "flush" if scope.nested else "commit", known), line)
        if scope.closes:
            sessions.happen(frame, Transition(scope.session, "close", known), line)


def is_undone(value: Value) -> bool:
    """Whether leaving an ``async with`` by an exception takes back what was done in it."""
    return isinstance(value, Object) and isinstance(value.detail, Scope)


def undone(frame: Frame, value: Value, line: int, before: list[dict[Ref, Row]]) -> None:
    """The end of ``async with`` on a session or a transaction by an exception.

    ``before`` are the objects as they were at its begin, on several paths: the end of a
    savepoint expires only those that were changed since.
    """
    if not isinstance(value, Object):
        return
    if session_factories.is_session(value):
        known = session_factories.settings(frame.ctx, value)
        sessions.happen(frame, Transition(resource_key(value), "close", known), line)
    elif isinstance(value.detail, Scope) and value.detail.nested:
        rows = rows_of(frame.state)
        for ref, row in transitions.of_session(rows, value.detail.session):
            entry = [known[ref] for known in before if ref in known]
            rows[ref] = transitions.rolled_back_to(row, entry, frame.path, line)
    elif isinstance(value.detail, Scope):
        known = value.detail.settings or Settings()
        sessions.happen(frame, Transition(value.detail.session, "rollback", known), line)
        if value.detail.closes:
            sessions.happen(frame, Transition(value.detail.session, "close", known), line)
