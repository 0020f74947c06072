"""What may leave a session to be rolled back: a flush that fails, and a statement that a timeout cancels.

Source: docs/behaviour.md#transactions.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

from flake8_async_fastapi.domains.session_scope import after_failure, holders
from flake8_async_fastapi.domains.session_scope.after_failure import ERRORS, Failure, waits_for_others
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import names
from flake8_async_fastapi.engine.observers import BlockItems
from flake8_async_fastapi.engine.places import Spot
from flake8_async_fastapi.engine.values import (
    Arguments,
    ClassValue,
    Coroutine,
    Library,
    Member,
    Value,
    alternatives,
)
from flake8_async_fastapi.engine.walks import inner_values
from flake8_async_fastapi.engine.watches import ALL, Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, nodes_in
from flake8_async_fastapi.knowledge.blocking_index import blocking_member, blocking_name
from flake8_async_fastapi.knowledge.blocking_kinds import FILE, HTTP, NETWORK, SUBPROCESS
from flake8_async_fastapi.knowledge.transactions import CONNECTS

_BROKERS: Final = "celery."
_ENQUEUES: Final = frozenset({"apply_async", "delay", "enqueue", "enqueue_at", "enqueue_in", "send_task"})
"""Methods of queues and tasks: what else is unknown may only compute."""
_ASK: Final = (FILE, HTTP, NETWORK, SUBPROCESS)
_BEGUN_ALREADY: Final = "InvalidRequestError"
WAITS: Final = frozenset({"asyncio.wait_for"})
"""Functions that cancel what they wait for after a time."""
_BLOCKS: Final = frozenset({"asyncio.timeout", "asyncio.timeout_at", "anyio.fail_after"})
_TIMEOUTS: Final = frozenset(
    {"asyncio.TimeoutError", "asyncio.exceptions.TimeoutError", "builtins.TimeoutError"}
)


class Risk(Struct, frozen=True):
    """A call that may leave a session to be rolled back, in the blocks of some sessions.

    Its error is raised inside of ``tries`` running ``try`` statements: for a statement under a timeout,
    those around the timeout. ``error`` is the class of the project that is raised in its place.
    """

    session: str
    failure: Failure
    blocks: tuple[str, ...]
    at: Spot
    tries: int
    error: ClassValue | None = None


class Attempt(Struct):
    """A running ``try``: how many risks, blocks and branches came before it, and how many risks before its
    handlers.

    ``broken`` says by failure which sessions it may have left to be rolled back, and where, and ``told`` by
    the error of the project that says so; ``handled`` are those that its handlers catch. ``waits`` says that
    it awaits something else than a session, ``is_mixed`` that its body does.
    """

    since: int
    depth: int
    branches: int
    until: int = 0
    waits: bool = False
    is_mixed: bool = False
    broken: dict[Failure, dict[str, Spot]] = field(default_factory=dict)
    told: dict[ClassValue, dict[str, Spot]] = field(default_factory=dict)
    handled: set[Failure | ClassValue] = field(default_factory=set)


class TransactionNotes(Struct):
    """The notes of one run: the sessions, or their managers, whose ``blocks`` it is in, and the ``risks``.

    ``met`` are the sessions that it has used, ``asked`` those whose dependencies were looked up.
    ``timeouts`` are, for the running blocks of timeouts, the numbers of ``try`` statements around them;
    ``tries`` are the ``try`` statements that are running.
    """

    blocks: list[str] = field(default_factory=list)
    met: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    risks: list[Risk] = field(default_factory=list)
    timeouts: list[int] = field(default_factory=list)
    tries: list[Attempt] = field(default_factory=list)


def seeks_text(frame: Frame) -> bool:
    """Whether the code is in a branch for errors with a certain text, as ``if "401" in str(error)``.

    A failed flush may have another text. The branch is inside of a running ``try``.
    """
    course: TransactionNotes | None = frame.notes.get(TransactionNotes)
    if course is None or not course.tries or frame.node is None:
        return False
    sides = {(line, col): side for line, col, side in frame.branches[course.tries[0].branches :]}
    return bool(sides) and any(
        isinstance(node, tree.If)
        and (node.line, node.col) in sides
        and _seeks_text(node.test, sides[node.line, node.col] == str(True))
        for node in nodes_in(frame.node.body)
    )


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


def begin_try(frame: Frame) -> None:
    """Begin the body of a ``try``."""
    course = frame.notes_of(TransactionNotes)
    course.tries.append(Attempt(len(course.risks), len(course.blocks), len(frame.branches)))


def begin_handlers(frame: Frame) -> None:
    """Begin its handlers, or its ``finally``: a block that the error has left rolled back."""
    course = frame.notes_of(TransactionNotes)
    attempt = course.tries[-1]
    attempt.until = len(course.risks)
    attempt.is_mixed = attempt.waits
    for risk in course.risks[attempt.since :]:
        if risk.tries >= len(course.tries) and not _is_left(risk, attempt.depth):
            broken = (
                attempt.broken.setdefault(risk.failure, {})
                if risk.error is None
                else attempt.told.setdefault(risk.error, {})
            )
            broken[risk.session] = min(risk.at, broken.get(risk.session, risk.at))


def _is_left(risk: Risk, depth: int) -> bool:
    """Whether an error leaves a block that ends the transaction; a manager's ends in a dot."""
    return any(
        risk.session == block or (block.endswith(".") and risk.session.startswith(block))
        for block in risk.blocks[depth:]
    )


