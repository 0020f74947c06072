"""Writes that no path commits before their session is closed."""

from __future__ import annotations

from flake8_async_fastapi.domains.database import pools
from flake8_async_fastapi.domains.fastapi.routes import ROUTE, only_reads
from flake8_async_fastapi.domains.session_scope import providers
from flake8_async_fastapi.domains.session_scope.events import WritesLost
from flake8_async_fastapi.domains.session_scope.keys import sessions_among
from flake8_async_fastapi.domains.session_scope.leaks import shares_variables
from flake8_async_fastapi.domains.session_scope.writes import Write, WriteNotes
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import Function
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, nodes_in
from flake8_async_fastapi.knowledge.transactions import ROLLS_BACK
from flake8_async_fastapi.project.modules import is_test


def report_lost_writes(frame: Frame) -> None:
    """Report a function that writes in a session that is closed without a commit on any path."""
    notes, function = frame.notes.get(WriteNotes), frame.node
    if notes is None or not notes.written or notes.all_settled or is_test(frame.path):
        return
    for session, write in notes.written.items():
        if session in notes.settled or write.place.path != frame.path:
            continue
        if not isinstance(function, tree.FunctionDef) or function.is_generator:
            return
        if _is_kept(frame, session) or not _is_closed(frame, session, notes) or shares_variables(function):
            continue
        if _is_lost(frame, session, write):
            path, line, col = write.place
            is_reading = frame.role == ROUTE and only_reads(function)
            event = WritesLost(path, line, col, frame.qualname, write.text, is_reading=is_reading)
            frame.emit_event(event)


def _is_lost(frame: Frame, session: Place, write: Write) -> bool:
    """Whether a write needs a commit.

    Statements of a project that never commits are ignored, unless it makes its engines itself, and connects.
    """
    is_sure = not write.is_statement or providers.commits_anywhere(frame.ctx)
    if not is_sure and not pools.is_plain_connection(frame.ctx, session):
        return False
    return pools.needs_commits(frame.ctx, session)


def _is_closed(frame: Frame, session: Place, notes: WriteNotes) -> bool:
    """Whether the session is closed here or with the request, without a commit."""
    if session not in notes.closed:
        return frame.role == ROUTE and providers.request_only_closes(frame, session)
    manager = notes.closed[session]
    return manager is None or (not _lends(manager) and providers.only_closes(frame.ctx, manager))


def _lends(manager: Function) -> bool:
    """Whether a context manager yields what it was given, and leaves it open."""
    given, nodes = {param.name for param in manager.node.params}, list(nodes_in(manager.node.body))
    yielded = (node.value for node in nodes if isinstance(node, tree.Yield) and node.value is not None)
    ended = {dotted(node.value) for node in nodes if isinstance(node, tree.Attr) and node.name in ROLLS_BACK}
    return bool(given.intersection(map(dotted, yielded)) - ended)


def _is_kept(frame: Frame, session: Place) -> bool:
    """Whether the session may be used after the function: it is returned, or stored somewhere."""
    return any(
        session in sessions_among([value, *state.attributes.values()])
        for value, state in zip(frame.returns, frame.exits, strict=True)
    )
