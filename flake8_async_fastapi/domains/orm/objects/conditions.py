"""What a path learns about ORM objects from conditions and loops."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Column, Model
from flake8_async_fastapi.domains.orm.objects import joins, transitions
from flake8_async_fastapi.domains.orm.objects.heap import Instances, instances_of, locations_in, reachable
from flake8_async_fastapi.domains.orm.objects.instances import MAYBE, InstanceState, Maybe, NotLoaded
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Collection, Instance, Location, OneOf, Value, alternatives
from flake8_async_fastapi.facts import tree


def note_column_test(
    frame: Frame, state: State, owner: Value, name: str, *, is_empty: bool, is_kind: bool
) -> None:
    """Note a condition on a column of an object: an empty foreign key leads nowhere without I/O.

    A comparison with a constant checks the kind of the object (``is_kind``).
    """
    objects = instances_of(state)
    for alternative in alternatives(owner):
        obj = (
            objects.get(alternative.location)
            if isinstance(alternative, Instance) and alternative.location is not None
            else None
        )
        model = models.model_of_objects(frame.ctx, obj.cls) if obj is not None else None
        if (
            obj is None
            or model is None
            or not isinstance(alternative, Instance)
            or alternative.location is None
        ):
            continue
        column = model.attributes.get(name)
        if not isinstance(column, Column):
            continue
        if is_empty:
            empty = {other for other, found in model.relationships() if name in (found.keys or ())}
            obj = replace(obj, null_keys=obj.null_keys | empty)
            for other in empty.union(_may_have_key(model, column)):
                if obj.field(other) is None and not _always_raises(frame.ctx, obj, model, other):
                    obj = obj.put(other, MAYBE)
        if is_kind and not obj.discriminated:
            obj = replace(obj, discriminated=True)
        objects[alternative.location] = obj


def _may_have_key(model: Model, column: Column) -> Iterator[str]:
    """The many-to-one relationships that may have a column as their foreign key."""
    for name, found in model.relationships() if column.references else ():
        if found.keys is None and found.to_one is not False and not found.is_collection:
            yield name


def _always_raises(ctx: Context, obj: InstanceState, model: Model, name: str) -> bool:
    """Whether the strategy ``raise`` applies to a relationship, which has no key."""
    found = transitions.attribute_state(ctx, obj, name, model.attributes[name])
    return isinstance(found, NotLoaded) and found.text == "raise"


class NamesSought(Struct):
    """The attributes that a run tested for being loaded."""

    names: set[str] = field(default_factory=set)


def note_name_test(frame: Frame, state: State, test: tree.Compare, outcome: bool) -> None:
    """Note a condition that tests whether an attribute is loaded: the code handles the other case.

    On the other path, attributes that are known to be missing stay missing.
    """
    assert isinstance(test.left, tree.Const)
    name, is_found = str(test.left.value), outcome is (test.ops[0] == "in")
    match test.rights[0]:
        case tree.Attr(name="unloaded"):
            frame.notes_of(NamesSought).names.add(name)
            if is_found:
                return
        case tree.Attr(name="__dict__") | tree.Call(func=tree.Name(id="vars")):
            frame.notes_of(NamesSought).names.add(name)
            if not is_found:
                return
    _note_perhaps_loaded(state, name)


def note_handler(frame: Frame, kind: Value | None, handler: tree.Handler) -> None:
    """Note a handler after such a condition: an object that ``inspect()`` fails for is not an ORM object."""
    sought = frame.notes.get(NamesSought)
    for name in sorted(sought.names) if sought is not None else ():
        _note_perhaps_loaded(frame.state, name)


def _note_perhaps_loaded(state: State, name: str) -> None:
    objects = instances_of(state)
    for location, obj in list(objects.items()):
        objects[location] = obj.put(name, MAYBE)


def note_empty_container(state: State, value: Value) -> None:
    """Note that a container is empty: it holds no objects."""
    objects = instances_of(state)
    for alternative in alternatives(value):
        if isinstance(alternative, Collection) and alternative.items is None:
            for location in locations_in(alternative.item):
                if location in objects:
                    objects[location] = replace(objects[location], is_empty=True)


def end_object_loop(item: Value, before: list[State], after: list[State]) -> None:
    """End a loop over objects: the last item is one of several, or there was none."""
    if isinstance(item, OneOf):  # it met each of several objects, not the same one in each pass
        paths = [instances_of(state) for state in after]
        for location in locations_in(item):
            met = [objects[location] for objects in paths if location in objects]
            for objects in paths:
                if location in objects:
                    objects[location] = joins.join_instances(met)
    if len(after) > len(before):  # it had no items, so nothing of them is known to be missing
        for state in before:
            objects = instances_of(state)
            for location in locations_in(item):
                if location in objects:
                    objects[location] = replace(objects[location], is_empty=True)
        skipped = [state for state in after if any(state is first for first in before)]
        _note_held_elsewhere(skipped, after)
        _note_loaded_elsewhere(skipped, after)
        _note_idle_elsewhere(skipped, after)


def _note_idle_elsewhere(skipped: list[State], after: list[State]) -> None:
    """Note that on the paths past a loop the transaction of a session may be over, had the loop run."""
    ended: set[object] = set()
    for state in after if skipped else ():
        if not any(state is one for one in skipped):
            part = state.part(Instances)
            ended |= set(filter(part.is_idle, {step.session for step in part.session_effects}))
    for state in skipped if ended else ():
        state.part(Instances).idle_elsewhere |= ended


def _note_held_elsewhere(skipped: list[State], after: list[State]) -> None:
    """Note that on the paths past a loop the session may hold more objects, had the loop run."""
    there = {location for state in skipped for location in _held(state)}
    further = [state for state in after if instances_of(state).keys() - there]
    held = {obj for state in further for at, obj in _held(state).items() if at not in there}
    for state in skipped if held else ():
        part = state.part(Instances)
        state.put(replace(part, held_elsewhere=part.held_elsewhere | held))


def _note_loaded_elsewhere(skipped: list[State], after: list[State]) -> None:
    """Note that on the paths past a loop an object may have more loaded, had the loop met it as an item.

    An object that exists is among the items of all objects: then the loop is not skipped.
    """
    further = [instances_of(state) for state in after if not any(state is one for one in skipped)]
    for state in skipped if further else ():
        objects = instances_of(state)
        for location, obj in list(objects.items()):
            there = [other[location] for other in further if location in other]
            names = {name for one in there for name, kept in one.fields if isinstance(kept, Maybe)}
            for name in sorted(names):
                if obj.field(name) is None or isinstance(obj.field(name), NotLoaded):
                    objects[location] = obj = obj.put(name, MAYBE)


def _held(state: State) -> dict[Location, InstanceState]:
    """The objects that variables hold on a path."""
    return reachable(instances_of(state), state.values())
