"""One ORM object on a path: everything that the path knows about it.

Source: docs/behaviour.md#reading-relationships.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.events import Cause
from flake8_async_fastapi.domains.orm.statements.queries import EMPTY_PLAN, Plan
from flake8_async_fastapi.engine.values import UNKNOWN, ClassValue, Location, Value


class Loaded(Struct, frozen=True):
    """An attribute that is loaded. ``is_withheld``: a call did not get the objects that it leads to.

    ``is_linked``: the other side of a relationship put objects into it, or nothing did.
    """

    value: Value = UNKNOWN
    is_withheld: bool = False
    is_linked: bool = False


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
    ``is_all``: of all that exist, or of all to which these lead. ``is_chosen``: the one that a query asked
    for by a key or another value. ``has_unknown_arguments``: not all are known. ``null_keys`` are the many-
    to-one relationships without a foreign key. ``compared_keys`` are those whose foreign key the query
    compared: code that knows the key may hold the target. ``discriminated``: a condition tested the value
    of a column. ``classes_above`` are the classes, ``strategies_above`` the strategies on the way from the
    object that a query returned. ``identity`` is the key that it was fetched by. ``is_committed``: created
    here, and written by a commit that did not fail. ``is_lazy``: the code runs in ``run_sync``, where
    reading a missing attribute loads it. ``is_alone``: created here, and no row refers to it: nothing was
    linked with it, and its key was not read.
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
    is_chosen: bool = False
    null_keys: frozenset[str] = frozenset()
    compared_keys: frozenset[str] = frozenset()
    discriminated: bool = False
    classes_above: tuple[ClassValue, ...] = ()
    strategies_above: tuple[str, ...] = ()
    identity: object = None
    is_committed: bool = False
    is_lazy: bool = False
    is_alone: bool = False

    def field(self, name: str) -> AttributeState | None:
        for known, found in self.fields:
            if known == name:
                return found
        return None

    def put(self, name: str, found: AttributeState) -> InstanceState:
        return replace(self, fields=tuple(sorted({**dict(self.fields), name: found}.items(), key=_NAME)))


_NAME: Final = itemgetter(0)

GENERATED: Final = "generated"
"""The identity of a new object whose key the database chooses."""

ANY: Final = "any session"
"""The session of an object that a function was given: the one that it works with."""


def may_be_one(session: object, other: object) -> bool:
    """Whether two sessions may be the same: one that is known by its type only may be any."""
    return session == other or isinstance(session, str) or isinstance(other, str)
