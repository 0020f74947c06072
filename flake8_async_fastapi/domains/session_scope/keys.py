"""Keys that identify sessions, and connections that are used without one: in a function, for its caller."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from flake8_async_fastapi.engine.effects import AppliedCall
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import attributes, classes
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.renaming import ToCaller, resource_key
from flake8_async_fastapi.engine.text import path_of
from flake8_async_fastapi.engine.values import Instance, Object, Value
from flake8_async_fastapi.engine.walks import inner_values
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.knowledge.transactions import CONNECTION, is_session_type

GIVEN: Final = "<session>"
"""Where a session is from that a function was given, in the names of the function."""


def sessions_among(values: Iterable[Value]) -> Iterator[Place]:
    """The keys of the sessions and connections in some values."""
    for value in values:
        for inner in inner_values(value):
            if isinstance(inner, Object) and (inner.type == CONNECTION or is_session_type(inner.type)):
                key = resource_key(inner)
                if isinstance(key, Place):
                    yield key


def given_among(sessions: Iterable[Place]) -> frozenset[Place]:
    """The sessions, among some, that come from the caller."""
    return frozenset(session for session in sessions if session.path == GIVEN)


def names_outside(out: ToCaller, sessions: Iterable[Place]) -> Iterator[Place]:
    """The caller's names of sessions that it passed."""
    for session in sessions:
        original = out.renaming.original_sessions.get(session)
        key = resource_key(original) if original is not None else None
        if isinstance(key, Place):
            yield key


def names_in_caller(
    call: AppliedCall, sessions: Collection[Place], others: Iterable[Place] = ()
) -> Iterable[Place]:
    """The caller's names of sessions that it passed, and of those of the object whose methods both are.

    ``others`` are further ones, which have the caller's names.
    """
    if not sessions:
        return others
    found = [*others, *names_outside(call.renaming, sessions)]
    receiver, known = call.function.receiver, call.renaming.renaming.original_sessions
    if isinstance(receiver, Instance) and receiver == call.frame.receiver:
        found += (one for one in sessions if one.path.startswith("<") and one not in known)
    return found


def sessions_of_object(frame: Frame, value: Value) -> Iterator[Place]:
    """The sessions that the class of an object assigns to its attributes; an object of the ORM has none."""
    if isinstance(value, Instance) and value.attributes is None and value.location is None:
        yield from sessions_among(kept for _, kept in _attributes_of(frame, value))


def may_be_passed(frame: Frame, node: tree.Call) -> bool:
    """Whether a method calls a session of its object, which the code that makes the object may have passed.

    What the class says is the session of a dependency, in an object that FastAPI makes.
    """
    me = frame.receiver
    is_own = isinstance(me, Instance) and me.attributes is None
    return is_own and path_of(node.func).startswith(f"{frame.receiver_name}.")


def text_of_session(frame: Frame, session: Place) -> str:
    """The variable, or the attribute of a variable, that holds a session; empty if none does."""
    for held in (frame.state.env, frame.state.attributes):
        for path, value in held.items():
            if isinstance(value, Object) and value.origin == session:
                return path
    for path, owner in frame.state.env.items():
        for name, value in _attributes_of(frame, owner) if isinstance(owner, Instance) else ():
            if isinstance(value, Object) and value.origin == session:
                return f"{path}.{name}"
    return ""


def _attributes_of(frame: Frame, owner: Instance) -> Iterator[tuple[str, Value]]:
    """The attributes that the construction of an object set, or that its class assigns."""
    if owner.attributes is not None:
        return iter(owner.attributes)
    names = sorted(classes.assigned_names(frame.ctx, owner.cls))
    return ((name, attributes.attribute_of(frame.ctx, owner, name)) for name in names)


def outside(out: ToCaller, sessions: frozenset[Place]) -> Iterable[Place]:
    """Sessions of a callee in the caller's names; those that it did not get are from a dependency."""
    if not sessions:
        return ()
    given = given_among(sessions)
    return [*names_outside(out, given), *(sessions - given)]
