"""The effect of a call on ORM objects and sessions: a part of its summary, applied by callers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.objects import (
    aliasing,
    changed_in_place,
    identity_map,
    joins,
    missing,
    outcomes,
    own_sessions,
    transitions,
)
from flake8_async_fastapi.domains.orm.objects.aliasing import UnloadedAttribute
from flake8_async_fastapi.domains.orm.objects.heap import (
    FrozenHeap,
    Instances,
    frozen_heap,
    instances_of,
    reachable,
)
from flake8_async_fastapi.domains.orm.objects.instances import InstanceState, Maybe, NotLoaded
from flake8_async_fastapi.domains.orm.objects.joins import join_session_effects
from flake8_async_fastapi.domains.orm.objects.readers import UnloadedRead, UnloadedReads
from flake8_async_fastapi.domains.orm.objects.renaming import (
    footprint,
    instance_to_caller,
    put_footprint,
    transition_to_caller,
)
from flake8_async_fastapi.domains.orm.session import session_effects
from flake8_async_fastapi.domains.orm.statements.queries import Transition
from flake8_async_fastapi.engine.effects import AppliedCall, EffectHooks, Ends, PartHooks
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.places import Place, Spot
from flake8_async_fastapi.engine.renaming import ARGUMENT, base
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Collection, Location, Manager, Value


class InstanceEffect(Struct, frozen=True):
    """The effect of a call on ORM objects and sessions.

    ``instances`` are the objects that its arguments or its result lead to, in their final state.
    ``session_effects`` are the changes to sessions, ``unloaded_reads`` the attributes of its arguments that
    it reads though they are not loaded, with their places, ``lost`` those that it reads and does not know
    in the end, ``exit_effects`` the changes of a context manager to sessions when it is left. ``by_truth``
    are the effects if it returns a false value, and a true one, where they differ. ``held`` are the objects
    that it may leave in the session though no path leads to them. ``on_failure`` and
    ``on_commit`` are those of the ends after a rollback, and after a commit, if only some ends do that.
    ``returns_alike`` is whether the result says nothing about it.
    """

    instances: FrozenHeap = ()
    session_effects: tuple[Transition, ...] = ()
    unloaded_reads: tuple[tuple[UnloadedRead, Spot], ...] = ()
    lost: FrozenHeap = ()
    held: frozenset[InstanceState] = frozenset()
    exit_effects: tuple[Transition, ...] = ()
    by_truth: tuple[InstanceEffect, ...] = ()
    on_failure: tuple[InstanceEffect, ...] = ()
    on_commit: tuple[InstanceEffect, ...] = ()
    returns_alike: bool = False


# --- the ends of a run -----------------------------------------------------------------------


def _summarise(frame: Frame, ends: Ends) -> tuple[InstanceEffect, ...]:
    noted = frame.notes_of(UnloadedReads)
    effect = _effect_of(ends, frozenset(noted.objects), frame.receiver_name)
    known = {location for location, _ in effect.instances} if noted.objects else ()
    committed, failed = outcomes.ends_after_commit(frame, ends), outcomes.ends_in_failure(frame, ends)
    effect = replace(
        effect,
        unloaded_reads=tuple(noted.reads.items()),
        lost=frozen_heap({place: obj for place, obj in noted.objects.items() if place not in known}),
        held=_held_besides(frame, ends),
        exit_effects=_exit_effects(ends.exits, ends.paths),
        by_truth=_effects_by_truth(ends),
        on_failure=tuple(map(_effect_of, failed)),
        on_commit=tuple(map(_effect_of, committed)),
        returns_alike=bool(committed or failed) and outcomes.returns_alike(ends),
    )
    return () if effect == _NOTHING else (effect,)


def _held_besides(frame: Frame, ends: Ends) -> frozenset[InstanceState]:
    """The objects that the session may hold after a run though its result does not lead to them on all ends.

    Of those that a loop may have met, these are left to which the result leads at another end. And containers
    that the caller passed may hold new ones.
    """
    stored = [obj for end in ends.paths for obj in _stored(frame, end)]
    held = frozenset[InstanceState]().union(*(end.part(Instances).held_elsewhere for end in ends.paths))
    if not held:  # nearly always
        return frozenset(stored)
    seen = [one for end in ends.paths for one in reachable(instances_of(end), ends.values).values()]
    kept = {(one.cls, one.path, one.line) for one in (*seen, *stored)}
    left = [
        one for one in held if (one.cls, one.path, one.line) in kept or identity_map.loads_others(frame, one)
    ]
    return frozenset((*left, *stored))


def _stored(frame: Frame, end: State) -> list[InstanceState]:
    """The objects that a run put into containers which it was given."""
    objects, node = instances_of(end), frame.node
    if not objects or node is None:
        return []
    values = (end.env.get(param.name) for param in node.params)
    kept = reachable(objects, [value for value in values if isinstance(value, Collection)])
    return [obj for location, obj in kept.items() if not _is_given(location)]


def _summarise_raised(frame: Frame, path: State, exception: Value) -> tuple[InstanceEffect, ...]:
    effect = _effect_of(Ends([exception], [path], []))
    return () if effect == _NOTHING else (effect,)


def _effect_of(ends: Ends, told: frozenset[Location] = frozenset(), receiver: str = "") -> InstanceEffect:
    """The common effect of some ends of a run.

    The caller also learns of the objects in ``told``, and of those that the receiver keeps.
    """
    done = [end.part(Instances).session_effects for end in ends.paths]
    instances = _instances_for_caller(ends.values, ends.paths, told, receiver)
    return InstanceEffect(instances, join_session_effects(done) if done else ())


def _effects_by_truth(ends: Ends) -> tuple[InstanceEffect, ...]:
    """The common effects of the ends that return a false value, and a true one; none if they are equal."""
    first, *others = (end.part(Instances).session_effects for end in ends.paths or [State()])
    if all(done == first for done in others):
        return ()
    found = tuple(map(_effect_of, outcomes.ends_by_truth(ends)))
    return found if len({effect.session_effects for effect in found}) > 1 else ()


_NOTHING: Final = InstanceEffect()


def _instances_for_caller(
    values: Sequence[Value], ends: list[State], told: frozenset[Location], receiver: str
) -> FrozenHeap:
    """The ORM objects that a caller sees: those that it passed, and those in the result of each path.

    ``receiver`` is the variable with the object whose method was called, which may keep more of them.

    If a path lost an object that only other paths return, nothing is lost.
    """
    given_by = [[value] for value in values] if len(values) == len(ends) else [values] * len(ends)
    found = []
    for end, results in zip(ends, given_by, strict=True):
        objects = instances_of(end)
        kept = end.assigned_to(receiver) if receiver and objects else {}
        seen = reachable(objects, [*results, *kept.values()])
        found.append(
            {
                location: obj
                for location, obj in objects.items()
                if location in seen or location in told or _is_given(location)
            }
        )
    if not found:
        return ()
    given = joins.join_heaps([_instances_by_giver(kept, given=True) for kept in found])
    made = joins.join_heaps([_instances_by_giver(kept, given=False) for kept in found], joins.join_may_lose)
    return frozen_heap({**given, **made})


def _is_given(location: Location) -> bool:
    return base(location)[0] == ARGUMENT


def _instances_by_giver(
    objects: dict[Location, InstanceState], *, given: bool
) -> dict[Location, InstanceState]:
    """The objects that the caller passed, or those that the call made."""
    return {location: obj for location, obj in objects.items() if _is_given(location) is given}


def _exit_effects(ends: list[State], yielded: list[State]) -> tuple[Transition, ...]:
    """The changes that a context manager makes to sessions after its ``yield``.

    What it does to single objects that it was given is not recorded, such as to refresh them after a commit.
    """
    if not yielded or not ends:
        return ()
    begun = min(len(state.part(Instances).session_effects) for state in yielded)
    steps = join_session_effects([end.part(Instances).session_effects[begun:] for end in ends])
    if any(_is_given(location) for end in ends for location in instances_of(end)):
        return tuple(replace(step, kind="perhaps") for step in steps)
    return steps


# --- at the call -------------------------------------------------------------------------------


def _apply_call(call: AppliedCall, effect: InstanceEffect) -> tuple[Transition, ...]:
    """Apply the effect of a call to the path of the caller.

    Reads of missing attributes are reported at the call, or left to the next caller.
    """
    if_false, if_true = [_known_after(call, one) for one in effect.by_truth] or (None, None)
    if_failed = next((_known_after(call, one) for one in effect.on_failure), None)
    if_committed = next((_known_after(call, one) for one in effect.on_commit), None)
    left_for_exit = _apply_effect(call, effect)
    told = if_false, if_true, if_failed, if_committed
    if any(known is not None for known in told):
        part = call.frame.state.part(Instances)
        part.outcome = outcomes.Outcome(call.place, part.fork(), *told, effect.returns_alike)
    return left_for_exit


def _known_after(call: AppliedCall, effect: InstanceEffect) -> Instances:
    """The caller's knowledge after a call with this effect."""
    before = call.frame.state
    call.frame.state = before.fork()
    _apply_effect(call, effect)
    known = call.frame.state.part(Instances)
    call.frame.state = before
    return replace(known, outcome=None)


