"""What may go wrong in a ``try``: flushes that fail, and statements that a timeout cancels.

Both leave the session to be rolled back.
Source: docs/behaviour.md#transactions.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import names
from flake8_async_fastapi.engine.observers import BlockItems
from flake8_async_fastapi.engine.places import Spot
from flake8_async_fastapi.engine.values import Library, Value
from flake8_async_fastapi.engine.walks import inner_values
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, nodes_in
from flake8_async_fastapi.knowledge.transactions import CONNECTS

_BEGUN_ALREADY: Final = "InvalidRequestError"
_ERRORS: Final = ("sqlalchemy.", "builtins.Exception", "builtins.BaseException")
_WAIT: Final = "asyncio.wait_for"
_BLOCKS: Final = frozenset({"asyncio.timeout", "asyncio.timeout_at", "anyio.fail_after"})
_TIMEOUTS: Final = frozenset(
    {"asyncio.TimeoutError", "asyncio.exceptions.TimeoutError", "builtins.TimeoutError"}
)


class Attempt(Struct):
    """A ``try`` that is running: the flushes and blocks before it, and the flushes before its handlers.

    ``failed`` are the sessions of which a flush may have failed in it, and where, and ``timed_out`` those of
    which a statement may have been cancelled; ``is_handled`` says that a handler catches the former,
    ``catches_timeouts`` the latter.
    """

    since: int
    depth: int
    timed_since: int
    until: int = 0
    failed: dict[str, Spot] = field(default_factory=dict)
    timed_out: dict[str, Spot] = field(default_factory=dict)
    is_handled: bool = False
    catches_timeouts: bool = False


class TransactionNotes(Struct):
    """The notes of one run: the sessions whose ``blocks`` it is in, and what ``flushed`` which, and where.

    ``met`` are the sessions that it has used, ``asked`` those whose dependencies were looked up. ``timed``
    are the statements that a timeout may cancel, as ``flushed``, each with the number of ``try`` statements
    around the timeout, and ``timeouts`` those numbers for the running blocks. ``tries``
    are the ``try`` statements that are running. ``branches`` says of each branch in them whether its
    condition looks for a text, as ``"401" in str(error)`` does.
    """

    blocks: list[str] = field(default_factory=list)
    met: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    flushed: list[tuple[str, tuple[str, ...], Spot]] = field(default_factory=list)
    timed: list[tuple[str, tuple[str, ...], Spot, int]] = field(default_factory=list)
    timeouts: list[int] = field(default_factory=list)
    tries: list[Attempt] = field(default_factory=list)
    branches: list[bool] = field(default_factory=list)

    @property
    def seeks_text(self) -> bool:
        """Whether a branch depends on the text of an error, which a failed flush may not have."""
        return any(self.branches)


def begin_branch(frame: Frame, node: tree.If, outcome: bool) -> None:
    """Begin a branch of an ``if``."""
    course = frame.notes_of(TransactionNotes)
    course.branches.append(bool(course.tries) and _seeks_text(node.test, outcome))


def end_branch(frame: Frame, _: tree.If, __: bool) -> None:
    """End a branch of an ``if``."""
    frame.notes_of(TransactionNotes).branches.pop()


def _seeks_text(test: Expr, outcome: bool) -> bool:
    """Whether a condition holds only if a text contains another."""
    if isinstance(test, tree.Unary) and test.op == "not":
        return _seeks_text(test.value, not outcome)
    return outcome and any(
        isinstance(part, tree.Compare)
        and part.ops == ["in"]
        and isinstance(part.left, tree.Const)
        and isinstance(part.left.value, str)
        for part in nodes_in(test)
    )


def catches_failed_flush(value: Value | None) -> bool:
    """Whether a handler catches the error of a failed flush; ``value`` is None for one that catches all."""
    if value is None:
        return True
    return any(isinstance(kind, Library) and kind.dotted.startswith(_ERRORS) for kind in inner_values(value))


def expects_begun(frame: Frame, node: tree.Call) -> bool:
    """Whether a ``try`` around a call catches the error that says that a transaction has begun already."""
    code = frame.node.body if isinstance(frame.node, tree.FunctionDef) else []
    return any(
        isinstance(attempt, tree.Try)
        and any(map(_is_begun_already, nodes_in([handler.type for handler in attempt.handlers])))
        and any(part is node for part in nodes_in(attempt.body))
        for attempt in nodes_in(code)
    )


def _is_begun_already(kind: object) -> bool:
    return isinstance(kind, (tree.Name, tree.Attr)) and dotted(kind).endswith(_BEGUN_ALREADY)


def catches_timeout(value: Value | None) -> bool:
    """Whether a handler is for timeouts, by name."""
    found = inner_values(value) if value is not None else ()
    return any(isinstance(kind, Library) and kind.dotted in _TIMEOUTS for kind in found)


def note_waited(frame: Frame, callee: Value, node: tree.Call) -> None:
    """``asyncio.wait_for(session.execute(...), timeout)`` may cancel the statement."""
    if not isinstance(callee, Library) or callee.dotted != _WAIT or not node.args:
        return
    course, waited = frame.notes_of(TransactionNotes), node.args[0]
    if course.tries and isinstance(waited, tree.Call) and isinstance(waited.func, tree.Attr):
        session = dotted(waited.func.value)
        if session in course.met and waited.func.name in CONNECTS:
            _note_timed(frame, session, node, len(course.tries))


def note_statement(frame: Frame, session: str, name: str, node: tree.Call) -> None:
    """A method of a session is called, which the timeout of a block may cancel."""
    course = frame.notes_of(TransactionNotes)
    if any(course.timeouts) and name in CONNECTS:
        _note_timed(frame, session, node, max(course.timeouts))


def _note_timed(frame: Frame, session: str, node: tree.Call, tries: int) -> None:
    course = frame.notes_of(TransactionNotes)
    course.timed.append((session, tuple(course.blocks), frame.place_of(node).spot, tries))


def begin_timeouts(frame: Frame, items: BlockItems) -> None:
    """The block of a timeout begins."""
    course = frame.notes_of(TransactionNotes)
    course.timeouts += [len(course.tries) for item, _ in items if _is_timeout(frame, item)]


def end_timeouts(frame: Frame, items: BlockItems) -> None:
    """The block of a timeout ends."""
    course = frame.notes_of(TransactionNotes)
    for item, _ in items if course.timeouts else ():
        if _is_timeout(frame, item):
            course.timeouts.pop()


def _is_timeout(frame: Frame, item: tree.WithItem) -> bool:
    text = dotted(item.context.func) if isinstance(item.context, tree.Call) else ""
    if text.rpartition(".")[2] not in _LAST_NAMES:
        return False
    found = names.dotted_value(frame.ctx, frame.path, text)
    return isinstance(found, Library) and found.dotted in _BLOCKS


_LAST_NAMES: Final = frozenset(name.rpartition(".")[2] for name in _BLOCKS)
