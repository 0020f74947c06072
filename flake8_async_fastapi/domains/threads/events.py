"""Functions that are handed over to be run elsewhere, and what goes wrong there."""

from __future__ import annotations

from flake8_async_fastapi.engine.events import Event
from flake8_async_fastapi.engine.places import Mention, Spot


class CallbackNeverAwaited(Event, frozen=True):
    """A coroutine function, as ``text``, is given to what calls it and drops the coroutine.

    ``runner`` is who calls it, ``chain`` the calls of the project that lead there, ``remedy`` how it is run.
    """

    text: str
    runner: str
    chain: tuple[str, ...]
    remedy: str


class CoroutineCached(Event, frozen=True):
    """A coroutine is kept to be used again: that of the function ``name``, by ``keeper``.

    ``is_generator`` says that it is an async generator, ``chain`` are the calls that lead there.
    """

    name: str
    keeper: str
    is_generator: bool = False
    chain: tuple[str, ...] = ()


class LoopUsedInThread(Event, frozen=True):
    """Code that runs in a thread, as ``thread`` says, uses what belongs to the event loop.

    ``is_asking``: it asks for the loop of its thread, which has none; else it changes an object of a
    loop.  ``label`` is the call, ``at`` its line, if not here, ``chain`` the calls that lead there.
    """

    thread: str
    is_asking: bool
    label: str
    at: Spot | None
    chain: tuple[str, ...]
    remedy: str

    def others(self) -> tuple[Mention, ...]:
        return () if self.at is None else (Mention(*self.at, f"{self.label} is called here"),)


class EngineInNewLoop(Event, frozen=True):
    """The call ``label`` starts an event loop, in which the engine made at ``engine`` is used.

    ``again`` says why there is another loop before or beside it, ``chain`` the calls that lead there.
    """

    label: str
    chain: tuple[str, ...]
    engine: Spot
    again: str

    def others(self) -> tuple[Mention, ...]:
        return (Mention(*self.engine, "the engine is made here"),)


class CancellationSwallowed(Event, frozen=True):
    """A handler, as ``text``, ends a cancellation in an endless loop, which goes on."""

    text: str
