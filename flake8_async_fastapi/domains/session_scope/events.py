"""Sessions that are shared, used too late, or in a wrong state of their transaction."""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.engine.events import Event
from flake8_async_fastapi.engine.places import Mention, Spot

LATER_FASTAPI: Final = "FastAPI 0.118 or later is installed"
"""When background tasks and streams run before a request closes what it was given."""


class SessionShared(Event, frozen=True):
    """Concurrent tasks use one session; ``tasks`` are two of them, or one that is repeated.

    ``can_be_apart`` says that each could have a session of its own.
    """

    text: str
    session: str
    tasks: tuple[str, ...] = ()
    can_be_apart: bool = False


class ContextSessionShared(Event, frozen=True):
    """Resolvers of one query, ``resolvers`` among them, use the session of the context concurrently."""

    resolvers: tuple[str, str]


class SessionUsedLate(Event, frozen=True):
    """A session is used after the block or request that it belongs to has ended.

    ``use`` is ``background``, ``task``, ``stream``, ``shield`` if the waiting task is cancelled, or
    ``gather`` if another task fails.
    ``closed_by`` is the ``block`` that opened it, or the ``request`` that it was provided for.
    ``may_be_older`` says that the dependency has ``scope="function"``, or that the project allows versions of
    FastAPI that close dependencies first.
    """

    text: str
    session: str
    use: str
    closed_by: str
    may_be_older: bool


class UploadReadLate(Event, frozen=True):
    """An upload is read after its request has ended; ``use`` as in SessionUsedLate."""

    text: str
    upload: str
    use: str


class TransactionMisused(Event, frozen=True):
    """A session is used in a way that its transaction does not allow.

    ``problem`` is ``begun`` (``begin()`` comes too late), ``closed`` (it was ended inside its
    own block), ``streamed`` (it is ended while a loop reads from its cursor), or ``failed`` (a flush
    failed), ``may have failed`` (or other code did) and ``timed out`` (a statement was cancelled), if nothing
    was rolled back. It began at the line ``since``. ``in_block`` says that it is in an ``async with
    session.begin()``, and ``commits_nothing`` that it is the end of that block.
    """

    text: str
    session: str
    problem: str
    since: Spot | None = None
    in_block: bool = False
    commits_nothing: bool = False

    def others(self) -> tuple[Mention, ...]:
        if self.since is None:
            return ()
        texts = {
            "begun": "the transaction of {} begins here",
            "closed": "the transaction of {} is closed here",
            "streamed": "the cursor of {} is read here",
            "timed out": "a timeout may cancel this",
            "failed": "this flush of {} may fail",
            "may have failed": "this flush of {} may fail",
        }
        return (Mention(*self.since, texts[self.problem].format(self.session)),)


class ConnectionHeld(Event, frozen=True):
    """A session holds a connection while a call waits for the ``network`` or for ``others``.

    ``is_callee`` says that a function of the project, which the call leads to, waits.
    """

    text: str
    session: str
    kind: str
    is_callee: bool


class ConnectionNested(Event, frozen=True):
    """A call takes a connection for another session while a session holds one."""

    text: str
    session: str


class CommittedLate(Event, frozen=True):
    """A dependency may commit after its ``yield``, by ``text``.

    ``is_after_response`` says that the project's version of FastAPI sends the response first.
    """

    text: str
    is_after_response: bool


class WritesLost(Event, frozen=True):
    """``text`` writes in a session that is closed without a commit.

    ``left`` is a generator that would commit at the end of a loop, which ``break`` or ``return`` leaves.
    ``is_reading``: by a route for requests that only read.
    """

    text: str
    left: str = ""
    is_reading: bool = False


class WritesTakenBack(Event, frozen=True):
    """``text`` rolls back what was flushed before at ``since``, too: in earlier passes of a loop, or by other
    code, after which the rest is committed.
    """

    text: str
    since: Spot
    in_loop: bool = True

    def others(self) -> tuple[Mention, ...]:
        text = "each pass writes here" if self.in_loop else "the code writes here before"
        return (Mention(*self.since, text),)


class ObjectOfOtherSession(Event, frozen=True):
    """``method`` passes a session an object of the class ``name`` that another open session has."""

    text: str
    name: str
    method: str


class ClientLeftOpen(Event, frozen=True):
    """A function makes an HTTP client, ``text``, for its requests and never closes it."""

    text: str


class ClosedUsed(Event, frozen=True):
    """A client or a response, which is closed by then, is used by ``text``; it was made at ``made``."""

    text: str
    made: Spot

    def others(self) -> tuple[Mention, ...]:
        return (Mention(*self.made, "the block is here"),)


class SharedClientClosed(Event, frozen=True):
    """Each request closes the HTTP client of a module, made at ``client``, by ``text``."""

    text: str
    client: Spot

    def others(self) -> tuple[Mention, ...]:
        return (Mention(*self.client, "the client is made here"),)
