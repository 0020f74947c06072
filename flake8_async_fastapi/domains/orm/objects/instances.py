"""ORM objects along a path: what one path knows of each.

Source: docs/behaviour.md#reading-relationships.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias, TypeVar

from flake8_async_fastapi.domains.orm.events import Cause
from flake8_async_fastapi.domains.orm.statements.queries import ENDS, PLAIN, Plan, Settings, Transition
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import UNKNOWN, ClassValue, Instance, Ref, Value
from flake8_async_fastapi.engine.walks import inner_values

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Held:
    """An attribute that is loaded."""

    value: Value = UNKNOWN


@dataclass(frozen=True, slots=True)
class Lost:
    """An attribute whose reading would do I/O, and why.

    ``line`` is where it was lost, or where the object was loaded.
    """

    cause: Cause
    path: str = ""
    line: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Perhaps:
    """An attribute that may be loaded or not."""


PERHAPS: Final = Perhaps()
Field: TypeAlias = Held | Lost | Perhaps

Lifecycle: TypeAlias = Literal[
    "transient",
    "pending",
    "persistent",
    "deleting",  # in a session, and gone with the next commit
    "deleted",
    "detached",
    "given",  # a parameter, of which only what happens to it in the function is known
    "added",  # one that was put into a session
]
"""Where an object is in the life that a session gives it."""
Source: TypeAlias = Literal["query", "merge", "refreshed", "new", "given"]
"""How an object came to be known."""
Default: TypeAlias = Literal[
    "plan",  # as the plan says
    "unset",
    "inserted",  # as after an INSERT
    "perhaps",  # not known
]
"""What holds for attributes that are not named."""


@dataclass(frozen=True, slots=True)
class Row:
    """One ORM object on one path.

    ``rest`` says what holds for attributes that are not in ``fields``, or that all are lost.
    ``parent`` is the object and the attribute it was reached by.
    ``doubtful``: somebody unknown had it, who may have loaded more.
    ``unsure``: what was loaded may have been expired since; what was missing still is.
    ``absent``: on this path there is no such object, since the container is empty.
    ``dirty``: changed since the last flush.
    ``is_item``: one of many, which this row stands for; ``is_all``: of all that there are.
    ``is_open``: made from arguments that are not all known.
    ``nulls`` are the many-to-one relationships without a foreign key.
    ``tied`` are those whose foreign key the query asked for: who knows it may hold the target.
    ``guarded``: a condition asked for the value of a column.
    ``above`` are the classes, ``way`` the strategies on the way from the object that a query gave.
    ``identity`` is the key that it was asked for by.
    """

    cls: ClassValue
    phase: Lifecycle
    session: object
    path: str
    line: int
    plan: Plan = PLAIN
    rest: Default | Lost = "plan"
    fields: tuple[tuple[str, Field], ...] = ()
    made: Source = "query"
    parent: tuple[Ref, str] | None = None
    doubtful: bool = False
    unsure: bool = False
    absent: bool = False
    dirty: bool = False
    is_item: bool = False
    is_open: bool = False
    is_all: bool = False
    nulls: frozenset[str] = frozenset()
    tied: frozenset[str] = frozenset()
    guarded: bool = False
    above: tuple[ClassValue, ...] = ()
    way: tuple[str, ...] = ()
    identity: object = None

    def field(self, name: str) -> Field | None:
        for known, found in self.fields:
            if known == name:
                return found
        return None

    def put(self, name: str, found: Field) -> Row:
        others = tuple(pair for pair in self.fields if pair[0] != name)
        return replace(self, fields=tuple(sorted((*others, (name, found)), key=lambda pair: pair[0])))


def worst(rows: list[Row]) -> Row:
    """One row for what a call gives on several paths: what one of them lost is lost.

    The caller does not tell the paths apart, as it would if they gave different objects.
    """
    agreed = join(rows)
    if agreed.doubtful:
        return agreed
    rows = [row for row in rows if not row.absent] or rows
    rests = [row.rest for row in rows if isinstance(row.rest, Lost)]
    if rests:
        first: Lost = min(rests, key=_order_of_lost)
        agreed = replace(agreed, rest=first)
    for name in dict.fromkeys(name for row in rows for name, _ in row.fields):
        known = [(row.field(name) or row.rest) for row in rows]
        lost = [found for found in known if isinstance(found, Lost)]
        if lost:
            agreed = agreed.put(name, min(lost, key=_order_of_lost))
    return agreed


def _order_of_lost(lost: Lost) -> tuple[str, str, int, str]:
    return lost.cause, lost.path, lost.line, lost.text


def join(rows: list[Row]) -> Row:
    """One row that claims only what several agree on; where there is none, nothing is claimed.

    That an attribute is lost, loaded or null is kept if all rows say so; where they differ, it may be
    either.  What casts doubt on that is kept if one row says it.  So it is no matter in which order
    the rows come.
    """
    rows = [row for row in rows if not row.absent] or rows
    first, *others = rows
    if all(other == first for other in others):
        return first
    places = [(row.path, row.line) for row in rows]
    path, line = min(places)
    sessions = {row.session for row in rows}
    kinds = {(row.rest, row.plan, row.made, row.phase) for row in rows}
    same_class = all(row.cls == first.cls for row in others)
    same_way = all(
        (row.above, row.way, row.is_all) == (first.above, first.way, first.is_all) for row in others
    )
    return Row(
        min((row.cls for row in rows), key=lambda cls: (cls.path, cls.key)),
        _only({row.phase for row in rows}, "persistent") if same_class else "persistent",
        _only(sessions, ANY),
        path,
        line,
        plan=_only({row.plan for row in rows}, _SOME_PLAN),
        rest=first.rest if len(kinds) == 1 and same_class else "perhaps",
        fields=_join_fields(rows, same_class=same_class),
        made=min((row.made for row in rows), key=_MADE.index),
        parent=min((row.parent for row in rows), key=repr),
        doubtful=any(row.doubtful for row in rows) or len(sessions) > 1 or not (same_class and same_way),
        unsure=any(row.unsure for row in rows),
        absent=all(row.absent for row in rows),
        dirty=any(row.dirty for row in rows),
        is_item=any(row.is_item for row in rows),
        is_open=any(row.is_open for row in rows),
        is_all=all(row.is_all for row in rows),
        nulls=frozenset.intersection(*(row.nulls for row in rows)),
        tied=frozenset.union(*(row.tied for row in rows)),
        guarded=any(row.guarded for row in rows),
        above=min((row.above for row in rows), key=lambda above: [(cls.path, cls.key) for cls in above]),
        way=min(row.way for row in rows),
        identity=_only({row.identity for row in rows}, None),
    )


ANY: Final = "any session"
"""The session of an object that a function was given: the one that it works with."""
_SOME_PLAN: Final = Plan(certain=False)
_MADE: Final[tuple[Source, ...]] = ("query", "merge", "refreshed", "new", "given")


def _only(values: set[T], otherwise: T) -> T:
    """The one value that several paths have."""
    return next(iter(values)) if len(values) == 1 else otherwise


def _join_fields(rows: list[Row], *, same_class: bool) -> tuple[tuple[str, Field], ...]:
    """What all rows say of attributes; what one of them leaves to its plan, another may know."""
    agreed: list[tuple[str, Field]] = []
    for name in sorted({name for row in rows for name, _ in row.fields}):
        found = {row.field(name) for row in rows}
        single = next(iter(found)) if len(found) == 1 and same_class else None
        agreed.append((name, PERHAPS if single is None else single))
    return tuple(agreed)


def joined(heaps: list[dict[Ref, Row]], join_rows: Callable[[list[Row]], Row] = join) -> dict[Ref, Row]:
    """The rows that any of several paths knows, with what all that know one agree on."""
    found: dict[Ref, list[Row]] = {}
    for heap in heaps:
        for ref, row in heap.items():
            found.setdefault(ref, []).append(row)
    return {ref: join_rows(rows) for ref, rows in found.items()}


def agreed_transitions(paths: list[tuple[Transition, ...]]) -> tuple[Transition, ...]:
    """What happened to sessions on all of several paths; where they differ, anything may have."""
    first, *others = paths
    if all(path == first for path in others):
        return first
    paths = sorted(paths, key=lambda path: [_order_of_step(step) for step in path])
    said = [tuple(step for step in path if step.what not in ("query", "select")) for path in paths]
    if all(path == said[0] for path in said):
        # a path that returns before its query is the rarer one, and a query flushes
        usual = max(paths, key=lambda path: [step.what for step in path].count("query"))
        selected = [step for path in paths for step in path if step.what == "select" and step not in usual]
        return (*usual, *dict.fromkeys(selected))
    by_session: dict[object, list[Transition]] = {}
    for step in (step for path in said for step in path):
        by_session.setdefault(step.session, []).append(step)
    met = {step for path in paths for step in path if step.what == "select"}
    unsure = (by_session[session] for session in sorted(by_session, key=repr))
    return (*sorted(met, key=_order_of_step), *map(_any_of, unsure))


def _any_of(steps: list[Transition]) -> Transition:
    """Any of several things that may have happened to a session, or nothing."""
    settings = Settings(
        _only({step.settings.expires for step in steps}, None),
        _only({step.settings.flushes for step in steps}, None),
    )
    is_end = all(step.what in ENDS for step in steps)
    return Transition(steps[0].session, "perhaps" if is_end else "anything", settings)


def _order_of_step(step: Transition) -> tuple[object, ...]:
    cls = (step.cls.path, step.cls.key) if step.cls is not None else ("", ("", 0))
    told = (step.session, step.settings, step.plan, step.identity, step.of)
    return step.what, cls, *map(repr, told)


@dataclass(slots=True)
class Instances:
    """What one path knows of ORM objects, and what ``happened`` to whole sessions on it.

    ``rows`` are the objects that are known, by what tells them apart.
    """

    rows: dict[Ref, Row] = field(default_factory=dict)
    happened: tuple[Transition, ...] = ()

    def fork(self) -> Instances:
        return Instances(dict(self.rows), self.happened)

    def unify(self, other: Instances, states: tuple[State, State]) -> Instances | None:
        """One part, if two paths know the same of all objects that they can still reach."""
        if self.happened != other.happened:
            return None
        if self.rows == other.rows:
            return self
        one, two = states
        same = reachable(self.rows, one.values()) == reachable(other.rows, two.values())
        return self.join([other]) if same else None

    def join(self, others: list[Instances]) -> Instances:
        parts = [self, *others]
        happened = agreed_transitions([part.happened for part in parts])
        return Instances(joined([part.rows for part in parts]), happened)

    def forget(self, path: str) -> Instances:
        return self


Rows: TypeAlias = tuple[tuple[Ref, Row], ...]
"""ORM objects, in an order that does not hang on how they were found."""


def in_order(rows: dict[Ref, Row]) -> Rows:
    """Objects in the order of their names."""
    return tuple(sorted(rows.items(), key=lambda pair: repr(pair[0])))


def rows_of(state: State) -> dict[Ref, Row]:
    """The ORM objects that a path knows, by what tells them apart."""
    part: Instances | None = state.parts.get(Instances)
    return state.part(Instances).rows if part is None else part.rows


@dataclass(frozen=True, slots=True)
class LostRead:
    """A callee reads an attribute of an object that it was given, and it is not loaded."""

    ref: Ref
    name: str
    use: str
    through: str
    chain: tuple[str, ...]
    lost: Lost


@dataclass(slots=True)
class Debts:
    """What a run reads of the objects that it was given, though it is not loaded: its caller hears of it."""

    reads: dict[LostRead, None] = field(default_factory=dict)


LONGEST: Final = 8
"""Relationships that are followed from one object to the next."""


def reachable(rows: Mapping[Ref, Row], values: Iterable[Value]) -> dict[Ref, Row]:
    """The rows that values lead to."""
    found: dict[Ref, Row] = {}
    pending = [ref for value in values for ref in refs_in(value)]
    while pending:
        ref = pending.pop()
        if ref in found or ref not in rows:
            continue
        row = found[ref] = rows[ref]
        for _, kept in row.fields:
            if isinstance(kept, Held):
                pending.extend(refs_in(kept.value))
        if row.parent is not None:
            pending.append(row.parent[0])
    return found


def refs_in(value: Value) -> Iterator[Ref]:
    """The rows that a value names."""
    for inner in inner_values(value):
        if isinstance(inner, Instance) and inner.ref is not None:
            yield inner.ref
