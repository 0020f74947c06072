"""Exceptions on their way from a ``raise`` to a handler, also out of a callee."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from flake8_async_fastapi.engine.effects import AppliedCall
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.leaving import group_paths
from flake8_async_fastapi.engine.state import State, limit_disjuncts, same, same_without
from flake8_async_fastapi.engine.values import (
    NONE,
    TRUE,
    UNKNOWN,
    Arguments,
    ClassValue,
    Collection,
    Instance,
    Library,
    Object,
    Value,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.knowledge.exceptions import is_derived, is_of_databases

MOST_WAYS: Final = 4
"""Ways to leave a function by an exception that its callers are told of."""

WayOut: TypeAlias = tuple["Raised", tuple[Hashable, ...]]
"""An exception by which a function is left, with the effects until then."""

Order: TypeAlias = Callable[[ClassValue], tuple[Value, ...]]
"""A class and its bases."""


class Raised(Struct, frozen=True):
    """The exception that a path carries to its handler: a part of the path.

    ``kinds`` are its possible classes, none if no ``raise`` of the project raised it. ``is_exact``: it is of
    such a class itself; otherwise a handler of these ``kinds`` raised it again. ``by_callee``: it comes out
    of a call. ``value`` is the exception as an object, of a library's type only with what is attached to it.
    """

    kinds: tuple[Value, ...] = ()
    is_exact: bool = False
    by_callee: bool = False
    value: Value = UNKNOWN

    fork = same
    forget = same_without

    def unify(self, other: Raised, states: tuple[State, State]) -> Raised | None:
        return self if self == other else None

    def join(self, others: list[Raised]) -> Raised:
        return self if all(other == self for other in others) else Raised()


UNKNOWN_EXCEPTION: Final = Raised((UNKNOWN,))


def exception_of(frame: Frame, node: tree.Raise, value: Value, maker: Value) -> Raised:
    """The exception of a ``raise`` with this value; ``maker`` is what it calls if the value is unknown."""
    name, handled = frame.handled
    raised = node.parts[0] if node.parts else None
    if handled is not None and (raised is None or (isinstance(raised, tree.Name) and raised.id == name)):
        again: Raised = handled
        return again
    match value:
        case Instance(cls=cls):
            return Raised((cls,), True, value=value)
        case ClassValue() | Library():
            return Raised((value,), True)
        case Object(type=name):
            return Raised((Library(name),), True, value=Object(name, detail=value.detail))
    return Raised((maker,), True) if isinstance(maker, Library) else UNKNOWN_EXCEPTION


NO_EXCEPTION: Final = Arguments((NONE, NONE, NONE))
"""What ``__exit__`` gets at the end of a block."""


def as_arguments(state: State) -> Arguments:
    """What ``__exit__`` gets on a path with an exception."""
    exception = state.part(Raised)
    kind = exception.kinds[0] if exception.is_exact else UNKNOWN
    if isinstance(kind, ClassValue):
        return Arguments((kind, exception.value, UNKNOWN))
    return Arguments((TRUE, Object(kind.dotted) if isinstance(kind, Library) else UNKNOWN, UNKNOWN))


def leave(frame: Frame, state: State, exception: Raised) -> None:
    """Take a path to the handlers around, or out of the function."""
    state.put(exception)
    frame.leave_by_exception(state)


def is_raised(state: State) -> bool:
    """Whether a path carries the exception of a ``raise``."""
    return Raised in state.parts and state.part(Raised).kinds != ()


# --- handlers --------------------------------------------------------------------------------


def paths_caught(
    paths: Sequence[tuple[State, State, Value | None]], order: Order
) -> tuple[list[tuple[State, Raised]], list[State]]:
    """The paths that enter a handler, with what it catches on each, and those that may go to the next one.

    Each path comes with the one that it becomes in the handler, and what this names there, None for
    everything. If a ``raise`` is known to lead to a handler for an exception of the project, library code
    does not.
    """
    known: list[tuple[State, Raised]] = []
    others: list[tuple[State, Raised]] = []
    rest: list[State] = []
    for state, entering, kind in paths:
        exception = state.part(Raised) if is_raised(state) else None
        caught = None if exception is None else _is_caught(exception, kind, order)
        if exception is None or (caught is None and not exception.by_callee):
            others.append((entering, Raised(_kinds_of(kind))))
            state.parts.pop(Raised, None)
            rest.append(state)
        elif caught:
            known.append((entering, exception))
        elif caught is False:
            rest.append(state)
    named = [one for *_, kind in paths for one in _kinds_of(kind)]
    is_own = bool(known) and all(isinstance(one, ClassValue) for one in named)
    return known if is_own else known + others, rest


def _kinds_of(kind: Value | None) -> tuple[Value, ...]:
    """The classes that a handler names."""
    if kind is None:
        return (Library("builtins.BaseException"),)
    return kind.items if isinstance(kind, Collection) and kind.items is not None else (kind,)


def _is_caught(exception: Raised, kind: Value | None, order: Order) -> bool | None:
    found = set()
    for raised in exception.kinds:
        for named in _kinds_of(kind):
            found.add(_is_kind_of(raised, named, order))
            # others than those of a database have a `raise`
            if not exception.is_exact and isinstance(named, Library) and is_of_databases(named.dotted):
                found.add(_is_kind_of(named, raised, order))
    return True if True in found else None if None in found else False


def _is_kind_of(raised: Value, named: Value, order: Order) -> bool | None:
    """Whether an exception of a class is one of another class."""
    if isinstance(named, Library) and named.dotted == "builtins.BaseException":
        return True
    found: set[bool | None] = set()
    for base in order(raised) if isinstance(raised, ClassValue) else (raised,):
        if base == named:
            return True
        if isinstance(base, Library) and isinstance(named, Library):
            found.add(is_derived(base.dotted, named.dotted))
        elif not isinstance(base, (ClassValue, Library)) or not isinstance(named, (ClassValue, Library)):
            found.add(True if named == Library("builtins.Exception") else None)
    return True if True in found else None if None in found else False


# --- out of a function -----------------------------------------------------------------------


def raise_in_caller(call: AppliedCall, ways: tuple[WayOut, ...]) -> None:
    """Take the paths on which a callee raises an exception to the handlers of its caller."""
    frame, before = call.frame, call.frame.state
    for exception, effects in ways if frame.exception_states is not None or not frame.emit else ():
        frame.state = before.fork()
        frame.ctx.hooks.call(call, effects)
        value = call.renaming.value(exception.value)
        leave(frame, frame.state, replace(exception, by_callee=True, value=value))
    frame.state = before


def ways_out(frame: Frame) -> tuple[WayOut, ...]:
    """The exceptions by which a run was left; a generator is left later, when it is iterated."""
    if not frame.raised or frame.yields:
        return ()
    found: dict[WayOut, None] = {}
    for exception, paths in group_paths((path, path.part(Raised)) for path in frame.raised):
        for path in limit_disjuncts(paths):
            found[exception, frame.ctx.hooks.summarise_raised(frame, path, exception.value)] = None
    return tuple(found)[:MOST_WAYS]
