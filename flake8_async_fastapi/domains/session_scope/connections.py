"""Connections of sessions: which session holds one, for how long, and along with which other.

A session takes a connection from the pool for its first statement, and returns it at the end of its
transaction. Certain knowledge about each session on a path is a part of the state; the effect of a call
says how it changes the sessions that it gets, and whether it waits or takes connections of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.domains.blocking import exemptions
from flake8_async_fastapi.domains.database.engines import Beginning
from flake8_async_fastapi.domains.database.pools import is_connection_of_engine, share_pool
from flake8_async_fastapi.domains.fastapi.routes import ROUTE
from flake8_async_fastapi.domains.session_scope import attempts, holders, unsaved, writes
from flake8_async_fastapi.domains.session_scope.connection_state import (
    ConnectionNotes,
    Connections,
    Wait,
)
from flake8_async_fastapi.domains.session_scope.events import (
    ConnectionHeld,
    ConnectionNested,
)
from flake8_async_fastapi.domains.session_scope.keys import (
    GIVEN,
    may_be_passed,
    sessions_among,
    sessions_of_object,
    text_of_session,
)
from flake8_async_fastapi.domains.session_scope.requests_before import (
    effects_of,
    held_before,
)
from flake8_async_fastapi.domains.session_scope.transactions import is_savepoint
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import attributes
from flake8_async_fastapi.engine.observers import BlockItems
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.renaming import resource_key
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import (
    NONE,
    Arguments,
    Collection,
    Coroutine,
    Function,
    Instance,
    Library,
    Manager,
    Member,
    Object,
    OneOf,
    Partial,
    Unknown,
    Value,
)
from flake8_async_fastapi.engine.walks import holds_coroutine, inner_values
from flake8_async_fastapi.engine.watches import Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted
from flake8_async_fastapi.knowledge import is_subtype
from flake8_async_fastapi.knowledge.transactions import (
    ADDS,
    CONNECTION,
    CONNECTS,
    ENDS,
    EXECUTES,
    SETTLES,
    STARTS,
    is_session_type,
)
from flake8_async_fastapi.knowledge.waits import LONG, SLEEPS, WAITS
from flake8_async_fastapi.project.modules import is_test

_MOST_WAITS: Final = 4
_MAY_HOLD_SESSIONS: Final = (Collection, Coroutine, Function, Instance, Manager, OneOf, Partial)
_CONNECTION_ENDS: Final = frozenset({"close", "aclose", "invalidate"})
_TRANSACTIONS: Final = ("AsyncSessionTransaction", "_SessionBegin")


# --- events on a path ------------------------------------------------------------------------


def note_call(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Handle a call that takes or returns a connection, or takes long."""
    if isinstance(callee, Member):
        if is_session_type(callee.receiver.type):
            _use_session(frame, callee, arguments, node)
        elif callee.receiver.type == CONNECTION:
            writes.note_use(frame, callee, arguments, node)
            _use_connection(frame, callee, node)
        elif (kind := _kind_of_wait(callee)) is not None:
            note_wait(frame, Wait(for_message(node.func), kind), frame.place_of(node))
    elif isinstance(callee, Library):
        kind = "others" if _sleeps_long(callee, node) else WAITS.get(callee.dotted)
        if kind is not None:
            note_wait(frame, Wait(for_message(node.func), kind), frame.place_of(node))
    elif isinstance(callee, Function):
        if isinstance(callee.node, tree.FunctionDef) and "commit" in callee.node.name:
            writes.settle_all(frame)
    elif isinstance(callee, Unknown) and isinstance(node.func, tree.Attr):
        if "commit" in node.func.name:
            writes.settle_all(frame)
        root: Expr = node.func
        while isinstance(root, tree.Attr):
            root = root.value
        owner = frame.state.env.get(root.id) if isinstance(root, tree.Name) else None
        if isinstance(owner, Instance):
            forget_sessions(frame, [owner, *_assigned_below(frame, node.func)])


def _assigned_below(frame: Frame, func: tree.Attr) -> Iterator[Value]:
    """The values of the attributes that were assigned to the variable whose method is called."""
    prefix = dotted(func).partition(".")[0] + "."
    yield from (value for path, value in frame.state.attributes.items() if path.startswith(prefix))


def _use_session(frame: Frame, callee: Member, arguments: Arguments, node: tree.Call) -> None:
    writes.note_use(frame, callee, arguments, node)
    session = resource_key(callee.receiver)
    if not isinstance(session, Place):
        return
    unsaved.note_use(frame, session, callee, arguments, node)
    state = frame.state
    known = state.part(Connections)
    if callee.name in STARTS:
        known = _begin(frame, session, node, callee.name, known)
    if callee.name in CONNECTS:
        if session not in known.held and session not in frame.notes_of(ConnectionNotes).loose:
            if session.path != GIVEN and not may_be_passed(frame, node):
                wait = Wait(for_message(node.func), "session", session, frozenset({session}))
                note_wait(frame, wait, frame.place_of(node))
            known = replace(known, held=known.held | {session})
        state.put(known)
    elif callee.name in STARTS:
        state.put(known)
    elif callee.name in ENDS:
        ended = known.end([session])
        state.put(ended)
        if callee.name == "commit":
            note_commit(frame, state, frame.place_of(node), for_message(node.func))


