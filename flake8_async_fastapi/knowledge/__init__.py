"""The meaning of library names: tables, and lookups in them.

Invariant: data only. Nothing here imports the libraries it describes, and no rule is decided here.

The text of a table is read when its name is first looked up, and only once.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

from flake8_async_fastapi.knowledge import (
    aiofiles,
    aiohttp,
    anyio,
    async_clients,
    asyncio_,
    asyncpg,
    bases,
    consumers,
    decorators,
    effects,
    httpx,
    injection,
    jinja,
    redis,
    services,
    sqlalchemy,
    sqlmodel,
    starlette,
    successors,
    sync_types,
    twins,
)
from flake8_async_fastapi.knowledge.blocking import BLOCKING, MODULES
from flake8_async_fastapi.knowledge.table import LibraryType, Member, read_function, read_type

_TABLES: Final = (
    sqlalchemy, sqlmodel, starlette, httpx, asyncio_, anyio, redis, aiofiles, aiohttp, asyncpg, jinja,
    sync_types, services, async_clients, successors, injection,
)
_OWNERS: Final = {line.partition(": ")[0] for _, _, line in BLOCKING} - MODULES
TYPES: Final[dict[str, str]] = {
    **{owner: sync_types.CLIENT for owner in sorted(_OWNERS) if owner.rpartition(".")[2][0].isupper()},
    **{name: text for table in _TABLES for name, text in table.TYPES.items()},
}
FUNCTIONS: Final[dict[str, str]] = {
    name: text for table in _TABLES for name, text in table.FUNCTIONS.items()
}
ALIASES: Final[dict[str, str]] = {
    alias: name for table in _TABLES for alias, name in table.ALIASES.items()
}


def canonical(dotted: str) -> str:
    """The name under which the tables know a type or function; the same name if they do not."""
    return ALIASES.get(dotted, dotted)


@cache
def library_type(name: str) -> LibraryType | None:
    """The entry of a library type, by any of its names."""
    name = canonical(name)
    text = TYPES.get(name)
    return None if text is None else read_type(name, text)


@cache
def function(dotted: str) -> Member | None:
    """The entry of a library function, or of a method read from its class, by any of its names."""
    name = canonical(dotted)
    text = FUNCTIONS.get(name)
    return _method_of_class(name) if text is None else read_function(text)


def _method_of_class(dotted: str) -> Member | None:
    """The result of ``Type.method`` if it creates an object, as a class method does."""
    owner, _, name = dotted.rpartition(".")
    known = library_type(owner)
    found = None if known is None else member(owner, name)
    if known is None or found is None or found.kind != "def":
        return None
    if found.returns == "self":
        return Member("def", known.name)
    return found if found.returns in TYPES else None


@cache
def member(type_name: str, attribute: str) -> Member | None:
    """A member of a library type or of its bases."""
    for known in _with_bases(type_name):
        if attribute in known.absent:
            return None
        if attribute in known.members:
            return known.members[attribute]
        if known.results.get("any") == "async" and not attribute.startswith("_"):
            return _COROUTINE
    return None


_COROUTINE: Final = Member("async", "?")


@cache
def protocols(type_name: str) -> frozenset[str] | None:
    """All protocols of the instances of a type; None if not known."""
    for known in _with_bases(type_name):
        if known.protocols is not None:
            return known.protocols
    return None


@cache
def result(type_name: str, which: str) -> str | None:
    """The result of a protocol, by the notation's words (`enter`, `item`, `await`); None if not known."""
    for known in _with_bases(type_name):
        if which in known.results:
            return known.results[which]
    return None


@cache
def is_absent(type_name: str, attribute: str) -> bool:
    """Whether the type lacks an attribute that users may expect."""
    for known in _with_bases(type_name):
        if attribute in known.members:
            return False
        if attribute in known.absent:
            return True
    return False


@cache
def is_subtype(name: str, base: str) -> bool:
    """Whether a library type is another, or derived from it."""
    base = canonical(base)
    return any(known.name == base for known in _with_bases(name))


@cache
def with_bases(type_name: str) -> tuple[str, ...]:
    """The name of a library type, and those of all its bases."""
    return tuple(known.name for known in _with_bases(type_name)) or (type_name,)


def is_database(dotted: str) -> bool:
    """Whether a name belongs to a library whose calls access the database of an application."""
    return dotted.startswith(("sqlalchemy.", "sqlmodel."))


