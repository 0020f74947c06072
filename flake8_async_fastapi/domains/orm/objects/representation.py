"""ORM objects as text: the attributes that a ``__repr__`` reads, and descriptions for ``trace``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Relationship
from flake8_async_fastapi.domains.orm.objects import reads, transitions
from flake8_async_fastapi.domains.orm.objects.heap import instances_of, locations_in
from flake8_async_fastapi.domains.orm.objects.instances import InstanceState, Loaded, NotLoaded
from flake8_async_fastapi.engine.fields import fields_in_repr
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import classes, summaries
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import Arguments, Function, Instance, Location, Value, alternatives

_SOURCES: Final = {"query": "from the query", "merge": "merged"}


def read_repr(frame: Frame, value: Value, place: Place) -> None:
    """Read the attributes that an object's ``__repr__`` shows."""
    for alternative in alternatives(value):
        if not isinstance(alternative, Instance) or alternative.location is None:
            continue
        obj = instances_of(frame.state).get(alternative.location)
        if obj is None:
            continue
        for name in ("__str__", "__repr__"):
            plain = replace(alternative, location=None)
            method = classes.instance_attribute(frame.ctx, plain, name)
            if isinstance(method, Function):
                summaries.apply_summary(frame, replace(method, receiver=alternative), Arguments(), place)
                break
        else:
            _read_generated_repr(frame, alternative, obj, place)


def _read_generated_repr(frame: Frame, instance: Instance, obj: InstanceState, place: Place) -> None:
    """Read every attribute of a mapped dataclass for its ``__repr__``, except those with ``repr=False``."""
    model = models.model_of_objects(frame.ctx, obj.cls)
    if model is None or not model.is_dataclass:
        return
    shown = fields_in_repr(classes.mro(frame.ctx, instance.cls))
    for name, attribute in model.attributes.items():
        if attribute.in_repr is True and name in shown:
            reads.read_mapped_attribute(frame, instance, name, place.position, "shown")


def describe_instances(frame: Frame, value: Value) -> Iterator[str]:
    """A description of the objects in a value."""
    for location in locations_in(value):
        yield _describe_instance(frame, location)


def _describe_instance(frame: Frame, location: Location) -> str:
    """A description of an object: its load plan and its state."""
    obj = instances_of(frame.state).get(location)
    model = models.model_of_objects(frame.ctx, obj.cls) if obj is not None else None
    if obj is None or model is None:
        return ""
    held, missing = [], []
    for name, attribute in model.attributes.items():
        found = transitions.attribute_state(frame.ctx, obj, name, attribute)
        if isinstance(found, NotLoaded):
            missing.append(f"{name} ({found.cause})")
        elif isinstance(found, Loaded) and isinstance(attribute, Relationship):
            held.append(name)
    parts = [obj.phase, *(["doubtful"] if obj.may_be_loaded else [])]
    if held:
        parts.append(f"loaded: {', '.join(held)}")
    if missing:
        parts.append(f"missing: {', '.join(missing)}")
    if obj.source in _SOURCES and obj.path:
        parts.append(f"{_SOURCES[obj.source]} at {obj.path}:{obj.line}")
    return ", ".join(parts)
