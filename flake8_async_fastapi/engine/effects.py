"""How domains say what calls do, and what they know of objects on the way into a callee."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple

from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Function, Manager, Value
from flake8_async_fastapi.records import dataclass


class Ends(NamedTuple):
    """How a run of a function ends: what it gives, each with the path there.

    For a generator, ``paths`` are those to its ``yield``s, and ``exits`` those to its end.
    """

    values: list[Value]
    paths: list[State]
    exits: list[State]


class AppliedCall(NamedTuple):
    """A call whose effects are applied: by whom and where, of what, and with whose names for objects."""

    frame: Frame
    function: Function
    place: Place
    renaming: Any


@dataclass(frozen=True, slots=True)
class EffectHooks:
    """How a domain says, in values of a type of its own, what calls do: the ``parts`` of a ``Summary``.

    ``summarise`` makes them of a run.  ``call`` applies one on the path of a caller, and gives what is
    left for later, in types that have hooks too: ``leave`` applies that where a context manager is left.
    """

    summarise: Callable[[Frame, Ends], Iterable[Hashable]] | None = None
    call: Callable[[AppliedCall, Any], Iterable[Hashable]] | None = None
    leave: Callable[[Frame, Manager, Any, Place], None] | None = None


@dataclass(frozen=True, slots=True)
class PartHooks:
    """How a domain's part of the state goes along into a callee.

    ``footprint`` gives what is known of the objects that values lead to.  It adds them to the
    ``Renaming`` of a call, if it is one, and uses its names.  It is a piece of the
    key of the callee's summary.  ``put_footprint`` puts it on a path.  ``tracks`` says whether the part
    knows of any object.
    """

    footprint: Callable[[Context, State, Any, Sequence[Value]], Hashable]
    put_footprint: Callable[[State, Any], None]
    tracks: Callable[[Any], bool]
