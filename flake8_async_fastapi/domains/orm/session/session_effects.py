"""Changes to all objects of a session: commits, flushes, queries, and unknown code.

Source: docs/behaviour.md#sessions-and-expiry; SQLAlchemy documentation, "Session Basics".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.domains.orm.objects import (
    aliasing,
    alone,
    changed_in_place,
    doubts,
    flushes,
    transitions,
)
from flake8_async_fastapi.domains.orm.objects.heap import Instances, instances_of, reachable
from flake8_async_fastapi.domains.orm.objects.instances import InstanceState, NotLoaded
from flake8_async_fastapi.domains.orm.session import session_factories
from flake8_async_fastapi.domains.orm.statements import load_plans, results
from flake8_async_fastapi.domains.orm.statements.queries import (
    EMPTY_PLAN,
    Plan,
    Query,
    SessionSettings,
    SyncTwin,
    Transition,
)
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.places import Spot
from flake8_async_fastapi.engine.renaming import resource_key
from flake8_async_fastapi.engine.values import (
    ClassValue,
    Coroutine,
    Function,
    Library,
    Location,
    Member,
    Object,
    Partial,
    Unknown,
    Value,
)
from flake8_async_fastapi.engine.walks import inner_values
from flake8_async_fastapi.project.modules import is_test


def apply_transition(frame: Frame, transition: Transition, line: int) -> None:
    """Apply a transition to all objects of its session, and keep it for the caller."""
    ctx, where, part = frame.ctx, frame.path, frame.state.part(Instances)
    if transition.kind in _OF_TRANSACTIONS and part.is_idle(transition.session):
        if transition.kind == "rollback":
            return  # there is no transaction to roll back
        if not _is_changed(part, transition.session):
            return  # nothing would begin one
    if transition.kind == "commit":
        changed_in_place.report_lost(frame, transition.session)
    part.session_effects = _add_transition(part.session_effects, transition)
    part.idle_elsewhere -= {transition.session}
    what, known = transition.kind, transition.settings
    if what == "flush" or (what == "query" and known.flushes) or (what == "commit" and not known.expires):
        _load_written(frame, transition.session, line)

    def change(obj: InstanceState) -> InstanceState:
        if what == "select":
            is_other = alone.has_other_key(part.heap, obj, transition.identity)
            return aliasing.after_select(ctx, obj, transition, Spot(where, line), is_other=is_other)
        if what == "commit":
            done = flushes.after_commit(ctx, obj, where, line, expires=known.expires)
            # a handler runs also if the commit failed
            return transitions.as_committed(done) if frame.exception_states is None else done
        if what in ("flush", "query"):
            if what == "query" and known.flushes is not True:
                return obj if known.flushes is False else _after_possible_flush(obj)
            return flushes.after_flush(ctx, obj, where, line)
        if what == "rollback":
            return transitions.after_rollback(obj, where, line)
        if what == "expire":
            return transitions.after_expire(obj, NotLoaded("expire", where, line))
        if what == "doubt":
            return replace(obj, may_be_loaded=True)
        if what == "reload":
            return replace(obj, default="perhaps") if isinstance(obj.default, NotLoaded) else obj
        if what == "perhaps" or (what == "may_flush" and obj.dirty):
            return transitions.after_possible_end(obj)
        if what == "may_flush":
            return obj
        if what == "anything":
            return _after_anything(ctx, obj, where)
        return transitions.after_detach(obj)

    transitions.change_instances(
        part.heap, transition.session, change, transition.base, is_doubtful=what == "select"
    )
    if what == "expire":
        flushes.note_pending(part.heap, transition.session)


def _after_possible_flush(obj: InstanceState) -> InstanceState:
    """The state of an object after a query of a session that may flush before it."""
    if obj.phase == "pending":
        return replace(obj, may_be_loaded=True)
    return transitions.after_possible_end(obj) if obj.dirty else obj


def _after_anything(ctx: Context, obj: InstanceState, path: str) -> InstanceState:
    """The state of an object after unknown code had its session."""
    if obj.phase not in ("persistent", "given"):
        return obj
    if is_test(path):
        return replace(doubts.doubted(ctx, obj, doubts.BY_OTHERS), may_be_expired=True)
    return replace(obj, default="perhaps", fields=())


def _load_written(frame: Frame, session: object, line: int) -> None:
    """Note that a flush loads the expired objects that it writes, as a refresh does."""
    objects = instances_of(frame.state)
    for location, obj in list(objects.items()):
        if obj.dirty and isinstance(obj.default, NotLoaded) and obj.session == session:
            aliasing.forget_below(frame.state, location)
            apply_select(frame, session, obj.cls, obj.plan, line, obj.identity, location)


def havoc(frame: Frame, values: Sequence[Value]) -> None:
    """Forget what a callee that is not followed may have changed: it may have loaded, committed or closed."""
    objects = instances_of(frame.state)
    if not objects:
        return
    if is_test(frame.path):
        doubts.doubt_missing(frame, values, doubts.BY_OTHERS)
    else:
        transitions.havoc_instances(frame.state, values)
    for value in values:
        for inner in inner_values(value):
            session = _session_in(inner)
            if session is not None:
                apply_transition(frame, Transition(session, "anything", SessionSettings()), 0)


def havoc_loaded(frame: Frame, values: Sequence[Value], session: object) -> None:
    """Forget what code that may load did to objects, and to others of the session that may be the same."""
    objects = instances_of(frame.state)
    transitions.havoc_instances(frame.state, values)
    reached = [objects[location] for location in reachable(objects, values)]
    for location, obj in transitions.instances_of_session(objects, session) if reached else ():
        for one in reached:
            same = load_plans.may_be_both(frame.ctx, one.cls, obj.cls)
            if same and not aliasing.are_different_keys(one.identity, obj.identity):
                objects[location] = replace(obj, may_be_loaded=True)


def _session_in(value: Value) -> object:
    """The key of a session, or of that to which the sync session of ``run_sync`` belongs; None for others."""
    if not isinstance(value, Object):
        return None
    if isinstance(value.detail, SyncTwin):
        return value.detail.session
    return resource_key(value) if session_factories.is_tracked_session(value) else None


def havoc_escaped(frame: Frame, callee: Unknown | Library | Member, values: Sequence[Value]) -> None:
    """Forget what may change in objects that are passed to an unknown callee or an awaited one.

    A plain function of a library cannot load anything for an async session's objects.
    """
    if isinstance(callee, Unknown):
        havoc(frame, values)
    elif isinstance(callee, Library) or not knowledge.is_database(callee.receiver.type):
        havoc(frame, [value for value in values if _is_deferred(value)])
        if any(_session_in(value) is not None for value in values):
            havoc(frame, values)


def _is_deferred(value: Value) -> bool:
    """Whether a value is code that the callee may run later.

    What the coroutine of a library's method does has been applied where the method was called.
    """
    held = inner_values(value)
    return not _DEFERRED.isdisjoint(map(type, held)) and any(
        type(inner) in _DEFERRED
        and not (isinstance(inner, Coroutine) and inner.function is None and inner.method is None)
        for inner in held
    )


_DEFERRED: Final = frozenset({Coroutine, Partial, Function})


def _add_transition(done: tuple[Transition, ...], step: Transition) -> tuple[Transition, ...]:
    """The steps so far with one more; a query since the last change adds nothing, nor does a step twice."""
    if done and done[-1] == step:
        return done
    if step.kind in _READING:
        for before in reversed(done):
            if before == step:
                return done
            if before.kind not in _READING:
                break
    return (*done, step)


_READING: Final = frozenset({"query", "select"})


_OF_TRANSACTIONS: Final = frozenset({"rollback", "flush"})


def _is_changed(part: Instances, session: object) -> bool:
    """Whether a flush of a session has something to write."""
    there = transitions.instances_of_session(part.heap, session)
    return any(obj.dirty or obj.phase in ("pending", "added", "deleting") for _, obj in there)


def apply_select(
    frame: Frame,
    session: object,
    cls: ClassValue,
    plan: Plan,
    line: int,
    identity: object = None,
    base: Location | None = None,
    *,
    repeats: bool = True,
) -> None:
    """Note that some objects of a class in a session were loaded; the last two as in ``Transition``."""
    step = Transition(session, "select", SessionSettings(), cls, plan, identity, base, repeats)
    apply_transition(frame, step, line)


def record_loading(frame: Frame, location: Location, names: Iterable[str], line: int) -> None:
    """Note loaded attributes of an object: others that may be the same object may have them too."""
    obj = instances_of(frame.state)[location]
    loaded = tuple((name, "selectin", EMPTY_PLAN) for name in sorted(names))
    plan = Plan(loaded, only=frozenset(), undeferred=frozenset(names))
    apply_select(frame, obj.session, obj.cls, plan, line, obj.identity, location)


def record_select(frame: Frame, query: Query, session: object, line: int) -> None:
    """Note a query: objects that it may have returned have more loaded."""
    for entity in query.items or ():
        if entity is not None:
            plan = load_plans.query_plan(frame.ctx, query, entity)
            known = results.identity_asked_for(frame.ctx, query, entity)
            apply_select(frame, session, entity.cls, plan, line, known, repeats=False)
            if query.populates:
                populate(frame, session, entity.cls, plan, line, known)


def populate(frame: Frame, session: object, cls: ClassValue, plan: Plan, line: int, identity: object) -> None:
    """Apply ``populate_existing``: the object that a query fetches by its key is loaded anew."""
    objects = instances_of(frame.state)
    for location, obj in transitions.instances_of_session(objects, session):
        if obj.cls == cls and obj.phase in ("persistent", "given") and is_asked_for(location, obj, identity):
            aliasing.forget_below(frame.state, location)
            objects[location] = transitions.after_population(obj, plan, frame.path, line)


def is_asked_for(location: Location, obj: InstanceState, identity: object) -> bool:
    """Whether an object is certainly the one with a key."""
    own = isinstance(identity, tuple) and identity[:2] == ("object", location)
    return identity is not None and (own or identity == obj.identity)
