"""The behaviour that all possible callees share, where the code may know which of them it calls.

A factory returns one of several classes, or an abstract class has several implementations. The surrounding
code often knows, from a condition of its own, which one it gets. So behaviour of only some of them is not
certain.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeGuard, TypeVar

from msgspec.structs import replace

from flake8_async_fastapi.engine.events import Awaited, Entered, Event, Iterated
from flake8_async_fastapi.engine.joins import join_returns, union
from flake8_async_fastapi.engine.values import (
    ClassValue,
    Coroutine,
    Function,
    Instance,
    OneOf,
    Partial,
    Value,
    is_none,
)

N = TypeVar("N", bound="SplitNotes")


class SplitNotes(Protocol):
    """Notes of a run that are kept separately for each of several values that are called."""

    def fork(self: N) -> N:
        """A copy of the notes, for one of the values."""

    def agree(self: N, others: Sequence[N]) -> N:
        """The notes from before, plus the additions that all the values have in common."""


class Noting(Protocol):
    """A run: the frame of a function."""

    notes: dict[type[Any], Any]


class Agreement:
    """Collects the events and notes of several options, and keeps those that all options share."""

    def __init__(self, frame: Noting, events: list[Event]) -> None:
        self._frame, self._events = frame, events
        self._start, self._before = len(events), frame.notes
        self._found: list[tuple[list[Event], dict[type[Any], Any]]] = []
        frame.notes = _forked(self._before)

    def end_option(self) -> None:
        """Finish one option."""
        self._found.append((self._events[self._start :], self._frame.notes))
        del self._events[self._start :]
        self._frame.notes = _forked(self._before)

    def settle(self) -> None:
        """Finish after the last option."""
        notes: dict[type[Any], Any] = {}
        for kind in dict.fromkeys(kind for _, noted in self._found for kind in noted):
            options = [noted[kind] if kind in noted else kind() for _, noted in self._found]
            notes[kind] = options[-1]
            if _is_split(options[-1]):
                before = self._before[kind] if kind in self._before else kind()
                notes[kind] = before.agree(options)
        self._frame.notes = notes
        first, *others = [_by_place(events) for events, _ in self._found]
        for key, events in first.items():
            if all(key in other for other in others):
                same = [*events, *(event for other in others for event in other[key])]
                self._events.append(_one_event(same))


def _forked(notes: dict[type[Any], Any]) -> dict[type[Any], Any]:
    return {kind: note.fork() if _is_split(note) else note for kind, note in notes.items()}


def _is_split(note: object) -> TypeGuard[SplitNotes]:
    return hasattr(note, "agree")


def _by_place(events: list[Event]) -> dict[tuple[type[Event], str, int, int], list[Event]]:
    found: dict[tuple[type[Event], str, int, int], list[Event]] = {}
    for event in events:
        found.setdefault((type(event), event.path, event.line, event.col), []).append(event)
    return found


def _one_event(same: list[Event]) -> Event:
    """One event for the same event of all options: its value supports whatever one of them supports."""
    chosen = min(same, key=repr)
    if not isinstance(chosen, (Awaited, Entered, Iterated)):
        return chosen
    uses: list[frozenset[str] | None] = [getattr(event, "supports", None) for event in same]
    known = [use for use in uses if use is not None]
    return replace(chosen, supports=frozenset().union(*known) if len(known) == len(uses) else None)


def are_of_several_classes(options: Sequence[Value]) -> bool:
    """Whether some values are objects, or methods of objects, of different classes of the project."""
    classes = {_class_behind(option) for option in options}
    return len(classes) > 1 and None not in classes


def may_be_of_several_classes(value: OneOf) -> bool:
    """Like ``are_of_several_classes`` for the alternatives of a value, except None."""
    return are_of_several_classes([option for option in value.values if not is_none(option)])


def join_results(options: Sequence[Value], results: list[Value]) -> Value:
    """One value for the results of several options; if they are of several classes, only the parts that fit
    together.
    """
    return join_returns(results) if are_of_several_classes(options) else union(results)


def _class_behind(value: Value) -> ClassValue | None:
    match value:
        case Instance(cls=cls):
            return cls
        case Function(receiver=receiver) | Coroutine(function=Function(receiver=receiver)):
            return _class_behind(receiver) if isinstance(receiver, Instance) else None
        case Partial(function=function):
            return _class_behind(function)
    return None
