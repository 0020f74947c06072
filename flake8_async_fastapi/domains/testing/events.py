"""Async fixtures and tests that nothing runs."""

from __future__ import annotations

from flake8_async_fastapi.engine.events import Event


class FixtureNotRun(Event, frozen=True):
    """An async function is a fixture by ``text``, and no plugin runs it; ``gives`` is what tests get."""

    text: str
    name: str
    gives: str


class TestNotRun(Event, frozen=True):
    """An async test without a mark that makes a plugin run it."""

    name: str


class LifespanNotRun(Event, frozen=True):
    """A client of tests is made by ``text`` and runs no ``lifespan``.

    The tests request ``requested``, whose route reads ``thing``, which the lifespan sets.
    """

    text: str
    lifespan: str
    requested: str
    thing: str


class EngineUsedInTest(Event, frozen=True):
    """A test, or an async fixture, opens a connection that stays in the pool of an engine, on its loop.

    ``engine`` is the place where that was made.  ``is_repeated`` says that the connection meets another loop
    without any other test of the file.
    """

    name: str
    engine: str
    is_fixture: bool
    is_repeated: bool


class OverrideLeft(Event, frozen=True):
    """The test or fixture ``name`` puts an override into ``text``, and nothing takes it out again."""

    text: str
    name: str
