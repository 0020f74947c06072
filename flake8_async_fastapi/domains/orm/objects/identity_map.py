"""The identity map: a many-to-one whose target is in the session already is loaded without I/O.

Source: docs/behaviour.md#identity-map; SQLAlchemy documentation, "Session Basics".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Relationship
from flake8_async_fastapi.domains.orm.objects import (
    aliasing,
    alone,
    one_of_all,
    own_sessions,
    passed,
    strangers,
    transitions,
)
from flake8_async_fastapi.domains.orm.objects.aliasing import UnloadedAttribute
from flake8_async_fastapi.domains.orm.objects.heap import Instances, instances_of, reachable
from flake8_async_fastapi.domains.orm.objects.instances import (
    InstanceState,
    Loaded,
    NotLoaded,
)
from flake8_async_fastapi.domains.orm.statements import load_plans
from flake8_async_fastapi.domains.orm.statements.load_plans import LoadedPath
from flake8_async_fastapi.domains.orm.statements.queries import EMPTY_PLAN
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.renaming import MADE, base
from flake8_async_fastapi.engine.values import (
    ClassValue,
    Instance,
    Location,
    Value,
    is_none,
)
from flake8_async_fastapi.engine.walks import HOLDING_NOTHING, inner_values
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import nodes_in
from flake8_async_fastapi.project.modules import is_test


class TargetAtHand(Struct, frozen=True):
    """The session may hold the target of a many-to-one, so that reading it may cause no I/O.

    ``unless`` says in which case it causes I/O, if only chance avoids it; otherwise it is empty.
    """

    unless: str = ""


def may_be_loaded_elsewhere(frame: Frame, unloaded: UnloadedAttribute) -> bool:
    """Whether the session may hold the target of an attribute, or the same object with more loaded."""
    return find_target(frame, unloaded) is not None or may_have_more(frame, unloaded)


def may_have_more(frame: Frame, unloaded: UnloadedAttribute) -> bool:
    """Whether an object may have an attribute loaded by another path of its query, or for a caller."""
    if aliasing.may_be_loaded_by_other_path(frame, unloaded):
        return True
    return unloaded.not_loaded.cause == "unloaded" and _may_hang_on_given(frame, unloaded)


def _may_hang_on_given(frame: Frame, unloaded: UnloadedAttribute) -> bool:
    """Whether a caller loaded the object of a query along with one that it passed."""
    objects, cls = instances_of(frame.state), unloaded.obj.cls
    top = aliasing.way_from_top(objects, unloaded.location)[0]
    return objects[top].source == "query" and any(
        other.source == "given"
        and other.default == "perhaps"
        and load_plans.may_lead_to(frame.ctx, other.cls, cls)
        and not strangers.are_strangers(frame, at, top)
        and passed.is_loaded_by_caller(frame, at, cls, unloaded.name)
        for at, other in objects.items()
    )


def find_target(frame: Frame, unloaded: UnloadedAttribute) -> TargetAtHand | None:
    """The target of a many-to-one in the identity map; None if it is not there."""
    location, obj = unloaded.location, unloaded.obj
    attribute, not_loaded = unloaded.attribute, unloaded.not_loaded
    if not isinstance(attribute, Relationship) or obj.phase == "detached":
        return None
    if attribute.is_collection or attribute.to_one is False:
        return None
    if (
        not_loaded.cause not in ("unloaded", "new", "refreshed", "merged")
        and not_loaded.text != "raise_on_sql"
    ):
        return None
    if attribute.target is None or _is_to_be_expected(frame, unloaded, attribute.target):
        return TargetAtHand()
    held = [
        _is_chance(frame, other, unloaded, attribute.target)
        for other_location, other in _alive_objects(frame)
        if base(other_location) != base(location)
        and aliasing.is_live(other, obj)
        and _holds(frame, other, attribute.target)
        and not _is_bystander(frame, other_location, other, unloaded)
        and not _is_stranger(frame, other_location, other, unloaded)
    ]
    if is_in_variable(frame, attribute.target):
        held.append(_is_open(unloaded))
    if not held:
        is_made_by_fixture = base(location)[0] == MADE and is_test(obj.path)
        return TargetAtHand(_BY_FIXTURE.format(attribute.target.name)) if is_made_by_fixture else None
    return TargetAtHand(_BY_CHANCE.format(attribute.target.name) if all(held) else "")


def _is_bystander(frame: Frame, at: Location, other: InstanceState, unloaded: UnloadedAttribute) -> bool:
    """Whether an object is the target of some only of all objects of a table: it was there before these were
    queried, or has a constant key.

    The user who sent the request is not the author of every post. But code may compare the key itself.
    """
    attribute, here = unloaded.attribute, list(instances_of(frame.state))
    if not isinstance(attribute, Relationship) or not one_of_all.is_one_of_all(
        frame.state, at, other, unloaded.obj
    ):
        return False
    if other.is_item:
        return False  # there are several
    if attribute.target is None or not attribute.keys or leads_to(frame, other, attribute.target):
        return False
    is_before = here.index(at) < here.index(unloaded.location) or _is_constant(other.identity)
    return is_before and not _mentions(frame, attribute.keys)


def _is_constant(identity: object) -> bool:
    return isinstance(identity, tuple) and identity[0] == "constant"


def _is_stranger(frame: Frame, at: Location, other: InstanceState, unloaded: UnloadedAttribute) -> bool:
    """Whether a request got an object before it asked for another one, which has nothing to do with it."""
    objects, attribute = instances_of(frame.state), unloaded.attribute
    keys = attribute.keys if isinstance(attribute, Relationship) else None
    if not keys or unloaded.not_loaded.cause != "unloaded" or unloaded.name in unloaded.obj.compared_keys:
        return False
    return (
        not _mentions(frame, keys)
        and _were_asked_for(objects, at, unloaded.location)
        and (strangers.are_strangers(frame, at, aliasing.way_from_top(objects, unloaded.location)[0]))
    )


def _were_asked_for(objects: Mapping[Location, InstanceState], one: Location, other: Location) -> bool:
    """Whether queries gave one object and later another, or what led to it."""
    top, here = aliasing.way_from_top(objects, other)[0], list(objects)
    if objects[one].source != "query" or objects[one].is_item or objects[top].source != "query":
        return False
    return here.index(one) < here.index(top)


def remaining_doubt(frame: Frame, unloaded: UnloadedAttribute, unless: str) -> str:
    """In which case an attribute is loaded that its query left out; empty if only strangers have it."""
    obj, objects = unloaded.obj, instances_of(frame.state)
    if unless != aliasing.doubt_of(obj.cls) or unloaded.not_loaded.cause != "unloaded":
        return unless
    suspects = [
        at
        for at, other in _alive_objects(frame)
        if base(at) != base(unloaded.location)
        and aliasing.is_live(other, obj)
        and has_attribute(frame, other, unloaded)
    ]
    top = aliasing.way_from_top(objects, unloaded.location)[0]
    asked = all(_were_asked_for(objects, at, unloaded.location) for at in suspects)
    are_strange = asked and all(strangers.are_strangers(frame, at, top) for at in suspects)
    return "" if suspects and are_strange else unless


def has_attribute(frame: Frame, other: InstanceState, unloaded: UnloadedAttribute) -> bool:
    """Whether an object may be the one with an attribute that is not loaded, or lead to it."""
    cls, name = unloaded.obj.cls, unloaded.name
    if load_plans.may_be_both(frame.ctx, other.cls, cls):
        found = transitions.attribute_state(frame.ctx, other, name, unloaded.attribute)
        if not isinstance(found, NotLoaded):
            return True
    leads = other.default in ("plan", "perhaps")
    return leads and name in aliasing.loaded_by(frame.ctx, cls, other.cls, other.plan, is_another=True)


def _mentions(frame: Frame, names: tuple[str, ...]) -> bool:
    """Whether the code of a function mentions attributes of these names."""
    node = frame.node
    if node is None:
        return True

    def find() -> frozenset[str]:
        return frozenset(one.name for one in nodes_in(node.body) if isinstance(one, tree.Attr))

    key = ("attributes in", frame.path, node.line, node.col)
    return not frame.ctx.derive(key, find).isdisjoint(names)


def leads_to(frame: Frame, other: InstanceState, target: ClassValue) -> bool:
    if other.may_be_loaded or other.default == "perhaps":
        return True
    model = models.model_of_objects(frame.ctx, other.cls)
    for name, found in model.relationships() if model is not None else ():
        fits = found.target is None or load_plans.may_be_both(frame.ctx, found.target, target)
        if fits and not isinstance(transitions.attribute_state(frame.ctx, other, name, found), NotLoaded):
            return True
    return any(
        loaded_path.names and load_plans.may_be_both(frame.ctx, loaded_path.cls, target)
        for loaded_path in load_plans.loaded_paths(frame.ctx, other.cls, other.plan)
    )


_BY_CHANCE: Final = "the session happens to hold that {}"
_BY_FIXTURE: Final = "a fixture holds that {}"


def _is_chance(frame: Frame, other: InstanceState, unloaded: UnloadedAttribute, target: ClassValue) -> bool:
    """Whether only chance makes an object the target: it was loaded before, and both are single objects.

    An object loaded later may have been fetched by the key of the first one, and many objects by its key.
    """
    is_one = not other.is_item and load_plans.may_be_both(frame.ctx, other.cls, target)
    obj = unloaded.obj
    is_before = not obj.path or other.path != obj.path or other.line < obj.line
    return is_one and is_before and _is_open(unloaded)


def _is_open(unloaded: UnloadedAttribute) -> bool:
    """Whether the target of a many-to-one can be any object: that of a single object of a query."""
    return unloaded.not_loaded.cause == "unloaded" and not unloaded.obj.is_item


def _alive_objects(frame: Frame) -> Iterator[tuple[Location, InstanceState]]:
    """The objects that variables hold, and those that they lead to."""
    objects = instances_of(frame.state)
    alive = reachable(objects, frame.state.values())
    for location, obj in objects.items():
        if location in alive or base(location) in alive:
            yield location, obj


def _is_to_be_expected(frame: Frame, unloaded: UnloadedAttribute, target: ClassValue) -> bool:
    """Whether the code gives a reason to expect the target of a many-to-one in the identity map."""
    location, obj = unloaded.location, unloaded.obj
    state, objects = frame.state, instances_of(frame.state)
    if _is_given(objects, obj):
        return True  # the caller may hold the target
    above = objects.get(obj.parent[0]) if obj.parent is not None else None
    if above is not None and obj.parent is not None and not isinstance(above.default, NotLoaded):
        fits = load_plans.may_be_both(frame.ctx, above.cls, target)
        if fits and _leads_back(frame, above, obj.parent[1], unloaded.name):
            return True
    for other in aliasing.unread_results(frame.ctx, state, obj.session):
        if load_plans.may_be_both(frame.ctx, other.cls, target):
            return True
    if unloaded.name in obj.compared_keys and not own_sessions.holds_only_known(frame, obj.session):
        return True
    for other in state.part(Instances).held_elsewhere:
        if aliasing.is_live(other, obj) and _holds(frame, other, target):
            return True
    for other_location, other in _alive_objects(frame):
        # an object reached from the same object in another way is checked from that object
        if other_location not in (location, base(location)) or not aliasing.is_live(other, obj):
            continue
        if other.is_item and not other.is_alone and load_plans.may_be_both(frame.ctx, other.cls, target):
            return True
        if _leads_to_target(frame, other_location, unloaded):
            return True
    return False


def _is_given(objects: Mapping[Location, InstanceState], obj: InstanceState) -> bool:
    """Whether a function got an object, or the one that led to it, from unknown callers."""
    while obj.parent is not None and obj.parent[0] in objects:
        obj = objects[obj.parent[0]]
    return obj.source == "given"


def keep_dropped(frame: Frame, value: Value, node: Expr) -> None:
    """Keep objects whose result is dropped, if they were loaded with others: these may refer to them."""
    part: Instances | None = frame.state.parts.get(Instances)
    if part is None or type(value) in HOLDING_NOTHING:  # nearly always
        return
    kept = [obj for obj in reachable(part.heap, [value]).values() if loads_others(frame, obj)]
    if kept:
        frame.state.put(replace(part, held_elsewhere=part.held_elsewhere.union(kept)))


def loads_others(frame: Frame, obj: InstanceState) -> bool:
    """Whether a query loads others along with an object, so that these may refer to each other."""
    return obj.default == "plan" and len(load_plans.loaded_paths(frame.ctx, obj.cls, obj.plan)) > 1


def is_in_variable(frame: Frame, target: ClassValue) -> bool:
    """Whether a variable holds an object of known class only, which may hold the target."""
    for value in frame.state.values():
        for inner in inner_values(value):
            if not isinstance(inner, Instance) or inner.location is not None:
                continue
            if any(
                load_plans.may_be_both(frame.ctx, loaded_path.cls, target)
                for loaded_path in load_plans.loaded_paths(frame.ctx, inner.cls, EMPTY_PLAN)
            ):
                return True
    return False


def _holds(frame: Frame, obj: InstanceState, target: ClassValue) -> bool:
    """Whether an object is of a class, or holds such an object that was loaded along with it, or later."""
    if load_plans.may_be_both(frame.ctx, obj.cls, target) and not obj.is_alone:
        return True
    if obj.default in ("plan", "perhaps") and any(
        loaded_path.names and load_plans.may_be_both(frame.ctx, loaded_path.cls, target)
        for loaded_path in load_plans.loaded_paths(frame.ctx, obj.cls, obj.plan)
    ):
        return True
    model = models.mapped_model(frame.ctx, obj.cls)
    for name, found in obj.fields if model is not None else ():
        attribute = model.attributes.get(name) if model is not None else None
        held = attribute.target if isinstance(attribute, Relationship) and isinstance(found, Loaded) else None
        if held is None or not load_plans.may_be_both(frame.ctx, held, target):
            continue
        if not (isinstance(found, Loaded) and found.is_linked and alone.are_alone(frame, held)):
            return True
    return False


def _leads_to_target(frame: Frame, at: Location, unloaded: UnloadedAttribute) -> bool:
    """Whether an object on the path to an attribute may hold its target through another relationship.

    A collection may. So may a single object further away: of one record, or if its foreign key is a copy of
    the attribute's. But two attributes of one object usually lead to different objects, if it is not new.
    """
    attribute, above = unloaded.attribute, instances_of(frame.state)[at]
    _, own = aliasing.way_from_top(instances_of(frame.state), unloaded.location, at)
    if above.source == "new" and not own and _has_loaded_twin(frame, above, unloaded):
        return True
    if above.default != "plan" or not isinstance(attribute, Relationship) or attribute.target is None:
        return False
    for loaded_path in load_plans.loaded_paths(frame.ctx, above.cls, above.plan):
        if not loaded_path.names or not load_plans.may_be_both(frame.ctx, loaded_path.cls, attribute.target):
            continue
        is_further = len(loaded_path.names) > 1 and loaded_path.names[:-1] != own
        is_twin = above.source == "new" and not own
        if (
            loaded_path.is_collection
            or is_twin
            or (is_further and (not unloaded.obj.is_item or _keys_of(frame, loaded_path) == attribute.keys))
        ):
            return True
    return False


def _has_loaded_twin(frame: Frame, obj: InstanceState, unloaded: UnloadedAttribute) -> bool:
    """Whether another relationship of a new object was loaded, such as by a refresh: both keys may be one."""
    model, attribute = models.mapped_model(frame.ctx, obj.cls), unloaded.attribute
    target = attribute.target if isinstance(attribute, Relationship) else None
    for name, found in obj.fields if model is not None and target is not None else ():
        twin = model.attributes.get(name) if model is not None and name != unloaded.name else None
        if not isinstance(twin, Relationship) or not isinstance(found, Loaded) or is_none(found.value):
            continue
        if twin.target is None or target is None or load_plans.may_be_both(frame.ctx, twin.target, target):
            return True
    return False


def _keys_of(frame: Frame, loaded_path: LoadedPath) -> tuple[str, ...] | None:
    """The foreign key of the last relationship on a path."""
    model = models.mapped_model(frame.ctx, loaded_path.classes_above[-1])
    attribute = model.attributes.get(loaded_path.names[-1]) if model is not None else None
    return attribute.keys if isinstance(attribute, Relationship) else None


def _leads_back(frame: Frame, parent: InstanceState, via: str, name: str) -> bool:
    """Whether a relationship leads back to the object from which another led here."""
    model = models.model_of_objects(frame.ctx, parent.cls)
    attribute = model.attributes.get(via) if model is not None else None
    return isinstance(attribute, Relationship) and attribute.inverse in ("", name)
