"""Changes of ORM objects along a path: what is loaded, and what each event does to it.

An ``InstanceState`` is the knowledge of one path about one object of a model (or any of those that one
place loads). Source: docs/behaviour.md#sessions-and-expiry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.events import Cause
from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Attribute, Column, Model, Relationship
from flake8_async_fastapi.domains.orm.objects import assigned
from flake8_async_fastapi.domains.orm.objects.heap import instances_of, reachable
from flake8_async_fastapi.domains.orm.objects.instances import (
    ANY,
    LOADED,
    MAYBE,
    AttributeState,
    InstanceState,
    Loaded,
    Maybe,
    NotLoaded,
    Source,
    may_be_one,
)
from flake8_async_fastapi.domains.orm.statements import load_plans
from flake8_async_fastapi.domains.orm.statements.queries import Plan
from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.renaming import base
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    Collection,
    Location,
    OneOf,
    Value,
    is_none,
)

# --- states of attributes ----------------------------------------------------------------


def attribute_state(ctx: Context, obj: InstanceState, name: str, attribute: Attribute) -> AttributeState:
    """Whether an attribute is loaded. The value of a relationship is made when it is read."""
    found = _attribute_state(ctx, obj, name, attribute)
    if isinstance(found, Maybe) and found.unless and found.not_loaded is None:
        others = tuple(pair for pair in obj.fields if pair[0] != name)
        planned = attribute_state(ctx, replace(obj, fields=others), name, attribute)
        return Maybe(planned, found.unless) if isinstance(planned, NotLoaded) else MAYBE
    if isinstance(found, NotLoaded) and isinstance(attribute, Relationship) and attribute.lazy == "noload":
        found = replace(found, cause="noload")  # it is never loaded, expired or not
    if isinstance(found, NotLoaded):
        return MAYBE if obj.may_be_loaded or obj.is_empty else found
    if isinstance(found, Maybe):
        return MAYBE if obj.may_be_loaded or obj.is_empty else found
    return MAYBE if obj.may_be_expired and obj.field(name) is None else found


def _attribute_state(ctx: Context, obj: InstanceState, name: str, attribute: Attribute) -> AttributeState:
    known = obj.field(name)
    if known is not None:
        return known
    if isinstance(attribute, Relationship) and attribute.lazy in ("dynamic", "write_only"):
        return LOADED  # which is a query, not a collection
    if isinstance(obj.default, NotLoaded):
        return obj.default
    if obj.default == "perhaps":
        return MAYBE
    if obj.default == "unset":
        return Loaded(_unset_value(attribute))
    model = models.model_of_objects(ctx, obj.cls)
    if isinstance(attribute, Column):
        return _column_state(model, obj, name, attribute)
    if isinstance(attribute, Relationship):
        if obj.phase == "deleting" or (obj.phase == "deleted" and attribute.is_collection is not False):
            return MAYBE  # deleting loads the targets of its cascade
        return _relationship_state(obj, name, attribute)
    return MAYBE


def _unset_value(attribute: Attribute) -> Value:
    if isinstance(attribute, Relationship) and attribute.is_collection:
        return Collection("list", items=())
    return OneOf((NONE, UNKNOWN)) if isinstance(attribute, Column) else NONE


def _column_state(model: Model | None, obj: InstanceState, name: str, column: Column) -> AttributeState:
    if obj.default == "inserted":
        if column.expression:
            return NotLoaded("server", obj.path, obj.line, "an INSERT")
        if column.on_insert and model is not None and model.eager_defaults in ("off", "?"):
            not_loaded = NotLoaded("server", obj.path, obj.line, "an INSERT")
            return not_loaded if model.eager_defaults == "off" else MAYBE
        if column.deferred and not column.has_default:
            return MAYBE if obj.has_unknown_arguments else NotLoaded("deferred", obj.path, obj.line)
        return LOADED
    if load_plans.is_loaded(obj.plan, name, column):
        return LOADED
    if model is None or not obj.plan.certain:
        return MAYBE
    return _key_state(model, obj, name) or NotLoaded("deferred", obj.path, obj.line)


def _key_state(model: Model, obj: InstanceState, name: str) -> AttributeState | None:
    """The state of a column that the query leaves out: an eager many-to-one loads its foreign key."""
    for relation, found in model.relationships():
        how = load_plans.strategy(obj.plan, relation, found)[0] if found.to_one is not False else ""
        if obj.source == "refreshed" and how in _ASKING_FOR_KEYS and not _has_keys(model, obj, found):
            return MAYBE  # asking for the key loads all columns (docs/behaviour.md#refresh)
        if how != "immediate":
            continue
        if found.keys is None or name in found.keys:
            return LOADED if found.keys and found.to_one else MAYBE
    return None


_ASKING_FOR_KEYS: Final = ("selectin", "subquery", "immediate")


def _has_keys(model: Model, obj: InstanceState, relationship: Relationship) -> bool:
    """Whether a query loads the foreign key of a many-to-one."""
    columns = [(key, model.attributes.get(key)) for key in relationship.keys or ()]
    return bool(columns) and all(
        isinstance(column, Column) and load_plans.is_loaded(obj.plan, key, column) for key, column in columns
    )


def _relationship_state(obj: InstanceState, name: str, relationship: Relationship) -> AttributeState:
    how, _ = load_plans.strategy(obj.plan, name, relationship)
    if obj.default == "inserted":
        how = relationship.lazy
        if how in load_plans.EAGER or how == "select":
            if not relationship.is_collection and relationship.to_one is not False:
                return _null_state(obj, relationship, unset_to_one_state(obj, relationship))
            if relationship.is_collection is None:
                return MAYBE
            if relationship.defaults:
                return MAYBE  # SQLAlchemy 2.0 sets the default in the constructor, 2.1 does not
            return NotLoaded("new", obj.path, obj.line)
    if how in ("dynamic", "write_only"):
        return LOADED
    if name in obj.null_keys and how != "raise":
        return _null_state(obj, relationship, Loaded(NONE)) if how == "select" else Loaded(NONE)
    if not how or (not obj.plan.certain and obj.plan.step(name) is None):
        return MAYBE
    if how in load_plans.EAGER:
        if obj.plan.step(name) is None and _stops_at_circle(obj, relationship):
            return _state_at_circle(obj, how, relationship)
        return LOADED
    if how == "noload":
        return NotLoaded("noload", obj.path, obj.line)
    if how in ("raise", "raise_on_sql"):
        if how == "raise_on_sql" and obj.default == "inserted" and relationship.to_one:
            return unset_to_one_state(obj, relationship)
        return NotLoaded("raise", obj.path, obj.line, how)
    if obj.has_unknown_arguments and not relationship.is_collection and relationship.to_one is not False:
        return MAYBE  # its foreign key may be null
    return NotLoaded(_NOT_BROUGHT.get(obj.source, "unloaded"), obj.path, obj.line)


_NOT_BROUGHT: Final[Mapping[Source, Cause]] = {
    "new": "refreshed",
    "refreshed": "refreshed",
    "merge": "merged",
}
"""Why a relationship is missing of an object that was not brought by a query."""


def _state_at_circle(obj: InstanceState, how: str, relationship: Relationship) -> AttributeState:
    """The state if strategies of the mapper or of a wildcard lead back to a class on the way."""
    if relationship.has_depth:
        return MAYBE
    if load_plans.loads_circle(how, obj.strategies_above):
        return LOADED
    if obj.source in ("new", "refreshed") and relationship.to_one is False and how in load_plans.IN_OWN_QUERY:
        return LOADED  # docs/behaviour.md#refresh
    if how == "joined" and not all(before in load_plans.IN_ONE_QUERY for before in obj.strategies_above):
        return MAYBE
    return NotLoaded("unloaded", obj.path, obj.line)


def _stops_at_circle(obj: InstanceState, relationship: Relationship) -> bool:
    """Whether a strategy that names no relationship stops because it leads back to a class on the way."""
    return relationship.target is not None and relationship.target in (*obj.classes_above, obj.cls)


def _null_state(obj: InstanceState, relationship: Relationship, found: AttributeState) -> AttributeState:
    """The state of a many-to-one without a key: looking up its None causes no I/O, but needs the session."""
    if found != Loaded(NONE) or obj.phase != "detached":
        return found
    if relationship.defaults:
        return MAYBE  # as for collections
    return NotLoaded("new" if obj.source == "new" else "unloaded", obj.path, obj.line)


def unset_to_one_state(obj: InstanceState, relationship: Relationship) -> AttributeState:
    """The state of a many-to-one that was not set: None without I/O if its foreign key was not set either."""
    if relationship.keys is None:
        return MAYBE
    given = [obj.field(key) for key in relationship.keys]
    if all(found is None or (isinstance(found, Loaded) and is_none(found.value)) for found in given):
        return (
            MAYBE
            if obj.may_be_loaded or any(f is None for f in given) and obj.has_unknown_arguments
            else Loaded(NONE)
        )
    return NotLoaded("new", obj.path, obj.line)


# --- changes of objects --------------------------------------------------------------------


def instances_of_session(
    objects: Mapping[Location, InstanceState], session: object
) -> list[tuple[Location, InstanceState]]:
    """The objects that belong to a session."""
    found = []
    for location, obj in objects.items():
        if obj.session == session or (obj.session is ANY and isinstance(session, (tuple, str))):
            found.append((location, obj))
    return found


def havoc_instances(state: State, values: Iterable[Value]) -> None:
    """Forget what unknown code may have changed: it may have loaded missing attributes."""
    objects = instances_of(state)
    if not objects:
        return
    for location in reachable(objects, values):
        objects[location] = replace(objects[location], may_be_loaded=True, is_alone=False)


def instance_on_path(loaded_path: load_plans.LoadedPath) -> InstanceState:
    """An object as a plan loads it."""
    return InstanceState(
        loaded_path.cls,
        "persistent",
        None,
        "",
        0,
        plan=loaded_path.plan,
        classes_above=loaded_path.classes_above,
        strategies_above=loaded_path.strategies_above,
    )


def change_instances(
    objects: dict[Location, InstanceState],
    session: object,
    transition: Callable[[InstanceState], InstanceState],
    besides: Location | None = None,
    *,
    is_doubtful: bool = False,
) -> None:
    """Apply a change to all objects of a session, ``besides`` those from the place of one of them.

    ``is_doubtful``: also to those of sessions that may be the same.
    """
    own = base(besides)[:3] if besides is not None else None
    there = instances_of_session(objects, session)
    if is_doubtful:
        there = [(at, obj) for at, obj in objects.items() if may_be_one(obj.session, session)]
    for location, obj in there:
        if own is None or base(location)[:3] != own:
            objects[location] = transition(obj)


def after_expire(obj: InstanceState, cause: NotLoaded) -> InstanceState:
    """The state after an object was expired completely, also of attributes loaded by unknown code."""
    if obj.phase not in ("persistent", "given"):
        return obj
    kept = obj.may_be_loaded and obj.session is ANY
    return replace(obj, default=cause, fields=(), dirty="", may_be_expired=False, may_be_loaded=kept)


def as_committed(obj: InstanceState) -> InstanceState:
    """The state of an object that a commit has written: a later rollback does not take it back."""
    is_new = obj.source == "new" and obj.phase == "persistent"
    return replace(obj, is_committed=True) if is_new else obj


def after_rollback(obj: InstanceState, path: str, line: int) -> InstanceState:
    """The state after a rollback: expired whatever the settings; new objects are no longer pending."""
    if obj.source == "new" and not obj.is_committed:
        return replace(obj, default="perhaps", fields=())
    return after_expire(obj, NotLoaded("rollback", path, line))


def after_rollback_to_savepoint(
    obj: InstanceState, before: list[InstanceState], path: str, line: int
) -> InstanceState:
    """The state after the rollback of a savepoint: changes since are expired, new objects are transient."""
    if not before:
        return replace(obj, default="perhaps", fields=()) if obj.source == "new" else obj
    known = {name for entry in before for name in assigned.names_of_assigned(entry)}
    new = assigned.names_of_assigned(obj) - known
    return after_expire(obj, NotLoaded("rollback", path, line)) if new else obj


def after_delete(obj: InstanceState) -> InstanceState:
    """The state after ``delete(obj)``, which loads expired attributes."""
    if isinstance(obj.default, NotLoaded):
        obj = replace(obj, default="perhaps", fields=())
    return replace(obj, phase="deleting")


def after_possible_end(obj: InstanceState) -> InstanceState:
    """The state after a possible flush, commit or rollback: missing attributes are still missing."""
    if obj.phase not in ("persistent", "given"):
        return obj
    if obj.source == "new" or (obj.dirty and isinstance(obj.default, NotLoaded)):
        return replace(obj, default="perhaps", fields=())
    fields = tuple((name, found if isinstance(found, NotLoaded) else MAYBE) for name, found in obj.fields)
    return replace(obj, may_be_expired=True, fields=fields)


def after_refresh(obj: InstanceState, path: str, line: int) -> InstanceState:
    """The state after ``refresh(obj)``: columns, eager relationships, and the options of the first query.

    An object from a caller may come from a query with any options.
    """
    if obj.phase in ("deleted", "transient", "pending") or obj.source == "given":
        return replace(obj, default="perhaps", fields=(), dirty="", may_be_expired=False)
    made = "refreshed" if obj.source in ("query", "refreshed") else obj.source
    return replace(
        obj, default="plan", fields=(), source=made, dirty="", may_be_expired=False, path=path, line=line,
        plan=load_plans.of_refresh(obj.plan),
    )  # fmt: skip


def after_population(obj: InstanceState, plan: Plan, path: str, line: int) -> InstanceState:
    """The state after a query with ``populate_existing`` returned the object: as if newly loaded."""
    return replace(
        obj, default="plan", plan=plan, fields=(), source="query", dirty="", may_be_loaded=False,
        may_be_expired=False, null_keys=frozenset(), path=path, line=line,
    )  # fmt: skip


def after_detach(obj: InstanceState) -> InstanceState:
    """The state after the session was closed or expunged the object."""
    if obj.phase == "given":
        return replace(obj, may_be_loaded=True)
    return replace(obj, phase="detached") if obj.phase == "persistent" else obj
