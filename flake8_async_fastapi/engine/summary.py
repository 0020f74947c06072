"""The effects of a call of a function."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final, TypeAlias

from msgspec import Struct

from flake8_async_fastapi.engine.values import UNKNOWN, Value


class Summary(Struct, frozen=True):
    """The effects of a call: its results, the values it yields, and its changes to the receiver.

    ``parts`` are the effects that domains record, each of a type of its own. ``wanted`` are the attributes
    of its arguments whose objects the run needed but was not given. ``raises`` are the exceptions by which
    it may end, each with the effects until then. ``globals`` are the names that it assigned after ``global``.
    """

    returns: Value = UNKNOWN
    yields: Value = UNKNOWN
    receiver: Value | None = None
    parts: tuple[Hashable, ...] = ()
    wanted: frozenset[str] = frozenset()
    raises: tuple[tuple[Any, tuple[Hashable, ...]], ...] = ()
    globals: tuple[tuple[str, Value], ...] = ()


NOTHING: Final = Summary()
"""What is known of a call that is not run."""

Footprint: TypeAlias = tuple[tuple[type[Any], Hashable], ...]
"""What is known of some objects, by the type of the part of the state that knows it."""