def _use_connection(frame: Frame, callee: Member, node: tree.Call) -> None:
    """Handle a method of an engine's connection, which it holds until it is closed."""
    connection = resource_key(callee.receiver)
    if not isinstance(connection, Place) or not is_connection_of_engine(frame.ctx, connection):
        return
    known = frame.state.part(Connections)
    if callee.name in _CONNECTION_ENDS:
        frame.state.put(known.end([connection]))
    elif callee.name in EXECUTES and connection not in known.held | frame.notes_of(ConnectionNotes).loose:
        wait = Wait(for_message(node.func), "session", connection, frozenset({connection}))
        note_wait(frame, wait, frame.place_of(node))
        frame.state.put(replace(known, held=known.held | {connection}))


def _begin(frame: Frame, session: Place, node: tree.Call, name: str, known: Connections) -> Connections:
    """Begin the transaction of a session, by ``begin()`` or its first use; after a test it may be in one."""
    notes = frame.notes_of(ConnectionNotes)
    if name == "in_transaction" or session in notes.loose:
        return replace(known, begun=known.begun - {session}, ended=known.ended | {session})
    is_first = name == "begin" and not frame.branches and session not in known.begun | known.ended
    if is_first and not attempts.expects_begun(frame, node):
        notes.begins.add(session)
    return replace(known, begun=known.begun | {session})


def note_commit(frame: Frame, state: State, place: Place, text: str) -> None:
    """Note that a transaction may be committed here."""
    known = state.part(Connections)
    state.put(replace(known, commits=known.commits | {place}))
    if frame.emit and frame.yields:
        frame.notes_of(ConnectionNotes).late_commits.setdefault(place, text)


def _kind_of_wait(method: Member) -> str | None:
    owners = _WAITS_BY_NAME.get(method.name, ())
    return next((kind for owner, kind in owners if is_subtype(method.receiver.type, owner)), None)


_WAITS_BY_NAME: Final[dict[str, list[tuple[str, str]]]] = {}
for _known, _kind in WAITS.items():
    _parts = _known.split(".")  # a class ends the owner; members of its members follow
    _size = next((at for at, part in enumerate(_parts, start=1) if part[0].isupper()), len(_parts) - 1)
    _WAITS_BY_NAME.setdefault(".".join(_parts[_size:]), []).append((".".join(_parts[:_size]), _kind))


CALLS: Final = Watch(
    note_call,
    methods=frozenset({*CONNECTS, *ENDS, *ADDS, *EXECUTES, *SETTLES, *STARTS, *_WAITS_BY_NAME}),
    functions=SLEEPS | WAITS.keys(),
    others=(Function, Unknown),
)


def _sleeps_long(callee: Library, node: tree.Call) -> bool:
    if callee.dotted not in SLEEPS or not node.args or not isinstance(node.args[0], tree.Const):
        return False
    seconds = node.args[0].value
    return isinstance(seconds, (int, float)) and seconds >= LONG


def note_wait(frame: Frame, wait: Wait, place: Place) -> None:
    """Note a call that takes long: report the sessions that hold a connection, and keep it for callers."""
    if not frame.is_async:
        return
    known, notes = frame.state.part(Connections), frame.notes_of(ConnectionNotes)
    is_given = wait.taken_by is not None and wait.taken_by.path.startswith("<")
    if len(notes.waits) < _MOST_WAITS and not is_given:
        notes.waits[replace(wait, besides=wait.besides | known.held | known.ended)] = None
    if not frame.emit or place.path != frame.path or is_test(frame.path):
        return
    before = held_before(frame) if wait.kind in ("network", "others") else {}
    for session in sorted((known.held | before.keys()) - wait.besides - notes.said):
        text = text_of_session(frame, session) or before.get(session, "")
        if not text or (wait.taken_by is None and is_connection_of_engine(frame.ctx, session)):
            continue  # a connection may be kept for a lock
        if frame.role != ROUTE and exemptions.runs_before_serving(frame.ctx, frame.path, frame.qualname):
            return  # one coroutine, which waits for no other
        at = (*place, frame.qualname)
        if wait.taken_by is not None:
            if share_pool(frame.ctx, wait.taken_by, session):
                frame.emit_event(ConnectionNested(*at, wait.text, text))
        else:
            frame.emit_event(ConnectionHeld(*at, wait.text, text, wait.kind, wait.is_callee))
            notes.said.add(session)