def end_try(frame: Frame) -> None:
    """End the handlers: an error that they catch reaches the handlers around them only by a ``raise``."""
    course = frame.notes_of(TransactionNotes)
    attempt = course.tries.pop()
    course.risks[attempt.since : attempt.until] = [
        risk
        for risk in course.risks[attempt.since : attempt.until]
        if (risk.error or risk.failure) not in attempt.handled
    ]


def catches(failure: Failure, value: Value | None) -> bool:
    """Whether a handler catches the error of a failure; ``value`` is None for one that catches all.

    One that catches all is not written for timeouts: it may never see one.
    """
    if value is None:
        return failure == "failed"
    kinds = [kind.dotted for kind in inner_values(value) if isinstance(kind, Library)]
    if failure == "failed":
        return any(kind.startswith(ERRORS) for kind in kinds)
    return not _TIMEOUTS.isdisjoint(kinds)


def told_as(failure: Failure, kind: Value | None, attempt: Attempt) -> Failure:
    """A failure as a handler meets it: one of any error seldom sees a failed flush if other code may fail."""
    if failure != "failed" or not attempt.is_mixed:
        return failure
    kinds = [] if kind is None else [part.dotted for part in inner_values(kind) if isinstance(part, Library)]
    return failure if any(part.startswith("sqlalchemy.") for part in kinds) else "may have failed"


def note_awaited(frame: Frame, value: Value, node: tree.Await) -> None:
    """Note in the running ``try`` statements that something else than a method of a session is awaited."""
    course: TransactionNotes | None = frame.notes.get(TransactionNotes)
    if course is None or not course.tries:
        return
    at = frame.place_of(node.value).spot
    awaited = alternatives(value)
    is_own = all(isinstance(part, Coroutine) and part.family == "database" for part in awaited)
    if any(risk.at == at for risk in course.risks):  # a function that flushes, and may do more
        made_by = [part.function for part in awaited if isinstance(part, Coroutine)]
        is_own = not any(one is not None and waits_for_others(one) for one in made_by)
    if not is_own:
        for attempt in course.tries:
            attempt.waits = True


def note_asked(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Note in the running ``try`` statements a call that asks another service and blocks until it answers."""
    course: TransactionNotes | None = frame.notes.get(TransactionNotes)
    if course is None or not course.tries:
        return
    if isinstance(callee, Member):
        asked = blocking_member(callee.receiver.type, callee.name)
        is_other = callee.receiver.type.startswith(_BROKERS) or (asked is not None and asked.kind in _ASK)
    elif isinstance(callee, Library):
        asked = blocking_name(callee.dotted)
        is_other = asked is not None and asked.kind in _ASK
    else:
        is_other = True  # a method that puts work into a queue
    if is_other:
        for attempt in course.tries:
            attempt.waits = True


ASKS: Final = Watch(note_asked, methods=ALL, functions=ALL, unknown=_ENQUEUES, checked=True)


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


def note_waited(frame: Frame, arguments: Arguments, node: tree.Call) -> None:
    """``asyncio.wait_for(session.execute(...), timeout)`` may cancel the statement, also in a function."""
    if not node.args:
        return
    course, waited = frame.notes_of(TransactionNotes), node.args[0]
    if not course.tries or not isinstance(waited, tree.Call):
        return
    coroutine = arguments.args[0] if arguments.args else None
    if isinstance(coroutine, Coroutine) and coroutine.function is not None:
        given = {dotted(one) for one in waited.args if holders.holds_session(frame, one)}
        for session in after_failure.sessions_used(frame, coroutine.function, waited, course.met | given):
            note_risk(frame, session, "timed out", node, len(course.tries))
    elif isinstance(waited.func, tree.Attr) and waited.func.name in CONNECTS:
        session = dotted(waited.func.value)
        if session in course.met:
            note_risk(frame, session, "timed out", node, len(course.tries))


def note_statement(frame: Frame, session: str, name: str, node: tree.Call) -> None:
    """A method of a session is called, which the timeout of a block may cancel."""
    course = frame.notes_of(TransactionNotes)
    if any(course.timeouts) and name in CONNECTS:
        note_risk(frame, session, "timed out", node, max(course.timeouts))


def note_risk(
    frame: Frame, session: str, failure: Failure, node: tree.Call, tries: int, error: ClassValue | None = None
) -> None:
    """A call may leave a session to be rolled back; its error is raised inside of ``tries`` statements."""
    course, place = frame.notes_of(TransactionNotes), frame.place_of(node)
    if failure != "failed" or place.position in frame.awaited_calls:  # else it never runs
        course.risks.append(Risk(session, failure, tuple(course.blocks), place.spot, tries, error))


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
