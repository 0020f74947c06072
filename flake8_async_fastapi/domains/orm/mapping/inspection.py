"""``inspect(obj).mapper.attrs`` and similar: code that iterates over the attributes of a model.

Source: SQLAlchemy documentation, "Inspection of Mapped Instances".
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Relationship
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    ClassValue,
    Instance,
    Object,
    Payload,
    Value,
    alternatives,
    is_none,
)

INSPECTED: Final = "sqlalchemy.orm.Inspected"
_PARTS: Final = {"attrs": "all", "relationships": "relationships", "column_attrs": "columns"}


class InspectedClass(Payload, frozen=True):
    """The mapper of a class; ``part`` is a collection of its attributes, one of them, or its key.

    ``of_object`` says that it is the state of an object, whose attributes are not the mapper's.
    """

    cls: ClassValue
    part: str = ""
    name: str = ""
    of_object: bool = False


def inspected_value(value: Value) -> Value | None:
    """The result of ``inspect(value)``; None if it is not known."""
    found = [alternative for alternative in alternatives(value) if not is_none(alternative)]
    if len(found) == 1 and isinstance(found[0], Instance):
        return Object(INSPECTED, detail=InspectedClass(found[0].cls, of_object=True))
    if len(found) == 1 and isinstance(found[0], ClassValue):
        return Object(INSPECTED, detail=InspectedClass(found[0]))
    return None


def inspected_attribute(ctx: Context, owner: Object, name: str) -> Value:
    """An attribute of an inspected value."""
    inspected = owner.detail
    assert isinstance(inspected, InspectedClass)
    if name == "mapper":
        return replace(owner, detail=replace(inspected, of_object=False))
    if inspected.part == "item" and name == "key":
        return replace(owner, detail=replace(inspected, part="key"))
    if name in _PARTS and not inspected.of_object and not inspected.part:
        return replace(owner, detail=replace(inspected, part="items", name=_PARTS[name]))
    return UNKNOWN


def inspected_element(frame: Frame, owner: Object, place: Place | None) -> Value:
    """One of the attributes of a mapper."""
    inspected = owner.detail
    if isinstance(inspected, InspectedClass) and inspected.part == "items":
        return replace(owner, detail=replace(inspected, part="item"))
    return UNKNOWN


def attribute_keys(ctx: Context, value: Value) -> tuple[str, ...]:
    """The names that a key of a mapper's attributes can have; None for another value."""
    inspected = value.detail if isinstance(value, Object) else None
    if not isinstance(inspected, InspectedClass) or inspected.part != "key":
        return ()
    model = models.mapped_model(ctx, inspected.cls)
    if model is None:
        return ()
    return tuple(
        name
        for name, found in model.attributes.items()
        if inspected.name == "all" or isinstance(found, Relationship) is (inspected.name == "relationships")
    )
