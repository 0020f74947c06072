"""Methods of a session that change the objects passed to them: add, refresh, expire, merge.

Source: docs/behaviour.md#refresh, docs/behaviour.md#merge; SQLAlchemy documentation, "Session Basics".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Column, Relationship
from flake8_async_fastapi.domains.orm.objects import (
    aliasing,
    flushes,
    lazy_loads,
    other_items,
    own_sessions,
    transitions,
)
from flake8_async_fastapi.domains.orm.objects.assigned import SET_TO_SQL, SET_TO_VALUE
from flake8_async_fastapi.domains.orm.objects.heap import instances_of, locations_in, reachable
from flake8_async_fastapi.domains.orm.objects.instances import LOADED, MAYBE, InstanceState, Loaded, NotLoaded
from flake8_async_fastapi.domains.orm.objects.missing import report_detached
from flake8_async_fastapi.domains.orm.session import cascades, item_queries
from flake8_async_fastapi.domains.orm.session.session_effects import apply_select, record_loading
from flake8_async_fastapi.domains.orm.statements import load_plans, results
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import NONE, Arguments, Instance, Plain, Value, alternatives, is_none


def take_out(frame: Frame, arguments: Arguments, change: Callable[[InstanceState], InstanceState]) -> None:
    """Apply a change that takes the objects in the first argument out of the session."""
    objects = instances_of(frame.state)
    for location in locations_in(arguments.args[0]) if arguments.args else ():
        if location in objects:
            other_items.keep_others(frame, location)
            objects[location] = change(objects[location])


def are_new(state: State, values: Iterable[Value]) -> bool:
    """Whether some values are objects that no session has: adding them cannot fail."""
    objects = instances_of(state)
    found = [objects.get(value.location or ()) if isinstance(value, Instance) else None for value in values]
    return bool(found) and all(one is not None and one.phase == "transient" for one in found)


def add_to_session(state: State, value: Value, session: object, *, is_lazy: bool = False) -> None:
    """Apply ``session.add``: the object is pending, and so are new ones that it leads to."""
    objects = instances_of(state)
    for location in reachable(objects, [value]):
        obj = replace(objects[location], is_lazy=is_lazy)
        if obj.phase == "transient":
            objects[location] = replace(obj, phase="pending", session=session)
        elif obj.phase == "detached":
            objects[location] = replace(obj, phase="persistent", session=session)
        elif obj.phase == "given":  # it may be new: then an INSERT follows, which computes nothing anew
            objects[location] = replace(obj, phase="added", session=session)


def refresh_object(frame: Frame, arguments: Arguments, session: object, origin: Place) -> None:
    """Apply ``refresh(obj)``: it loads columns and eager relationships, or the attributes that are named."""
    state, objects = frame.state, instances_of(frame.state)
    given = arguments.get(1, "attribute_names")
    subject = arguments.get(0, "instance")
    for location in locations_in(subject) if subject is not None else ():
        obj = objects.get(location)
        if obj is None:
            continue
        if obj.phase == "detached" and not obj.may_be_loaded:
            # the session of a context manager of the project may be that of another block
            if obj.session != session or own_sessions.is_made_in(frame, session):
                report_detached(frame, location, origin.position, "refreshed")
            objects[location] = replace(obj, may_be_loaded=True)  # the rest is not reached
            continue
        aliasing.forget_below(state, location)
        if given is None and not arguments.opaque:
            item_queries.report_item_refresh(frame, obj)
            refreshed = transitions.after_refresh(obj, origin.path, origin.line)
            if obj.source == "new":
                objects[location] = refreshed
                _load_related(frame, obj, origin.line)
            else:  # others from a query may be the same object, with the options of the first
                objects[location] = aliasing.join_aliases(frame.ctx, state, refreshed, location)
                apply_select(frame, obj.session, obj.cls, obj.plan, origin.line, obj.identity, location)
            continue
        names = None
        for option in alternatives(given) if given is not None else ():
            names = results.target_columns(option)
        if names is None:
            objects[location] = replace(obj, may_be_loaded=True)
            continue
        for name in names:
            item_queries.report_item_attribute(frame, obj, name, origin, "refresh(...)")
        objects[location] = _load_names(frame, obj, names)
        record_loading(frame, location, names, origin.line)
        model = models.model_of_objects(frame.ctx, obj.cls)
        for name in names:
            attribute = model.attributes.get(name) if model is not None else None
            aliasing.share_loaded(frame, location, name)
            if isinstance(attribute, Relationship) and attribute.target is not None:
                inner = load_plans.strategy(obj.plan, name, attribute)[1]
                apply_select(frame, obj.session, attribute.target, inner, origin.line)


def _load_related(frame: Frame, obj: InstanceState, line: int) -> None:
    """Note that the targets of an object's eager relationships were loaded, with their columns."""
    model = models.model_of_objects(frame.ctx, obj.cls)
    for name, attribute in model.relationships() if model is not None else ():
        how, inner = load_plans.strategy(obj.plan, name, attribute)
        if how in load_plans.EAGER and attribute.target is not None:
            apply_select(frame, obj.session, attribute.target, inner, line)