def forget_sessions(frame: Frame, values: Sequence[Value]) -> None:
    """Forget sessions that unknown code gets: it may end their transactions."""
    sessions = set(sessions_among(values))
    if Connections in frame.state.parts:
        sessions.update(kept for value in values for kept in sessions_of_object(frame, value))
    if sessions:
        writes.settle(frame, sessions)
        frame.notes_of(ConnectionNotes).loose |= sessions
        frame.state.put(frame.state.part(Connections).end(sessions))


def note_escaped(
    frame: Frame, callee: Unknown | Library | Member, arguments: Arguments, place: Place
) -> None:
    """Handle values that are passed to unknown code."""
    values = arguments.args
    if arguments.keywords:
        values = (*values, *(value for _, value in arguments.keywords))
    for value in values:
        if isinstance(value, Object):
            if value.type == CONNECTION or is_session_type(value.type):
                forget_sessions(frame, (value,))
        elif isinstance(value, _MAY_HOLD_SESSIONS):
            kinds = set(map(type, inner_values(value)))
            if Coroutine in kinds and holds_coroutine(value):
                writes.settle_all(frame)
            if Object in kinds or (Instance in kinds and Connections in frame.state.parts):
                forget_sessions(frame, (value,))


# --- blocks ----------------------------------------------------------------------------------


def begin_blocks(frame: Frame, items: BlockItems) -> None:
    """Begin the block of some sessions; two sessions from one context manager are not distinguished."""
    notes = frame.notes_of(ConnectionNotes)
    for _, value in items:
        if isinstance(value, Manager):
            given = list(sessions_among([value]))
            notes.loose.update(session for session in given if session in notes.inside)
            notes.inside += given
            frame.notes_of(writes.WriteNotes).left.difference_update(given)


def end_blocks(frame: Frame, items: BlockItems, ends: list[State]) -> None:
    """End the block of some sessions or transactions: their connections are returned."""
    for item, value in items:
        if isinstance(value, Manager):
            for session in sessions_among([value]):
                frame.notes_of(ConnectionNotes).inside.remove(session)
        is_transaction = isinstance(value, Object) and value.type.endswith(_TRANSACTIONS)
        is_transaction = is_transaction and not is_savepoint(item.context)
        commits = is_transaction or (isinstance(value, Instance) and _commits_on_exit(frame, value))
        for state in ends:
            ended = set(_sessions_of_block(frame, state, item, value))
            if ended:
                if not (isinstance(value, Object) and value.type.endswith(_TRANSACTIONS[0])):
                    writes.note_closed(frame, ended, value.function if isinstance(value, Manager) else None)
                    if isinstance(value, Manager) or frame.place_of(item.context) in ended:
                        frame.notes_of(writes.WriteNotes).left |= ended
                state.put(state.part(Connections).end(ended))
            if isinstance(value, Object) and isinstance(value.detail, Beginning):
                writes.settle(frame, ended)
            if commits:
                writes.settle(frame, ended)
                note_commit(frame, state, frame.place_of(item.context), for_message(item.context))


def _commits_on_exit(frame: Frame, manager: Instance) -> bool:
    """Whether an object of the project may commit at the end of its block, in a function that has yielded."""
    if not (frame.emit and frame.yields):
        return False
    method = attributes.attribute_of(frame.ctx, manager, "__aexit__")
    if not isinstance(method, Function):
        return False
    return any(effect.commits for effect in effects_of(frame.ctx, method, Arguments((NONE, NONE, NONE))))


def _sessions_of_block(frame: Frame, state: State, item: tree.WithItem, value: Value) -> Iterator[Place]:
    """The sessions whose transactions end with a ``with`` statement."""
    if isinstance(value, Manager):
        yield from sessions_among([value])
    elif isinstance(value, Object):
        if is_session_type(value.type) or value.type == CONNECTION:
            yield from sessions_among([value])
        elif isinstance(value.detail, Beginning):
            yield value.detail.place
        elif value.type.endswith(_TRANSACTIONS[1]) and isinstance(item.target, tree.Name):
            yield from sessions_among([state.env[item.target.id]] if item.target.id in state.env else ())
        elif value.type.endswith(_TRANSACTIONS[0]):
            match item.context:
                case tree.Call(func=tree.Attr(value=session, name="begin")) if text := dotted(session):
                    yield from sessions_among([holders.value_of_text(frame, text)])


def break_off(frame: Frame, item: tree.WithItem, value: Value, place: Place, before: list[State]) -> None:
    """Leave a block by an exception: which connections are held then is not known."""
    known = frame.state.parts.get(Connections)
    if known is not None:
        frame.state.put(known.end({*known.held, *(write.session for write in known.unsaved)}))
