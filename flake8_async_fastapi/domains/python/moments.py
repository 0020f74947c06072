"""Moments of ``datetime``: whether they have a time zone. And the UUIDs that are made anew.

An object of ``AWARE`` certainly has one. A moment without one, or of which nothing is known, is not a
separate object.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from flake8_async_fastapi.engine.models import CallModel, CallSite, Operation
from flake8_async_fastapi.engine.values import Library, Object, Value

AWARE: Final = "datetime.datetime.aware"
_MOMENT: Final = Object(AWARE)
UUID: Final = "uuid.UUID.made"
_ZONES: Final = ("datetime.timezone.utc", "datetime.UTC")


def model_now(site: CallSite) -> Value | None:
    """The value of ``datetime.now(timezone.utc)``."""
    zone = site.arguments.get(0, "tz")
    return _MOMENT if isinstance(zone, Library) and zone.dotted in _ZONES else None


def move(operation: Operation) -> Value | None:
    """A moment plus or minus a time span is a moment. The difference of two moments is not known here."""
    left, right = operation.left, operation.right
    both = all(isinstance(side, Object) and side.type == AWARE for side in (left, right))
    return _MOMENT if operation.operator in ("+", "-") and not both else None


def make_uuid(site: CallSite) -> Value:
    """The value of ``uuid4()``."""
    return Object(UUID)


UUID_MAKERS: Final = ("uuid.uuid1", "uuid.uuid4", "uuid.uuid6", "uuid.uuid7")
CALLS: Final[Mapping[str, CallModel]] = {
    "datetime.datetime.now": model_now,
    **dict.fromkeys(UUID_MAKERS, make_uuid),
}
OPERATORS: Final[Mapping[str, Callable[[Operation], Value | None]]] = {AWARE: move}