def _load_names(frame: Frame, obj: InstanceState, names: tuple[str, ...]) -> InstanceState:
    """Apply ``refresh(obj, names)``: a many-to-one of an expired object loads the columns too."""
    model = models.model_of_objects(frame.ctx, obj.cls)
    for name in names:
        attribute = model.attributes.get(name) if model is not None else None
        if isinstance(obj.default, NotLoaded) and isinstance(attribute, Relationship) and model is not None:
            for other, eager in model.relationships():  # eager relationships may be loaded too
                if obj.field(other) is None and load_plans.strategy(obj.plan, other, eager)[0] != "select":
                    obj = obj.put(other, MAYBE)
            if attribute.to_one is not False and not attribute.is_collection and model is not None:
                for column, found in model.attributes.items():
                    if isinstance(found, Column) and not found.deferred:
                        obj = obj.put(column, LOADED)
                for empty in obj.null_keys:
                    obj = obj.put(empty, Loaded(NONE))
            elif model is not None:  # loading a collection needs the key
                for column, found in model.attributes.items():
                    if isinstance(found, Column) and found.is_key:
                        obj = obj.put(column, MAYBE)
        if model is not None:
            obj = lazy_loads.with_foreign_key(frame.ctx, obj, model, attribute)
        loaded = lazy_loads.loaded_of(instances_of(frame.state), obj, attribute)
        obj = obj.put(name, Loaded(NONE) if name in obj.null_keys else loaded)
    return obj


def expire_object(frame: Frame, arguments: Arguments, origin: Place) -> None:
    """Apply ``expire(obj)``, to all or some of its attributes."""
    objects = instances_of(frame.state)
    given = arguments.get(1, "attribute_names")
    subject = arguments.get(0, "instance")
    for location in locations_in(subject) if subject is not None else ():
        obj = objects.get(location)
        if obj is None or obj.phase not in ("persistent", "given"):
            continue
        not_loaded = NotLoaded("expire", origin.path, origin.line)
        if given is None:
            objects[location] = transitions.after_expire(obj, not_loaded)
            flushes.note_pending(objects, obj.session)
            continue
        names = results.target_columns(given)
        if names is None:
            objects[location] = replace(obj, may_be_loaded=True)
            continue
        for name in names:
            obj = obj.put(name, not_loaded)
        objects[location] = obj


def merge_object(frame: Frame, arguments: Arguments, session: object, origin: Place) -> Value | None:
    """The result of ``session.merge(obj)``: an object of the session, loaded by its key or new.

    An object that is in the session already is returned as it is. None for anything but an object of a
    mapped class.
    """
    given_value = arguments.get(0, "instance")
    options = [one for one in alternatives(given_value) if not is_none(one)] if given_value else []
    subject = options[0] if len(options) == 1 else None  # None cannot be merged
    state = frame.state
    if not isinstance(subject, Instance) or models.mapped_model(frame.ctx, subject.cls) is None:
        return None
    given = instances_of(state).get(subject.location) if subject.location is not None else None
    if given is not None and given.phase == "persistent" and given.session == session:
        return subject
    cascades.load_merged(frame, subject, session, origin.line)
    obj = InstanceState(subject.cls, "persistent", session, origin.path, origin.line, source="merge")
    is_unknown = given is None or given.default == "perhaps" or given.may_be_loaded
    if is_unknown or arguments.opaque or arguments.get(2, "options") is not None:  # its attributes are copied
        obj = replace(obj, may_be_loaded=True)
    if given is not None:
        for name, found in given.fields:
            if isinstance(found, Loaded) and found.value in (SET_TO_VALUE, SET_TO_SQL):
                obj = obj.put(name, found)  # as if it were assigned to the copy
            elif isinstance(found, Loaded):  # related objects are merged too
                obj = obj.put(name, LOADED if isinstance(found.value, Plain) else MAYBE)
        is_changed = given.dirty or given.phase not in ("detached", "persistent")
        obj = replace(obj, dirty="row" if is_changed else "", null_keys=given.null_keys)
        if given.default == "plan":
            obj = replace(obj, plan=load_plans.of_merge(given.plan))
    return aliasing.add_loaded(frame, state, (*origin, 0), obj)
