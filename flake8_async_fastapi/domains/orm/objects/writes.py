"""Creating ORM objects and assigning their attributes.

Source: docs/behaviour.md#new-objects, docs/behaviour.md#writing.
"""

from __future__ import annotations

from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Column, Relationship
from flake8_async_fastapi.domains.orm.objects import aliasing, alone, assigned, flushes, locked, transitions
from flake8_async_fastapi.domains.orm.objects.heap import instances_of, locations_in, reachable
from flake8_async_fastapi.domains.orm.objects.instances import MAYBE, InstanceState, Loaded, NotLoaded
from flake8_async_fastapi.domains.orm.objects.missing import report_missing
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.models import Access
from flake8_async_fastapi.engine.places import Place, Position
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    ClassValue,
    Collection,
    Const,
    Instance,
    Location,
    Object,
    Plain,
    Value,
    alternatives,
    is_none,
)


def write_attribute(access: Access, value: Value) -> bool:
    """Assign an attribute of an ORM object; returns whether it is a mapped one."""
    assert isinstance(access.owner, Instance)
    return write_mapped_attribute(access.frame, access.owner, access.name, value, access.place.position)


def write_mapped_attribute(
    frame: Frame, instance: Instance, name: str, value: Value, place: Position
) -> bool:
    """Assign an attribute; returns whether it is a mapped one of a known object."""
    state, objects = frame.state, instances_of(frame.state)
    obj = objects.get(instance.location) if instance.location is not None else None
    model = models.model_of_objects(frame.ctx, obj.cls) if obj is not None else None
    name = model.name_of(name) if model is not None else name
    attribute = model.attributes.get(name) if model is not None else None
    if obj is None or model is None or attribute is None or instance.location is None:
        return False
    if locked.Locks in frame.notes:
        locked.report_write(frame, instance.location, obj, name)
    persistent = obj.phase in ("persistent", "given", "added")
    if isinstance(attribute, Relationship) and attribute.is_collection and persistent:
        found = transitions.attribute_state(frame.ctx, obj, name, attribute)
        if isinstance(found, NotLoaded) and found.cause != "noload":
            report_missing(frame, instance.location, name, found, place, "mutated")
    if isinstance(attribute, Column):
        kept = _column_value(value)
        if persistent and kept != assigned.SET_TO_SQL:
            kept = assigned.SET_TO_VALUE
        empty = {
            other
            for other, found in model.relationships()
            if name in (found.keys or ()) and len(found.keys or ()) == 1
        }
        nulls = obj.null_keys | empty if is_none(value) else obj.null_keys - empty
        obj = replace(obj.put(name, Loaded(kept)), null_keys=nulls)
    elif isinstance(attribute, Relationship):
        aliasing.forget_below(state, instance.location)
        status = Loaded(value) if _can_be_followed(value) else MAYBE
        obj = replace(obj.put(name, status), null_keys=obj.null_keys - {name})
        _link_other_side(frame, instance, attribute, value)
        for location in reachable(objects, [value]) if obj.phase in ("persistent", "pending") else ():
            if objects[location].phase == "transient":  # the cascade adds it
                objects[location] = replace(objects[location], phase="pending", session=obj.session)
    is_link = isinstance(attribute, Relationship) and attribute.to_one is False and obj.dirty != "row"
    is_key = isinstance(attribute, Column) and attribute.is_key
    objects[instance.location] = replace(
        obj,
        dirty="links" if is_link else "row",
        is_alone=objects[instance.location].is_alone and not is_key,
        identity=None if is_key else obj.identity,
    )
    return True


def _column_value(value: Value) -> Value:
    """The part of a column's value that is kept: that it is an SQL expression, or which constant it is."""
    if isinstance(value, Object) and value.type.startswith("sqlalchemy."):
        return assigned.SET_TO_SQL
    return value if all(isinstance(one, (Const, Plain)) for one in alternatives(value)) else UNKNOWN


def _link_other_side(frame: Frame, instance: Instance, relationship: Relationship, value: Value) -> None:
    """Set the other side of an assigned relationship: for a new object it is loaded too."""
    objects = instances_of(frame.state)
    flushes.note_linked(objects, locations_in(value))
    if not _can_be_followed(value):
        alone.end_of_class(objects, relationship.target)
    if not _is_nothing(value) and instance.location is not None:
        alone.end_by_link(objects, instance.location, relationship, value)
    if not relationship.inverse:
        return
    given = [value]
    if isinstance(value, Collection):
        given = list(value.items) if value.items is not None else [value.item]
    for part in given:
        for alternative in alternatives(part):
            obj = (
                objects.get(alternative.location)
                if isinstance(alternative, Instance) and alternative.location
                else None
            )
            if obj is None or not isinstance(alternative, Instance) or alternative.location is None:
                continue
            model = models.model_of_objects(frame.ctx, obj.cls)
            inverse = model.attributes.get(relationship.inverse) if model is not None else None
            if not isinstance(inverse, Relationship):
                continue
            if inverse.is_collection:
                if obj.phase in ("transient", "pending"):
                    objects[alternative.location] = obj.put(relationship.inverse, Loaded(is_linked=True))
            else:
                objects[alternative.location] = obj.put(relationship.inverse, Loaded(instance))