def _apply_effect(call: AppliedCall, effect: InstanceEffect) -> tuple[Transition, ...]:
    frame, out = call.frame, call.renaming
    state, objects = frame.state, instances_of(frame.state)
    former = {location for location, obj in objects.items() if obj.phase == "detached"}
    left = {out.location(location): obj for location, obj in effect.instances}
    before = {location: objects[location] for location in left if location in objects}
    if effect.unloaded_reads:
        earlier = state.fork()
        lost = {out.location(place): instance_to_caller(out, obj, None) for place, obj in effect.lost}
        lost = {place: obj for place, obj in lost.items() if place not in objects}
        objects.update(lost)
        for read, at in effect.unloaded_reads:
            _apply_unloaded_read(call, read, at, left, before, earlier)
        for place in lost:
            del objects[place]
    line = call.place.line
    for step in effect.session_effects:
        is_given = step.session in out.renaming.original_sessions
        if is_given or not own_sessions.is_made_by_call(frame, step.session):
            session_effects.apply_transition(frame, transition_to_caller(out, step), line)
    for location, obj in left.items():
        after = instance_to_caller(out, obj, before.get(location))
        if location in before:
            changed_in_place.note_change_in_callee(frame, location, before[location], after, call.place)
            if _is_loaded_anew(before[location], after):
                aliasing.forget_below(state, location, left)
                if after.source != "new":  # another query may have returned it first, with other options
                    after = aliasing.join_aliases(frame.ctx, state, after, location)
        if location not in before and frame.enclosing_loops:
            after = replace(after, identity=None, is_alone=False)  # the call makes several
        if location not in before:  # no session holds those that were detached when the call began
            after = aliasing.join_aliases(frame.ctx, state, after, besides=former)
        objects[location] = after
    if effect.held:
        held = {replace(instance_to_caller(out, obj, None), identity=None) for obj in effect.held}
        part = state.part(Instances)
        state.put(replace(part, held_elsewhere=part.held_elsewhere | held))
    return tuple(transition_to_caller(out, step) for step in effect.exit_effects)


