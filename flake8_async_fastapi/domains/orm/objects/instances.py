"""ORM objects on a path: everything that one path knows about each.

Source: docs/behaviour.md#reading-relationships.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.events import Cause
from flake8_async_fastapi.domains.orm.statements.queries import (
    EMPTY_PLAN,
    LOADS_NOTHING,
    Plan,
    SessionSettings,
    Transition,
)
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import UNKNOWN, ClassValue, Instance, Location, Value
from flake8_async_fastapi.engine.walks import inner_values

T = TypeVar("T")


class Loaded(Struct, frozen=True):
    """An attribute that is loaded. ``is_withheld``: a call did not get the objects that it leads to."""

    value: Value = UNKNOWN
    is_withheld: bool = False


class NotLoaded(Struct, frozen=True):
    """An attribute whose reading would cause I/O, and why.

    ``line`` is where it was lost, or where the object was loaded.
    """

    cause: Cause
    path: str = ""
    line: int = 0
    text: str = ""


class Maybe(Struct, frozen=True):
    """An attribute that may or may not be loaded.

    ``unless`` says in which case it is loaded, if code should not rely on that; ``not_loaded`` then says
    why it would not be, or is None if the plan of the object says so. ``is_loaded``: it is loaded, but its
    value is not known.
    """

    not_loaded: NotLoaded | None = None
    unless: str = ""
    is_loaded: bool = False


LOADED: Final = Loaded()
MAYBE: Final = Maybe()
OTHER_BRANCH: Final = "another branch was taken"
AttributeState: TypeAlias = Loaded | NotLoaded | Maybe

Lifecycle: TypeAlias = Literal[
    "transient",
    "pending",
    "persistent",
    "deleting",  # in a session, and lost with the next commit
    "deleted",
    "detached",
    "given",  # a parameter, of which only the changes in the function are known
    "added",  # added to a session
]
"""Where an object is in the life that a session gives it."""
Source: TypeAlias = Literal["query", "merge", "refreshed", "new", "given"]
"""How an object came to be known."""
Default: TypeAlias = Literal[
    "plan",  # by the plan
    "unset",
    "inserted",  # as after an INSERT
    "perhaps",  # not known
]
"""What holds for attributes that are not named."""


class InstanceState(Struct, frozen=True):
    """One ORM object on one path.

    ``default`` applies to attributes that are not in ``fields``, or says that all are lost. ``parent`` is
    the object and the attribute that led to it. ``may_be_loaded``: unknown code had it, which may have
    loaded more. ``may_be_expired``: loaded attributes may have been expired since; missing ones still are.
    ``is_empty``: on this path there is no such object, because the container is empty. ``dirty``: since the
    last flush the ``row`` changed, or only ``links`` in other rows. ``is_item``: stands for one of many;
    ``is_all``: of all that exist. ``has_unknown_arguments``: not all are known. ``null_keys`` are the
    many-to-one relationships without a foreign key. ``compared_keys`` are those whose foreign key the query
    compared: code that knows the key may hold the target. ``discriminated``: a condition tested the value
    of a column. ``classes_above`` are the classes, ``strategies_above`` the strategies on the way from the
    object that a query returned. ``identity`` is the key that it was fetched by. ``is_committed``: created
    here, and written by a commit that did not fail. ``is_lazy``: the code runs in ``run_sync``, where reading
    a missing attribute loads it.
    """

    cls: ClassValue
    phase: Lifecycle
    session: object
    path: str
    line: int
    plan: Plan = EMPTY_PLAN
    default: Default | NotLoaded = "plan"
    fields: tuple[tuple[str, AttributeState], ...] = ()
    source: Source = "query"
    parent: tuple[Location, str] | None = None
    may_be_loaded: bool = False
    may_be_expired: bool = False
    is_empty: bool = False
    dirty: Literal["", "links", "row"] = ""
    is_item: bool = False
    has_unknown_arguments: bool = False
    is_all: bool = False
    null_keys: frozenset[str] = frozenset()
    compared_keys: frozenset[str] = frozenset()
    discriminated: bool = False
    classes_above: tuple[ClassValue, ...] = ()
    strategies_above: tuple[str, ...] = ()
    identity: object = None
    is_committed: bool = False
    is_lazy: bool = False

    def field(self, name: str) -> AttributeState | None:
        for known, found in self.fields:
            if known == name:
                return found
        return None

    def put(self, name: str, found: AttributeState) -> InstanceState:
        others = tuple(pair for pair in self.fields if pair[0] != name)
        return replace(self, fields=tuple(sorted((*others, (name, found)), key=lambda pair: pair[0])))


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
    A doubt is kept if any of them has it. So their order does not matter.
    """
    objects = [obj for obj in objects if not obj.is_empty] or objects
    first, *others = objects
    if all(other == first for other in others):
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
        null_keys=frozenset.intersection(*(obj.null_keys for obj in objects)),
        compared_keys=frozenset.union(*(obj.compared_keys for obj in objects)),
        discriminated=any(obj.discriminated for obj in objects),
        is_lazy=any(obj.is_lazy for obj in objects),
        classes_above=min(
            (obj.classes_above for obj in objects), key=lambda above: [(cls.path, cls.key) for cls in above]
        ),
        strategies_above=min(obj.strategies_above for obj in objects),
        identity=_only_value({obj.identity for obj in objects}, None),
        is_committed=all(obj.is_committed for obj in objects),
    )


