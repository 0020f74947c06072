"""Objects that may be the same: one that a query returns may already be in the session.

A session keeps one object for each key. So an object that a query returns may exist already, with more of
it loaded. Source: docs/behaviour.md#identity-map; SQLAlchemy documentation, "Session Basics".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from operator import itemgetter
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.events import Cause
from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Attribute, Relationship
from flake8_async_fastapi.domains.orm.objects import alone, instances, one_of_all, transitions
from flake8_async_fastapi.domains.orm.objects.heap import LONGEST_PATH, instances_of
from flake8_async_fastapi.domains.orm.objects.instances import (
    MAYBE,
    AttributeState,
    InstanceState,
    Maybe,
    NotLoaded,
)
from flake8_async_fastapi.domains.orm.statements import load_plans
from flake8_async_fastapi.domains.orm.statements.queries import FetchedResult, Plan, Transition
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.places import Place, Spot
from flake8_async_fastapi.engine.renaming import base
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import ClassValue, Instance, Location, Object

_NOT_LIVE: Final = ("transient", "detached", "deleted", "deleting")


class UnloadedAttribute(Struct, frozen=True):
    """An attribute that is read and is not loaded."""

    location: Location
    obj: InstanceState
    name: str
    attribute: Attribute
    not_loaded: NotLoaded


def may_be_loaded_by_other_path(frame: Frame, unloaded: UnloadedAttribute) -> bool:
    """Whether the query may have loaded the same object on another path too, with more attributes."""
    if unloaded.not_loaded.cause not in _BY_QUERY:
        return False  # what is lost later is lost on all paths
    objects = instances_of(frame.state)
    at, own = way_from_top(objects, unloaded.location)
    base_obj = objects.get(at, unloaded.obj)
    if base_obj.default in ("unset", "inserted"):
        return False  # it does not come from a query
    for loaded_path in load_plans.loaded_paths(frame.ctx, base_obj.cls, base_obj.plan):
        if not loaded_path.names and len(own) == 1 and base_obj.identity is not None:
            continue  # the query returned one object, which is not its own child
        if loaded_path.names == own or not load_plans.may_be_both(
            frame.ctx, loaded_path.cls, unloaded.obj.cls
        ):
            continue
        other = transitions.instance_on_path(loaded_path)
        found = transitions.attribute_state(frame.ctx, other, unloaded.name, unloaded.attribute)
        if not isinstance(found, NotLoaded):
            return True
    return False


def way_from_top(
    objects: Mapping[Location, InstanceState], location: Location, top: Location | None = None
) -> tuple[Location, tuple[str, ...]]:
    """The first object on the path to an object, or ``top``, and the attributes that lead from there."""
    names: list[str] = []
    obj = objects.get(location)
    while location != top and obj is not None and obj.parent is not None and obj.parent[0] in objects:
        location, via = obj.parent
        names.insert(0, via)
        obj = objects[location]
        if len(names) == LONGEST_PATH:
            break
    return location, tuple(names)


def are_different_keys(one: object, other: object) -> bool:
    """Whether two keys are known to differ."""
    both = [key for key in (one, other) if isinstance(key, tuple) and key[0] == "constant"]
    return len(both) == 2 and both[0] != both[1]


def is_live(other: InstanceState, obj: InstanceState) -> bool:
    """Whether the session of one object can use another object, which is held by a variable."""
    if isinstance(other.default, NotLoaded) or other.phase in _NOT_LIVE:
        return False
    is_given = _is_given(other.session) or _is_given(obj.session)
    return is_given or instances.may_be_one(other.session, obj.session)


def _is_given(session: object) -> bool:
    """Whether only a parameter is known of a session, so that it may be any."""
    return isinstance(session, Place) and session.path.startswith("<")


def share_loaded(frame: Frame, location: Location, name: str) -> None:
    """Let all objects that may be the same have an attribute loaded, as one of them may."""
    objects = instances_of(frame.state)
    obj = objects[location]
    model = models.model_of_objects(frame.ctx, obj.cls)
    attribute = model.attributes.get(name) if model is not None else None
    for at, other in objects.items() if attribute is not None else ():
        if at == location or not is_live(other, obj):
            continue
        if are_different_keys(obj.identity, other.identity):
            continue
        if alone.has_other_key(objects, obj, other.identity):
            continue
        if load_plans.may_be_both(frame.ctx, obj.cls, other.cls) and attribute is not None:
            found = transitions.attribute_state(frame.ctx, other, name, attribute)
            if isinstance(found, NotLoaded):
                objects[at] = other.put(name, MAYBE)


def add_loaded(frame: Frame, state: State, location: tuple[object, ...], obj: InstanceState) -> Instance:
    """Add an object that a query returned: any existing object may be the same one."""
    objects = instances_of(state)
    forget_below(state, location)
    objects.pop(location, None)
    objects[location] = join_aliases(frame.ctx, state, obj)
    return Instance(obj.cls, location=location)


def populated(ctx: Context, obj: InstanceState) -> InstanceState:
    """An object that a query with ``populate_existing`` returned: another path may have unloaded it."""
    model = models.model_of_objects(ctx, obj.cls)
    for loaded_path in load_plans.loaded_paths(ctx, obj.cls, obj.plan) if model is not None else ():
        if not loaded_path.names or not load_plans.may_be_both(ctx, loaded_path.cls, obj.cls):
            continue
        other = transitions.instance_on_path(loaded_path)
        for name, attribute in model.relationships() if model is not None else ():
            if isinstance(transitions.attribute_state(ctx, other, name, attribute), NotLoaded):
                planned = transitions.attribute_state(ctx, obj, name, attribute)
                obj = obj if isinstance(planned, NotLoaded) else obj.put(name, MAYBE)
    return obj


def join_aliases(
    ctx: Context, state: State, obj: InstanceState, own: Location | None = None,
    besides: Collection[Location] = (),
) -> InstanceState:  # fmt: skip
    """Merge an object that was just loaded with others, ``besides`` some: it may have their attributes."""
    if own is None and obj.source == "new":
        return obj
    there = [
        (other, _is_parent(location, other, obj), one_of_all.is_one_of_all(state, location, other, obj))
        for location, other in instances_of(state).items()
        if location not in besides and instances.may_be_one(other.session, obj.session)
        if own is None or base(location) != base(own)
    ]
    unread = ((other, False, False) for other in unread_results(ctx, state, obj.session))
    others = [known for known in (*there, *unread) if _is_at_hand(known[0], obj)]
    if others and _is_referred_to(ctx, obj):
        others = [(other, is_other or other.is_alone, is_one) for other, is_other, is_one in others]
    model = models.model_of_objects(ctx, obj.cls) if others else None
    lacking = _lacking(ctx, obj, model.attributes, _FOR_ONE) if model is not None else {}
    attributes = {name: attribute for name, (attribute, _) in lacking.items()}
    found: set[str] = set()
    for other, is_other, is_one in others if lacking else ():
        is_another = is_other or is_one or are_different_keys(other.identity, obj.identity)
        is_another = is_another or alone.has_other_key(instances_of(state), other, obj.identity)
        if other.default == "plan":
            chosen = is_one and not other.is_item
            found |= loaded_by(ctx, obj.cls, other.cls, other.plan, is_another=is_another, is_chosen=chosen)
        if load_plans.may_be_both(ctx, other.cls, obj.cls) and not is_another:
            found |= _loaded_of(ctx, other, attributes)
    unless = "" if obj.is_item else doubt_of(obj.cls)
    return _may_have(obj, {name: lost for name, (_, lost) in lacking.items() if name in found}, unless)


def doubt_of(cls: ClassValue) -> str:
    """In which case an object of a class has more loaded than its query loads."""
    return f"the session happens to hold that {cls.name} with it"


def _is_parent(location: Location, other: InstanceState, obj: InstanceState) -> bool:
    """Whether an object was reached from another that was fetched by its key: no object is its own child."""
    return obj.parent is not None and obj.parent[0] == location and other.identity is not None


def _is_at_hand(other: InstanceState, obj: InstanceState) -> bool:
    """Whether an object still has its loaded attributes, in the session that loaded another."""
    gone = other.phase != obj.phase and other.phase not in ("persistent", "pending")
    return not (gone or other.phase == "transient" or isinstance(other.default, NotLoaded))


def after_loading(
    ctx: Context,
    obj: InstanceState,
    cls: ClassValue,
    plan: Plan,
    *,
    is_another: bool = False,
    is_chosen: bool = False,
) -> InstanceState:
    """An object that a query may have loaded on any of its paths: it may have the attributes loaded there.

    ``is_another``: it is not the object that the query asks for.
    """
    found = loaded_by(ctx, obj.cls, cls, plan, is_another=is_another, is_alone=obj.is_alone,
                      is_chosen=is_chosen)  # fmt: skip
    model = models.model_of_objects(ctx, obj.cls) if found else None  # most queries load other objects
    attributes = {name: model.attributes[name] for name in found} if model is not None else {}
    lacking = _lacking(ctx, obj, attributes, (*_FOR_ONE, *_EXPIRED))
    return _may_have(obj, {name: lost for name, (_, lost) in lacking.items()})


def _lacking(
    ctx: Context, obj: InstanceState, attributes: Mapping[str, Attribute], causes: tuple[Cause, ...]
) -> dict[str, tuple[Attribute, NotLoaded]]:
    """Those attributes that an object lacks for one of some causes, each with why it is not loaded."""
    lacking: dict[str, tuple[Attribute, NotLoaded]] = {}
    for name, attribute in attributes.items():
        found = transitions.attribute_state(ctx, obj, name, attribute)
        if isinstance(found, NotLoaded) and found.cause in causes:
            lacking[name] = attribute, found
    return lacking


def _loaded_of(ctx: Context, obj: InstanceState, attributes: Mapping[str, Attribute]) -> frozenset[str]:
    """The attributes that an object may have loaded, among the given ones."""
    return frozenset(
        name
        for name, attribute in attributes.items()
        if not isinstance(transitions.attribute_state(ctx, obj, name, attribute), NotLoaded)
    )


def _further_paths(
    ctx: Context, cls: ClassValue, plan: Plan, *, is_chosen: bool
) -> list[load_plans.LoadedPath]:
    """The paths of a plan; if it starts at one ``chosen`` object, those that may lead to all of a table."""
    paths = list(load_plans.loaded_paths(ctx, cls, plan))
    many = {one.names for one in paths if one.is_collection}
    return [
        one
        for one in paths
        if not is_chosen or any(one.names[:count] in many for count in range(1, len(one.names)))
    ]


def loaded_by(
    ctx: Context, target: ClassValue, cls: ClassValue, plan: Plan, *, is_another: bool,
    is_alone: bool = False, is_chosen: bool = False,
) -> frozenset[str]:  # fmt: skip
    """The attributes of a class that may be loaded in an object which a plan loads.

    ``is_another``: it is not the object that the plan starts at. ``is_alone``: no row refers to it.
    ``is_chosen``: it stands for all rows, and the plan starts at one, which leads to some.
    """

    def find() -> frozenset[str]:
        model = models.model_of_objects(ctx, target)
        found: set[str] = set()
        for loaded_path in _further_paths(ctx, cls, plan, is_chosen=is_chosen):
            if (is_another and not loaded_path.names) or model is None:
                continue
            if is_alone and _refers(ctx, loaded_path.classes_above, loaded_path.names):
                continue
            if load_plans.may_be_both(ctx, loaded_path.cls, target):
                found |= _loaded_of(ctx, transitions.instance_on_path(loaded_path), model.attributes)
        return frozenset(found)

    nothing: frozenset[str] = frozenset()
    return ctx.query(("loaded by", target, cls, plan, is_another, is_alone, is_chosen), find, nothing)


def _is_referred_to(ctx: Context, obj: InstanceState) -> bool:
    """Whether an object was reached by a key in the row of another."""
    return obj.parent is not None and _refers(ctx, obj.classes_above, (obj.parent[1],))


def _refers(ctx: Context, above: tuple[ClassValue, ...], names: tuple[str, ...]) -> bool:
    """Whether the last relationship on a path leads to its target by a key in another row."""
    if not above or not names:
        return False
    model = models.model_of_objects(ctx, above[-1])
    relationship = model.attributes.get(names[-1]) if model is not None else None
    if not isinstance(relationship, Relationship) or relationship.target is None:
        return False
    if not relationship.is_collection:
        return bool(relationship.to_one)
    other = models.model_of_objects(ctx, relationship.target)
    inverse = other.attributes.get(relationship.inverse) if other is not None else None
    return isinstance(inverse, Relationship) and bool(inverse.is_collection)  # by a table between


def _may_have(obj: InstanceState, missing: Mapping[str, NotLoaded], unless: str = "") -> InstanceState:
    """An object that may have the attributes it lacked; those a query left out, only under ``unless``."""
    if not missing:
        return obj
    others = (pair for pair in obj.fields if pair[0] not in missing)
    added = (
        (name, Maybe(lost, unless) if unless and lost.cause == "unloaded" else MAYBE)
        for name, lost in missing.items()
    )
    return replace(obj, fields=tuple(sorted((*others, *added), key=lambda pair: pair[0])))


def unread_results(ctx: Context, state: State, session: object) -> Iterator[InstanceState]:
    """The objects in results that variables hold, as they will be after they are fetched."""
    for value in state.values():
        fetch = value.detail if isinstance(value, Object) else None
        if not isinstance(fetch, FetchedResult) or fetch.is_read:
            continue
        if instances.may_be_one(fetch.session, session):
            for entity in fetch.query.items or ():
                if entity is not None:
                    plan = load_plans.query_plan(ctx, fetch.query, entity)
                    for loaded_path in load_plans.loaded_paths(ctx, entity.cls, plan):
                        yield replace(transitions.instance_on_path(loaded_path), session=session)


def after_select(
    ctx: Context, obj: InstanceState, select: Transition, spot: Spot, *, is_other: bool
) -> InstanceState:
    """An object after a query that may have returned it: it may now have the attributes that it lacked.

    If it was expired, it has at most the relationships that the query loads. ``is_other``: the query asked
    for another one.
    """
    cls, plan = select.cls, select.plan
    if cls is None or obj.phase in ("transient", "pending", "detached"):
        return obj
    is_chosen = one_of_all.is_other_row(obj, select.identity)  # it may be met later
    is_another = is_other or is_chosen or are_different_keys(obj.identity, select.identity)
    if isinstance(obj.default, NotLoaded):
        met = any(
            load_plans.may_be_both(ctx, obj.cls, loaded_path.cls)
            for loaded_path in _further_paths(ctx, cls, plan, is_chosen=is_chosen)
            if (loaded_path.names or not is_another)
            and not (obj.is_alone and _refers(ctx, loaded_path.classes_above, loaded_path.names))
        )
        met = met or not plan.certain  # an unknown option may lead to it
        if not met:
            return obj
        first = obj.plan if select.repeats else None
        known = loaded_by(
            ctx, obj.cls, cls, plan, is_another=is_another, is_alone=obj.is_alone, is_chosen=is_chosen
        )
        missing = _left_out(ctx, obj, known, first) if plan.certain else ()
        left: dict[str, AttributeState] = {name: _lost_by(found, spot) for name, found in missing}
        fields = left | {  # what was loaded since it expired stays
            name: found for name, found in obj.fields if not isinstance(found, NotLoaded)
        }
        return replace(obj, default="perhaps", fields=tuple(sorted(fields.items(), key=lambda pair: pair[0])))
    return after_loading(ctx, obj, cls, plan, is_another=is_another, is_chosen=is_chosen)


def _left_out(
    ctx: Context, obj: InstanceState, found: frozenset[str], first: Plan | None
) -> list[tuple[str, Relationship]]:
    """The relationships of an object that a query does not load, which loads some others.

    ``first`` are the options of the query that loaded the object first, if ``get`` repeats them.
    """
    model = models.model_of_objects(ctx, obj.cls)
    if first is not None:
        found |= loaded_by(ctx, obj.cls, obj.cls, first, is_another=False)
    left = model.relationships() if model is not None else ()
    return sorted((pair for pair in left if pair[0] not in found), key=itemgetter(0))


def _lost_by(relationship: Relationship, spot: Spot) -> NotLoaded:
    """Why a relationship is missing that no query has loaded."""
    if relationship.lazy in ("raise", "raise_on_sql"):
        return NotLoaded("raise", *spot, relationship.lazy)
    return NotLoaded("unloaded", *spot)


_BY_QUERY: Final[tuple[Cause, ...]] = (
    "unloaded", "deferred", "new", "refreshed", "merged", "raise", "noload",
)  # fmt: skip
"""Why an attribute is missing that the query left out: it may have it on another path."""
_FOR_ONE: Final[tuple[Cause, ...]] = (*_BY_QUERY, "server", "update")
"""Why an attribute is missing of one object only, so that others that are the same may have it."""
_EXPIRED: Final[tuple[Cause, ...]] = ("commit", "rollback", "expire")
"""Why an attribute is missing of an object of which others were loaded since: a later query may load it."""


def forget_below(
    state: State, location: tuple[object, ...], besides: Mapping[Location, InstanceState] = {}
) -> None:
    """Forget the objects that were reached through one that is loaded anew, ``besides`` some."""
    objects = instances_of(state)
    for known in [known for known in objects if known[0] == location and known not in besides]:
        forget_below(state, known, besides)
        del objects[known]
