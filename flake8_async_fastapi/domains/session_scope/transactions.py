"""Transactions of sessions: begun, ended inside their own block, failed and not rolled back.

What is certain of them on a path is a part of the state.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.domains.session_scope import (
    after_failure,
    attempts,
    holders,
    managers,
    requests_before,
    told_failures,
    unsaved,
)
from flake8_async_fastapi.domains.session_scope.attempts import TransactionNotes
from flake8_async_fastapi.domains.session_scope.events import TransactionMisused
from flake8_async_fastapi.domains.session_scope.keys import GIVEN
from flake8_async_fastapi.domains.session_scope.raw_sql import holds_no_objects
from flake8_async_fastapi.domains.session_scope.requests_before import beginning_before
from flake8_async_fastapi.domains.session_scope.transaction_state import Mark, Transactions, with_lines
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.observers import BlockItems
from flake8_async_fastapi.engine.places import Place, Spot
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import (
    Arguments,
    Coroutine,
    Function,
    Library,
    Manager,
    Member,
    Object,
    Unknown,
    Value,
    alternatives,
)
from flake8_async_fastapi.engine.watches import ALL, Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, target_names
from flake8_async_fastapi.knowledge.transactions import (
    BEGINS,
    ENDS,
    FLUSHES,
    ROLLS_BACK,
    STATEMENTS,
    is_session_type,
)

_ENDS_OR_BEGINS: Final = frozenset({"begin", "commit", "rollback"})


def note_call(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Handle a method of a session: its effect on the transaction, and whether it is allowed."""
    if not isinstance(callee, Member):
        if TransactionNotes in frame.notes or Transactions in frame.state.parts:
            _note_other(frame, callee, arguments, node)
        return
    state = frame.state
    flushed = _drop_flushed(frame) if Transactions in state.parts else frozenset()
    if callee.receiver.type.endswith("AsyncSessionTransaction"):
        forget_transactions(state)  # a savepoint or transaction that is ended explicitly
    if not is_session_type(callee.receiver.type):
        return
    session = dotted(node.func.value) if isinstance(node.func, tree.Attr) else ""
    name, known = callee.name, state.part(Transactions)
    if not session:
        return
    if name in _ENDS_OR_BEGINS:
        known = _mark_by_dependencies(frame, callee, session, known)
    course = frame.notes_of(TransactionNotes)
    course.met.add(session)
    failure = known.failure_of(session) if known.failed and not attempts.seeks_text(frame) else None
    works = name in STATEMENTS or name in ("commit", "begin_nested")
    is_again = name == "begin" and known.has_mark(session, "begun", "block")
    if (works or name in BEGINS) and known.has_mark(session, "closed"):
        _report(frame, node, session, "closed", known.line_of(session, "closed"))
    elif works and failure is not None:
        _report(frame, node, session, failure, known.line_of(session, failure))
    elif is_again and not attempts.expects_begun(frame, node):
        _report(frame, node, session, "begun", known.line_of(session, "begun", "block"))
    at = frame.place_of(node).spot
    attempts.note_statement(frame, session, name, node)
    flushes = name in FLUSHES or (name == "begin_nested" and unsaved.has_pending(frame, callee.receiver))
    may_fail = flushes and bool(course.tries) and session not in flushed
    if may_fail and not known.has_mark(session, "nested") and not holds_no_objects(frame, session):
        attempts.note_risk(frame, session, "failed", node, len(course.tries))
    if name in STATEMENTS or name in BEGINS:
        known = known.add_marks(session, "begun", at=at)
    if name in ENDS:
        known = known.drop_marks(session, "begun")
        if name in ("commit", "rollback") and known.has_mark(session, "block"):
            known = known.add_marks(session, "closed", at=at)
    if name in ROLLS_BACK:  # an object may have the same session under another name
        known = replace(known, failed=frozenset())
    elif failure is not None and works:  # reported once
        known = known.recover(session)
    state.put(known)


def note_assignment(frame: Frame, node: tree.Assign, value: Value) -> None:
    """Handle an assignment: it may change an object that a savepoint has flushed."""
    if not {tree.Attr, tree.Subscript}.isdisjoint(map(type, node.targets)):
        unsaved.note_assignment(frame, node)
        if frame.emit:
            _drop_flushed(frame)


def _drop_flushed(frame: Frame) -> frozenset[str]:
    """Forget which sessions have nothing to flush, and return them: objects may change now."""
    known: Transactions | None = frame.state.parts.get(Transactions)
    if known is None or not known.marks:
        return frozenset()
    flushed = frozenset(session for session, mark in known.marks if mark == "flushed")
    if flushed:
        kept = known.marks.difference((session, "flushed") for session in flushed)
        frame.state.put(with_lines(kept, known.failed, known.lines))
    return flushed


