"""Calls that hand a function over, to be called elsewhere or later."""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import functions
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    Collection,
    DeclaredCallable,
    Function,
    Instance,
    Library,
    Member,
    Partial,
    Value,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import written_argument
from flake8_async_fastapi.knowledge import with_bases
from flake8_async_fastapi.knowledge.runners import RUNNERS, Runner


class HandOver(NamedTuple):
    """A function that a call hands over, its arguments, and its text."""

    runner: Runner
    name: str
    function: Value
    arguments: Arguments
    written: Expr | None

    @property
    def text(self) -> str:
        """The function as shown in messages."""
        if isinstance(self.written, tree.Lambda):
            return "a lambda"
        return "..." if self.written is None else for_message(self.written)


def hand_over(callee: Value, arguments: Arguments, node: tree.Call) -> HandOver | None:
    """The function that a call hands over; None for other calls, and if it is not known."""
    if isinstance(callee, Library):
        name, runner = callee.dotted, RUNNERS.get(callee.dotted)
    elif isinstance(callee, Member) and callee.name in METHODS:
        name = f"{callee.receiver.type.rpartition('.')[2]}.{callee.name}"
        runner = _runner_of_method(callee.receiver.type, callee.name)
    else:
        return None
    function = arguments.get(runner.place, runner.name) if runner is not None else None
    if runner is None or function is None:
        return None
    written = written_argument(node, runner.place, runner.name)
    return HandOver(runner, name, function, _passed(runner, arguments), written)


METHODS: Final = frozenset(name.rpartition(".")[2] for name in RUNNERS)
"""The last names of all that runs a function."""


@cache
def _runner_of_method(type_name: str, name: str) -> Runner | None:
    methods = (f"{base}.{name}" for base in with_bases(type_name))
    return next((RUNNERS[method] for method in methods if method in RUNNERS), None)


def _passed(runner: Runner, arguments: Arguments) -> Arguments:
    """The arguments that the function will get."""
    if runner.arguments:
        by_name = dict(arguments.keywords)
        listed, named = by_name.get(runner.arguments), by_name.get("kwargs")
        if arguments.opaque or (listed is None and len(arguments.args) > runner.place + 1):
            return Arguments(opaque=True)
        args = _items(listed)
        keywords = named.keys if isinstance(named, Collection) else ()
        values = _items(named)
        if args is None or keywords is None or values is None or None in keywords:
            return Arguments(opaque=True)
        return Arguments(args, tuple(zip(map(str, keywords), values, strict=True)))
    rest = arguments
    for _ in range(runner.place + 1):
        rest = rest.rest()
    return rest


def _items(given: Value | None) -> tuple[Value, ...] | None:
    """The items of a list or dict; None if they are not known."""
    if given is None:
        return ()
    return given.items if isinstance(given, Collection) else None


_CALLABLE = (Function, Partial, Member, Instance, DeclaredCallable, Library)


def run_handed_over(frame: Frame, given: HandOver) -> tuple[Value, Frame]:
    """The result of the function when it runs, and the frame that called it; the path does not change."""
    if not isinstance(given.function, _CALLABLE):
        return UNKNOWN, Frame(frame.ctx, frame.path, frame.qualname)
    return functions.call_quietly(frame, given.function, given.arguments, state=frame.state.fork())
