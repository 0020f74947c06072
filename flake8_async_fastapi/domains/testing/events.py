"""Async fixtures and tests that nothing runs, and what tests leave behind."""

from __future__ import annotations

from flake8_async_fastapi.engine.events import Event
from flake8_async_fastapi.engine.places import Mention, Spot


class FixtureNotRun(Event, frozen=True):
    """An async function is a fixture by ``text``, and no plugin runs it; ``gives`` is what tests get."""

    text: str
    name: str
    gives: str


class TestNotRun(Event, frozen=True):
    """An async test without a mark that makes a plugin run it; ``of_case``: it is a method of a TestCase."""

    name: str
    of_case: bool = False


class LifespanNotRun(Event, frozen=True):
    """A test client is created by ``text`` and does not run ``lifespan``.

    The tests request ``requested``, whose route reads ``thing``, which the lifespan sets.
    """

    text: str
    lifespan: str
    requested: str
    thing: str


class EngineUsedInTest(Event, frozen=True):
    """A test, or an async fixture, opens a connection on its loop that stays in the pool of an engine.

    ``engine`` is the place where the engine was created. ``is_repeated`` says that the connection is used
    on another loop even without other tests in the file.
    """

    name: str
    engine: Spot
    is_fixture: bool
    is_repeated: bool

    def others(self) -> tuple[Mention, ...]:
        return (Mention(*self.engine, "the engine is made here"),)


class SessionGivenToOtherLoop(Event, frozen=True):
    """The application that ``text`` starts gets ``session``, which an async fixture made on another loop."""

    text: str
    session: str


class OverrideLeft(Event, frozen=True):
    """The test or fixture ``name`` puts an override into ``text``, and nothing removes it."""

    text: str
    name: str
