"""Loops over a generator of sessions, ``async for session in get_session():``, that are left early.

The generator does not go on after its ``yield`` then: a commit that stands there never runs.
Source: docs/behaviour.md#transactions.
"""

from __future__ import annotations

from msgspec import Struct, field

from flake8_async_fastapi.domains.database import pools
from flake8_async_fastapi.domains.session_scope.connection_state import ConnectionEffect, Connections
from flake8_async_fastapi.domains.session_scope.events import WritesLost
from flake8_async_fastapi.domains.session_scope.keys import sessions_among
from flake8_async_fastapi.domains.session_scope.transaction_state import Transactions
from flake8_async_fastapi.domains.session_scope.writes import WriteNotes, note_closed
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import names
from flake8_async_fastapi.engine.places import Place, Position
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Function, Generator, Unknown, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, flat, nodes_in
from flake8_async_fastapi.project.modules import is_test

_COMMITS = frozenset({"commit", "begin"})


class LoopNotes(Struct):
    """The sessions of generators that commit only when their loop comes to its end, by the place of the
    iterated expression, each with the name of its generator.
    """

    sessions: dict[Position, dict[Place, str]] = field(default_factory=dict)


def note_generator(frame: Frame, value: Value, node: Expr, is_async: bool) -> None:
    """Handle a loop over a generator that gives sessions."""
    if not isinstance(value, Generator) or value.function is None:
        return
    sessions = [*sessions_among([value.item])]
    if not sessions:
        return
    note_closed(frame, sessions, value.function)
    commits = any(isinstance(part, ConnectionEffect) and part.commits_late for part in value.parts)
    if commits and not _commits_when_closed(frame, value.function):
        at = Position(node.line, node.col)
        frame.notes_of(LoopNotes).sessions[at] = dict.fromkeys(sessions, value.function.name)


def begin_iteration(frame: Frame, item: Value, node: tree.For, is_further: bool) -> None:
    """Begin a further pass: the generator has gone on after its ``yield``."""
    notes = frame.notes.get(LoopNotes) if is_further else None
    if notes is not None:
        sessions = notes.sessions.get(Position(node.iter.line, node.iter.col), {})
        frame.state.put(frame.state.part(Connections).end(sessions))


def forget_failures(frame: Frame, node: tree.For, left: list[State]) -> None:
    """Forget a failed flush of a session whose loop is left: the generator does not go on to commit."""
    notes = frame.notes.get(LoopNotes)
    if notes is None or Position(node.iter.line, node.iter.col) not in notes.sessions:
        return
    for state in left:
        known: Transactions | None = state.parts.get(Transactions)
        if known is not None and known.failed:
            state.put(known.recover(dotted(node.target)))


def is_inside(frame: Frame, session: Place) -> bool:
    """Whether the code is in the loop over the generator that gave a session."""
    notes = frame.notes.get(LoopNotes)
    return notes is not None and any(
        session in notes.sessions.get(Position(loop.iter.line, loop.iter.col), {})
        for loop in frame.enclosing_loops
        if isinstance(loop, tree.For)
    )


def report_left(frame: Frame, node: tree.For, left: list[State]) -> None:
    """Report writes in a session of a generator whose loop is left before the generator commits them.

    Code that commits on another path does so by hand: where it does not, it gives up what it began.
    """
    notes, writes = frame.notes.get(LoopNotes), frame.notes.get(WriteNotes)
    if notes is None or not frame.emit or is_test(frame.path) or (writes is not None and writes.all_settled):
        return
    for session, name in notes.sessions.get(Position(node.iter.line, node.iter.col), {}).items():
        lost = {write for state in left for write in state.part(Connections).unsaved_in(session)}
        is_by_hand = writes is not None and session in writes.settled
        if is_by_hand or not pools.needs_commits(frame.ctx, session):
            continue
        for write in sorted(lost, key=lambda write: write.at)[:1]:
            frame.emit_event(WritesLost(*write.at, frame.qualname, write.text, f"{name}()"))


def _commits_when_closed(frame: Frame, function: Function) -> bool:
    """Whether a generator may commit when it is closed at its ``yield``: in a ``finally`` or a handler."""
    body = function.node.body
    for statement in flat(body) if isinstance(body, list) else ():
        if isinstance(statement, tree.Try):
            for node in nodes_in([statement.final, [handler.body for handler in statement.handlers]]):
                if isinstance(node, tree.Attr) and node.name in _COMMITS:
                    return True
                if isinstance(node, tree.Call) and isinstance(node.func, tree.Name):
                    called = names.dotted_value(frame.ctx, function.path, dotted(node.func))
                    if isinstance(called, (Function, Unknown)):
                        return True
    return False
