"""Reads of ORM objects: an attribute that is read must be loaded, or it is reported.

Source: docs/behaviour.md#reading-relationships.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.events import Cause
from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import (
    AssociationProxy,
    Attribute,
    Column,
    Relationship,
)
from flake8_async_fastapi.domains.orm.objects import (
    aliasing,
    alone,
    doubts,
    flushes,
    held_targets,
    identity_map,
    instances,
    lazy_loads,
    locked,
    transitions,
)
from flake8_async_fastapi.domains.orm.objects.aliasing import UnloadedAttribute
from flake8_async_fastapi.domains.orm.objects.heap import LONGEST_PATH, instances_of, locations_in
from flake8_async_fastapi.domains.orm.objects.instances import (
    MAYBE,
    AttributeState,
    InstanceState,
    Loaded,
    Maybe,
    NotLoaded,
)
from flake8_async_fastapi.domains.orm.objects.missing import report_missing
from flake8_async_fastapi.domains.orm.objects.readers import Reader
from flake8_async_fastapi.domains.orm.objects.subclass_columns import read_subclass_column
from flake8_async_fastapi.domains.orm.session import item_queries, session_effects
from flake8_async_fastapi.domains.orm.statements import load_plans
from flake8_async_fastapi.domains.orm.statements.queries import (
    AwaitableAttributes,
    DynamicRelationship,
    ProxiedItems,
)
from flake8_async_fastapi.engine import hints
from flake8_async_fastapi.engine.events import ReadTraced
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.models import Access
from flake8_async_fastapi.engine.places import Place, Position
from flake8_async_fastapi.engine.renaming import ARGUMENT, base
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    NONE,
    OBJECT,
    UNKNOWN,
    Collection,
    Coroutine,
    Function,
    Instance,
    Location,
    Object,
    OneOf,
    Plain,
    Unknown,
    Value,
    alternatives,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.project.modules import is_test


def read_attribute(access: Access) -> Value | None:
    """The value of an attribute that is read of an ORM object; None if nothing is known about it."""
    assert isinstance(access.owner, Instance)
    use = "mutated" if access.is_mutated else "read"
    return read_mapped_attribute(access.frame, access.owner, access.name, access.place.position, use)


def read_mapped_attribute(
    frame: Frame, instance: Instance, name: str, place: Position, use: str = "read"
) -> Value | None:
    """The value of a mapped attribute of a known object; None if nothing is known about it.

    Reports the attribute if reading it would cause I/O.
    """
    objects = instances_of(frame.state)
    obj = objects.get(instance.location) if instance.location is not None else None
    if obj is None or instance.location is None:
        return None
    if name == "awaitable_attrs":
        return Object("sqlalchemy.ext.asyncio.AsyncAttrs", detail=AwaitableAttributes(instance.location))
    model = models.model_of_objects(frame.ctx, obj.cls)
    if model is None:
        return None
    name = model.name_of(name)
    attribute = model.attributes.get(name)
    if obj.is_alone:
        alone.end_by_read(objects, instance.location, attribute, use)
        obj = objects[instance.location]
    if attribute is None:
        return read_subclass_column(frame, instance, obj, model, name, place, use)
    if isinstance(attribute, AssociationProxy):
        return _read_through_proxy(frame, instance, attribute, place, use)
    found = transitions.attribute_state(frame.ctx, obj, name, attribute)
    if use == "mutated" and isinstance(found, Loaded) and obj.phase in ("transient", "pending"):
        objects[instance.location] = obj.put(name, Loaded(Collection("list")))  # an assigned value stays
    if use == "mutated" and isinstance(attribute, Relationship):
        linked = (at for at, other in objects.items() if other.cls == attribute.target)
        flushes.note_linked(objects, list(linked))
    if isinstance(found, NotLoaded):
        unloaded = UnloadedAttribute(instance.location, obj, name, attribute, found)
        found = _read_unloaded(frame, unloaded, place, use)
    elif isinstance(found, Maybe) and found.not_loaded is not None and not obj.is_lazy:
        unloaded = UnloadedAttribute(instance.location, obj, name, attribute, found.not_loaded)
        unless = identity_map.remaining_doubt(frame, unloaded, found.unless)
        report_missing(frame, instance.location, name, found.not_loaded, place, use, unless)
        objects[instance.location] = obj.put(name, MAYBE)  # if it is not loaded, the rest is not reached
    elif isinstance(found, Maybe) and obj.may_be_expired and isinstance(attribute, Relationship):
        unexpired = replace(obj, may_be_expired=False)
        kept = transitions.attribute_state(frame.ctx, unexpired, name, attribute)
        if isinstance(kept, Loaded):  # or the rest is not reached
            return _loaded_value(frame, instance.location, obj, name, attribute, kept)
    if frame.ctx.trace:
        _trace_read(frame, obj, name, found, place, isinstance(attribute, Relationship))
    if locked.Locks in frame.notes:
        locked.note_read(frame, instance.location, obj, name, attribute)
    if isinstance(found, Loaded):
        if found.is_withheld:
            frame.ctx.wanted.add(name)
        if name in obj.null_keys and obj.phase == "persistent" and obj.field(name) is None:
            objects[instance.location] = obj.put(name, found)  # it stays, also without the session
        return _loaded_value(frame, instance.location, obj, name, attribute, found)
    return None


_SUPPLY: Final = {Loaded: "loaded", NotLoaded: "missing", Maybe: "perhaps"}


def _trace_read(
    frame: Frame, obj: InstanceState, name: str, found: AttributeState, place: Position, is_relationship: bool
) -> None:
    """Trace a read at the place where it would be reported: a template reads at the line that renders it."""
    reader = frame.notes_of(Reader)
    told, at = reader.reports_for or (frame, place)
    name_of_reader = reader.name or ("code" if frame.language is None else frame.path)
    where, origin = (told.path, *at, told.qualname), (obj.path, obj.line) if obj.source == "query" else None
    route, supply = f"{obj.cls.name}.{name}", _SUPPLY[type(found)]
    told.emit_event(ReadTraced(*where, name_of_reader, route, is_relationship, supply, origin))


def _read_unloaded(frame: Frame, unloaded: UnloadedAttribute, place: Position, use: str) -> AttributeState:
    """Report that an attribute is missing, unless its target is in the session.

    Returns a ``NotLoaded`` if the report is about a read that fails.
    """
    location, obj, name, not_loaded = unloaded.location, unloaded.obj, unloaded.name, unloaded.not_loaded
    objects = instances_of(frame.state)
    if obj.is_lazy and obj.phase != "detached" and not_loaded.cause not in ("noload", "raise"):
        return _load_lazily(frame, unloaded)
    if not_loaded.cause == "noload":
        reader = frame.notes.get(Reader)
        unless = "an empty value is intended" if reader is not None and reader.takes_nothing else ""
        if not lazy_loads.is_truly_empty(objects, unloaded):
            report_missing(frame, location, name, not_loaded, place, use, unless)
        if isinstance(unloaded.attribute, Relationship):
            return Loaded(Collection("list", items=()) if unloaded.attribute.is_collection else NONE)
    held = identity_map.find_target(frame, unloaded)
    if held is not None:
        if held.unless:
            report_missing(frame, location, name, not_loaded, place, use, held.unless)
        owner = held_targets.owner_of_member(frame, obj, name)
        target = held_targets.held_target(frame, unloaded) if owner is None else None
        found = MAYBE if target is None else Loaded(OneOf((target, NONE)))
        objects[location] = obj.put(name, found)  # once found, it stays loaded
        aliasing.share_loaded(frame, location, name)
        return found if owner is None else Loaded(owner)
    if identity_map.may_have_more(frame, unloaded):
        return MAYBE
    if obj.discriminated and base(location)[0] == ARGUMENT:
        return MAYBE  # a function that got it checks it first
    report_missing(frame, location, name, not_loaded, place, use)
    current = objects[location]
    if isinstance(current.default, NotLoaded):  # the read would raise: the rest is not reached
        objects[location] = replace(current, default="perhaps", fields=())
    else:
        objects[location] = current.put(name, MAYBE)
    return not_loaded


def _load_lazily(frame: Frame, unloaded: UnloadedAttribute) -> AttributeState:
    """Load an attribute that is read in ``run_sync``, as the sync session does.

    The code may go on to load more of its targets, which the caller does not get to know.
    """
    objects, obj = instances_of(frame.state), unloaded.obj
    if isinstance(obj.default, NotLoaded):  # and all columns
        obj = replace(obj, default="perhaps", fields=())
    objects[unloaded.location] = obj.put(unloaded.name, MAYBE)
    aliasing.share_loaded(frame, unloaded.location, unloaded.name)
    return MAYBE


def _loaded_value(
    frame: Frame, location: Location, obj: InstanceState, name: str, attribute: Attribute, found: Loaded
) -> Value:
    """The value of a loaded attribute; the object of a relationship becomes known here."""
    value = found.value
    if isinstance(attribute, Column):
        return OBJECT if isinstance(value, (Plain, Unknown)) else value  # which is no object of a session
    if not isinstance(attribute, Relationship) or not isinstance(value, Unknown):
        return value
    how, inner = load_plans.strategy(obj.plan, name, attribute)
    if how in ("dynamic", "write_only"):
        kind = "AppenderQuery" if how == "dynamic" else "WriteOnlyCollection"
        return Object(f"sqlalchemy.orm.{kind}", detail=DynamicRelationship(location, name, how))
    if attribute.target is None or attribute.is_collection is None:
        return UNKNOWN
    owner = held_targets.owner_of_member(frame, obj, name)
    if owner is not None:
        return owner
    state, objects = frame.state, instances_of(frame.state)
    child: Location = (location, name)
    if child not in objects:
        made = InstanceState(
            attribute.target,
            obj.phase,
            obj.session,
            obj.path,
            obj.line,
            plan=inner,
            parent=(location, name),
            classes_above=(*obj.classes_above, obj.cls),
            strategies_above=(*obj.strategies_above, how),
            is_item=attribute.is_collection,
            is_all=obj.is_all,
            may_be_expired=obj.may_be_expired,
            is_lazy=obj.is_lazy,
            may_be_loaded=_depth_of(child) > LONGEST_PATH
            or (obj.source == "new" and lazy_loads.is_unsure(objects, obj, name, attribute, found)),
        )
        objects[child] = aliasing.join_aliases(frame.ctx, state, made)
        if obj.source == "new" and is_test(frame.path):
            certain = replace(made, may_be_loaded=False)
            objects[child] = doubts.doubted(frame.ctx, certain, doubts.BY_OTHERS)
    instance = Instance(attribute.target, location=child)
    return Collection("list", instance) if attribute.is_collection else OneOf((instance, NONE))


def _depth_of(location: object) -> int:
    depth = 0
    while isinstance(location, tuple) and location and isinstance(location[0], tuple):
        location, depth = location[0], depth + 1
    return depth


def _read_through_proxy(
    frame: Frame, instance: Instance, proxy: AssociationProxy, place: Position, use: str
) -> Value:
    value = read_mapped_attribute(frame, instance, proxy.through, place, use)
    single: list[Value] = []
    items: list[Value] = []
    for alternative in alternatives(value if value is not None else UNKNOWN):
        if isinstance(alternative, Collection):
            items += alternative.items if alternative.items is not None else (alternative.item,)
        elif isinstance(alternative, Instance):
            single.append(alternative)
    if items:
        return Object(
            "sqlalchemy.ext.associationproxy._AssociationList",
            detail=ProxiedItems(tuple(items), proxy.attribute),
        )
    return _attribute_of_all(frame, single, proxy.attribute, place, use)


def _attribute_of_all(
    frame: Frame, values: Sequence[Value], name: str, place: Position, use: str = "read"
) -> Value:
    """The value of an attribute that is read of each of several objects."""
    objects = [value for value in values if isinstance(value, Instance)]
    found = [read_mapped_attribute(frame, one, name, place, use) or UNKNOWN for one in objects]
    return found[0] if len(found) == 1 else UNKNOWN


def proxied_item(frame: Frame, value: Object, origin: Place | None) -> Value | None:
    """An item of an ``association_proxy``: iterating over it reads the attribute of each object."""
    assert isinstance(value.detail, ProxiedItems)
    if origin is None:
        return UNKNOWN
    return _attribute_of_all(frame, value.detail.items, value.detail.attribute, origin.position)


# --- other accesses to objects ---------------------------------------------------------------


def read_awaitable(access: Access) -> Value:
    """``obj.awaitable_attrs.name``: a coroutine that loads the attribute."""
    frame, owner, name, place = access.frame, access.owner, access.name, access.place.position
    assert isinstance(owner, Object) and isinstance(owner.detail, AwaitableAttributes)
    objects = instances_of(frame.state)
    location = owner.detail.location
    obj = objects.get(location)
    model = models.model_of_objects(frame.ctx, obj.cls) if obj is not None else None
    name = model.name_of(name) if model is not None else name
    attribute = model.attributes.get(name) if model is not None else None
    result: Value = UNKNOWN
    if obj is not None and attribute is not None:
        found = transitions.attribute_state(frame.ctx, obj, name, attribute)
        if isinstance(found, NotLoaded):
            item_queries.report_item_attribute(frame, obj, name, Place(frame.path, *place), access.label)
            if found.cause in ("raise", "noload") or obj.phase == "detached":
                unloaded = UnloadedAttribute(location, obj, name, attribute, found)
                if found.cause == "noload" or not identity_map.may_be_loaded_elsewhere(frame, unloaded):
                    report_missing(frame, location, name, found, place, "read")
                obj = obj.put(name, MAYBE)
            elif isinstance(obj.default, NotLoaded):
                obj = replace(obj, default="perhaps", fields=())
            else:
                if model is not None:
                    obj = lazy_loads.with_foreign_key(frame.ctx, obj, model, attribute)
                obj = obj.put(name, lazy_loads.loaded_of(objects, obj, attribute))
                session_effects.record_loading(frame, location, (name,), place.line)
            objects[location] = obj
            if isinstance(attribute, Relationship) and attribute.target is not None:
                inner = load_plans.strategy(obj.plan, name, attribute)[1]
                session_effects.apply_select(frame, obj.session, attribute.target, inner, place.line)
                aliasing.share_loaded(frame, location, name)
                obj = objects[location]
        elif isinstance(found, Maybe):
            obj = objects[location] = obj.put(name, MAYBE)
        result = read_mapped_attribute(frame, Instance(obj.cls, location=location), name, place) or UNKNOWN
        if isinstance(attribute, Relationship) and attribute.target == obj.cls:
            for child in locations_in(result):  # up or down a tree: its end is not known
                objects[child] = replace(objects[child], may_be_loaded=True)
    return frame.owe(Coroutine(access.label, "database", Place(frame.path, *place), result))


def parameter_instance(ctx: Context, state: State, name: str, value: Value) -> Value:
    """A parameter that is an ORM object: its loaded attributes are not known, those lost here are."""
    if not isinstance(value, Instance) or value.location is not None:
        return value
    if models.model_of_objects(ctx, value.cls) is None:
        return value
    location: Location = ("given", name)
    instances_of(state)[location] = InstanceState(
        value.cls, "given", instances.ANY, "", 0, default="perhaps", source="given"
    )
    return replace(value, location=location)


def begin_parameters(frame: Frame, function: Function, outer: Frame) -> None:
    """Note the state of ORM objects among a coroutine function's parameters, from here on."""
    env = frame.state.env
    for param in function.node.params if function.is_async else ():
        if param.name in env:
            env[param.name] = parameter_instance(frame.ctx, frame.state, param.name, env[param.name])


def consume_dynamic(frame: Frame, value: Value, origin: Place) -> None:
    """Report a relationship that has to be queried if code uses it as a collection."""
    if isinstance(value, Object) and isinstance(value.detail, DynamicRelationship):
        dynamic = value.detail
        obj = instances_of(frame.state).get(dynamic.location)
        is_sync = dynamic.strategy == "dynamic" and _is_provided(frame, dynamic.location)
        if obj is not None and not is_sync:
            cause: Cause = "dynamic" if dynamic.strategy == "dynamic" else "write_only"
            not_loaded = NotLoaded(cause, obj.path, obj.line)
            report_missing(frame, dynamic.location, dynamic.attribute, not_loaded, origin.position, "read")


def _is_provided(frame: Frame, location: Location) -> bool:
    """Whether a framework passes an object, from code that uses no AsyncSession as far as is known."""
    params = frame.node.params if isinstance(frame.node, tree.FunctionDef) else ()
    return any(
        location == ("given", param.name)
        and (isinstance(param.default, tree.Call) or bool(hints.annotated_metadata(param.annotation)))
        for param in params
    )
