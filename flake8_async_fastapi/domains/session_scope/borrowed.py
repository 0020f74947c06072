"""Sessions on a connection that other code has opened: they take none of a pool, and give none back.

Source: SQLAlchemy's documentation, "Joining a Session into an External Transaction".
"""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.domains.session_scope import writes
from flake8_async_fastapi.domains.session_scope.connection_state import ConnectionNotes
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.renaming import resource_key
from flake8_async_fastapi.engine.values import Arguments, ClassValue, Object, Value
from flake8_async_fastapi.engine.watches import Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.knowledge.transactions import CONNECTION, SESSION, is_session_type

_SESSIONS: Final = frozenset({SESSION, "sqlmodel.ext.asyncio.session.AsyncSession"})


def note_made(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Note a session that is made on a connection; who has the connection may commit, too."""
    if not isinstance(result, Object) or not is_session_type(result.type):
        return
    given = arguments.get(1_000 if isinstance(callee, Object) else 0, "bind")
    if given is None and isinstance(callee, Object):
        given = callee.argument("0") or callee.argument("bind")
    session = resource_key(result)
    if isinstance(given, Object) and given.type == CONNECTION and isinstance(session, Place):
        frame.notes_of(ConnectionNotes).loose.add(session)
        writes.settle(frame, (session,))


CALLS: Final = Watch(note_made, functions=_SESSIONS, others=(ClassValue, Object))
