"""Transactions of sessions: begun, ended inside their own block, failed and not rolled back.

What is certain on a path is among the conditions that it was reached under: ``begun``,
``block`` (inside ``async with session.begin()``), ``closed`` (ended in such a block) and
``nested``, each with the session as written.  Sessions that failed keep paths apart.
"""

from __future__ import annotations

from typing import Final

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

_MARKS: Final = ("begun", "block", "closed", "nested")
_ERRORS: Final = ("sqlalchemy.", "builtins.Exception", "builtins.BaseException")


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
    failed = session in state.failed
    works = name in STATEMENTS or name in ("commit", "begin_nested")
    if (works or name in BEGINS) and state.known.get(f"{session} closed"):
        _say(frame, node, session, "closed")
    elif works and failed:
        _say(frame, node, session, "failed")
    elif name == "begin" and (state.known.get(f"{session} begun") or state.known.get(f"{session} block")):
        _say(frame, node, session, "begun")
    if name in FLUSHES and not state.known.get(f"{session} nested"):
        frame.activity.flushed.append((session, tuple(frame.activity.blocks)))
    if name in STATEMENTS or name in BEGINS:
        state.known[f"{session} begun"] = True
    if name in ENDS:
        state.known.pop(f"{session} begun", None)
        if name in ("commit", "rollback") and state.known.get(f"{session} block"):
            state.known[f"{session} closed"] = True
    if failed and (name in ROLLS_BACK or works):  # reported once
        state.failed = state.failed - {session}


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
        state.known[f"{session} begun"] = True


def _is_foreign(value: Value) -> bool:
    """Whether awaiting a value may run code of the project."""
    if isinstance(value, Coroutine):
        return value.function is not None
    return not isinstance(value, Object)


def forget(state: State) -> None:
    """Nothing is certain of any transaction, but for the blocks the code stands in."""
    for key in [key for key in state.known if key.endswith((" begun", " closed"))]:
        del state.known[key]
    state.failed = frozenset()


def entered(frame: Frame, state: State, item: tree.WithItem, value: Value) -> str:
    """A ``with`` begins; gives the session whose block it is, or an empty text."""
    if not frame.emit:
        return ""
    for name in target_names(item.target) if item.target is not None else ():
        _drop(state, name)
    session, kind = _block(item.context, value)
    if session:
        state.known[f"{session} {kind}"] = True
        if kind == "block":
            state.known[f"{session} begun"] = True
        return session
    if isinstance(item.target, tree.Name) and isinstance(value, Object) and _makes_session(value):
        session = item.target.id
        if value.type.endswith("_SessionBegin"):
            state.known[f"{session} block"] = True
        return session
    if isinstance(value, (Unknown, Manager)):
        forget(state)
    return ""


def _block(context: Expr, value: Value) -> tuple[str, str]:
    """The session, and the kind of block, of ``session.begin()`` and ``session.begin_nested()``."""
    if isinstance(value, Object) and value.type.endswith("AsyncSessionTransaction"):
        match context:
            case tree.Call(func=tree.Attr(value=session, name="begin")):
                return dotted(session), "block"
            case tree.Call(func=tree.Attr(value=session, name="begin_nested")):
                return dotted(session), "nested"
    return "", ""


def _makes_session(value: Object) -> bool:
    return is_subtype(value.type, SESSION) or value.type.endswith("ext.asyncio._SessionBegin")


def left(frame: Frame, states: list[State], session: str, is_nested: bool) -> None:
    """A block of a session ends, and with it the transaction."""
    if not session:
        return
    for state in states:
        for mark in ("nested",) if is_nested else _MARKS:
            state.known.pop(f"{session} {mark}", None)
        state.failed = state.failed - {session}


def _drop(state: State, session: str) -> None:
    for mark in _MARKS:
        state.known.pop(f"{session} {mark}", None)
    state.failed = state.failed - {session}


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


def catches(value: Value | None) -> bool:
    """Whether a handler catches what a failed flush raises; ``value`` is None for one that catches all."""
    if value is None:
        return True
    found = options(value)
    return any(isinstance(option, Library) and option.dotted.startswith(_ERRORS) for option in found)
