"""Keys that identify sessions, and connections that are used without one: in a function, for its caller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.renaming import ToCaller, resource_key
from flake8_async_fastapi.engine.values import Object, Value
from flake8_async_fastapi.engine.walks import inner_values
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


def outside(out: ToCaller, sessions: frozenset[Place]) -> Iterator[Place]:
    """Sessions of a callee in the caller's names; those that it did not get are from a dependency."""
    given = given_among(sessions)
    yield from names_outside(out, given)
    yield from sessions - given
