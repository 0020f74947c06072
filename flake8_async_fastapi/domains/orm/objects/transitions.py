"""ORM objects along a path: what is loaded of them, and what happens to that.

A ``Row`` is one object of a model (or any of those that one place loads) as far as
one path knows it.  Source: docs/behaviour.md#sessions-and-expiry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from flake8_async_fastapi.domains.orm.events import Cause
from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Attribute, Column, Model, Relationship
from flake8_async_fastapi.domains.orm.objects.instances import (
    ANY,
    PERHAPS,
    Field,
    Held,
    Lost,
    Row,
    Source,
    reachable,
    rows_of,
)
from flake8_async_fastapi.domains.orm.statements import load_plans
from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.renaming import root
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import NONE, UNKNOWN, Collection, Options, Plain, Ref, Value, is_none

# --- what reading gives -------------------------------------------------------------------


def status(ctx: Context, row: Row, name: str, attribute: Attribute) -> Field:
    """Whether an attribute is loaded; the value of a relationship is made when it is read."""
    found = _status(ctx, row, name, attribute)
    if isinstance(found, Lost) and isinstance(attribute, Relationship) and attribute.lazy == "noload":
        found = replace(found, cause="noload")  # nothing loads it, expired or not
    if isinstance(found, Lost):
        return PERHAPS if row.doubtful or row.absent else found
    return PERHAPS if row.unsure and row.field(name) is None else found


def _status(ctx: Context, row: Row, name: str, attribute: Attribute) -> Field:
    known = row.field(name)
    if known is not None:
        return known
    if isinstance(attribute, Relationship) and attribute.lazy in ("dynamic", "write_only"):
        return Held()  # which is no collection, but a way to query it
    if isinstance(row.rest, Lost):
        return row.rest
    if row.rest == "perhaps":
        return PERHAPS
    if row.rest == "unset":
        return Held(_unset(attribute))
    model = models.mapped(ctx, row.cls)
    if isinstance(attribute, Column):
        return _column_status(model, row, name, attribute)
    if isinstance(attribute, Relationship):
        if row.phase == "deleting" or (row.phase == "deleted" and attribute.is_collection is not False):
            return PERHAPS  # deleting loads what it cascades to
        return _relationship_status(row, name, attribute)
    return PERHAPS


def _unset(attribute: Attribute) -> Value:
    if isinstance(attribute, Relationship) and attribute.is_collection:
        return Collection("list", items=())
    return Options((NONE, UNKNOWN)) if isinstance(attribute, Column) else NONE


def _column_status(model: Model | None, row: Row, name: str, column: Column) -> Field:
    if row.rest == "inserted":
        if column.expression:
            return Lost("server", row.path, row.line, "an INSERT")
        if column.on_insert and model is not None and model.eager_defaults in ("off", "?"):
            lost = Lost("server", row.path, row.line, "an INSERT")
            return lost if model.eager_defaults == "off" else PERHAPS
        return Held()
    if load_plans.is_loaded(row.plan, name, column):
        return Held()
    return Lost("deferred", row.path, row.line) if row.plan.certain else PERHAPS


def _relationship_status(row: Row, name: str, relationship: Relationship) -> Field:
    how, _ = load_plans.strategy(row.plan, name, relationship)
    if row.rest == "inserted":
        how = relationship.lazy
        if how in load_plans.EAGER or how == "select":
            if not relationship.is_collection and relationship.to_one is not False:
                return _unset_to_one(row, relationship)
            if relationship.is_collection is None:
                return PERHAPS
            if relationship.defaults:
                return PERHAPS  # SQLAlchemy 2.0 sets the default in the constructor, 2.1 does not
            return Lost("new", row.path, row.line)
    if how in ("dynamic", "write_only"):
        return Held()
    if name in row.nulls and how != "raise":
        return Held(NONE)
    if not how or (not row.plan.certain and row.plan.step(name) is None):
        return PERHAPS
    if how in load_plans.EAGER:
        if row.plan.step(name) is None and not row.plan.wildcard and _closes_circle(row, relationship):
            return _at_circle(row, how, relationship)
        return Held()
    if how == "noload":
        return Lost("noload", row.path, row.line)
    if how in ("raise", "raise_on_sql"):
        if how == "raise_on_sql" and row.rest == "inserted" and relationship.to_one:
            return _unset_to_one(row, relationship)
        return Lost("raise", row.path, row.line, how)
    if row.is_open and not relationship.is_collection and relationship.to_one is not False:
        return PERHAPS  # its foreign key may be null
    return Lost(_NOT_BROUGHT.get(row.made, "unloaded"), row.path, row.line)


_NOT_BROUGHT: Final[Mapping[Source, Cause]] = {
    "new": "refreshed",
    "refreshed": "refreshed",
    "merge": "merged",
}
"""Why a relationship is missing of an object that was not brought by a query."""


def _at_circle(row: Row, how: str, relationship: Relationship) -> Field:
    """Where the mapper's strategies lead back to a class on the way."""
    if relationship.has_depth:
        return PERHAPS
    if load_plans.goes_on(how, row.way):
        return Held()
    if how == "joined" and not all(before in load_plans.IN_ONE_QUERY for before in row.way):
        return PERHAPS
    return Lost("unloaded", row.path, row.line)


