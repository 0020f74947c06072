"""The objects to which a many-to-one leads whose target was found in the session.

Source: docs/behaviour.md#identity-map.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Relationship
from flake8_async_fastapi.domains.orm.objects import aliasing, identity_map, own_sessions, transitions
from flake8_async_fastapi.domains.orm.objects.aliasing import UnloadedAttribute
from flake8_async_fastapi.domains.orm.objects.heap import Instances, instances_of
from flake8_async_fastapi.domains.orm.objects.instances import (
    AttributeState,
    InstanceState,
    Loaded,
    NotLoaded,
)
from flake8_async_fastapi.domains.orm.statements import load_plans
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.values import (
    ClassValue,
    Collection,
    Instance,
    Location,
    alternatives,
    is_none,
)


def owner_of_member(frame: Frame, obj: InstanceState, name: str) -> Instance | None:
    """The object to whose collection a member belongs, as its many-to-one is the other side of that."""
    if obj.parent is None or obj.dirty == "row" or obj.source == "new":
        return None
    at, via = obj.parent
    owner = instances_of(frame.state).get(at)
    model = models.model_of_objects(frame.ctx, owner.cls) if owner is not None else None
    above = model.attributes.get(via) if model is not None else None
    own = models.model_of_objects(frame.ctx, obj.cls)
    attribute = own.attributes.get(name) if own is not None else None
    if owner is None or not isinstance(above, Relationship) or not isinstance(attribute, Relationship):
        return None
    is_other_side = above.inverse == name and above.to_one is False and bool(attribute.to_one)
    is_there = owner.session == obj.session and owner.phase == obj.phase == "persistent"
    return Instance(owner.cls, location=at) if is_other_side and is_there else None


def held_target(frame: Frame, unloaded: UnloadedAttribute) -> Instance | None:
    """The object to which a many-to-one leads that was found: the only one of its class in the session.

    If there are several, it lacks what all of them lack. None if there may be others.
    """
    obj, attribute, state = unloaded.obj, unloaded.attribute, frame.state
    target = attribute.target if isinstance(attribute, Relationship) else None
    if target is None or not own_sessions.knows_objects(frame, obj.session):
        return None
    if state.part(Instances).held_elsewhere or identity_map.is_in_variable(frame, target):
        return None
    if next(aliasing.unread_results(frame.ctx, state, obj.session), None) is not None:
        return None
    held: list[tuple[Location | None, InstanceState]] = []
    for at, other in instances_of(state).items():
        if at != unloaded.location and _may_hold(frame, other, target):
            found = _targets_of(frame, at, other, unloaded)
            if found is None:
                return None
            held += found
    if len(held) == 1 and held[0][0] is not None:
        return Instance(target, location=held[0][0])
    return _one_of(frame, [other for _, other in held], target, unloaded)


def _targets_of(
    frame: Frame, at: Location, other: InstanceState, unloaded: UnloadedAttribute
) -> list[tuple[Location | None, InstanceState]] | None:
    """The targets that a many-to-one may have in an object and what was loaded with it; None if unknown."""
    target = unloaded.attribute.target if isinstance(unloaded.attribute, Relationship) else None
    model = models.model_of_objects(frame.ctx, other.cls)
    if other.may_be_loaded or other.default == "perhaps" or target is None or model is None:
        return None
    found: list[tuple[Location | None, InstanceState]] = []
    if load_plans.may_be_both(frame.ctx, other.cls, target) and other.phase != "transient":
        if other.session != unloaded.obj.session or not aliasing.is_live(other, unloaded.obj):
            return None
        found.append((at, other))
    for loaded_path in load_plans.loaded_paths(frame.ctx, other.cls, other.plan):
        if loaded_path.names and load_plans.may_be_both(frame.ctx, loaded_path.cls, target):
            found.append((None, transitions.instance_on_path(loaded_path)))
    for name, relationship in model.relationships():
        fits = relationship.target is None or load_plans.may_be_both(frame.ctx, relationship.target, target)
        state = transitions.attribute_state(frame.ctx, other, name, relationship)
        is_planned = other.field(name) is None and isinstance(state, Loaded)
        if fits and not isinstance(state, NotLoaded) and not is_planned and not _is_followed(state):
            return None
    return found if all(one.cls == target for _, one in found) else None


def _is_followed(state: object) -> bool:
    """Whether all objects in a loaded attribute are known."""
    if not isinstance(state, Loaded):
        return False
    return all(
        isinstance(inner, Instance) and inner.location is not None
        for value in alternatives(state.value)
        for inner in (value.items or () if isinstance(value, Collection) else (value,))
        if not is_none(inner)
    )


def _one_of(
    frame: Frame, held: list[InstanceState], target: ClassValue, unloaded: UnloadedAttribute
) -> Instance | None:
    """An object that is one of several, so that it lacks what all of them lack."""
    obj, model = unloaded.obj, models.model_of_objects(frame.ctx, target)
    lacking: list[tuple[str, AttributeState]] = []
    for name, attribute in model.attributes.items() if model is not None and held else ():
        states = [transitions.attribute_state(frame.ctx, other, name, attribute) for other in held]
        lost = [state for state in states if isinstance(state, NotLoaded)]
        if len(lost) == len(held):
            lacking.append((name, lost[0]))
    if not lacking:
        return None
    at: Location = (unloaded.location, unloaded.name)
    instances_of(frame.state)[at] = InstanceState(
        target, obj.phase, obj.session, obj.path, obj.line, default="perhaps", fields=tuple(sorted(lacking)),
        parent=(unloaded.location, unloaded.name), classes_above=(*obj.classes_above, obj.cls),
        strategies_above=(*obj.strategies_above, "select"), is_item=obj.is_item, is_lazy=obj.is_lazy,
    )  # fmt: skip
    return Instance(target, location=at)


def _may_hold(frame: Frame, other: InstanceState, target: ClassValue) -> bool:
    """Whether an object is of a class, or leads to such an object, as far as is known."""
    return load_plans.may_be_both(frame.ctx, other.cls, target) or identity_map.leads_to(frame, other, target)
