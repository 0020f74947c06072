"""Attributes that are loaded along with another, by ``refresh`` or ``awaitable_attrs``.

Source: docs/behaviour.md#refresh.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.orm.mapping.attributes import Attribute, Column, Model, Relationship
from flake8_async_fastapi.domains.orm.objects import transitions
from flake8_async_fastapi.domains.orm.objects.instances import MAYBE, InstanceState, NotLoaded
from flake8_async_fastapi.engine.frame import Context


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