def _note_other(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call) -> None:
    """Handle a function of the project, which may flush a session or use a failed one, or other code."""
    if isinstance(callee, Library):
        attempts.note_waited(frame, arguments, node)
        return
    _drop_flushed(frame)
    known: Transactions | None = frame.state.parts.get(Transactions)
    course: TransactionNotes | None = frame.notes.get(TransactionNotes)
    if not isinstance(callee, Function):
        return
    is_nested = known is not None and any(mark == "nested" for _, mark in known.marks)
    if course is not None and course.tries and not is_nested:
        inner = course.blocks[course.tries[0].depth :]
        for session in after_failure.sessions_flushed(frame, callee, arguments, node):
            if not inner or session in inner:  # else a block may be of the same session by another name
                attempts.note_risk(frame, session, "failed", node, len(course.tries))
        for session, error in told_failures.sessions_told(frame, callee, arguments, node):
            if not inner:
                attempts.note_risk(frame, session, "failed", node, len(course.tries), error)
    if known is None or not known.failed or attempts.seeks_text(frame):
        return
    broken = dict(sorted(known.failed, reverse=True))  # for each session, what `failure_of` returns
    for session in after_failure.sessions_used(frame, callee, node, broken):
        _report(frame, node, session, broken[session], known.line_of(session, broken[session]))
        frame.state.put(known.recover(session))  # reported once


def _mark_by_dependencies(frame: Frame, method: Member, session: str, known: Transactions) -> Transactions:
    """The state with transactions that dependencies began before or around a function's use of a session."""
    notes, made = frame.notes_of(TransactionNotes), method.receiver.origin
    if made is None or made.path == GIVEN:
        return known
    if session not in notes.asked:
        notes.asked.add(session)
        if requests_before.is_given_in_block(frame, made):
            return known.add_marks(session, "block", "begun", at=Spot(made.path, made.line))
    if method.name == "begin" and session not in notes.met:
        begun = beginning_before(frame, made)
        if begun is not None:
            return known.add_marks(session, "begun", at=Spot(begun.path, begun.line))
    return known


def _report(frame: Frame, node: tree.Call, session: str, problem: str, since: Spot | None) -> None:
    in_block, at = frame.state.part(Transactions).has_mark(session, "block"), frame.at(node)
    if not in_block and problem in ("failed", "may have failed"):
        owner = holders.value_of_text(frame, session)
        made = owner.origin if isinstance(owner, Object) else None
        in_block = made is not None and requests_before.is_given_in_block(frame, made)
    frame.emit_event(TransactionMisused(*at, for_message(node), session, problem, since, in_block))


def note_awaited(frame: Frame, value: Value, node: tree.Await) -> None:
    """Handle an ``await``: a transaction begins, or other code has run, which may have ended or begun any."""
    if not frame.emit:
        return
    state = frame.state
    attempts.note_awaited(frame, value, node)
    if Transactions in state.parts and any(map(_is_foreign, alternatives(value))):
        forget_transactions(state)
    if left := after_failure.sessions_left(frame, value, node):
        broken = dict.fromkeys(left, frame.place_of(node).spot)
        state.put(state.part(Transactions).fail("failed", broken))
    session, _ = _block_and_marks(node.value, value)
    if session:
        at = frame.place_of(node).spot
        state.put(state.part(Transactions).add_marks(session, "begun", at=at))


def _is_foreign(value: Value) -> bool:
    """Whether awaiting a value may run code of the project."""
    if isinstance(value, Coroutine):
        return value.function is not None
    return not isinstance(value, Object)


def forget_transactions(state: State) -> None:
    """Forget everything about transactions except for the blocks around the code."""
    known = state.part(Transactions)
    certain = frozenset(pair for pair in known.marks if pair[1] in ("block", "nested"))
    state.put(with_lines(certain, frozenset(), known.lines))


def enter_block(frame: Frame, item: tree.WithItem, value: Value) -> None:
    """Enter the block of a transaction or of a session."""
    if not frame.emit:
        return
    state = frame.state
    for name in target_names(item.target) if item.target is not None else ():
        state.put(state.part(Transactions).forget_session(name))
    session, marks = _block_and_marks(item.context, value)
    at = frame.place_of(item.context).spot
    if session:
        state.put(state.part(Transactions).add_marks(session, *marks, at=at))
    elif name := _name_of_session_made(item, value):
        if isinstance(value, Object) and value.type.endswith("_SessionBegin"):
            state.put(state.part(Transactions).add_marks(name, "block", at=at))
    elif isinstance(value, (Unknown, Manager)):
        forget_transactions(state)


