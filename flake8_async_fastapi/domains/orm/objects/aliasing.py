"""Objects that may be the same one: what a session has of them already.

A session keeps one object for each key.  So an object that a query brings may be there
already, with more of it loaded, and the target of a many-to-one may be found without I/O.
Source: docs/behaviour.md#identity-map; SQLAlchemy documentation, "Session Basics".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Attribute, Relationship
from flake8_async_fastapi.domains.orm.objects import instances, transitions
from flake8_async_fastapi.domains.orm.objects.instances import PERHAPS, Lost, Row, reachable, rows_of
from flake8_async_fastapi.domains.orm.statements import load_plans
from flake8_async_fastapi.domains.orm.statements.queries import Fetch, Plan, Transition
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.renaming import root
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import ClassValue, Instance, Object, Ref
from flake8_async_fastapi.engine.walks import inner_values

_NOT_LIVE: Final = ("transient", "detached", "deleted", "deleting")


def is_at_hand(frame: Frame, ref: Ref, row: Row, name: str, attribute: Attribute, lost: Lost) -> bool:
    """Whether a many-to-one may find its target in the identity map, which costs no I/O."""
    if not isinstance(attribute, Relationship) or row.phase == "detached":
        return False
    if attribute.is_collection or attribute.to_one is False:
        return False
    if lost.cause not in ("unloaded", "new", "refreshed", "merged") and lost.text != "raise_on_sql":
        return False
    if attribute.target is None:
        return True
    state, rows = frame.state, rows_of(frame.state)
    above = rows.get(row.parent[0]) if row.parent is not None else None
    if above is not None and row.parent is not None and not isinstance(above.rest, Lost):
        fits = load_plans.related(frame.ctx, above.cls, attribute.target)
        if fits and _is_way_back(frame, above, row.parent[1], name):
            return True
    for other in unfetched(frame.ctx, state, row.session):
        if load_plans.related(frame.ctx, other.cls, attribute.target):
            return True
    if name in row.tied or _is_held(frame, attribute.target):
        return True
    alive = reachable(rows, state.values())
    for other_ref, other in rows.items():
        if other_ref not in alive and root(other_ref) not in alive:
            continue
        if root(other_ref) == root(ref) and not (other.is_item and other_ref in (ref, root(ref))):
            continue  # what was reached from the same object by another way is another one
        if isinstance(other.rest, Lost) or other.phase in _NOT_LIVE:
            continue
        if other.session != row.session and instances.ANY not in (other.session, row.session):
            continue
        if load_plans.related(frame.ctx, other.cls, attribute.target):
            return True
        is_other = root(other_ref) != root(ref)
        if other.is_all and other.rest == "plan" and _covers(frame, other, attribute.target, is_other):
            return True
    return False


def _is_held(frame: Frame, target: ClassValue) -> bool:
    """Whether a variable holds an object of a class, of which nothing else is known."""
    for value in frame.state.values():
        for inner in inner_values(value):
            if not isinstance(inner, Instance) or inner.ref is not None:
                continue
            if load_plans.related(frame.ctx, inner.cls, target):
                return True
    return False


def _covers(frame: Frame, row: Row, target: ClassValue, is_other: bool) -> bool:
    """Whether all objects of a class lead to those of another: it may be all of them.

    Of the objects under way themselves (not ``is_other``) only collections count: each leads
    to a single object by a single way, which is seldom the one that another way leads to.
    """
    for way in load_plans.ways(frame.ctx, row.cls, row.plan):
        if (way.is_collection or is_other) and load_plans.related(frame.ctx, way.cls, target):
            return True
    return False


def is_met_elsewhere(
    frame: Frame, ref: Ref, row: Row, name: str, attribute: Attribute, lost: Lost
) -> bool:  # fmt: skip
    """Whether the query may have brought the same object by another way too, with more of it loaded."""
    if lost.cause not in _BY_QUERY:
        return False  # what expires later is gone on all ways
    rows = rows_of(frame.state)
    own: list[str] = []
    root_row, at = row, ref
    while root_row.parent is not None and root_row.parent[0] in rows and len(own) < instances.LONGEST:
        at, via = root_row.parent
        own.insert(0, via)
        root_row = rows[at]
    for way in load_plans.ways(frame.ctx, root_row.cls, root_row.plan):
        if way.names == tuple(own) or not load_plans.related(frame.ctx, way.cls, row.cls):
            continue
        if not isinstance(transitions.status(frame.ctx, transitions.on_way(way), name, attribute), Lost):
            return True
    return False


def _is_way_back(frame: Frame, parent: Row, via: str, name: str) -> bool:
    """Whether a relationship leads back to the object from which another led here."""
    model = models.mapped(frame.ctx, parent.cls)
    attribute = model.attributes.get(via) if model is not None else None
    return isinstance(attribute, Relationship) and attribute.inverse in ("", name)


def different(one: object, other: object) -> bool:
    """Whether two keys are known not to be the same."""
    both = [key for key in (one, other) if isinstance(key, tuple) and key[0] == "constant"]
    return len(both) == 2 and both[0] != both[1]


def loaded(frame: Frame, state: State, ref: tuple[object, ...], row: Row) -> Instance:
    """An object that a query brought: any that is there already may be the same one."""
    rows = rows_of(state)
    drop_below(state, ref)
    rows.pop(ref, None)
    rows[ref] = with_others(frame.ctx, state, row)
    return Instance(row.cls, ref=ref)


def with_others(ctx: Context, state: State, row: Row, own: Ref | None = None) -> Row:
    """An object that was just loaded: what others at hand have loaded it may have too, being one of them.

    ``own`` is the object itself, if it is there: nor is it one of those that it came with.
    """
    there = [
        other
        for ref, other in transitions.of_session(rows_of(state), row.session)
        if own is None or root(ref) != root(own)
    ]
    for other in (*there, *unfetched(ctx, state, row.session)):
        gone = other.phase != row.phase and other.phase not in ("persistent", "pending")
        away = gone or other.phase == "transient" or isinstance(other.rest, Lost)
        if away:
            continue
        is_another = different(other.identity, row.identity)
        if other.rest == "plan":
            row = supplied(ctx, row, other.cls, other.plan, is_another=is_another)
        if load_plans.related(ctx, other.cls, row.cls) and not is_another:
            row = _shared(ctx, row, other)
    return row


def _shared(ctx: Context, row: Row, other: Row) -> Row:
    """An object that may be the same as another: what that has, it may have."""
    model = models.mapped(ctx, row.cls)
    for name, attribute in model.attributes.items() if model is not None else ():
        found = transitions.status(ctx, row, name, attribute)
        if not isinstance(found, Lost) or found.cause not in _BY_QUERY:
            continue
        if not isinstance(transitions.status(ctx, other, name, attribute), Lost):
            row = row.put(name, PERHAPS)
    return row


def supplied(ctx: Context, row: Row, cls: ClassValue, plan: Plan, *, is_another: bool = False) -> Row:
    """An object that a query may have brought by any of its ways: what is loaded there, it may have.

    ``is_another``: it is not the object that the query asks for.
    """
    for way in load_plans.ways(ctx, cls, plan):
        if load_plans.related(ctx, way.cls, row.cls) and (way.names or not is_another):
            row = _shared(ctx, row, transitions.on_way(way))
    return row


def unfetched(ctx: Context, state: State, session: object) -> Iterator[Row]:
    """The objects in results that variables hold, as they will be once they are fetched."""
    for value in state.values():
        fetch = value.detail if isinstance(value, Object) else None
        if isinstance(fetch, Fetch) and fetch.session == session:
            for entity in fetch.query.items or ():
                if entity is not None:
                    plan = load_plans.plan_for(ctx, fetch.query, entity)
                    for way in load_plans.ways(ctx, entity.cls, plan):
                        yield replace(transitions.on_way(way), session=session)


def completed(ctx: Context, row: Row, select: Transition) -> Row:
    """An object at hand after a query that may have met it: what it lacked, it may have now."""
    cls, plan = select.cls, select.plan
    if cls is None or row.phase in ("transient", "pending"):
        return row
    is_another = different(row.identity, select.identity)  # it may still be met below
    if isinstance(row.rest, Lost):
        met = any(
            load_plans.related(ctx, row.cls, way.cls)
            for way in load_plans.ways(ctx, cls, plan)
            if way.names or not is_another
        )
        return replace(row, rest="perhaps", fields=()) if met else row
    return supplied(ctx, row, cls, plan, is_another=is_another)


_BY_QUERY: Final = (
    "unloaded", "deferred", "new", "refreshed", "merged", "server", "update",
    "raise", "noload",
)  # fmt: skip


def drop_below(state: State, ref: tuple[object, ...]) -> None:
    """Forget the objects that were reached through one that is loaded anew."""
    rows = rows_of(state)
    for known in [known for known in rows if known[0] == ref]:
        drop_below(state, known)
        del rows[known]
