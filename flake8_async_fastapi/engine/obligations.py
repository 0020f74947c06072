"""Coroutines that are used as if they were their results."""

from __future__ import annotations

from flake8_async_fastapi.engine.events import CoroutineMisused
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import Coroutine, Value, alternatives
from flake8_async_fastapi.engine.walks import held_coroutines, may_hold_coroutine
from flake8_async_fastapi.facts.tree import Expr


def report_misuse(
    frame: Frame,
    coroutine: Coroutine,
    how: str,
    detail: str = "",
    *,
    awaited_chain: bool = False,
    in_chain: bool = False,
    unless: str = "",
    place: Place | None = None,
) -> None:
    """Report that a coroutine of this frame is used wrongly, always or ``unless`` some condition holds.

    ``place`` is where it is used, if that says more than where it was created.
    """
    if coroutine.origin in frame.owed:
        path, line, col = place or coroutine.origin
        if not unless:
            frame.reported_misuses.setdefault(coroutine.origin, how)
        if frame.emit:
            at = path, line, col, frame.qualname
            frame.emit_event(
                CoroutineMisused(*at, coroutine, how, detail, awaited_chain, frame.is_async, in_chain), unless
            )


def check_use(frame: Frame, value: Value, how: str, detail: str = "") -> None:
    """Report coroutines in a value that is used as an ordinary value."""
    if not may_hold_coroutine(value):
        return
    for alternative in alternatives(value):
        if isinstance(alternative, Coroutine):
            report_misuse(frame, alternative, how, detail)


def note_test(frame: Frame, value: Value, node: Expr, how: str = "condition") -> None:
    """Record a test of a value. It is fine if the coroutine is awaited elsewhere, or may be another value."""
    place = (node.line, node.col, type(node), how)  # `x or y` and `x is None` begin where `x` does
    if not may_hold_coroutine(value):
        frame.open_tests.add(place)
        return
    for alternative in alternatives(value):
        if isinstance(alternative, Coroutine):
            frame.tests.setdefault(alternative.origin, []).append(place)
        else:
            frame.open_tests.add(place)


def check_discarded(frame: Frame, value: Value) -> None:
    """Report the coroutines in a value that is discarded at once."""
    for coroutine in held_coroutines(value):
        if coroutine.origin not in frame.discharged and coroutine.origin not in frame.reported_misuses:
            report_misuse(frame, coroutine, _way_of_testing(frame, coroutine) or "discarded")


def report_forgotten(frame: Frame) -> None:
    """At the end of a function, report the coroutines that no path awaited or passed on.

    This includes those that a coroutine function returns after a test with only one possible outcome: the
    author meant the result.
    """
    for origin, coroutine in frame.owed.items():
        if origin in frame.discharged or origin in frame.reported_misuses:
            continue
        if origin not in frame.returned:
            report_misuse(frame, coroutine, _way_of_testing(frame, coroutine) or "forgotten")
        elif frame.is_async and (how := _way_of_testing(frame, coroutine)):
            report_misuse(frame, coroutine, how)


def _way_of_testing(frame: Frame, coroutine: Coroutine) -> str:
    """How a coroutine was tested, if no other value is ever tested there; empty if it was not."""
    for place in frame.tests.get(coroutine.origin, ()):
        if place not in frame.open_tests:
            return place[-1]
    return ""
