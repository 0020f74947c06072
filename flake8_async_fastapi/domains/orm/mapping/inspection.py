"""``inspect(obj).mapper.attrs``, ``obj.__table__.columns``: code that goes through a model's attributes.

Source: SQLAlchemy documentation, "Inspection of Mapped Instances".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Attribute, Column, Relationship
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.models import CallSite
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    ClassValue,
    Collection,
    Instance,
    Member,
    Object,
    Payload,
    Value,
    alternatives,
    is_none,
)
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import names_in

INSPECTED: Final = "sqlalchemy.orm.Inspected"
_PARTS: Final = {
    "attrs": "all", "relationships": "relationships", "column_attrs": "columns", "columns": "columns",
    "c": "columns",
}  # fmt: skip


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


def inspected_class(ctx: Context, owner: ClassValue | Instance, name: str) -> Value | None:
    """The table or mapper of a model, as an attribute of it; None for other attributes."""
    if name not in ("__table__", "__mapper__"):
        return None
    cls = owner.cls if isinstance(owner, Instance) else owner
    if models.mapped_model(ctx, cls) is None:
        return None
    return Object(INSPECTED, detail=InspectedClass(cls, name="table" if name == "__table__" else ""))


def inspected_attribute(ctx: Context, owner: Object, name: str) -> Value:
    """An attribute of an inspected value."""
    inspected = owner.detail
    assert isinstance(inspected, InspectedClass)
    if name == "mapper":
        return replace(owner, detail=replace(inspected, of_object=False))
    if inspected.part == "item" and name in ("key", "name"):
        return replace(owner, detail=replace(inspected, part="key"))
    if inspected.part == "items" and name == "keys":
        return Member(owner, name)
    if inspected.name == "table" and _PARTS.get(name) != "columns":
        return UNKNOWN
    if name in _PARTS and not inspected.of_object and not inspected.part:
        return replace(owner, detail=replace(inspected, part="items", name=_PARTS[name]))
    return UNKNOWN


def inspected_element(frame: Frame, owner: Object, place: Place | None) -> Value:
    """One of the attributes of a mapper."""
    inspected = owner.detail
    if isinstance(inspected, InspectedClass) and inspected.part == "items":
        return replace(owner, detail=replace(inspected, part="item"))
    return UNKNOWN


def call_inspected(site: CallSite) -> Value | None:
    """The result of ``columns.keys()``; None for other methods."""
    callee = site.callee
    if not isinstance(callee, Member) or callee.name != "keys":
        return None
    inspected = callee.receiver.detail
    assert isinstance(inspected, InspectedClass)
    return Collection("list", replace(callee.receiver, detail=replace(inspected, part="key")))


def forget_chosen(frame: Frame, state: State, test: Expr, outcome: bool) -> None:
    """After a condition on one of the attributes of a mapper, it is not known which one it is."""
    chosen = []
    for name, value in state.env.items():  # most paths have none
        if type(value) is Object and type(value.detail) is InspectedClass and value.detail.part:
            chosen.append(name)
    for name in chosen:
        if name in names_in(test):
            state.narrow(name, UNKNOWN)


def attribute_keys(ctx: Context, value: Value) -> tuple[str, ...]:
    """The names that a key of a mapper's attributes can have; None for another value."""
    inspected = value.detail if isinstance(value, Object) else None
    if not isinstance(inspected, InspectedClass) or inspected.part != "key":
        return ()
    model = models.mapped_model(ctx, inspected.cls)
    if model is None:
        return ()
    kinds = _KINDS[inspected.name]
    return tuple(name for name, found in model.attributes.items() if isinstance(found, kinds))


_KINDS: Final[Mapping[str, tuple[type[Attribute], ...]]] = {
    "all": (Column, Relationship),
    "columns": (Column,),
    "relationships": (Relationship,),
}
