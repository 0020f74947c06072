"""How a call changes the connections of sessions that it gets, and for what it waits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.domains.session_scope import connections, unsaved, writes
from flake8_async_fastapi.domains.session_scope.connection_state import (
    NOTHING,
    ConnectionEffect,
    ConnectionNotes,
    Connections,
    Wait,
)
from flake8_async_fastapi.domains.session_scope.events import TransactionMisused
from flake8_async_fastapi.domains.session_scope.keys import names_in_caller, outside, text_of_session
from flake8_async_fastapi.domains.session_scope.requests_before import beginning_before
from flake8_async_fastapi.engine.effects import AppliedCall, EffectHooks, Ends
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import Function, Generator, Manager, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted
from flake8_async_fastapi.project.modules import is_test


def _summarise(frame: Frame, ends: Ends) -> Iterable[ConnectionEffect]:
    notes = frame.notes.get(ConnectionNotes)
    if notes is None and not any(Connections in state.parts for state in (*ends.paths, *ends.exits)):
        return ()
    paths = [state.part(Connections) for state in ends.paths]
    first = paths[0].join(paths[1:]) if paths else Connections()
    closed = writes.own_sessions(frame)
    begins = frozenset(notes.begins) - closed if notes is not None else frozenset[Place]()
    own = closed if not frame.yields else frozenset[Place]()  # what a generator yields is open by then
    late = frozenset[Place]().union(*(state.part(Connections).commits for state in ends.exits))
    effect = ConnectionEffect(
        first.held - own,
        first.begun - own,
        first.ended - own,
        begins,
        tuple(notes.waits) if notes is not None else (),
        bool(first.commits),
        bool(late - first.commits),
        frozenset((write.session, write.is_sent) for write in first.unsaved if write.session not in own),
        first.undone - own,
    )
    return () if effect == NOTHING else (effect,)


def _apply_call(call: AppliedCall, effect: ConnectionEffect) -> Iterable[ConnectionEffect]:
    frame, out, function = call.frame, call.renaming, call.function
    is_run_later = function.is_generator and not function.wrapped
    waits = [] if _is_cached(function) else [_told(call, wait) for wait in effect.waits]
    for wait in () if is_run_later else waits:
        connections.note_wait(frame, wait, call.place)
    known = frame.state.part(Connections)
    for session in () if is_run_later else names_in_caller(call, effect.begins, outside(out, effect.begins)):
        if session in known.begun or beginning_before(frame, session) is not None:
            _report_begun(frame, session, f"{function.name}()", call.place)
        elif session not in known.ended and not frame.branches:
            frame.notes_of(ConnectionNotes).begins.add(session)
    if effect.undone and not is_run_later:
        taken = unsaved.taken_by_call(call, effect, known)
        known = replace(known, taken=known.taken.union(taken))
    if effect.ended:
        known = known.end(names_in_caller(call, effect.ended, outside(out, effect.ended)))
    if not is_run_later and (effect.held or effect.begun or effect.unsaved or effect.undone):
        known = _with_sessions(call, effect, known)
    frame.state.put(known)
    if effect.commits:
        connections.note_commit(frame, frame.state, call.place, f"{function.name}()")
    later = [wait for wait in waits if is_run_later and function.is_async and wait.taken_by is None]
    left = replace(NOTHING, commits_late=effect.commits_late, waits=tuple(later))
    return (left,) if left != NOTHING else ()


def _told(call: AppliedCall, wait: Wait) -> Wait:
    """A wait of a callee, as its caller tells of it."""
    besides = frozenset(names_in_caller(call, wait.besides))
    return replace(wait, text=f"{call.function.name}()", besides=besides, is_callee=True)


def note_iterated(frame: Frame, value: Value, node: Expr, is_async: bool) -> None:
    """Handle a loop over an async generator: it waits for what the generator waits for."""
    if is_async and isinstance(value, Generator):
        for part in value.parts:
            if isinstance(part, ConnectionEffect):
                for wait in part.waits:
                    connections.note_wait(frame, wait, frame.place_of(node))


def _with_sessions(call: AppliedCall, effect: ConnectionEffect, known: Connections) -> Connections:
    """What is known after a call about the sessions that it leaves in a transaction, or rolled back."""
    out, loose = call.renaming, call.frame.notes_of(ConnectionNotes).loose
    held = set(names_in_caller(call, effect.held)) - loose
    for session in sorted(held - known.held):
        _note_taken(call, session)
    begun = set(names_in_caller(call, effect.begun, outside(out, effect.begun))) - loose
    left = (write for write in unsaved.unsaved_by_call(call, effect) if write.session not in loose)
    return replace(
        known,
        held=known.held | held,
        begun=known.begun | begun,
        unsaved=known.unsaved.union(left),
        undone=known.undone.union(outside(out, effect.undone)),
    )


def _note_taken(call: AppliedCall, session: Place) -> None:
    """Note that a callee's statement takes the connection of a session that the caller itself has opened."""
    text = text_of_session(call.frame, session)
    if text and "." not in text and not session.path.startswith("<"):
        wait = Wait(f"{call.function.name}()", "session", session, frozenset({session}), is_callee=True)
        connections.note_wait(call.frame, wait, call.place)


def _report_begun(frame: Frame, session: Place, text: str, place: Place) -> None:
    """Report a call that begins the transaction of a session which is already in one."""
    if frame.emit and place.path == frame.path and not is_test(frame.path):
        name = text_of_session(frame, session)
        frame.emit_event(TransactionMisused(*place, frame.qualname, text, name, "begun"))


def _leave(frame: Frame, manager: Manager, effect: ConnectionEffect, place: Place) -> None:
    """Apply the code after the ``yield`` of a context manager."""
    if effect.commits_late:
        connections.note_commit(frame, frame.state, place, manager.label)


def _is_cached(function: Function) -> bool:
    """Whether a decorator caches a function's result: it seldom runs."""
    decorators = function.node.decorators if isinstance(function.node, tree.FunctionDef) else []
    return any("cache" in dotted(one.func if isinstance(one, tree.Call) else one) for one in decorators)


EFFECTS: Final = {ConnectionEffect: EffectHooks(_summarise, _apply_call, _leave)}