@cache
def is_always_true(dotted: str) -> bool:
    """Whether objects of a type are always true in a condition: sessions, and their factories."""
    return any(is_subtype(dotted, base) for base in _ALWAYS_TRUE)


_ALWAYS_TRUE: Final = (
    "sqlalchemy.ext.asyncio.AsyncConnection",
    "sqlalchemy.ext.asyncio.AsyncEngine",
    "sqlalchemy.ext.asyncio.AsyncSession",
    "sqlalchemy.ext.asyncio.async_sessionmaker",
    "sqlalchemy.orm.Session",
)


def is_known_root(package: str) -> bool:
    """Whether the tables describe a top-level package."""
    return package in _roots()


@cache
def _roots() -> frozenset[str]:
    return frozenset(name.partition(".")[0] for names in (TYPES, FUNCTIONS, ALIASES) for name in names)


def is_blocking_root(package: str) -> bool:
    """Whether a top-level package has calls that block, which its module may be named for."""
    return package in _blocking_roots()


@cache
def _blocking_roots() -> frozenset[str]:
    return frozenset(owner.partition(".")[0] for owner in _OWNERS)


def _with_bases(name: str) -> Iterator[LibraryType]:
    """The type and its bases, nearest first. A base that is met again is repeated."""
    known = library_type(name)
    if known is not None:
        yield known
        for base in known.bases:
            yield from _with_bases(base)


def is_guard(dotted: str) -> bool:
    """Whether a function tests for awaitable values."""
    return dotted in consumers.GUARDS and not dotted.startswith("builtins.")


def is_plain_consumer(dotted: str) -> bool:
    """Whether a function uses its arguments as plain values: a coroutine among them is a mistake."""
    return dotted in consumers.PLAIN_CONSUMERS


def is_iterating_consumer(dotted: str) -> bool:
    """Whether a function iterates over its argument at once."""
    return dotted in consumers.ITERATING_CONSUMERS


def is_keeper(dotted: str, *, of_coroutine_function: bool) -> bool:
    """Whether the function is called as before after a decorator."""
    return dotted in decorators.KEEPERS or (of_coroutine_function and dotted in decorators.ASYNC_KEEPERS)


def is_registering_method(type_name: str, name: str) -> bool:
    """Whether a method registers the function that it decorates, and returns it."""
    owners = ("starlette.applications.Starlette", "starlette.routing.Router")
    return name in decorators.ROUTE_VERBS and any(is_subtype(type_name, owner) for owner in owners)


def effect(dotted: str) -> str:
    """The effect of a call on its thread, as ``effects`` names it; empty if none is known."""
    return effects.EFFECTS.get(dotted, "")


def is_skipping(dotted: str) -> bool:
    """Whether a decorator marks a test that never runs."""
    return dotted in effects.SKIPPING


def never_returns(dotted: str) -> bool:
    """Whether a call of a function is the last one that its caller makes."""
    return dotted in effects.NEVER_RETURN


def nesting_packages() -> frozenset[str]:
    """The packages that allow nested event loops once they are imported."""
    return effects.NESTING


def lacks(base: str, name: str) -> bool:
    """Whether a library's base class is known not to define a name: the lookup continues after it."""
    own = bases.TRANSPARENT.get(base)
    return own is not None and name not in own and not name.startswith(("model_", "_"))


def makes_property(dotted: str) -> bool:
    """Whether a decorator turns a method into a property."""
    return dotted in bases.PROPERTIES


def is_injection(name: str) -> bool:
    """Whether a generic type stands for its parameter, of which a container makes an object."""
    return name in bases.INJECTIONS


def function_argument(dotted: str) -> int | None:
    """The place of the argument that a library function calls, or None."""
    return consumers.FUNCTION_ARGUMENTS.get(dotted)


def has_async_twin(name: str) -> bool:
    """Whether a sync type has an async counterpart with nearly the same members.

    Annotations with such a type are often left unchanged when code becomes async.
    """
    return canonical(name) in twins.ASYNC_TWINS


def async_twin(name: str) -> str:
    """The async counterpart of a sync type; empty for a type without one."""
    return twins.ASYNC_TWINS.get(canonical(name), "")


def only_shows(dotted: str) -> bool:
    """Whether a plain consumer only shows its arguments as text."""
    return dotted in consumers.SHOWING_CONSUMERS or dotted.startswith("logging.")