def _can_be_followed(value: Value) -> bool:
    """Whether an object, None, or a list of these is known well enough to be followed."""
    for alternative in alternatives(value):
        inner = alternative
        if isinstance(alternative, Collection):
            if alternative.items == ():
                continue
            inner = alternative.item if alternative.items is None else alternative.items[0]
        if is_none(inner):
            continue
        if not isinstance(inner, Instance) or inner.location is None:
            return False
    return True


def _is_nothing(value: Value) -> bool:
    return is_none(value) or (isinstance(value, Collection) and value.items == ())


def construct_instance(frame: Frame, cls: ClassValue, arguments: Arguments, origin: Place) -> Value | None:
    """A new object of a model, which is in no session yet; None for other classes."""
    model = models.mapped_model(frame.ctx, cls)
    if model is None:
        return None
    state = frame.state
    location: Location = (*origin, "new")
    aliasing.forget_below(state, location)
    is_open = arguments.opaque or bool(arguments.args) or models.has_own_constructor(frame.ctx, cls)
    obj = InstanceState(
        cls,
        "transient",
        None,
        origin.path,
        origin.line,
        default="unset",
        source="new",
        has_unknown_arguments=is_open,
    )
    instance = Instance(cls, location=location)
    given = [(model.name_of(name), value) for name, value in arguments.keywords]
    for name, value in given:
        if isinstance(model.attributes.get(name), Relationship) and not _can_be_followed(value):
            obj = obj.put(name, MAYBE)  # set to something unknown
        elif name in model.attributes:
            is_column = isinstance(model.attributes[name], Column)
            obj = obj.put(name, Loaded(_column_value(value) if is_column else value))
    instances_of(state)[location] = alone.made_alone(frame, obj, model, dict(given))
    for name, value in given:
        attribute = model.attributes.get(name)
        if isinstance(attribute, Relationship):
            _link_other_side(frame, instance, attribute, value)
    return instance


def write_by_setattr(frame: Frame, arguments: Arguments) -> None:
    """Apply ``setattr(obj, name, value)``; if the name is not known, some attribute changed."""
    objects = instances_of(frame.state)
    if len(arguments.args) != 3:
        return
    owner, name, value = arguments.args
    for alternative in alternatives(owner):
        if (
            not isinstance(alternative, Instance)
            or alternative.location not in objects
            or alternative.location is None
        ):
            continue
        if isinstance(name, Const) and isinstance(name.value, str):
            place = (
                Position(frame.current_call.line, frame.current_call.col)
                if frame.current_call is not None
                else Position(0, 0)
            )
            write_mapped_attribute(frame, alternative, name.value, value, place)
        else:
            objects[alternative.location] = _changed_somewhere(objects[alternative.location])


def _changed_somewhere(obj: InstanceState) -> InstanceState:
    """The state after a column was assigned whose name is not known."""
    return replace(obj.put(assigned.ANY_COLUMN, Loaded(assigned.SET_TO_VALUE)), dirty="row")


def end_assigning_loop(item: Value, before: list[State], after: list[State]) -> None:
    """End a loop: an object that it changed by ``setattr`` counts as changed on the other paths, too.

    There the loop had nothing to assign, but code that updates an object is mostly called with something.
    """
    paths = [instances_of(state) for state in after]
    for location, obj in [pair for objects in paths for pair in objects.items() if not pair[1].dirty]:
        changed = _changed_somewhere(obj)
        forms = [objects.get(location) for objects in paths]
        if changed in forms and all(form in (obj, changed) for form in forms):
            for objects in paths:
                objects[location] = changed


def set_committed_value(frame: Frame, arguments: Arguments) -> None:
    """Apply ``set_committed_value(obj, "name", value)``: the attribute is loaded from then on."""
    objects = instances_of(frame.state)
    for location in locations_in(arguments.args[0]) if len(arguments.args) == 3 else ():
        name = arguments.args[1]
        if location in objects:
            obj = objects[location]
            known = isinstance(name, Const) and isinstance(name.value, str)
            objects[location] = (
                obj.put(str(name.value), Loaded(arguments.args[2]))
                if known and isinstance(name, Const)
                else replace(obj, may_be_loaded=True)
            )
