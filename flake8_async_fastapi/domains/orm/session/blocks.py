"""Sessions and their transactions as context managers: what entering and leaving them does.

Source: SQLAlchemy documentation, "Session Basics"; docs/behaviour.md#transactions.
"""

from __future__ import annotations

from dataclasses import replace

from flake8_async_fastapi.domains.orm.objects import transitions
from flake8_async_fastapi.domains.orm.objects.instances import rows_of
from flake8_async_fastapi.domains.orm.session import session_factories
from flake8_async_fastapi.domains.orm.session.session_effects import happen
from flake8_async_fastapi.domains.orm.statements.queries import Scope, Settings, Transition, TransitionKind
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.renaming import resource_key
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Object, Value


def scope_called(frame: Frame, scope: Scope, name: str, origin: Place) -> Value | None:
    """``commit`` and ``rollback`` of a transaction."""
    kinds: dict[str, TransitionKind] = {"commit": "commit", "rollback": "rollback"}
    if name in kinds and not scope.nested:
        happen(frame, Transition(scope.session, kinds[name], scope.settings or Settings()), origin.line)
    return None


def renewed(frame: Frame, value: Value) -> None:
    """A session is made again at the same place: objects of the one before are not in it."""
    if isinstance(value, Object) and session_factories.is_session(value):
        rows = rows_of(frame.state)
        for ref, row in transitions.of_session(rows, resource_key(value)):
            rows[ref] = replace(row, doubtful=True, identity=None)


def entered(value: Object) -> Value | None:
    """What ``async with`` gives for a scope of a session: ``factory.begin()`` gives the session."""
    scope = value.detail
    if isinstance(scope, Scope) and scope.closes and isinstance(scope.session, Place):
        return Object(session_factories.SESSION, origin=scope.session, detail=scope.settings)
    return None


def left(frame: Frame, value: Value, place: Place) -> None:
    """The end of ``async with`` on a session or a transaction."""
    line = place.line
    if not isinstance(value, Object):
        return
    if session_factories.is_session(value):
        known = session_factories.settings(frame.ctx, value)
        happen(frame, Transition(resource_key(value), "close", known), line)
    elif isinstance(value.detail, Scope):
        scope = value.detail
        known = scope.settings or Settings()
        happen(frame, Transition(scope.session, "flush" if scope.nested else "commit", known), line)
        if scope.closes:
            happen(frame, Transition(scope.session, "close", known), line)


def undone(frame: Frame, value: Value, place: Place, before: list[State]) -> None:
    """The end of ``async with`` on a session or a transaction by an exception.

    ``before`` are the paths as they were at its begin: the end of a savepoint expires only
    the objects that were changed since.
    """
    line = place.line
    if not isinstance(value, Object):
        return
    if session_factories.is_session(value):
        known = session_factories.settings(frame.ctx, value)
        happen(frame, Transition(resource_key(value), "close", known), line)
    elif isinstance(value.detail, Scope) and value.detail.nested:
        rows = rows_of(frame.state)
        for ref, row in transitions.of_session(rows, value.detail.session):
            entry = [known[ref] for known in map(rows_of, before) if ref in known]
            rows[ref] = transitions.rolled_back_to(row, entry, frame.path, line)
    elif isinstance(value.detail, Scope):
        known = value.detail.settings or Settings()
        happen(frame, Transition(value.detail.session, "rollback", known), line)
        if value.detail.closes:
            happen(frame, Transition(value.detail.session, "close", known), line)