ANY: Final = "any session"
"""The session of an object that a function was given: the one that it works with."""


def may_be_one(session: object, other: object) -> bool:
    """Whether two sessions may be the same: one that is known by its type only may be any."""
    return session == other or isinstance(session, str) or isinstance(other, str)


_SOME_PLAN: Final = Plan(certain=False)
_SOURCES: Final[tuple[Source, ...]] = ("refreshed", "query", "merge", "new", "given")


def _only_value(values: set[T], otherwise: T) -> T:
    """The one value that several paths have."""
    return next(iter(values)) if len(values) == 1 else otherwise


def _join_fields(objects: list[InstanceState], *, same_class: bool) -> tuple[tuple[str, AttributeState], ...]:
    """Join the attributes of all objects; an attribute that one leaves to its plan, another may know."""
    agreed: list[tuple[str, AttributeState]] = []
    for name in sorted({name for obj in objects for name, _ in obj.fields}):
        found = {obj.field(name) for obj in objects}
        single = next(iter(found)) if len(found) == 1 and same_class else None
        agreed.append((name, _join_attribute(found) if single is None else single))
    return tuple(agreed)


def _join_attribute(found: set[AttributeState | None]) -> Maybe:
    """Join an attribute that differs between paths; None stands for the plan of the object."""
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
    is_end = all(step.kind in LOADS_NOTHING for step in steps)
    return Transition(steps[0].session, "perhaps" if is_end else "anything", settings)


def _sort_key_of_step(step: Transition) -> tuple[object, ...]:
    cls = (step.cls.path, step.cls.key) if step.cls is not None else ("", ("", 0))
    told = (step.session, step.settings, step.plan, step.identity, step.base)
    return step.kind, cls, *map(repr, told)


class Instances(Struct):
    """The knowledge of one path about ORM objects, and the ``session_effects`` on whole sessions.

    ``heap`` are the known objects by their location. ``held_elsewhere`` are those that are held unless a
    loop had no items, as on this path. ``outcome`` depends on the result of the last call.
    """

    heap: dict[Location, InstanceState] = field(default_factory=dict)
    session_effects: tuple[Transition, ...] = ()
    held_elsewhere: frozenset[InstanceState] = frozenset()
    outcome: Any = None

    def fork(self) -> Instances:
        return Instances(dict(self.heap), self.session_effects, self.held_elsewhere, self.outcome)

    def unify(self, other: Instances, states: tuple[State, State]) -> Instances | None:
        """One part, if two paths know the same about all objects that they can still reach."""
        if self.session_effects != other.session_effects:
            return None
        if self == other:
            return self
        one, two = states
        same = reachable(self.heap, one.values()) == reachable(other.heap, two.values())
        return self.join([other]) if same else None

    def join(self, others: list[Instances]) -> Instances:
        parts = [self, *others]
        happened = join_session_effects([part.session_effects for part in parts])
        elsewhere = frozenset[InstanceState]().union(*(part.held_elsewhere for part in parts))
        outcome = self.outcome if all(part.outcome == self.outcome for part in others) else None
        return Instances(join_heaps([part.heap for part in parts]), happened, elsewhere, outcome)

    def forget(self, path: str) -> Instances:
        return self


FrozenHeap: TypeAlias = tuple[tuple[Location, InstanceState], ...]
"""ORM objects, in an order that does not hang on how they were found."""


def frozen_heap(objects: dict[Location, InstanceState]) -> FrozenHeap:
    """Objects in the order of their names."""
    return tuple(sorted(objects.items(), key=lambda pair: repr(pair[0])))


def instances_of(state: State) -> dict[Location, InstanceState]:
    """The ORM objects that a path knows, by their location."""
    part: Instances | None = state.parts.get(Instances)
    return state.part(Instances).heap if part is None else part.heap


LONGEST_PATH: Final = 8
"""Relationships that are followed from one object to the next."""


def reachable(
    objects: Mapping[Location, InstanceState], values: Iterable[Value]
) -> dict[Location, InstanceState]:
    """The objects that values lead to, and those from which they were reached."""
    return follow(objects, values, _leads)


def _leads(obj: InstanceState) -> Iterator[Location]:
    for _, kept in obj.fields:
        if isinstance(kept, Loaded):
            yield from locations_in(kept.value)
    if obj.parent is not None:
        yield obj.parent[0]


def follow(
    objects: Mapping[Location, InstanceState],
    values: Iterable[Value],
    leads: Callable[[InstanceState], Iterable[Location]],
) -> dict[Location, InstanceState]:
    """The objects that values name and all further ones, given where one leads."""
    found: dict[Location, InstanceState] = {}
    pending = [location for value in values for location in locations_in(value)]
    while pending:
        location = pending.pop()
        if location in found or location not in objects:
            continue
        obj = found[location] = objects[location]
        pending.extend(leads(obj))
    return found


def locations_in(value: Value) -> Iterator[Location]:
    """The locations in a value."""
    for inner in inner_values(value):
        if isinstance(inner, Instance) and inner.location is not None:
            yield inner.location
