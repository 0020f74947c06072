"""Statements and load plans, as data attached to values, and the transitions of sessions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import ClassVar, Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from flake8_async_fastapi.engine.values import ClassValue, Location, Payload, Value


class MappedAttribute(Payload, frozen=True):
    """An attribute of a model's class, as ``Post.author``; ``alias`` distinguishes aliased classes."""

    cls: ClassValue
    name: str
    alias: object = None


class Step(Struct, frozen=True):
    """One relationship in the path of a loader option, and its strategy (``default`` for none)."""

    attribute: MappedAttribute
    strategy: str


class Directive(Struct, frozen=True):
    """A loader option as one path, and the setting at its end.

    ``columns`` (``only``, ``defer``, ``undefer``) names columns there, where None stands for all;
    ``wildcard`` is the strategy of all relationships there.
    """

    path: tuple[Step, ...] = ()
    columns: str = ""
    names: tuple[str, ...] | None = ()
    wildcard: str = ""
    base: ClassValue | None = None


class LoaderOption(Payload, frozen=True):
    """A loader option: the end of its chain, and all its directives."""

    path: tuple[Step, ...]
    directives: tuple[Directive, ...]
    base: ClassValue | None = None


class Plan(Struct, frozen=True):
    """The load plan of one object: explicit strategies by relationship, with the plans of their targets.

    ``only`` are the columns of a ``load_only``. ``certain`` is false if options may be missing here.
    """

    strategies: tuple[tuple[str, str, Plan], ...] = ()
    only: frozenset[str] | None = None
    deferred: frozenset[str] = frozenset()
    undeferred: frozenset[str] | None = frozenset()
    wildcard: str = ""
    below: str = ""
    certain: bool = True

    def step(self, name: str) -> tuple[str, Plan] | None:
        """The explicit strategy of a relationship and the plan of its target."""
        for known, strategy, plan in self.strategies:
            if known == name:
                return strategy, plan
        return None


EMPTY_PLAN: Final = Plan()
"""A query without options."""


class Entity(Payload, frozen=True):
    """A model that a statement selects; ``alias`` distinguishes aliased ones."""

    cls: ClassValue
    alias: object = None


class Aggregate(Payload, frozen=True):
    """An SQL function of all rows; ``of_none``: it has a value even if there are none, as a count has."""

    of_none: bool


class EqualityCondition(Payload, frozen=True):
    """A condition of a statement: a column has a value, which ``identity`` names."""

    attribute: MappedAttribute
    identity: object


class Conjunction(Payload, frozen=True):
    """Conditions of a statement that must all hold: those that are understood, and the number of the rest."""

    equals: tuple[EqualityCondition, ...]
    others: int


class Query(Payload, frozen=True):
    """The query of a statement: entities, and None for columns; None if nothing is known."""

    items: tuple[Entity | None, ...] | None
    options: tuple[Directive, ...] = ()
    certain: bool = True
    origin: tuple[str, int] = ("", 0)
    equals: tuple[EqualityCondition, ...] = ()
    is_filtered: bool = False
    is_joined: bool = False
    single: bool = False
    """Made with SQLModel's ``select``: ``exec`` returns scalars for one item."""
    is_never_null: bool = False
    is_grouped: bool = False
    """It may give no row, even if it counts."""
    populates: bool = False
    """With ``populate_existing``: objects that the session holds are loaded anew, as the query says."""
    locks: bool = False
    """With ``with_for_update()``."""

    @property
    def answers(self) -> bool:
        """Whether it gives one row whatever there is, with one value that is not NULL."""
        return self.is_never_null and not self.is_grouped

    def join(self, others: Sequence[object]) -> Query | None:
        """One query for several that differ only in their conditions; None for others."""
        plain = replace(self, equals=(), is_filtered=True, is_joined=True)
        origins = [self.origin]
        for other in others:
            if not isinstance(other, Query):
                return None
            if replace(other, equals=(), is_filtered=True, is_joined=True, origin=self.origin) != plain:
                return None
            origins.append(other.origin)
        joins = [other.is_joined for other in others if isinstance(other, Query)]
        return replace(plain, origin=min(origins), is_joined=self.is_joined or any(joins))

    def merge(self, others: Sequence[object]) -> Query | None:
        """One query for many that differ in what they load: it may load all that one of them loads.

        So only what none of them loads is missing. How it is loaded is not known: a result may need no
        ``unique()``. None if an option of some of them leaves something out.
        """
        found = [self, *(other for other in others if isinstance(other, Query))]
        options = dict.fromkeys(option for query in found for option in query.options)
        common = [option for option in options if all(option in query.options for query in found)]
        added = [option for option in options if option not in common]
        bare = [replace(query, options=(), certain=True) for query in found]
        joined = bare[0].join(bare[1:])
        if joined is None or len(bare) <= len(others) or not all(map(_only_adds, added)):
            return None
        certain = all(query.certain for query in found)
        return replace(joined, options=(*common, *map(_in_some_way, added)), certain=certain)


