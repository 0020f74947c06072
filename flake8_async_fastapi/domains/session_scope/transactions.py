"""Transactions of sessions: begun, ended inside their own block, failed and not rolled back.

What is certain of the sessions on a path, each as written, is a part of the state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from flake8_async_fastapi.engine.context import Frame, State
from flake8_async_fastapi.engine.events import TransactionMisused
from flake8_async_fastapi.engine.text import spoken
from flake8_async_fastapi.engine.values import (
    Coroutine,
    Library,
    Manager,
    Member,
    Object,
    Unknown,
    Value,
    options,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, target_names
from flake8_async_fastapi.knowledge import is_subtype
from flake8_async_fastapi.knowledge.transactions import BEGINS, ENDS, FLUSHES, ROLLS_BACK, SESSION, STATEMENTS

Mark: TypeAlias = Literal["begun", "block", "closed", "nested"]
"""A transaction is ``begun``, the code is in its ``block`` (``async with session.begin()``), it was
``closed`` in such a block, or it is ``nested``."""
_ERRORS: Final = ("sqlalchemy.", "builtins.Exception", "builtins.BaseException")


@dataclass(frozen=True, slots=True)
class Transactions:
    """What is certain of transactions on one path; sessions of which a flush ``failed`` keep paths apart."""

    marks: frozenset[tuple[str, Mark]] = frozenset()
    failed: frozenset[str] = frozenset()

    def fork(self) -> Transactions:
        return self

    def unify(self, other: Transactions, states: tuple[State, State]) -> Transactions | None:
        return self.join([other]) if self.failed == other.failed else None

    def join(self, others: list[Transactions]) -> Transactions:
        if all(other is self for other in others):
            return self
        marks = self.marks.intersection(*(other.marks for other in others))
        return Transactions(marks, self.failed.intersection(*(other.failed for other in others)))

    def forget(self, path: str) -> Transactions:
        kept = (pair for pair in self.marks if pair[0] != path and not pair[0].startswith(f"{path}."))
        return replace(self, marks=frozenset(kept)) if self.marks else self

    def has(self, session: str, *marks: Mark) -> bool:
        """Whether one of some marks is on a session."""
        return any((session, mark) in self.marks for mark in marks)

    def put(self, session: str, *marks: Mark) -> Transactions:
        return replace(self, marks=self.marks.union((session, mark) for mark in marks))

    def drop(self, session: str, *marks: Mark) -> Transactions:
        """Without some marks of a session."""
        return replace(self, marks=self.marks.difference((session, mark) for mark in marks))

    def end(self, session: str) -> Transactions:
        """With nothing known of a session."""
        marks = frozenset(pair for pair in self.marks if pair[0] != session)
        return Transactions(marks, self.failed - {session})


def called(frame: Frame, state: State, callee: Value, node: tree.Call) -> None:
    """A method of a session is called: what it does to the transaction, and whether it can."""
    if not frame.emit or not isinstance(callee, Member):
        return
    if callee.receiver.type.endswith("AsyncSessionTransaction"):
        forget(state)  # a savepoint or transaction that is ended by hand
    if not is_subtype(callee.receiver.type, SESSION):
        return
    session = dotted(node.func.value) if isinstance(node.func, tree.Attr) else ""
    name = callee.name
    if not session:
        return
    known = state.part(Transactions)
    failed = session in known.failed
    works = name in STATEMENTS or name in ("commit", "begin_nested")
    if (works or name in BEGINS) and known.has(session, "closed"):
        _say(frame, node, session, "closed")
    elif works and failed:
        _say(frame, node, session, "failed")
    elif name == "begin" and known.has(session, "begun", "block"):
        _say(frame, node, session, "begun")
    if name in FLUSHES and not known.has(session, "nested"):
        frame.activity.flushed.append((session, tuple(frame.activity.blocks)))
    if name in STATEMENTS or name in BEGINS:
        known = known.put(session, "begun")
    if name in ENDS:
        known = known.drop(session, "begun")
        if name in ("commit", "rollback") and known.has(session, "block"):
            known = known.put(session, "closed")
    if failed and (name in ROLLS_BACK or works):  # reported once
        known = replace(known, failed=known.failed - {session})
    state.put(known)


def _say(frame: Frame, node: tree.Call, session: str, problem: str) -> None:
    frame.emit_event(TransactionMisused(*frame.at(node), spoken(node), session, problem))


def awaited(frame: Frame, state: State, value: Value, node: tree.Await) -> None:
    """A transaction begins, or other code ran meanwhile: it may have ended or begun any."""
    if not frame.emit:
        return
    if any(_is_foreign(option) for option in options(value)):
        forget(state)
    session, _ = _block(node.value, value)
    if session:
        state.put(state.part(Transactions).put(session, "begun"))


def _is_foreign(value: Value) -> bool:
    """Whether awaiting a value may run code of the project."""
    if isinstance(value, Coroutine):
        return value.function is not None
    return not isinstance(value, Object)


def forget(state: State) -> None:
    """Nothing is certain of any transaction, but for the blocks the code stands in."""
    certain = (pair for pair in state.part(Transactions).marks if pair[1] in ("block", "nested"))
    state.put(Transactions(frozenset(certain)))


def entered(frame: Frame, state: State, item: tree.WithItem, value: Value) -> str:
    """A ``with`` begins; gives the session whose block it is, or an empty text."""
    if not frame.emit:
        return ""
    for name in target_names(item.target) if item.target is not None else ():
        state.put(state.part(Transactions).end(name))
    session, kind = _block(item.context, value)
    if session:
        state.put(state.part(Transactions).put(session, *kind))
        return session
    if isinstance(item.target, tree.Name) and isinstance(value, Object) and _makes_session(value):
        session = item.target.id
        if value.type.endswith("_SessionBegin"):
            state.put(state.part(Transactions).put(session, "block"))
        return session
    if isinstance(value, (Unknown, Manager)):
        forget(state)
    return ""


def _block(context: Expr, value: Value) -> tuple[str, tuple[Mark, ...]]:
    """The session, and the marks of the block, of ``session.begin()`` and ``session.begin_nested()``."""
    if isinstance(value, Object) and value.type.endswith("AsyncSessionTransaction"):
        match context:
            case tree.Call(func=tree.Attr(value=session, name="begin")):
                return dotted(session), ("block", "begun")
            case tree.Call(func=tree.Attr(value=session, name="begin_nested")):
                return dotted(session), ("nested",)
    return "", ()


def _makes_session(value: Object) -> bool:
    return is_subtype(value.type, SESSION) or value.type.endswith("ext.asyncio._SessionBegin")


def left(frame: Frame, states: list[State], session: str, is_nested: bool) -> None:
    """A block of a session ends, and with it the transaction."""
    if not session:
        return
    for state in states:
        known = state.part(Transactions)
        if is_nested:
            known = replace(known.drop(session, "nested"), failed=known.failed - {session})
        else:
            known = known.end(session)
        state.put(known)


def is_nested(context: Expr) -> bool:
    """Whether a block is that of a savepoint."""
    return isinstance(context, tree.Call) and dotted(context.func).endswith("begin_nested")


def failed(frame: Frame, since: int, depth: int) -> frozenset[str]:
    """The sessions of which a flush may have failed in the body of a ``try``.

    ``since`` is how many flushes were noted before, ``depth`` how many blocks it is in: a
    block that the error leaves rolls back.
    """
    return frozenset(
        session for session, blocks in frame.activity.flushed[since:] if session not in blocks[depth:]
    )


def fail(state: State, sessions: frozenset[str]) -> None:
    """Flushes of some sessions failed on the way to a handler."""
    known = state.part(Transactions)
    state.put(replace(known, failed=known.failed | sessions))


def catches(value: Value | None) -> bool:
    """Whether a handler catches what a failed flush raises; ``value`` is None for one that catches all."""
    if value is None:
        return True
    found = options(value)
    return any(isinstance(option, Library) and option.dotted.startswith(_ERRORS) for option in found)
