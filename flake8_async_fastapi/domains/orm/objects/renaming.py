"""Knowledge about ORM objects and sessions, renamed for a callee and back for its caller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.objects import assigned, doubts
from flake8_async_fastapi.domains.orm.objects.heap import (
    FrozenHeap,
    follow,
    frozen_heap,
    instances_of,
    locations_in,
    reachable,
)
from flake8_async_fastapi.domains.orm.objects.instances import (
    MAYBE,
    AttributeState,
    InstanceState,
    Loaded,
    Maybe,
    NotLoaded,
)
from flake8_async_fastapi.domains.orm.statements.queries import Transition
from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.renaming import Renaming, ToCaller, to_callee
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Location, Value

_BY_KEY: Final = ("by key",)
"""The identity of an object that the caller asked for by its key: it is not one of its own children."""


def footprint(ctx: Context, state: State, renaming: Renaming | None, values: Sequence[Value]) -> FrozenHeap:
    """The objects that values lead to; by their names inside a call, if there is one.

    The call does not get the objects from which these were reached, because it cannot get back to them, nor
    those behind attributes that the renaming does not follow.
    """
    objects = instances_of(state)
    if renaming is None:
        return tuple(reachable(objects, values).items())
    kept = _given(objects, renaming, values)
    for location in kept:
        renaming.add(location)
    found: dict[Location, InstanceState] = {}
    for location, obj in kept.items():
        inside = renaming.location(location)
        if inside is not None:
            found[inside] = _instance_to_callee(ctx, renaming, obj)
    for location, obj in objects.items():  # these were reached already
        if location not in kept and isinstance(location[0], tuple):
            inside = renaming.location(location)
            if inside is not None:
                found[inside] = _instance_to_callee(ctx, renaming, obj)
    return frozen_heap(found)


def _given(
    objects: Mapping[Location, InstanceState], renaming: Renaming, values: Sequence[Value]
) -> dict[Location, InstanceState]:
    """The objects that a call gets; notes which of them the caller needs itself."""

    def leads(obj: InstanceState) -> Iterator[Location]:
        for name, status in obj.fields:
            if isinstance(status, Loaded) and name in renaming.followed:
                yield from locations_in(status.value)
                if status.is_withheld:
                    renaming.wanted.add(name)

    return follow(objects, values, leads)


def put_footprint(state: State, objects: FrozenHeap) -> None:
    """Put objects on the first path of a callee."""
    instances_of(state).update(objects)


def _instance_to_callee(ctx: Context, renaming: Renaming, obj: InstanceState) -> InstanceState:
    fields = []
    for name, status in obj.fields:
        if assigned.says_no_more_than_plan(ctx, obj, name, status):
            continue  # assigned columns do not distinguish calls
        if isinstance(status, Loaded):
            reached = locations_in(status.value)
            withheld = status.is_withheld or any(renaming.location(location) is None for location in reached)
            status = Loaded(to_callee(renaming, status.value), withheld, status.is_linked)
        elif isinstance(status, NotLoaded):
            status = replace(status, path="", line=0)
        elif status.not_loaded is not None and status.unless in doubts.ALL:
            status = replace(status, not_loaded=replace(status.not_loaded, path="", line=0))
        else:
            status = MAYBE  # distinguishing calls by that takes long
        fields.append((name, status))
    parent = None
    if obj.parent is not None:
        above = renaming.location(obj.parent[0])
        parent = (above, obj.parent[1]) if above is not None else None
    rest = replace(obj.default, path="", line=0) if isinstance(obj.default, NotLoaded) else obj.default
    identity = _BY_KEY if obj.identity is not None and obj.plan.strategies else None
    return replace(
        obj, fields=tuple(fields), default=rest, path="", line=0, identity=identity, discriminated=False,
        session=renaming.key(obj.session), parent=parent,
    )  # fmt: skip


def instance_to_caller(out: ToCaller, obj: InstanceState, before: InstanceState | None) -> InstanceState:
    """An object as a call left it. Unchanged attributes keep the caller's places."""
    fields = []
    for name, status in obj.fields:
        if isinstance(status, Loaded) and status.is_withheld and before is not None:
            status = before.field(name) or MAYBE
        elif isinstance(status, Loaded):
            status = Loaded(out.value(status.value), status.is_withheld, status.is_linked)
        elif isinstance(status, NotLoaded) and not status.path and before is not None:
            old = before.field(name)
            status = (
                old if isinstance(old, NotLoaded) else replace(status, path=before.path, line=before.line)
            )
        elif isinstance(status, Maybe) and before is not None and not _says_place(status):
            old = before.field(name)
            status = old if isinstance(old, Maybe) else status
        fields.append((name, status))
    if before is not None and obj.dirty and _goes_by_plan(obj) and _goes_by_plan(before):
        fields += _assigned_before(obj, before)
    rest = obj.default
    if isinstance(rest, NotLoaded) and not rest.path and before is not None:
        rest = before.default if isinstance(before.default, NotLoaded) else rest
    parent = (out.location(obj.parent[0]), obj.parent[1]) if obj.parent is not None else None
    fields.sort(key=lambda pair: pair[0])
    obj = replace(
        obj, fields=tuple(fields), default=rest, session=out.key(obj.session), parent=parent,
        discriminated=before is not None and before.discriminated,
    )  # fmt: skip
    if before is not None:
        obj = replace(obj, identity=before.identity, parent=before.parent, is_committed=before.is_committed)
        if not obj.path:
            obj = replace(obj, path=before.path, line=before.line)
    return obj


def _says_place(status: Maybe) -> bool:
    return status.not_loaded is not None and bool(status.not_loaded.path)


def _goes_by_plan(obj: InstanceState) -> bool:
    return obj.default == "plan" and not obj.may_be_expired


def _assigned_before(obj: InstanceState, before: InstanceState) -> Iterator[tuple[str, AttributeState]]:
    """Columns that the caller assigned, that the call did not know of and did not write."""
    for name, status in before.fields:
        is_assigned = isinstance(status, Loaded) and status.value == assigned.SET_TO_VALUE
        if is_assigned and obj.field(name) is None:
            yield name, status


def transition_to_caller(out: ToCaller, step: Transition) -> Transition:
    """A change to a session, in the names of the caller."""
    of = out.location(step.base) if step.base is not None else None
    return replace(step, session=out.key(step.session), base=of)
