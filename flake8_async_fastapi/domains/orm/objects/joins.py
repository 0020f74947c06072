"""Joins of what several paths know about ORM objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.objects.assigned import CHANGED_IN_PLACE, SET_TO_SQL, SET_TO_VALUE
from flake8_async_fastapi.domains.orm.objects.instances import (
    ANY,
    MAYBE,
    OTHER_BRANCH,
    AttributeState,
    InstanceState,
    Loaded,
    Maybe,
    NotLoaded,
    Source,
)
from flake8_async_fastapi.domains.orm.statements.queries import (
    LOADS_NOTHING,
    Plan,
    SessionSettings,
    Transition,
)
from flake8_async_fastapi.engine.values import Location

T = TypeVar("T")


def join_may_lose(objects: list[InstanceState]) -> InstanceState:
    """One object for the results of a call on several paths: an attribute that one of them lost is lost.

    The caller does not distinguish the paths, as it would if they returned different objects.
    """
    agreed = join_instances(objects)
    if agreed.may_be_loaded:
        return agreed
    objects = [obj for obj in objects if not obj.is_empty] or objects
    rests = [obj.default for obj in objects if isinstance(obj.default, NotLoaded)]
    if rests:
        first: NotLoaded = min(rests, key=_sort_key_of_lost)
        agreed = replace(agreed, default=first)
    for name in dict.fromkeys(name for obj in objects for name, _ in obj.fields):
        known = [(obj.field(name) or obj.default) for obj in objects]
        lost = [found for found in known if isinstance(found, NotLoaded)]
        if lost:
            agreed = agreed.put(name, min(lost, key=_sort_key_of_lost))
    return agreed


def _sort_key_of_lost(not_loaded: NotLoaded) -> tuple[str, str, int, str]:
    return not_loaded.cause, not_loaded.path, not_loaded.line, not_loaded.text


def join_instances(objects: list[InstanceState]) -> InstanceState:
    """One object with only the knowledge that several agree on.

    That an attribute is not loaded, loaded or null is kept if all agree; if they differ, it may be either.
    A doubt is kept if any of them has it, but for one that a path without it would not have left. So their
    order does not matter.
    """
    objects = [obj for obj in objects if not obj.is_empty] or objects
    first, *others = objects
    if objects.count(first) == len(objects):
        return first
    places = [(obj.path, obj.line) for obj in objects]
    path, line = min(places)
    sessions = {obj.session for obj in objects}
    kinds = {(obj.default, obj.plan, obj.phase) for obj in objects}
    same_class = all(obj.cls == first.cls for obj in others)
    same_way = all(
        (obj.classes_above, obj.strategies_above) == (first.classes_above, first.strategies_above)
        for obj in others
    )
    return InstanceState(
        min((obj.cls for obj in objects), key=lambda cls: (cls.path, cls.key)),
        _only_value({obj.phase for obj in objects}, "persistent") if same_class else "persistent",
        _only_value(sessions, ANY),
        path,
        line,
        plan=_only_value({obj.plan for obj in objects}, _SOME_PLAN),
        default=first.default if len(kinds) == 1 and same_class else "perhaps",
        fields=_join_fields(objects, same_class=same_class),
        source=max((obj.source for obj in objects), key=_SOURCES.index),
        parent=min((obj.parent for obj in objects), key=repr),
        may_be_loaded=any(obj.may_be_loaded for obj in objects)
        or len(sessions) > 1
        or not (same_class and same_way),
        may_be_expired=any(obj.may_be_expired for obj in objects),
        is_empty=all(obj.is_empty for obj in objects),
        dirty=max(obj.dirty for obj in objects),
        is_item=any(obj.is_item for obj in objects),
        has_unknown_arguments=any(obj.has_unknown_arguments for obj in objects),
        is_all=all(obj.is_all for obj in objects),
        is_chosen=all(obj.is_chosen for obj in objects),
        null_keys=frozenset.intersection(*(obj.null_keys for obj in objects)),
        compared_keys=frozenset.intersection(*(obj.compared_keys for obj in objects)),
        discriminated=any(obj.discriminated for obj in objects),
        is_lazy=any(obj.is_lazy for obj in objects),
        classes_above=min(
            (obj.classes_above for obj in objects), key=lambda above: [(cls.path, cls.key) for cls in above]
        ),
        strategies_above=min(obj.strategies_above for obj in objects),
        identity=_only_value({obj.identity for obj in objects}, None),
        is_committed=all(obj.is_committed for obj in objects),
        is_alone=all(obj.is_alone for obj in objects),
    )


_SOME_PLAN: Final = Plan(certain=False)

_SOURCES: Final[tuple[Source, ...]] = ("refreshed", "query", "merge", "new", "given")


def _only_value(values: set[T], otherwise: T) -> T:
    """The one value that several paths have."""
    return next(iter(values)) if len(values) == 1 else otherwise


_CHANGED: Final = Loaded(CHANGED_IN_PLACE)


def _join_fields(objects: list[InstanceState], *, same_class: bool) -> tuple[tuple[str, AttributeState], ...]:
    """Join the attributes of all objects; an attribute that one leaves to its plan, another may know."""
    agreed: list[tuple[str, AttributeState]] = []
    for name in sorted({name for obj in objects for name, _ in obj.fields}):
        found = {obj.field(name) for obj in objects}
        single = next(iter(found)) if len(found) == 1 and same_class else None
        agreed.append((name, _join_attribute(found) if single is None else single))
    return tuple(agreed)


def _join_attribute(found: set[AttributeState | None]) -> AttributeState:
    """Join an attribute that differs between paths; None stands for the plan of the object."""
    if _CHANGED in found and all(one is None or _is_unassigned(one) for one in found):
        return _CHANGED  # no path writes it
    filled = [replace(one, is_linked=False) for one in found if isinstance(one, Loaded)]
    if len(filled) == len(found) and all(one == filled[0] for one in filled):
        return filled[0]  # a query filled it on one path, and on another there was nothing to load
    if MAYBE in found:
        return MAYBE  # a path that found it elsewhere, or that knows nothing of it
    unsure = [one for one in found if isinstance(one, Maybe)]
    lost = [one for one in found if isinstance(one, NotLoaded)]
    unless = [one.unless for one in unsure if one.unless]
    if lost or None in found:
        unless.append(OTHER_BRANCH)
    lost += [one.not_loaded for one in unsure if one.not_loaded is not None]
    first = min(lost, key=_sort_key_of_lost, default=None)
    return Maybe(first, min(unless)) if unless else Maybe(is_loaded=True)


def _is_unassigned(found: AttributeState) -> bool:
    return isinstance(found, Loaded) and found.value not in (SET_TO_VALUE, SET_TO_SQL)


def join_heaps(
    heaps: list[dict[Location, InstanceState]],
    join_objects: Callable[[list[InstanceState]], InstanceState] = join_instances,
) -> dict[Location, InstanceState]:
    """The objects that any of several paths knows, each with the knowledge that these agree on."""
    found: dict[Location, list[InstanceState]] = {}
    for heap in heaps:
        for location, obj in heap.items():
            found.setdefault(location, []).append(obj)
    return {location: join_objects(objects) for location, objects in found.items()}


def join_session_effects(paths: list[tuple[Transition, ...]]) -> tuple[Transition, ...]:
    """Join the changes to sessions of several paths; where they differ, any of them may have happened."""
    first, *others = paths
    if all(path == first for path in others):
        return first
    paths = sorted(paths, key=lambda path: [_sort_key_of_step(step) for step in path])
    said = [tuple(step for step in path if step.kind not in ("query", "select")) for path in paths]
    if all(path == said[0] for path in said):
        # a path that returns before its query is the rarer one, and a query flushes
        usual = max(paths, key=lambda path: [step.kind for step in path].count("query"))
        selected = [step for path in paths for step in path if step.kind == "select" and step not in usual]
        return (*usual, *dict.fromkeys(selected))
    by_session: dict[object, list[Transition]] = {}
    for step in (step for path in said for step in path):
        by_session.setdefault(step.session, []).append(step)
    met = {step for path in paths for step in path if step.kind == "select"}
    unsure = (by_session[session] for session in sorted(by_session, key=repr))
    return (*sorted(met, key=_sort_key_of_step), *map(_join_steps, unsure))


def _join_steps(steps: list[Transition]) -> Transition:
    """One of several changes to a session, or none."""
    settings = SessionSettings(
        _only_value({step.settings.expires for step in steps}, None),
        _only_value({step.settings.flushes for step in steps}, None),
    )
    if all(step.kind in ("flush", "may_flush") for step in steps):
        return Transition(steps[0].session, "may_flush", settings)
    is_end = all(step.kind in LOADS_NOTHING for step in steps)
    return Transition(steps[0].session, "perhaps" if is_end else "anything", settings)


def _sort_key_of_step(step: Transition) -> tuple[object, ...]:
    cls = (step.cls.path, step.cls.key) if step.cls is not None else ("", ("", 0))
    told = (step.session, step.settings, step.plan, step.identity, step.base, step.repeats)
    return step.kind, cls, *map(repr, told)
