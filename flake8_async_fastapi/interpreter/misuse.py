"""Coroutines that are used as the value they would give."""

from __future__ import annotations

from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.interpreter.context import Frame
from flake8_async_fastapi.interpreter.events import Misused
from flake8_async_fastapi.interpreter.values import Coroutine, Value, held, options


def misuse(
    frame: Frame, coroutine: Coroutine, how: str, detail: str = "", *, awaited_chain: bool = False
) -> None:
    """Say that a coroutine of this frame was used in a way that is never right."""
    if coroutine.origin in frame.created:
        path, line, col = coroutine.origin
        frame.settled.add(coroutine.origin)
        frame.emit_event(Misused(path, line, col, frame.qualname, coroutine, how, detail, awaited_chain))


def use(frame: Frame, node: Expr, value: Value, how: str, detail: str = "") -> None:
    """A value is used as what it is: a mistake if it is a coroutine."""
    for option in options(value):
        if isinstance(option, Coroutine):
            misuse(frame, option, how, detail)


def test(frame: Frame, value: Value, how: str = "condition") -> None:
    """A value is tested: right for a coroutine only if it is awaited somewhere else."""
    for option in options(value):
        if isinstance(option, Coroutine):
            frame.tested.setdefault(option.origin, how)


def discard(frame: Frame, value: Value) -> None:
    """A value is dropped on the spot, with all the coroutines it holds."""
    for coroutine in held(value):
        if coroutine.origin not in frame.settled:
            misuse(frame, coroutine, frame.tested.get(coroutine.origin, "discarded"))


def forgotten(frame: Frame) -> None:
    """At the end of a function: the coroutines that no path awaited or gave away."""
    for origin, coroutine in frame.created.items():
        if origin not in frame.settled:
            misuse(frame, coroutine, frame.tested.get(origin, "forgotten"))
