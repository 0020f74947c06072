"""Objects that may be the same one: what a session has of them already.

A session keeps one object for each key.  So an object that a query brings may be there
already, with more of it loaded, and the target of a many-to-one may be found without I/O.
Source: docs/behaviour.md#identity-map; SQLAlchemy documentation, "Session Basics".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Attribute, Relationship
from flake8_async_fastapi.domains.orm.objects import instances, transitions
from flake8_async_fastapi.domains.orm.objects.instances import (
    MAYBE,
    InstanceState,
    Loaded,
    NotLoaded,
    instances_of,
    reachable,
)
from flake8_async_fastapi.domains.orm.statements import load_plans
from flake8_async_fastapi.domains.orm.statements.load_plans import LoadedPath
from flake8_async_fastapi.domains.orm.statements.queries import EMPTY_PLAN, FetchedResult, Plan, Transition
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.renaming import base
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import ClassValue, Instance, Location, Object
from flake8_async_fastapi.engine.walks import inner_values
from flake8_async_fastapi.records import dataclass, replace

_NOT_LIVE: Final = ("transient", "detached", "deleted", "deleting")


@dataclass(frozen=True, slots=True)
class UnloadedAttribute:
    """An attribute of an object that is read and is not loaded."""

    location: Location
    obj: InstanceState
    name: str
    attribute: Attribute
    not_loaded: NotLoaded


def may_be_loaded_elsewhere(frame: Frame, unloaded: UnloadedAttribute) -> bool:
    """Whether the session may hold the target of an attribute, or the object with more of it loaded."""
    return may_be_in_identity_map(frame, unloaded) or may_be_loaded_by_other_path(frame, unloaded)


def may_be_in_identity_map(frame: Frame, unloaded: UnloadedAttribute) -> bool:
    """Whether a many-to-one may find its target in the identity map, which costs no I/O."""
    location, obj = unloaded.location, unloaded.obj
    attribute, not_loaded = unloaded.attribute, unloaded.not_loaded
    if not isinstance(attribute, Relationship) or obj.phase == "detached":
        return False
    if attribute.is_collection or attribute.to_one is False:
        return False
    if (
        not_loaded.cause not in ("unloaded", "new", "refreshed", "merged")
        and not_loaded.text != "raise_on_sql"
    ):
        return False
    if attribute.target is None:
        return True
    state, objects = frame.state, instances_of(frame.state)
    if _is_given(objects, obj):
        return True  # who gave the object may hold the target
    above = objects.get(obj.parent[0]) if obj.parent is not None else None
    if above is not None and obj.parent is not None and not isinstance(above.default, NotLoaded):
        fits = load_plans.may_be_both(frame.ctx, above.cls, attribute.target)
        if fits and _leads_back(frame, above, obj.parent[1], unloaded.name):
            return True
    for other in unread_results(frame.ctx, state, obj.session):
        if load_plans.may_be_both(frame.ctx, other.cls, attribute.target):
            return True
    if unloaded.name in obj.compared_keys or _is_in_variable(frame, attribute.target):
        return True
    for other in state.part(instances.Instances).held_elsewhere:
        if _is_live(other, obj) and _holds(frame, other, attribute.target):
            return True
    alive = reachable(objects, state.values())
    for other_location, other in objects.items():
        if other_location not in alive and base(other_location) not in alive:
            continue
        is_own = base(other_location) == base(location)
        if is_own and other_location not in (location, base(location)):
            continue  # what was reached from the same object by another way is asked of that object below
        if not _is_live(other, obj):
            continue
        if not is_own and _holds(frame, other, attribute.target):
            return True
        if is_own and other.is_item and load_plans.may_be_both(frame.ctx, other.cls, attribute.target):
            return True
        if is_own and _leads_to_target(frame, other_location, unloaded):
            return True
    return False


def _is_live(other: InstanceState, obj: InstanceState) -> bool:
    """Whether an object that is held can be used by the session of another."""
    if isinstance(other.default, NotLoaded) or other.phase in _NOT_LIVE:
        return False
    return other.session == obj.session or instances.ANY in (other.session, obj.session)


def _is_given(objects: Mapping[Location, InstanceState], obj: InstanceState) -> bool:
    """Whether a function was given an object, or the one that led to it, by callers that are not known."""
    while obj.parent is not None and obj.parent[0] in objects:
        obj = objects[obj.parent[0]]
    return obj.source == "given"


def _is_in_variable(frame: Frame, target: ClassValue) -> bool:
    """Whether a variable holds an object of which only the class is known, and which may hold the target."""
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
    """Whether an object is one of a class, or holds one by what was loaded along with it, or later."""
    if load_plans.may_be_both(frame.ctx, obj.cls, target):
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
        if held is not None and load_plans.may_be_both(frame.ctx, held, target):
            return True
    return False


def _leads_to_target(frame: Frame, at: Location, unloaded: UnloadedAttribute) -> bool:
    """Whether an object on the way to an attribute may hold its target by another way.

    A collection may.  So may a single object further away: of one record, or where its foreign key
    is a copy of the attribute's.  But two attributes of one object are there to lead to different ones.
    """
    attribute, above = unloaded.attribute, instances_of(frame.state)[at]
    _, own = _way_from_top(instances_of(frame.state), unloaded.location, at)
    if above.default != "plan" or not isinstance(attribute, Relationship) or attribute.target is None:
        return False
    for loaded_path in load_plans.loaded_paths(frame.ctx, above.cls, above.plan):
        if not loaded_path.names or not load_plans.may_be_both(frame.ctx, loaded_path.cls, attribute.target):
            continue
        is_further = len(loaded_path.names) > 1 and loaded_path.names[:-1] != own
        if loaded_path.is_collection or (
            is_further and (not unloaded.obj.is_item or _keys_of(frame, loaded_path) == attribute.keys)
        ):
            return True
    return False


def _keys_of(frame: Frame, loaded_path: LoadedPath) -> tuple[str, ...] | None:
    """The foreign key of the last relationship on a way."""
    model = models.mapped_model(frame.ctx, loaded_path.classes_above[-1])
    attribute = model.attributes.get(loaded_path.names[-1]) if model is not None else None
    return attribute.keys if isinstance(attribute, Relationship) else None


def may_be_loaded_by_other_path(frame: Frame, unloaded: UnloadedAttribute) -> bool:
    """Whether the query may have brought the same object by another way too, with more of it loaded."""
    if unloaded.not_loaded.cause not in _BY_QUERY:
        return False  # what expires later is gone on all ways
    objects = instances_of(frame.state)
    at, own = _way_from_top(objects, unloaded.location)
    base_obj = objects.get(at, unloaded.obj)
    if base_obj.default in ("unset", "inserted"):
        return False  # no query brought it
    for loaded_path in load_plans.loaded_paths(frame.ctx, base_obj.cls, base_obj.plan):
        if loaded_path.names == own or not load_plans.may_be_both(
            frame.ctx, loaded_path.cls, unloaded.obj.cls
        ):
            continue
        other = transitions.instance_on_path(loaded_path)
        found = transitions.attribute_state(frame.ctx, other, unloaded.name, unloaded.attribute)
        if not isinstance(found, NotLoaded):
            return True
    return False


def _way_from_top(
    objects: Mapping[Location, InstanceState], location: Location, top: Location | None = None
) -> tuple[Location, tuple[str, ...]]:
    """The object that all was reached from, or ``top``, and the attributes that lead from there."""
    names: list[str] = []
    obj = objects.get(location)
    while location != top and obj is not None and obj.parent is not None and obj.parent[0] in objects:
        location, via = obj.parent
        names.insert(0, via)
        obj = objects[location]
        if len(names) == instances.LONGEST_PATH:
            break
    return location, tuple(names)


def _leads_back(frame: Frame, parent: InstanceState, via: str, name: str) -> bool:
    """Whether a relationship leads back to the object from which another led here."""
    model = models.model_of_objects(frame.ctx, parent.cls)
    attribute = model.attributes.get(via) if model is not None else None
    return isinstance(attribute, Relationship) and attribute.inverse in ("", name)


def are_different_keys(one: object, other: object) -> bool:
    """Whether two keys are known not to be the same."""
    both = [key for key in (one, other) if isinstance(key, tuple) and key[0] == "constant"]
    return len(both) == 2 and both[0] != both[1]


def share_loaded(frame: Frame, location: Location, name: str) -> None:
    """An attribute of an object may be loaded now: so it may be of any other that may be the same one."""
    objects = instances_of(frame.state)
    obj = objects[location]
    model = models.model_of_objects(frame.ctx, obj.cls)
    attribute = model.attributes.get(name) if model is not None else None
    for at, other in objects.items() if attribute is not None else ():
        if at == location or other.is_item or not _is_live(other, obj):
            continue
        if are_different_keys(obj.identity, other.identity):
            continue
        if load_plans.may_be_both(frame.ctx, obj.cls, other.cls) and attribute is not None:
            found = transitions.attribute_state(frame.ctx, other, name, attribute)
            if isinstance(found, NotLoaded):
                objects[at] = other.put(name, MAYBE)


def add_loaded(frame: Frame, state: State, location: tuple[object, ...], obj: InstanceState) -> Instance:
    """An object that a query brought: any that is there already may be the same one."""
    objects = instances_of(state)
    forget_below(state, location)
    objects.pop(location, None)
    objects[location] = join_aliases(frame.ctx, state, obj)
    return Instance(obj.cls, location=location)


def join_aliases(
    ctx: Context, state: State, obj: InstanceState, own: Location | None = None
) -> InstanceState:
    """An object that was just loaded: what others at hand have loaded it may have too, being one of them.

    ``own`` is the object itself, if it is there: nor is it one of those that it came with.
    """
    there = [
        other
        for location, other in transitions.instances_of_session(instances_of(state), obj.session)
        if own is None or base(location) != base(own)
    ]
    unread = unread_results(ctx, state, obj.session)
    others = [other for other in (*there, *unread) if _is_at_hand(other, obj)]
    lacking = _lacking(ctx, obj) if others else {}
    found: set[str] = set()
    for other in others if lacking else ():
        is_another = are_different_keys(other.identity, obj.identity)
        if other.default == "plan":
            found |= _loaded_by(ctx, obj.cls, other.cls, other.plan, is_another=is_another)
        if load_plans.may_be_both(ctx, other.cls, obj.cls) and not is_another:
            found |= _loaded_of(ctx, other, lacking)
    return _may_have(obj, found & lacking.keys())


def _is_at_hand(other: InstanceState, obj: InstanceState) -> bool:
    """Whether an object still has what was loaded of it, in the session that loaded another."""
    gone = other.phase != obj.phase and other.phase not in ("persistent", "pending")
    return not (gone or other.phase == "transient" or isinstance(other.default, NotLoaded))


def after_loading(
    ctx: Context, obj: InstanceState, cls: ClassValue, plan: Plan, *, is_another: bool = False
) -> InstanceState:
    """An object that a query may have brought by any of its ways: what is loaded there, it may have.

    ``is_another``: it is not the object that the query asks for.
    """
    found = _loaded_by(ctx, obj.cls, cls, plan, is_another=is_another)
    return _may_have(obj, found & _lacking(ctx, obj).keys()) if found else obj


def _lacking(ctx: Context, obj: InstanceState) -> dict[str, Attribute]:
    """The attributes that an object lacks, and that a query brings."""
    model = models.model_of_objects(ctx, obj.cls)
    lacking: dict[str, Attribute] = {}
    for name, attribute in model.attributes.items() if model is not None else ():
        found = transitions.attribute_state(ctx, obj, name, attribute)
        if isinstance(found, NotLoaded) and found.cause in _BY_QUERY:
            lacking[name] = attribute
    return lacking


def _loaded_of(ctx: Context, obj: InstanceState, attributes: Mapping[str, Attribute]) -> frozenset[str]:
    """Those of some attributes that an object may have loaded."""
    return frozenset(
        name
        for name, attribute in attributes.items()
        if not isinstance(transitions.attribute_state(ctx, obj, name, attribute), NotLoaded)
    )


def _loaded_by(
    ctx: Context, target: ClassValue, cls: ClassValue, plan: Plan, *, is_another: bool
) -> frozenset[str]:
    """The attributes of a class that may be loaded of an object which a plan brings.

    ``is_another``: it is not the object that the plan begins at.
    """

    def find() -> frozenset[str]:
        model = models.model_of_objects(ctx, target)
        found: set[str] = set()
        for loaded_path in load_plans.loaded_paths(ctx, cls, plan):
            if (is_another and not loaded_path.names) or model is None:
                continue
            if load_plans.may_be_both(ctx, loaded_path.cls, target):
                found |= _loaded_of(ctx, transitions.instance_on_path(loaded_path), model.attributes)
        return frozenset(found)

    nothing: frozenset[str] = frozenset()
    return ctx.query(("loaded by", target, cls, plan, is_another), find, nothing)


def _may_have(obj: InstanceState, names: Collection[str]) -> InstanceState:
    """An object that may have some attributes loaded."""
    if not names:
        return obj
    others = (pair for pair in obj.fields if pair[0] not in names)
    added = ((name, MAYBE) for name in names)
    return replace(obj, fields=tuple(sorted((*others, *added), key=lambda pair: pair[0])))


def unread_results(ctx: Context, state: State, session: object) -> Iterator[InstanceState]:
    """The objects in results that variables hold, as they will be once they are fetched."""
    for value in state.values():
        fetch = value.detail if isinstance(value, Object) else None
        if isinstance(fetch, FetchedResult) and fetch.session == session:
            for entity in fetch.query.items or ():
                if entity is not None:
                    plan = load_plans.query_plan(ctx, fetch.query, entity)
                    for loaded_path in load_plans.loaded_paths(ctx, entity.cls, plan):
                        yield replace(transitions.instance_on_path(loaded_path), session=session)


def after_select(ctx: Context, obj: InstanceState, select: Transition) -> InstanceState:
    """An object at hand after a query that may have met it: what it lacked, it may have now."""
    cls, plan = select.cls, select.plan
    if cls is None or obj.phase in ("transient", "pending"):
        return obj
    is_another = are_different_keys(obj.identity, select.identity)  # it may still be met below
    if isinstance(obj.default, NotLoaded):
        met = any(
            load_plans.may_be_both(ctx, obj.cls, loaded_path.cls)
            for loaded_path in load_plans.loaded_paths(ctx, cls, plan)
            if loaded_path.names or not is_another
        )
        return replace(obj, default="perhaps", fields=()) if met else obj
    return after_loading(ctx, obj, cls, plan, is_another=is_another)


_BY_QUERY: Final = (
    "unloaded", "deferred", "new", "refreshed", "merged", "server", "update",
    "raise", "noload",
)  # fmt: skip


def forget_below(state: State, location: tuple[object, ...]) -> None:
    """Forget the objects that were reached through one that is loaded anew."""
    objects = instances_of(state)
    for known in [known for known in objects if known[0] == location]:
        forget_below(state, known)
        del objects[known]
