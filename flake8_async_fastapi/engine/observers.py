"""Observers: functions that are notified of events."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Protocol, TypeAlias

from msgspec import Struct

from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.models import CallSite
from flake8_async_fastapi.engine.places import Place, Position
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    Arguments,
    ClassValue,
    Coroutine,
    Function,
    Instance,
    Library,
    Member,
    Unknown,
    Value,
)
from flake8_async_fastapi.engine.watches import Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Call, Expr

BlockItems: TypeAlias = Sequence[tuple[tree.WithItem, Value]]
"""The items of a ``with``, each with the value that is entered."""


class AttributeObserver(Protocol):
    """Notified of a condition on ``owner.name`` on a path."""

    def __call__(
        self, frame: Frame, state: State, owner: Value, name: str, *, is_empty: bool, is_kind: bool
    ) -> None: ...


class Observers(Struct, frozen=True):
    """Who is told what happens; observers give nothing.

    ``called``: a call as it is written is done, with the value, the arguments and the result;
    ``decorated``: a function, by a value, at an expression.
    ``assigned``: a statement assigns a value; ``stored``: it does so to something else than a variable of
    a function; ``augments``: one such as ``x += y`` is about to; ``dropped``: the value of a statement is
    dropped;
    ``awaits``: an ``await`` is about to be evaluated on the frame's path; ``awaited``: a value is about
    to be awaited; ``entered``: so is a value by an item of a ``with``.
    ``left``: a value that was entered is left, at a place; ``broken_off``: that of an item of a ``with``
    is left by an exception, given the paths as they were at the begin of the block.
    ``iteration_begins``: a loop takes an item, the first one or (true) a further one; ``loop_ends``: a loop
    is over, given its items (unknown for a ``while``), the paths before it and those that come out of it.
    ``loop_left``: these paths leave a loop over something by ``break`` or ``return``.
    ``block_begins``, ``block_ends``: the block of a ``with``, given its items with their values; at
    the end also the paths that reach it.
    ``try_begins``, ``handlers_begin``, ``caught``, ``unwinds``, ``try_ends``: a ``try``; a handler is
    entered by the frame's path, given what it catches (None for everything), or its ``finally`` is, by
    an exception for which there is no handler.
    ``raises``: a ``raise`` is about to leave its block with an exception, as an object.
    ``run_begins``: a function is about to be run, for its result or as the code under check.
    ``function_begins``: the code under check of a function is about to be run, given the frame that
    defined it; ``function_returns``: it returned a value, on the frame's path, at a place;
    ``function_ends``: it was run to its end.
    ``call_ends``: a call was made of one value, with a result; ``applies``: a value is about to be
    called, in whatever way.
    ``function_called``: so was a plain function of the project, with these pieces of its summary;
    ``coroutine_called``: a coroutine function; ``coroutine_made``: a library's method gave a coroutine.
    ``callback_ran``: a call ran a function that it was given, in a frame of its own, on the same thread.
    ``branch_begins``, ``branch_ends``: a branch of an ``if`` is run, where its condition came out as said;
    at the begin also the paths that enter it.
    ``item_begins``: an item of a ``with`` is about to be evaluated; ``enters``: a value is entered, as
    written, ``iterates``: a loop runs over a value, both with whether it does so asynchronously.
    ``instance_read``: an attribute of an instance is read, at a place.
    ``consumed``: a value whose items are gone through, at a place.
    ``tested``: a condition, or a part of one, came out as said on a path.
    ``attribute_tested``: a condition on an attribute of a value held: that it is empty (false or None), or
    a comparison, which asks of what kind the value is; ``name_sought``: so did a condition that looks
    for a text in something; ``emptied``: a value turned out to count as false.
    ``shown``: text is made of a value, at a place.
    ``escaped``: values are given to a callee that is unknown, or of a library, at a place; ``havoc``: they
    are given to code that is not followed, so that anything may happen to them.
    ``constructs``: a class of the project is about to be called, at a place.
    ``receiver_changed``: the receiver of a call has other attributes than before.
    """

    assigned: tuple[Callable[[Frame, tree.Assign, Value], None], ...] = ()
    stored: tuple[Callable[[Frame, tree.Assign, Value], None], ...] = ()
    augments: tuple[Callable[[Frame, tree.AugAssign], None], ...] = ()
    dropped: tuple[Callable[[Frame, Value, Expr], None], ...] = ()
    awaited: tuple[Callable[[Frame, Value, tree.Await], None], ...] = ()
    awaits: tuple[Callable[[Frame, tree.Await], None], ...] = ()
    entered: tuple[Callable[[Frame, tree.WithItem, Value], None], ...] = ()
    left: tuple[Callable[[Frame, Value, Place], None], ...] = ()
    broken_off: tuple[Callable[[Frame, tree.WithItem, Value, Place, list[State]], None], ...] = ()
    iteration_begins: tuple[Callable[[Frame, Value, tree.For, bool], None], ...] = ()
    loop_ends: tuple[Callable[[Value, list[State], list[State]], None], ...] = ()
    loop_left: tuple[Callable[[Frame, tree.For, list[State]], None], ...] = ()
    block_begins: tuple[Callable[[Frame, BlockItems], None], ...] = ()
    block_ends: tuple[Callable[[Frame, BlockItems, list[State]], None], ...] = ()
    try_begins: tuple[Callable[[Frame], None], ...] = ()
    handlers_begin: tuple[Callable[[Frame], None], ...] = ()
    caught: tuple[Callable[[Frame, Value | None, tree.Handler], None], ...] = ()
    raises: tuple[Callable[[Frame, tree.Raise, Value], None], ...] = ()
    unwinds: tuple[Callable[[Frame], None], ...] = ()
    try_ends: tuple[Callable[[Frame], None], ...] = ()
    run_begins: tuple[Callable[[Frame, Function], None], ...] = ()
    function_begins: tuple[Callable[[Frame, Function, Frame], None], ...] = ()
    function_returns: tuple[Callable[[Frame, Value, Position], None], ...] = ()
    function_ends: tuple[Callable[[Frame], None], ...] = ()
    call_ends: tuple[Watch, ...] = ()
    applies: tuple[Callable[[CallSite], None], ...] = ()
    function_called: tuple[Callable[[Frame, Function, tuple[Hashable, ...], Place], None], ...] = ()
    coroutine_called: tuple[Callable[[Frame, Function, Arguments, Place], None], ...] = ()
    coroutine_made: tuple[Callable[[Frame, Coroutine], None], ...] = ()
    callback_ran: tuple[Callable[[Frame, Frame, Call], None], ...] = ()
    branch_begins: tuple[Callable[[Frame, tree.If, bool, list[State]], None], ...] = ()
    branch_ends: tuple[Callable[[Frame, tree.If, bool], None], ...] = ()
    item_begins: tuple[Callable[[Frame, tree.With, tree.WithItem], None], ...] = ()
    enters: tuple[Callable[[Frame, Value, Expr, bool], None], ...] = ()
    iterates: tuple[Callable[[Frame, Value, Expr, bool], None], ...] = ()
    instance_read: tuple[Callable[[Frame, Instance, str, Place], None], ...] = ()
    consumed: tuple[Callable[[Frame, Value, Place], None], ...] = ()
    shown: tuple[Callable[[Frame, Value, Place], None], ...] = ()
    attribute_tested: tuple[AttributeObserver, ...] = ()
    tested: tuple[Callable[[Frame, State, Expr, bool], None], ...] = ()
    name_sought: tuple[Callable[[Frame, State, tree.Compare, bool], None], ...] = ()
    emptied: tuple[Callable[[State, Value], None], ...] = ()
    escaped: tuple[Callable[[Frame, Unknown | Library | Member, Arguments, Place], None], ...] = ()
    havoc: tuple[Callable[[Frame, Sequence[Value]], None], ...] = ()
    constructs: tuple[Callable[[Frame, ClassValue, Arguments, Place], None], ...] = ()
    called: tuple[Watch, ...] = ()
    receiver_changed: tuple[Callable[[Frame, Value | None, Value | None], None], ...] = ()

    decorated: tuple[Callable[[Frame, Value, Function, Expr], None], ...] = ()

    def show(self, frame: Frame, value: Value, place: Place) -> None:
        """Notify observers that a value is turned into text."""
        for observe in self.shown:
            observe(frame, value, place)

    def cause_havoc(self, frame: Frame, values: Sequence[Value]) -> None:
        """Notify observers that values are passed to code that is not followed."""
        for observe in self.havoc:
            observe(frame, values)

    def consume(self, frame: Frame, value: Value, place: Place) -> None:
        """Notify observers that the items of a value are iterated."""
        for observe in self.consumed:
            observe(frame, value, place)
