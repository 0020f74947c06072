"""The ORM objects that one path knows, and which of them leads to which."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.objects.instances import InstanceState, Loaded
from flake8_async_fastapi.domains.orm.objects.joins import join_heaps, join_session_effects
from flake8_async_fastapi.domains.orm.statements.queries import Transition
from flake8_async_fastapi.engine.state import State, same_without
from flake8_async_fastapi.engine.values import Instance, Location, Value
from flake8_async_fastapi.engine.walks import HOLDING_NOTHING, inner_values


class Instances(Struct):
    """The knowledge of one path about ORM objects, and the ``session_effects`` on whole sessions.

    ``heap`` are the known objects by their location. ``held_elsewhere`` are those that may be held
    besides: unless a loop had no items, as on this path, or by objects of a result that nobody keeps.
    ``idle_elsewhere`` are the sessions whose transactions are over unless a loop had no items.
    ``outcome`` depends on the result of the last call.
    """

    heap: dict[Location, InstanceState] = field(default_factory=dict)
    session_effects: tuple[Transition, ...] = ()
    held_elsewhere: frozenset[InstanceState] = frozenset()
    outcome: Any = None
    idle_elsewhere: frozenset[object] = frozenset()

    def fork(self) -> Instances:
        return replace(self, heap=dict(self.heap))

    def is_idle(self, session: object) -> bool:
        """Whether the last step of a session was to end its transaction, or may have been."""
        done = [step.kind for step in self.session_effects if step.session == session]
        return session in self.idle_elsewhere or (bool(done) and done[-1] in ("commit", "rollback", "close"))

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
        idle = frozenset[object]().union(*(part.idle_elsewhere for part in parts))
        return Instances(join_heaps([part.heap for part in parts]), happened, elsewhere, outcome, idle)

    forget = same_without


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
    if not objects:
        return found
    pending = [at for value in values if type(value) not in HOLDING_NOTHING for at in locations_in(value)]
    while pending:
        location = pending.pop()
        if location in found or location not in objects:
            continue
        obj = found[location] = objects[location]
        pending.extend(leads(obj))
    return found


def locations_in(value: Value) -> list[Location]:
    """The locations in a value."""
    if type(value) is Instance and not value.attributes:  # nearly all of them
        return [value.location] if value.location is not None else []
    return [
        inner.location
        for inner in inner_values(value)
        if isinstance(inner, Instance) and inner.location is not None
    ]
