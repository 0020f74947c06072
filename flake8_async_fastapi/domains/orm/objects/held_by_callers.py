"""What the callers of a function hold in the session that they pass to it.

A helper that queries may get an object which its callers loaded before, with more of it loaded, or find the
target of a many-to-one. Source: docs/behaviour.md#identity-map.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.objects import aliasing, identity_map, own_sessions
from flake8_async_fastapi.domains.orm.objects.aliasing import UnloadedAttribute
from flake8_async_fastapi.domains.orm.objects.heap import Instances, instances_of, locations_in, reachable
from flake8_async_fastapi.domains.orm.objects.instances import InstanceState, NotLoaded
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import callers, functions
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.renaming import resource_key
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Arguments, Function, Location, Object, Value
from flake8_async_fastapi.engine.walks import inner_values
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.project.modules import is_test

BY_CALLERS: Final = "its callers hold that {} with it"
_MOST_STEPS: Final = 3
"""From caller to caller."""
_ENDS: Final = ("rollback", "expire", "close")
"""Changes after which nothing that the session held is loaded."""


class Held(NamedTuple):
    """What the session that a call passes holds; ``is_handed_on``: the caller got it itself."""

    objects: tuple[InstanceState, ...]
    is_handed_on: bool


class UnloadedPath(NamedTuple):
    """An attribute that is not loaded, with the path on which it is read."""

    state: State
    location: Location
    name: str
    not_loaded: NotLoaded


class Calls(Struct):
    """The calls of a run, with the states at them; noted only if somebody looks for them."""

    made: list[tuple[Function, State, tuple[Value, ...]]] = field(default_factory=list)


def note_call(frame: Frame, function: Function, arguments: Arguments, origin: Place) -> None:
    """Note the state at a call of a coroutine function, in a run that is made to find its calls."""
    noted: Calls | None = frame.notes.get(Calls)
    if noted is not None:
        given = (*arguments.values(), *((function.receiver,) if function.receiver is not None else ()))
        noted.made.append((function, frame.state.fork(), given))


def doubt_by_callers(frame: Frame, found: UnloadedPath) -> str:
    """In which case a query of a function got an object with more than it loads; empty if in none.

    All callers that are known have to hold it.
    """
    state, location, name, not_loaded = found
    obj, node = instances_of(state)[location], frame.node
    model = models.model_of_objects(frame.ctx, obj.cls)
    attribute = model.attributes.get(name) if model is not None else None
    if attribute is None or not_loaded.cause not in ("unloaded", "deferred"):
        return ""
    if not isinstance(node, tree.FunctionDef) or frame.role or own_sessions.is_made_in(frame, obj.session):
        return ""
    if _is_ended(state, obj.session):
        return ""
    function = functions.as_function(frame.path, node, frame.owner, frame.receiver)
    around, frame.state = frame.state, state
    is_held = _is_held(frame, UnloadedAttribute(location, obj, name, attribute, not_loaded), function, 0)
    frame.state = around
    return BY_CALLERS.format(obj.cls.name) if is_held else ""


def _is_ended(state: State, session: object) -> bool:
    """Whether a function has ended what its caller did in a session."""
    return any(
        step.kind in _ENDS or (step.kind == "commit" and step.settings.expires is True)
        for step in state.part(Instances).session_effects
        if step.session == session
    )


def _is_held(frame: Frame, unloaded: UnloadedAttribute, function: Function, depth: int) -> bool:
    """Whether an attribute may be loaded at all known calls of a function, if there are any.

    Callers are run one after the other, until one holds nothing: that takes time.
    """
    is_called = False
    for caller in callers.functions_calling(frame.ctx, function) if depth < _MOST_STEPS else ():
        if is_test(caller.path) and not is_test(function.path):
            continue
        for held in _held_at_calls(frame.ctx, function, caller):
            is_called = True
            if _may_supply(frame, unloaded, held.objects):
                continue
            if not held.is_handed_on or not _is_held(frame, unloaded, caller, depth + 1):
                return False
    return is_called


def _may_supply(frame: Frame, unloaded: UnloadedAttribute, objects: tuple[InstanceState, ...]) -> bool:
    """Whether one of some objects may be that with an attribute, lead to it, or be the target of it."""
    own = frame.state
    there = [replace(one, session=unloaded.obj.session) for one in objects]
    if any(identity_map.has_attribute(frame, one, unloaded) for one in there):
        top = aliasing.way_from_top(instances_of(own), unloaded.location)[0]
        return instances_of(own)[top].source != "new"
    frame.state = own.fork()
    part = frame.state.part(Instances)
    frame.state.put(replace(part, held_elsewhere=part.held_elsewhere.union(there)))
    found = identity_map.find_target(frame, unloaded)
    frame.state = own
    return found is not None and not found.unless


def _held_at_calls(ctx: Context, function: Function, caller: Function) -> tuple[Held, ...]:
    """What the session that a caller passes to a function holds at each of its calls."""

    def find() -> tuple[Held, ...]:
        made = callers.run_for_notes(ctx, caller, Calls).made
        return tuple(
            held
            for called, state, given in made
            if called.key == function.key
            for held in _held_by(ctx, state, given)
        )

    nothing: tuple[Held, ...] = ()
    return ctx.query(("held at calls", function.key, caller.key), find, nothing)


def _held_by(ctx: Context, state: State, given: tuple[Value, ...]) -> Iterator[Held]:
    """What a caller holds in the session that it passes; nothing if it passes none."""
    passed = [
        inner
        for value in given
        for inner in inner_values(value)
        if isinstance(inner, Object) and ctx.hooks.models.resource(inner.type) is not None
    ]
    if not passed:
        return
    sessions = {resource_key(one) for one in passed}
    objects = instances_of(state)
    handed_on = {at for value in given for at in locations_in(value)}
    alive = reachable(objects, state.values())
    held = [obj for at, obj in alive.items() if at in handed_on or not obj.is_chosen]
    held += state.part(Instances).held_elsewhere
    held += (one for session in sessions for one in aliasing.unread_results(ctx, state, session))
    known = [one for one in held if one.session in sessions and _is_live(one)]
    is_given = any(isinstance(one, Place) and one.path.startswith("<") for one in sessions)
    yield Held(tuple(dict.fromkeys(known)), is_given)


def _is_live(obj: InstanceState) -> bool:
    return obj.phase == "persistent" and not isinstance(obj.default, NotLoaded)