def _name_of_session_made(item: tree.WithItem, value: Value) -> str:
    """The name to which a ``with`` binds the session that it creates; empty if it creates none."""
    makes = isinstance(value, Object) and _makes_session(value)
    return item.target.id if makes and isinstance(item.target, tree.Name) else ""


def _session_of_block(item: tree.WithItem, value: Value) -> str:
    """The session whose block a ``with`` is; empty for other blocks."""
    session, _ = _block_and_marks(item.context, value)
    return session or _name_of_session_made(item, value)


def _names_of_blocks(frame: Frame, items: BlockItems) -> list[str]:
    """The sessions whose blocks a ``with`` is, and how those of managers begin."""
    names = (_session_of_block(item, value) or managers.ended_by(frame, item, value) for item, value in items)
    return [name for name in names if name]


def begin_blocks(frame: Frame, items: BlockItems) -> None:
    """Begin the block of some sessions."""
    if frame.emit:
        blocks = frame.notes_of(TransactionNotes).blocks
        attempts.begin_timeouts(frame, items)
        blocks += _names_of_blocks(frame, items)


def end_blocks(frame: Frame, items: BlockItems, ends: list[State]) -> None:
    """End the block of some sessions, and their transactions with it."""
    if not frame.emit:
        return
    attempts.end_timeouts(frame, items)
    blocks = frame.notes_of(TransactionNotes).blocks
    del blocks[len(blocks) - len(_names_of_blocks(frame, items)) :]
    for item, value in items:
        session = _session_of_block(item, value)
        if session:
            _end_transactions(ends, session, is_savepoint(item.context), is_broken=False)


def break_off(frame: Frame, item: tree.WithItem, value: Value, place: Place, before: list[State]) -> None:
    """Leave a block by an exception: its transaction is rolled back and over."""
    session = _session_of_block(item, value) if frame.emit else ""
    if session:
        _end_transactions([frame.state], session, is_savepoint(item.context), is_broken=True)
    elif frame.emit and (known := frame.state.part(Transactions)).failed:
        start = managers.ended_by(frame, item, value)
        for failed, _ in known.failed if start else ():
            if failed.startswith(start):
                _end_transactions([frame.state], failed, is_nested=False, is_broken=True)


def _block_and_marks(context: Expr, value: Value) -> tuple[str, tuple[Mark, ...]]:
    """The session and the marks of a block of ``session.begin()`` or ``session.begin_nested()``."""
    if isinstance(value, Object) and value.type.endswith("AsyncSessionTransaction"):
        match context:
            case tree.Call(func=tree.Attr(value=session, name="begin")):
                return dotted(session), ("block", "begun")
            case tree.Call(func=tree.Attr(value=session, name="begin_nested")):
                return dotted(session), ("nested",)
    return "", ()


def _makes_session(value: Object) -> bool:
    return is_session_type(value.type) or value.type.endswith("ext.asyncio._SessionBegin")


def _end_transactions(states: list[State], session: str, is_nested: bool, is_broken: bool) -> None:
    for state in states:
        known = state.part(Transactions)
        if is_nested:
            known = known.drop_marks(session, "nested").recover(session)
            marks = known.marks if is_broken else known.marks | {(session, "flushed")}
            known = replace(known, marks=marks)
        else:
            known = known.forget_session(session)
        state.put(known)


def is_savepoint(context: Expr) -> bool:
    """Whether a block is that of a savepoint."""
    return isinstance(context, tree.Call) and dotted(context.func).endswith("begin_nested")


def note_caught(frame: Frame, kind: Value | None, handler: tree.Handler) -> None:
    """Enter a handler: what it catches may have left sessions to be rolled back."""
    attempt = frame.notes_of(TransactionNotes).tries[-1]
    for failure, broken in attempt.broken.items():
        if attempts.catches(failure, kind):
            attempt.handled.add(failure)
            told = attempts.told_as(failure, kind, attempt)
            frame.state.put(frame.state.part(Transactions).fail(told, broken))
    for error, broken in attempt.told.items():
        if kind == error:
            attempt.handled.add(error)
            frame.state.put(frame.state.part(Transactions).fail("failed", broken))


def note_unwound(frame: Frame) -> None:
    """Enter a ``finally`` by an exception: any failure may have raised it."""
    attempt = frame.notes_of(TransactionNotes).tries[-1]
    for failure, broken in attempt.broken.items():
        frame.state.put(frame.state.part(Transactions).fail(attempts.told_as(failure, None, attempt), broken))


CALLS: Final = Watch(note_call, ALL, attempts.WAITS, ALL, checked=True)
