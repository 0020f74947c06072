"""Knowledge about the connections of sessions: on a path, in a run, and of a call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State, same, same_without


class Unsaved(Struct, frozen=True):
    """A write in a session that nothing has committed; ``is_sent`` says that the database has it."""

    session: Place
    at: Place
    text: str
    is_sent: bool = False


class TakenBack(Struct, frozen=True):
    """A rollback after an error, by ``text``, that took back the write at ``since`` as well."""

    session: Place
    at: Place
    text: str
    since: Place


class Connections(Struct, frozen=True):
    """The sessions on one path, by their keys.

    ``held`` are those that certainly hold a connection, ``begun`` those that are certainly in a
    transaction, ``ended`` those that may have ended theirs. ``commits`` are the places where one may have
    been committed. ``unsaved`` are writes that are certainly neither committed nor taken back. ``undone`` are
    the sessions that may have been rolled back after an error, ``taken`` what that certainly took back.
    """

    held: frozenset[Place] = frozenset()
    begun: frozenset[Place] = frozenset()
    ended: frozenset[Place] = frozenset()
    commits: frozenset[Place] = frozenset()
    unsaved: frozenset[Unsaved] = frozenset()
    undone: frozenset[Place] = frozenset()
    taken: frozenset[TakenBack] = frozenset()

    fork = same
    forget = same_without

    def unify(self, other: Connections, states: tuple[State, State]) -> Connections | None:
        return self.join([other]) if self.taken == other.taken else None

    def join(self, others: list[Connections]) -> Connections:
        if others.count(self) == len(others):
            return self
        return Connections(
            self.held.intersection(*map(_HELD, others)),
            self.begun.intersection(*map(_BEGUN, others)),
            self.ended.union(*map(_ENDED, others)),
            self.commits.union(*map(_COMMITS, others)),
            self.unsaved.intersection(*map(_UNSAVED, others)),
            self.undone.union(*map(_UNDONE, others)),
            self.taken.intersection(*map(_TAKEN, others)),
        )

    def end(self, sessions: Iterable[Place]) -> Connections:
        """The state after connections were, or may have been, returned to the pool."""
        ended = frozenset(sessions)
        return replace(
            self,
            held=self.held - ended,
            begun=self.begun - ended,
            ended=self.ended | ended,
            unsaved=frozenset(write for write in self.unsaved if write.session not in ended),
        )

    def unsaved_in(self, session: Place) -> Iterator[Unsaved]:
        """The writes in a session that are certainly neither committed nor taken back."""
        return (write for write in self.unsaved if write.session == session)


# In the order of the fields; a generator for each would be a call for each.
_HELD, _BEGUN, _ENDED, _COMMITS, _UNSAVED, _UNDONE, _TAKEN = map(attrgetter, Connections.__struct_fields__)


class Wait(Struct, frozen=True):
    """A call that waits for the ``network`` or for ``others``; or takes a connection for another session.

    ``besides`` are the sessions that the callee itself reports as holding one, and those that may hold none
    by then. ``taken_by`` is the session that takes a connection, by the place where it was created.
    ``is_callee`` says that a function of the project waits.
    """

    text: str
    kind: str
    taken_by: Place | None = None
    besides: frozenset[Place] = frozenset()
    is_callee: bool = False


class ConnectionNotes(Struct):
    """The notes of one run: its ``waits``, sessions that other code may end, and findings already reported.

    ``begins`` are the sessions on which it calls ``begin()``, in whatever state it gets them, ``inside``
    those whose blocks it is in. ``late_commits`` are the places where it may commit after a ``yield``, with
    the committing code.
    """

    waits: dict[Wait, None] = field(default_factory=dict)
    begins: set[Place] = field(default_factory=set)
    inside: list[Place] = field(default_factory=list)
    late_commits: dict[Place, str] = field(default_factory=dict)
    loose: set[Place] = field(default_factory=set)
    said: set[Place] = field(default_factory=set)


class ConnectionEffect(Struct, frozen=True):
    """The effect of a call on the connections of sessions that it gets, and its waits.

    ``begins`` are those on which it calls ``begin()``. ``commits`` says that it may commit,
    ``commits_late`` that a generator or context manager may do so after its ``yield``. ``unsaved`` are those
    with writes that it leaves to be committed, ``undone`` those that it may roll back after an error.
    """

    held: frozenset[Place] = frozenset()
    begun: frozenset[Place] = frozenset()
    ended: frozenset[Place] = frozenset()
    begins: frozenset[Place] = frozenset()
    waits: tuple[Wait, ...] = ()
    commits: bool = False
    commits_late: bool = False
    unsaved: frozenset[tuple[Place, bool]] = frozenset()
    undone: frozenset[Place] = frozenset()


NOTHING: Final = ConnectionEffect()
