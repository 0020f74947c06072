"""Moments of ``datetime``: whether they know their time zone.

An object of ``AWARE`` surely has one.  One without, or of which nothing is known, is no object of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from flake8_async_fastapi.engine.models import CallModel, CallSite, Operation
from flake8_async_fastapi.engine.values import Library, Object, Value

AWARE: Final = "datetime.datetime.aware"
_MOMENT: Final = Object(AWARE)
_ZONES: Final = ("datetime.timezone.utc", "datetime.UTC")


def model_now(site: CallSite) -> Value | None:
    """``datetime.now(timezone.utc)``."""
    zone = site.arguments.get(0, "tz")
    return _MOMENT if isinstance(zone, Library) and zone.dotted in _ZONES else None


def move(operation: Operation) -> Value | None:
    """A moment and a time span give a moment; two moments give a time span, which is not known here."""
    left, right = operation.left, operation.right
    both = all(isinstance(side, Object) and side.type == AWARE for side in (left, right))
    return _MOMENT if operation.operator in ("+", "-") and not both else None


CALLS: Final[Mapping[str, CallModel]] = {"datetime.datetime.now": model_now}
OPERATORS: Final[Mapping[str, Callable[[Operation], Value | None]]] = {AWARE: move}
