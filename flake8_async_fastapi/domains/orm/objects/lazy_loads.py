"""Attributes that are loaded along with another, by ``refresh`` or ``awaitable_attrs``.

Source: docs/behaviour.md#refresh.
"""

from __future__ import annotations

from collections.abc import Mapping

from flake8_async_fastapi.domains.orm.mapping.attributes import Attribute, Column, Model, Relationship
from flake8_async_fastapi.domains.orm.objects import transitions
from flake8_async_fastapi.domains.orm.objects.aliasing import UnloadedAttribute
from flake8_async_fastapi.domains.orm.objects.instances import (
    LOADED,
    MAYBE,
    InstanceState,
    Loaded,
    NotLoaded,
)
from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.values import Location


def with_foreign_key(
    ctx: Context, obj: InstanceState, model: Model, attribute: Attribute | None
) -> InstanceState:
    """An object after a many-to-one was loaded: its foreign key may have been loaded too."""
    if not isinstance(attribute, Relationship) or attribute.is_collection or attribute.to_one is False:
        return obj
    keys = attribute.keys or ()
    are_attributes = bool(keys) and model.attributes.keys() >= set(keys)
    for name, column in model.attributes.items():
        if not isinstance(column, Column) or not column.references:
            continue
        if are_attributes and name not in keys:
            continue
        if isinstance(transitions.attribute_state(ctx, obj, name, column), NotLoaded):
            obj = obj.put(name, MAYBE)
    return obj


def loaded_of(
    objects: Mapping[Location, InstanceState], obj: InstanceState, attribute: Attribute | None
) -> Loaded:
    """An attribute that was loaded by its name.

    A collection of an object that was just made is empty, unless the code made something for it.
    """
    if obj.source != "new" or not isinstance(attribute, Relationship) or attribute.to_one is True:
        return LOADED
    is_empty = obj.is_alone or not _is_any_made(objects, obj, attribute)
    return Loaded(is_linked=True) if is_empty else LOADED


def _is_any_made(
    objects: Mapping[Location, InstanceState], obj: InstanceState, attribute: Relationship
) -> bool:
    """Whether this path made another object, of the class to which a relationship of a new one leads."""
    made = sum(1 for one in objects.values() if one.source == "new" and one.cls == attribute.target)
    return made > (obj.cls == attribute.target)


def is_unsure(
    objects: Mapping[Location, InstanceState],
    obj: InstanceState,
    name: str,
    attribute: Relationship,
    found: Loaded,
) -> bool:
    """Whether nothing is known of the objects in an attribute of a new object, or that there are any."""
    if found.is_linked or obj.has_unknown_arguments:
        return True
    return obj.field(name) is None and loaded_of(objects, obj, attribute).is_linked


def is_truly_empty(objects: Mapping[Location, InstanceState], unloaded: UnloadedAttribute) -> bool:
    """Whether a collection is that of an object which this path made, and no member was made since."""
    obj, attribute = unloaded.obj, unloaded.attribute
    if obj.source != "new" or not isinstance(attribute, Relationship) or not attribute.is_collection:
        return False
    return not _is_any_made(objects, obj, attribute)
