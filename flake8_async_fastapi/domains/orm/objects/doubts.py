"""Missing attributes of objects in tests, which other code may have loaded: nothing certain is said of them.

Tests share a session with fixtures, and with the application that answers their requests.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.objects.heap import instances_of, reachable
from flake8_async_fastapi.domains.orm.objects.instances import InstanceState, Maybe, NotLoaded
from flake8_async_fastapi.domains.orm.objects.transitions import attribute_state
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.values import Value

BY_FIXTURE: Final = "another fixture loads it"
BY_REQUEST: Final = "a request loads it"
BY_OTHERS: Final = "other code of the tests loads it"
ALL: Final = frozenset({BY_FIXTURE, BY_REQUEST, BY_OTHERS})


class Requests(Struct):
    """Whether a test has sent a request to the application."""

    sent: bool = False


def doubted(ctx: Context, obj: InstanceState, unless: str) -> InstanceState:
    """An object of which what is missing is doubtful; ``unless`` says in which case it is loaded."""
    model, before = models.model_of_objects(ctx, obj.cls), obj
    for name, attribute in model.attributes.items() if model is not None else ():
        state = attribute_state(ctx, before, name, attribute)
        if isinstance(state, NotLoaded):
            obj = obj.put(name, Maybe(state, unless))
    return obj


def doubt_missing(frame: Frame, values: Iterable[Value], unless: str) -> None:
    """Apply ``doubted`` to all objects that values lead to."""
    objects = instances_of(frame.state)
    for location, obj in reachable(objects, values).items() if objects else ():
        objects[location] = doubted(frame.ctx, obj, unless)