_ADDING: Final = frozenset({"joined", "selectin", "subquery", "immediate", "contains", "default"})


def _only_adds(option: Directive) -> bool:
    """Whether an option leaves nothing out that is loaded without it."""
    is_undefer = option.columns in ("", "undefer") and not option.wildcard
    return is_undefer and all(step.strategy in _ADDING for step in option.path)


def _in_some_way(option: Directive) -> Directive:
    """An option that loads the same in queries of its own."""
    path = option.path
    loading = (one if one.strategy == "default" else replace(one, strategy="selectin") for one in path)
    return replace(option, path=tuple(loading))


class FetchedResult(Payload, frozen=True):
    """A result: its query, the session that it came from, and the form of its items.

    ``shape``: ``rows``, ``scalars`` or ``mappings``; ``unique`` says that repeated rows are left out;
    ``is_lazy`` as in ``InstanceState``; ``is_read``: all was fetched.
    """

    query: Query
    session: object
    origin: tuple[str, int]
    shape: str = "rows"
    unique: bool = False
    index: int = 0
    is_lazy: bool = False
    is_read: bool = False

    def change_keys(self, change: Callable[[object], object]) -> FetchedResult:
        return replace(self, session=change(self.session))


class UpdateStatement(Payload, frozen=True):
    """An ``update()`` of a model, with the columns it sets.

    For each column, it says whether the value is an SQL expression (None for one that SQLAlchemy may
    evaluate in Python). ``is_filtered`` counts its conditions, of which ``equals`` are understood. Unless it
    ``synchronizes``, it changes no object of the session.
    """

    cls: ClassValue
    values: tuple[tuple[str, bool | None], ...] = ()
    equals: tuple[EqualityCondition, ...] = ()
    is_filtered: int = 0
    certain: bool = True
    returning: Query | None = None
    synchronizes: bool = True


class SessionSettings(Payload, frozen=True):
    """The settings of a session: whether it expires on commit, and flushes before queries."""

    expires: bool | None = None
    flushes: bool | None = True


class SyncTwin(Payload, frozen=True):
    """The sync session that ``run_sync`` passes on: the async session that it belongs to."""

    session: object
    settings: SessionSettings

    def change_keys(self, change: Callable[[object], object]) -> SyncTwin:
        return replace(self, session=change(self.session))


class TransactionBlock(Payload, frozen=True):
    """A transaction of a session as a context manager; ``closes`` the session too."""

    session: object
    settings: SessionSettings | None
    is_savepoint: bool = False
    closes: bool = False
    undoes: ClassVar[bool] = True

    def change_keys(self, change: Callable[[object], object]) -> TransactionBlock:
        return replace(self, session=change(self.session))


class AwaitableAttributes(Payload, frozen=True):
    """``obj.awaitable_attrs``."""

    location: tuple[object, ...]


class ProxiedItems(Payload, frozen=True):
    """The items of an ``association_proxy`` over a collection: each is the ``attribute`` of an object."""

    items: tuple[Value, ...]
    attribute: str


class DynamicRelationship(Payload, frozen=True):
    """A relationship that is loaded by its own statement: ``dynamic`` or ``write_only``."""

    location: tuple[Hashable, ...]
    attribute: str
    strategy: str


LOADS_NOTHING: Final = frozenset({"flush", "may_flush", "commit", "rollback", "expire", "perhaps"})
"""What happens to sessions that loads nothing: what was missing before is missing after it."""


TransitionKind: TypeAlias = Literal[
    "commit",
    "flush",
    "query",
    "rollback",
    "expire",
    "close",
    "select",  # a query of a class, with a plan
    "doubt",  # unknown code had the objects
    "reload",  # unnamed objects were reached: expired attributes may be loaded again
    "may_flush",  # a flush, or nothing
    "perhaps",  # one of ``LOADS_NOTHING``, or nothing
    "anything",  # any of these
]


class Transition(Struct, frozen=True):
    """A change to all objects of a session.

    ``base`` is the object that was loaded anew: other objects from the same place are distinct. ``repeats``:
    an expired object gets the options of its first query, too, as by ``get``.
    """

    session: object
    kind: TransitionKind
    settings: SessionSettings
    cls: ClassValue | None = None
    plan: Plan = EMPTY_PLAN
    identity: object = None
    base: Location | None = None
    repeats: bool = True
