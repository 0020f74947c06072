"""Handlers of a failed flush or commit: SQLAlchemy has rolled the transaction back, and expired its objects.

To read one before the session is rolled back fails. Source: docs/behaviour.md#transactions.
"""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.domains.orm.objects import transitions
from flake8_async_fastapi.domains.orm.objects.heap import Instances, instances_of
from flake8_async_fastapi.domains.orm.session.session_factories import is_tracked_session
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import expressions, names
from flake8_async_fastapi.engine.renaming import resource_key
from flake8_async_fastapi.engine.values import ClassValue, Collection, Library, Object, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, flat, nodes_in

_FLUSHES: Final = frozenset({"flush", "commit"})
_ADDS: Final = frozenset({"add", "add_all"})


def expire_objects(frame: Frame, kind: Value | None, handler: tree.Handler) -> None:
    """Expire the objects of a session whose flush has failed, if nothing else in the ``try`` can fail so."""
    part: Instances | None = frame.state.parts.get(Instances)
    if part is None or not part.heap or not _is_of_databases(kind):
        return
    body = frame.node.body if isinstance(frame.node, tree.FunctionDef) else []
    attempts = (one for one in flat(body) if isinstance(one, tree.Try) and handler in one.handlers)
    flush = next((found for attempt in attempts if (found := _only_flush(frame, attempt)) is not None), None)
    if flush is None or not isinstance(flush.func, tree.Attr):
        return
    session = expressions.evaluate(frame, frame.state, flush.func.value)
    if not isinstance(session, Object) or not is_tracked_session(session):
        return
    objects = instances_of(frame.state)
    for location, obj in transitions.instances_of_session(objects, resource_key(session)):
        objects[location] = transitions.after_rollback(obj, frame.path, flush.line)


def _is_of_databases(kind: Value | None) -> bool:
    kinds = kind.items if isinstance(kind, Collection) and kind.items is not None else (kind,)
    return all(isinstance(one, Library) and one.dotted.startswith("sqlalchemy.exc.") for one in kinds)


def _is_class(frame: Frame, call: tree.Call) -> bool:
    text = dotted(call.func)
    return bool(text) and isinstance(names.dotted_value(frame.ctx, frame.path, text), ClassValue)


def _only_flush(frame: Frame, attempt: tree.Try) -> tree.Call | None:
    """The flush or commit in the body of a ``try``, if it is all that may raise an error of the database."""
    found = None
    for node in nodes_in(attempt.body):
        if isinstance(node, (tree.With, tree.For, tree.While, tree.FunctionDef)):
            return None
        if isinstance(node, tree.Call):
            name = node.func.name if isinstance(node.func, tree.Attr) else ""
            if name in _FLUSHES and found is None:
                found = node
            elif name not in _ADDS and not _is_class(frame, node):
                return None
    return found
