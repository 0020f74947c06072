"""Coroutines that are used as the value they would give."""

from __future__ import annotations

from flake8_async_fastapi.engine.events import Misused
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.values import Coroutine, Value, options
from flake8_async_fastapi.engine.walks import held
from flake8_async_fastapi.facts.tree import Expr


def misuse(
    frame: Frame, coroutine: Coroutine, how: str, detail: str = "", *, awaited_chain: bool = False
) -> None:
    """Say that a coroutine of this frame was used in a way that is never right."""
    if coroutine.origin in frame.created:
        path, line, col = coroutine.origin
        frame.misused.setdefault(coroutine.origin, how)
        if frame.emit:
            frame.emit_event(Misused(path, line, col, frame.qualname, coroutine, how, detail, awaited_chain))


def use(frame: Frame, value: Value, how: str, detail: str = "") -> None:
    """A value is used as what it is: a mistake if it is a coroutine."""
    for option in options(value):
        if isinstance(option, Coroutine):
            misuse(frame, option, how, detail)


def test(frame: Frame, value: Value, node: Expr, how: str = "condition") -> None:
    """A value is tested: right for a coroutine that is awaited elsewhere, or may be something else."""
    place = (node.line, node.col, how)  # `x is None` is a comparison, and begins where `x` does
    for option in options(value):
        if isinstance(option, Coroutine):
            frame.tested.setdefault(option.origin, []).append(place)
        else:
            frame.open_tests.add(place)


def discard(frame: Frame, value: Value) -> None:
    """A value is dropped on the spot, with all the coroutines it holds."""
    for coroutine in held(value):
        if coroutine.origin not in frame.settled and coroutine.origin not in frame.misused:
            misuse(frame, coroutine, _tested(frame, coroutine) or "discarded")


def forgotten(frame: Frame) -> None:
    """At the end of a function: the coroutines that no path awaited or gave away.

    Also those that a coroutine function returns after a test that can only
    come out one way: the author meant the result.
    """
    for origin, coroutine in frame.created.items():
        if origin in frame.settled or origin in frame.misused:
            continue
        if origin not in frame.given_back:
            misuse(frame, coroutine, _tested(frame, coroutine) or "forgotten")
        elif frame.is_async and (how := _tested(frame, coroutine)):
            misuse(frame, coroutine, how)


def _tested(frame: Frame, coroutine: Coroutine) -> str:
    """How a coroutine was tested where nothing else ever stands; empty if it was not."""
    for place in frame.tested.get(coroutine.origin, ()):
        if place not in frame.open_tests:
            return place[2]
    return ""
