"""How domains record the effects of calls, and pass their knowledge of objects into a callee."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Function, Manager, Value


class Ends(NamedTuple):
    """How a run of a function ends: its results, each with the path that leads to it.

    For a generator, ``paths`` lead to its ``yield`` expressions, and ``exits`` to its end.
    """

    values: list[Value]
    paths: list[State]
    exits: list[State]


class AppliedCall(NamedTuple):
    """A call whose effects are being applied: the caller, the place, the callee, and the caller's names for
    objects.
    """

    frame: Frame
    function: Function
    place: Place
    renaming: Any


class EffectHooks(Struct, frozen=True):
    """How a domain records the effects of calls, in values of a type of its own: the ``parts`` of a
    ``Summary``.

    ``summarise`` creates them from a run. ``call`` applies one on the path of a caller, and returns
    whatever has to wait until later, in types that also have hooks. ``leave`` applies those when a context
    manager is left. ``raised`` creates them from a path by which the run was left with an exception, which
    is given as an object.
    """

    summarise: Callable[[Frame, Ends], Iterable[Hashable]] | None = None
    call: Callable[[AppliedCall, Any], Iterable[Hashable]] | None = None
    leave: Callable[[Frame, Manager, Any, Place], None] | None = None
    raised: Callable[[Frame, State, Value], Iterable[Hashable]] | None = None


class PartHooks(Struct, frozen=True):
    """How a domain's part of the state is passed into a callee.

    ``footprint`` returns the knowledge about the objects that values lead to. If it gets the ``Renaming``
    of a call, it adds the objects to it and uses its names. The footprint is part of the key of the
    callee's summary. ``put_footprint`` applies it to a path. ``tracks`` is whether the part knows of any
    object.
    """

    footprint: Callable[[Context, State, Any, Sequence[Value]], Hashable]
    put_footprint: Callable[[State, Any], None]
    tracks: Callable[[Any], bool]
