"""Columns of subclasses, which a query of the base class leaves out.

Source: docs/behaviour.md#reading-relationships.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Column, Model
from flake8_async_fastapi.domains.orm.objects import aliasing
from flake8_async_fastapi.domains.orm.objects.heap import instances_of
from flake8_async_fastapi.domains.orm.objects.instances import MAYBE, InstanceState, Loaded, Maybe, NotLoaded
from flake8_async_fastapi.domains.orm.objects.missing import report_missing
from flake8_async_fastapi.domains.orm.statements import load_plans
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.places import Position
from flake8_async_fastapi.engine.values import UNKNOWN, Instance, Value


def read_subclass_column(
    frame: Frame,
    instance: Instance,
    obj: InstanceState,
    model: Model,
    name: str,
    place: Position,
    use: str,
) -> Value | None:
    """The value of a column of a subclass, read after a type test: a query of the base left it out."""
    if instance.cls == obj.cls or not model.is_polymorphic or obj.default != "plan":
        return None
    if obj.may_be_loaded or obj.is_lazy:
        return None
    below = models.mapped_model(frame.ctx, instance.cls)
    attribute = below.attributes.get(name) if below is not None else None
    if not isinstance(attribute, Column) or not obj.plan.certain or obj.field(name) is not None:
        return None
    if models.loads_with_base(frame.ctx, instance.cls) or _may_be_held(frame, instance, obj, name):
        return None
    assert instance.location is not None
    report_missing(frame, instance.location, name, NotLoaded("subclass", obj.path, obj.line), place, use)
    instances_of(frame.state)[instance.location] = obj.put(name, MAYBE)
    return UNKNOWN


def _may_be_held(frame: Frame, instance: Instance, obj: InstanceState, name: str) -> bool:
    """Whether the session may hold the object with all its columns: refreshed, or loaded as its own class.

    A list that is empty on this path would have held it on another.
    """
    for location, other in instances_of(frame.state).items():
        if location == instance.location or not aliasing.is_live(other, obj):
            continue
        if aliasing.are_different_keys(other.identity, obj.identity):
            continue
        has_all = other.cls != obj.cls or other.source == "refreshed" or other.is_empty
        has_it = has_all or isinstance(other.field(name), (Loaded, Maybe))
        if has_it and load_plans.may_be_both(frame.ctx, other.cls, instance.cls):
            return True
    return False