def _closes_circle(row: Row, relationship: Relationship) -> bool:
    """Whether the mapper's own strategy stops here: it leads back to a class on the way."""
    return relationship.target is not None and relationship.target in (*row.above, row.cls)


def _unset_to_one(row: Row, relationship: Relationship) -> Field:
    """A many-to-one that was not set: None without I/O if its foreign key was not set either."""
    if relationship.keys is None:
        return PERHAPS
    given = [row.field(key) for key in relationship.keys]
    if all(found is None or (isinstance(found, Held) and is_none(found.value)) for found in given):
        return PERHAPS if row.doubtful or any(f is None for f in given) and row.is_open else Held(NONE)
    if any(isinstance(found, Held) and is_none(found.value) is False for found in given):
        return Lost("new", row.path, row.line)
    return Lost("new", row.path, row.line)


# --- what happens to rows ------------------------------------------------------------------


def of_session(rows: Mapping[Ref, Row], session: object) -> list[tuple[Ref, Row]]:
    """The rows that belong to a session."""
    found = []
    for ref, row in rows.items():
        if row.session == session or (row.session is ANY and isinstance(session, (tuple, str))):
            found.append((ref, row))
    return found


def doubt(state: State, values: Iterable[Value]) -> None:
    """Somebody unknown was given objects: what they lack, it may have loaded."""
    rows = rows_of(state)
    if not rows:
        return
    for ref in reachable(rows, values):
        rows[ref] = replace(rows[ref], doubtful=True)


def on_way(way: load_plans.Way) -> Row:
    """An object as a plan loads it."""
    return Row(way.cls, "persistent", None, "", 0, plan=way.plan, above=way.above, way=way.hows)


def change(
    rows: dict[Ref, Row], session: object, transition: Callable[[Row], Row], besides: Ref | None = None
) -> None:
    """Apply what happens to all objects of a session, ``besides`` those from the place of one of them."""
    own = root(besides)[:3] if besides is not None else None
    for ref, row in of_session(rows, session):
        if own is None or root(ref)[:3] != own:
            rows[ref] = transition(row)


def flushed(ctx: Context, row: Row, path: str, line: int) -> Row:
    """After a flush: what is pending is written, and what the database computed anew is expired."""
    if row.phase == "pending":
        fields = tuple((name, found) for name, found in row.fields)
        row = replace(row, phase="persistent", rest="inserted" if row.rest == "unset" else row.rest,
                      fields=fields, dirty=False, path=path, line=line)  # fmt: skip
        return _computed(ctx, replace(row, nulls=_nulls(ctx, row)), path, line, insert=True)
    if row.phase == "added":
        return replace(row, phase="given", dirty=False, fields=(), rest="perhaps")
    if row.phase in ("persistent", "given") and row.dirty and isinstance(row.rest, Lost):
        return replace(row, rest="perhaps", dirty=False)  # an UPDATE needs the key, and loads what is expired
    if row.phase in ("persistent", "given") and row.dirty:
        return _computed(ctx, replace(row, dirty=False), path, line, insert=False)
    return row


