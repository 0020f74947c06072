"""Async fixtures and tests that nothing runs."""

from __future__ import annotations

from flake8_async_fastapi.engine.events import Event
from flake8_async_fastapi.records import dataclass


@dataclass(frozen=True, slots=True)
class FixtureNotRun(Event):
    """An async function is a fixture by ``text``, and no plugin runs it; ``gives`` is what tests get."""

    text: str
    name: str
    gives: str


@dataclass(frozen=True, slots=True)
class TestNotRun(Event):
    """An async test without a mark that makes a plugin run it."""

    name: str
