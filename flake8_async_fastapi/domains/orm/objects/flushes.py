"""What a flush and a commit do to the objects of a session.

Source: docs/behaviour.md#sessions-and-expiry.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Column
from flake8_async_fastapi.domains.orm.objects import assigned
from flake8_async_fastapi.domains.orm.objects.heap import locations_in
from flake8_async_fastapi.domains.orm.objects.instances import (
    LOADED,
    MAYBE,
    InstanceState,
    Loaded,
    Maybe,
    NotLoaded,
)
from flake8_async_fastapi.domains.orm.objects.transitions import (
    after_expire,
    after_possible_end,
    attribute_state,
    unset_to_one_state,
)
from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.values import NONE, Location


def after_flush(ctx: Context, obj: InstanceState, path: str, line: int) -> InstanceState:
    """The state after a flush: pending objects are written, values computed by the database are expired."""
    if obj.phase == "pending":
        default = "inserted" if obj.default == "unset" else obj.default
        obj = replace(obj, phase="persistent", default=default, dirty="", path=path, line=line)
        return _after_write(ctx, replace(obj, null_keys=_null_keys(ctx, obj)), path, line, insert=True)
    if obj.phase == "added":
        return replace(obj, phase="given", dirty="", fields=(), default="perhaps")
    if obj.phase not in ("persistent", "given") or not obj.dirty:
        return obj
    written = replace(_loaded_for_key(ctx, obj), dirty="")
    if obj.dirty == "links":
        return written  # the rows of other tables are written
    return _after_write(ctx, written, path, line, insert=False)


def after_commit(
    ctx: Context, obj: InstanceState, path: str, line: int, *, expires: bool | None
) -> InstanceState:
    """The state after a commit: flushed, and expired unless the session keeps loaded attributes."""
    obj = after_flush(ctx, obj, path, line)
    if obj.phase == "deleting":
        return replace(obj, phase="deleted") if expires else obj
    if expires is None and obj.phase in ("persistent", "given"):
        return after_possible_end(obj)
    return after_expire(obj, NotLoaded("commit", path, line)) if expires else obj


def note_linked(objects: dict[Location, InstanceState], linked: Iterable[Location]) -> None:
    """Note that other objects are linked with some: a flush needs their keys, too."""
    for location in linked:
        obj = objects.get(location)
        if obj is not None and isinstance(obj.default, NotLoaded) and not obj.dirty:
            objects[location] = replace(obj, dirty="links")


def note_pending(objects: dict[Location, InstanceState], session: object) -> None:
    """Note that objects which are added, but not written, lead to others that were expired since."""
    for obj in list(objects.values()):
        if obj.phase == "pending" and obj.session == session:
            for _, found in obj.fields:
                note_linked(objects, locations_in(found.value) if isinstance(found, Loaded) else ())


def _loaded_for_key(ctx: Context, obj: InstanceState) -> InstanceState:
    """An object that is written: if it is expired, that needs its key, and loads it as a refresh does."""
    lost, model = obj.default, models.model_of_objects(ctx, obj.cls)
    if not isinstance(lost, NotLoaded):
        return obj
    loaded = replace(obj, default="plan", fields=())
    known = replace(obj, default="perhaps")
    for name, relationship in model.relationships() if model is not None and obj.source != "given" else ():
        found = attribute_state(ctx, loaded, name, relationship) if obj.field(name) is None else None
        if isinstance(found, NotLoaded):
            known = known.put(name, found if found.cause in ("raise", "noload") else lost)
    return known


def _null_keys(ctx: Context, obj: InstanceState) -> frozenset[str]:
    """The many-to-one relationships of a new object that got no foreign key."""
    model = models.model_of_objects(ctx, obj.cls)
    if model is None:
        return frozenset()
    return frozenset(
        name
        for name, found in model.relationships()
        if found.to_one
        and found.keys
        and obj.field(name) is None
        and unset_to_one_state(obj, found) == Loaded(NONE)
    )


def _after_write(ctx: Context, obj: InstanceState, path: str, line: int, *, insert: bool) -> InstanceState:
    model = models.model_of_objects(ctx, obj.cls)
    if model is None:
        return obj
    for name, attribute in model.attributes.items():
        if not isinstance(attribute, Column):
            continue
        given = obj.field(name)
        if isinstance(given, Loaded) and given.value == assigned.SET_TO_SQL:
            obj = obj.put(name, NotLoaded("server", path, line, "an SQL expression"))
        elif insert:
            continue
        elif attribute.on_update == "?" or (attribute.on_update and model.eager_defaults == "?"):
            obj = obj.put(name, MAYBE)
        elif isinstance(given, Maybe) and (attribute.on_update or obj.source == "merge"):
            ctx.wanted.add(name)  # perhaps the caller assigned it, or the code before a merge
        elif (attribute.on_update and model.eager_defaults != "on") or attribute.expression:
            was_set = isinstance(given, Loaded) and given.value == assigned.SET_TO_VALUE
            obj = obj if was_set else obj.put(name, NotLoaded("server", path, line, "an UPDATE"))
    fields = tuple(
        (name, LOADED if isinstance(found, Loaded) and found.value == assigned.SET_TO_VALUE else found)
        for name, found in obj.fields
        if not assigned.says_no_more_than_plan(ctx, obj, name, found)
    )
    return replace(obj, fields=fields)