def _is_loaded_anew(before: InstanceState, after: InstanceState) -> bool:
    """Whether a call refreshed an object, and with it those that it leads to."""
    return after.default == "plan" and (before.path, before.line) != (after.path, after.line)


def _apply_unloaded_read(
    call: AppliedCall,
    read: UnloadedRead,
    at: Spot,
    left: dict[Location, InstanceState],
    before: dict[Location, InstanceState],
    earlier: State,
) -> None:
    """Handle a callee's read of a missing attribute of an object that the caller passed."""
    frame, out = call.frame, call.renaming
    objects, location = instances_of(frame.state), out.location(read.location)
    for other, made in left.items():
        if other not in objects:
            objects[other] = instance_to_caller(out, made, None)
    obj = before.get(location) or objects.get(location)
    if obj is None:
        return
    model = models.model_of_objects(frame.ctx, obj.cls)
    attribute = model.attributes.get(read.name) if model is not None else None
    not_loaded = read.not_loaded
    if not not_loaded.path:
        not_loaded = replace(not_loaded, path=obj.path, line=obj.line)
        if attribute is not None:
            found = transitions.attribute_state(frame.ctx, obj, read.name, attribute)
            known = found.not_loaded if isinstance(found, Maybe) else found
            not_loaded = known if isinstance(known, NotLoaded) else not_loaded
    if obj.discriminated and _is_given(location):
        return  # the function checked its argument first
    unless = read.unless
    if attribute is not None:
        unloaded = UnloadedAttribute(location, obj, read.name, attribute, not_loaded)
        held = identity_map.find_target(frame, unloaded)
        if held is not None and not held.unless:
            return
        is_own = location in before  # what callees made is decided by what they were given
        may_have = identity_map.may_have_more if is_own else aliasing.may_be_loaded_by_other_path
        if may_have(frame, unloaded):
            return
        unless = held.unless if held is not None else unless
    if attribute is not None and location not in before:  # the callee does not know the caller's objects
        unread = replace(obj, fields=tuple(pair for pair in obj.fields if pair[0] != read.name))
        shared = aliasing.join_aliases(frame.ctx, earlier, unread, location)
        alone, among = (
            transitions.attribute_state(frame.ctx, one, read.name, attribute) for one in (unread, shared)
        )
        if isinstance(alone, NotLoaded) and not isinstance(among, NotLoaded):
            return
    missing.report_missing_in_callee(
        frame, location, read, not_loaded, call.place.position, call.function.name, at, unless
    )


def _apply_exit(frame: Frame, manager: Manager, step: Transition, place: Place) -> None:
    """Apply the changes that a context manager makes to sessions when it is left."""
    session_effects.apply_transition(frame, step, place.line)


EFFECTS: Final[Mapping[type[Any], EffectHooks]] = {
    InstanceEffect: EffectHooks(_summarise, _apply_call, raised=_summarise_raised),
    Transition: EffectHooks(leave=_apply_exit),
}
PARTS: Final = {Instances: PartHooks(footprint, put_footprint, lambda part: bool(part.heap))}