def _nulls(ctx: Context, row: Row) -> frozenset[str]:
    """The many-to-one relationships of a new object that were given no foreign key."""
    model = models.mapped(ctx, row.cls)
    if model is None:
        return frozenset()
    return frozenset(
        name
        for name, found in model.relationships()
        if found.to_one and found.keys and row.field(name) is None and _unset_to_one(row, found) == Held(NONE)
    )


def _computed(ctx: Context, row: Row, path: str, line: int, *, insert: bool) -> Row:
    model = models.mapped(ctx, row.cls)
    if model is None:
        return row
    for name, attribute in model.attributes.items():
        if not isinstance(attribute, Column):
            continue
        given = row.field(name)
        if isinstance(given, Held) and given.value == SQL:
            row = row.put(name, Lost("server", path, line, "an SQL expression"))
        elif insert:
            continue
        elif attribute.on_update == "?" or (attribute.on_update and model.eager_defaults == "?"):
            row = row.put(name, PERHAPS)
        elif (attribute.on_update and model.eager_defaults != "on") or attribute.expression:
            was_set = isinstance(given, Held) and given.value == SET
            row = row if was_set else row.put(name, Lost("server", path, line, "an UPDATE"))
    fields = tuple((n, Held() if isinstance(f, Held) and f.value == SET else f) for n, f in row.fields)
    return replace(row, fields=fields)


SQL: Final = Plain("an SQL expression")
"""The value of a column that was assigned an SQL expression."""
SET: Final = Plain("set")
"""The value of a column that was assigned since the last flush: no ``onupdate`` replaces it."""


def expired(row: Row, cause: Lost) -> Row:
    """After everything of a persistent object was expired."""
    if row.phase not in ("persistent", "given"):
        return row
    return replace(row, rest=cause, fields=(), dirty=False, unsure=False)


def committed(ctx: Context, row: Row, path: str, line: int, *, expires: bool | None) -> Row:
    """After a commit: flushed, and expired unless the session keeps what is loaded."""
    row = flushed(ctx, row, path, line)
    if row.phase == "deleting":
        return replace(row, phase="deleted") if expires else row
    if expires is None and row.phase in ("persistent", "given"):
        return unsure(row)
    return expired(row, Lost("commit", path, line)) if expires else row


def rolled_back(row: Row, path: str, line: int) -> Row:
    """After a rollback: expired whatever the session's settings; what was new is new no more."""
    if row.made == "new":
        return replace(row, rest="perhaps", fields=())
    return expired(row, Lost("rollback", path, line))


def rolled_back_to(row: Row, before: list[Row], path: str, line: int) -> Row:
    """After the rollback of a savepoint: what was changed since is expired, new objects are new no more."""
    if not before:
        return replace(row, rest="perhaps", fields=()) if row.made == "new" else row
    changed = {name for name, found in row.fields if isinstance(found, Held) and found.value in (SET, SQL)}
    known = {name for entry in before for name, _ in entry.fields}
    return expired(row, Lost("rollback", path, line)) if changed - known else row


def deleting(row: Row) -> Row:
    """After ``delete(obj)``, which loads what is expired."""
    if isinstance(row.rest, Lost):
        row = replace(row, rest="perhaps", fields=())
    return replace(row, phase="deleting")


def unsure(row: Row) -> Row:
    """After what may have been a flush, a commit or a rollback: what was missing still is."""
    if row.phase not in ("persistent", "given"):
        return row
    if row.made == "new" or (row.dirty and isinstance(row.rest, Lost)):
        return replace(row, rest="perhaps", fields=())
    fields = tuple((name, found if isinstance(found, Lost) else PERHAPS) for name, found in row.fields)
    return replace(row, unsure=True, fields=fields)


def refreshed(row: Row, path: str, line: int) -> Row:
    """After ``refresh(obj)``: columns, what is eager in the mapper, and the options of the first query."""
    if row.phase in ("deleted", "transient", "pending"):
        return replace(row, rest="perhaps", fields=())
    made = "refreshed" if row.made in ("query", "refreshed") else row.made
    return replace(row, rest="plan", fields=(), made=made, dirty=False, unsure=False, path=path, line=line)


def detached(row: Row) -> Row:
    """After the session was closed or let go of the object."""
    if row.phase == "given":
        return replace(row, doubtful=True)
    return replace(row, phase="detached") if row.phase == "persistent" else row
