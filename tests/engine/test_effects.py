"""Effects of calls, by a domain made up for it: how often a bell is rung on the way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flake8_async_fastapi.analysis import analysis_of
from flake8_async_fastapi.engine.domain import Domain, combine
from flake8_async_fastapi.engine.effects import AppliedCall, EffectHooks, Ends
from flake8_async_fastapi.engine.entry import analyse
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.models import CallSite, Models
from flake8_async_fastapi.engine.observers import Observers
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import NONE, Manager, Value


@dataclass
class Bell:
    """How often one run of a function rang."""

    rung: int = 0


@dataclass(frozen=True)
class Rings:
    """A call rings so often."""

    times: int


@dataclass(frozen=True)
class RingsLater:
    """So often rings who leaves a context manager."""

    times: int


def _ring(site: CallSite) -> Value:
    site.frame.notes_of(Bell).rung += 1
    return NONE


def _summarise(frame: Frame, ends: Ends) -> Iterable[Rings]:
    rung = frame.notes_of(Bell).rung
    return (Rings(rung),) if rung else ()


def _call(call: AppliedCall, effect: Rings) -> Iterable[RingsLater]:
    if call.function.wrapped:
        return (RingsLater(effect.times),)
    call.frame.notes_of(Bell).rung += effect.times
    return ()


def _leave(frame: Frame, manager: Manager, effect: RingsLater, place: Place) -> None:
    frame.notes_of(Bell).rung += effect.times


def rung_by(text: str) -> dict[str, int]:
    """How often each function of a program rings."""
    counts: dict[str, int] = {}

    def note(frame: Frame) -> None:
        counts[frame.qualname] = frame.notes_of(Bell).rung

    bell = Domain(
        "bell",
        models=Models(calls={"time.sleep": _ring}),
        observers=Observers(function_ends=(note,)),
        effects={Rings: EffectHooks(_summarise, _call), RingsLater: EffectHooks(leave=_leave)},
    )
    analyse(analysis_of({"main.py": text}).project, "main.py", hooks=combine([bell]))
    return counts


def test_effects_reach_callers_of_callers() -> None:
    text = """
from time import sleep

def once():
    sleep(1)

def twice():
    once()
    once()

def never(): ...

async def main():
    twice()
    sleep(1)
    never()
"""
    assert rung_by(text) == {"once": 1, "twice": 2, "never": 0, "main": 3}


def test_awaiting_applies_the_effects_and_calling_does_not() -> None:
    text = """
from time import sleep

async def once():
    sleep(1)

async def forgotten():
    return once()

async def main():
    await once()
    await once()
"""
    assert rung_by(text) == {"once": 1, "forgotten": 0, "main": 2}


def test_what_a_context_manager_does_is_kept_until_it_is_left() -> None:
    text = """
from contextlib import contextmanager
from time import sleep

@contextmanager
def ringing():
    sleep(1)
    yield

def made():
    return ringing()

def left():
    with ringing():
        pass
    with ringing():
        pass
"""
    assert rung_by(text) == {"ringing": 1, "made": 0, "left": 2}
