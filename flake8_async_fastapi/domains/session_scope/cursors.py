"""Transactions that end while a loop reads from a cursor of the database.

Without ``yield_per`` or ``partitions(n)`` SQLAlchemy has all rows of mapped classes before the first round.
Source: docs/behaviour.md#streams-and-transactions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.database import pools
from flake8_async_fastapi.domains.session_scope.activity import Activity
from flake8_async_fastapi.domains.session_scope.events import TransactionMisused
from flake8_async_fastapi.domains.session_scope.keys import sessions_among
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import Arguments, Member, Value
from flake8_async_fastapi.engine.watches import Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, nodes_in
from flake8_async_fastapi.knowledge.transactions import is_session_type

_ENDS: Final = frozenset({"commit", "rollback"})
_STREAMS: Final = frozenset({"stream", "stream_scalars"})
_SIZES: Final = frozenset({"partitions", "yield_per"})
_MOST_NAMES: Final = 3
"""Variables that are followed to the stream."""


def report_ended(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Report a loop over a stream of a session that ends its transaction and takes further rows."""
    if not frame.enclosing_loops or not isinstance(callee, Member):
        return
    if not is_session_type(callee.receiver.type):
        return
    session = dotted(node.func.value) if isinstance(node.func, tree.Attr) else ""
    for loop in frame.enclosing_loops:
        if not session or not isinstance(loop, tree.For) or not loop.is_async or _stops(loop, node):
            continue
        parts = list(_parts(frame, loop.iter))
        if _streams_of(parts, session) and _has_size(parts) and _is_asyncpg(frame, callee):
            since = frame.place_of(loop.iter).spot
            event = TransactionMisused(*frame.at(node), for_message(node), session, "streamed", since)
            frame.emit_event(event)


def _parts(frame: Frame, written: Expr, depth: int = 0) -> Iterator[object]:
    """The nodes of an expression, and of what its variables were assigned."""
    sources = frame.notes_of(Activity).sources
    for node in nodes_in(written):
        yield node
        if isinstance(node, tree.Name) and depth < _MOST_NAMES:
            source = sources.get(node.id)
            if source is not None:
                yield from _parts(frame, source, depth + 1)


def _streams_of(parts: list[object], session: str) -> bool:
    found = (node.value for node in parts if isinstance(node, tree.Attr) and node.name in _STREAMS)
    return any(dotted(owner) == session for owner in found)


def _has_size(parts: list[object]) -> bool:
    """Whether rows are fetched a few at a time."""
    for node in parts:
        match node:
            case tree.Call(func=tree.Attr(name=name), args=[_, *_]) if name in _SIZES:
                return True
            case tree.Keyword(name="yield_per") | tree.Const(value="yield_per"):
                return True
    return False


def _stops(loop: tree.For, node: tree.Call) -> bool:
    """Whether a loop takes no further row after a call."""
    return any(
        isinstance(inner, (tree.Jump, tree.Return, tree.Raise)) and inner.line > node.line
        for inner in nodes_in(loop.body)
    )


def _is_asyncpg(frame: Frame, callee: Member) -> bool:
    """Whether a session is surely one of asyncpg, which closes cursors with their transaction."""
    for session in sessions_among([callee.receiver]):
        engine = pools.pool_of(frame.ctx, session)
        driver = pools.driver_of(engine) if engine is not None else ""
        if driver:
            return driver == "asyncpg"
    requirements = frame.ctx.project.requirements_of(frame.path)
    return requirements.brings({"asyncpg"}) and not requirements.brings(_OTHER_DRIVERS)


_OTHER_DRIVERS: Final = frozenset({"aiosqlite", "aiomysql", "asyncmy", "psycopg", "oracledb", "aioodbc"})


CALLS: Final = Watch(report_ended, methods=_ENDS, checked=True)
