"""Holds the knowledge tables against the real libraries, by introspection."""

from __future__ import annotations

import asyncio
import inspect
import re
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from library_names import load

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.knowledge import (
    async_clients,
    consumers,
    decorators,
    drivers,
    injection,
    services,
    successors,
    sync_types,
)
from flake8_async_fastapi.knowledge.table import read_function, read_type

if sys.version_info[:2] != (3, 11):
    reason = "the tables are held against one Python, and say what differs in others"
    pytest.skip(reason, allow_module_level=True)


# The tables of synchronous libraries and of clients, few of which are installed, have tests of their own.
_OTHERS = (sync_types, services, async_clients, successors, injection)
TYPES = {
    name: read_type(name, text)
    for name, text in knowledge.TYPES.items()
    if not any(name in table.TYPES for table in _OTHERS) and text != sync_types.CLIENT
}
FUNCTIONS = {
    name: read_function(text)
    for name, text in knowledge.FUNCTIONS.items()
    if not any(name in table.FUNCTIONS for table in _OTHERS)
}
ALIASES = sorted(knowledge.ALIASES.keys() - {alias for table in _OTHERS for alias in table.ALIASES})

WORDS = set("? None object self call bool bytes dict float int list set str tuple".split())

# Types that the tables made up, for what a call gives: no class of this name can be imported.
MADE_UP = {
    "sqlalchemy.ext.asyncio._StreamContext",
    "sqlalchemy.ext.asyncio._StreamScalarsContext",
    "sqlalchemy.ext.asyncio._EngineBegin",
    "sqlalchemy.ext.asyncio._SessionBegin",
    "sqlalchemy.engine._EngineBegin",
    "sqlalchemy.orm._SessionBegin",
    "sqlalchemy.orm.AliasedClass",
    "sqlalchemy.orm.Backref",
    "sqlalchemy.orm.Deferred",
    "sqlmodel._ExecResult",
    "fastapi.concurrency._InThreadpool",
    "httpx._AsyncStream",
    "httpx._Stream",
    "anyio._FailAfter",
    "aiofiles._File",
}

# Members that the installed versions do not have.
OTHER_VERSIONS = {
    # Removed in Starlette 1.0.
    "starlette.applications.Starlette": set(
        "add_event_handler add_websocket_route exception_handler middleware on_event route "
        "websocket_route".split()),
    "starlette.routing.Router": {
        "add_event_handler", "on_event", "route", "shutdown", "startup", "websocket_route"},
    "fastapi.FastAPI": {"add_event_handler", "add_websocket_route", "route"},
    "fastapi.APIRouter": {"shutdown", "startup"},
    # Removed in SQLAlchemy 2.0 and 2.1.
    "sqlalchemy.ext.asyncio.AsyncConnection": {"set_isolation_level"},
    "sqlalchemy.engine.Engine": {"execute", "scalar"},
    "sqlalchemy.orm.Session": {"close_all"},
    "sqlalchemy.orm.scoped_session": {"close_all"},
    "sqlalchemy.orm.sessionmaker": {"close_all"},
    "sqlmodel.Session": {"close_all"},
    # Only classes derived from these have it.
    "sqlalchemy.orm.DeclarativeBase": {"metadata"},
    "sqlalchemy.orm.DeclarativeBaseNoMeta": {"metadata"},
    # Later than Python 3.11.
    "asyncio.Task": {"get_context"},
    "asyncio.TaskGroup": {"cancel"},
    "asyncio.Queue": {"shutdown"},
    "asyncio.PriorityQueue": {"shutdown"},
    "asyncio.LifoQueue": {"shutdown"},
    "asyncio.Handle": {"get_context"},
    "asyncio.TimerHandle": {"get_context"},
    "asyncio.Server": {"close_clients", "abort_clients"},
    "anyio.Path": {"copy", "copy_into", "move", "move_into", "from_uri", "full_match", "is_junction"},
}

# What the table says otherwise than the class, on purpose: see the comment in the table.
OTHER_PROTOCOLS = {
    "aiohttp.ClientSession": {"with"},  # __enter__ raises TypeError
    "sqlalchemy.ext.asyncio.AsyncTupleResult": {"async-iter"},  # annotations only
    "sqlalchemy.engine.TupleResult": {"iter"},  # annotations only
}

# Types of the annotations only, that have another type's members at run time.
ANNOTATIONS_ONLY = {"sqlalchemy.ext.asyncio.AsyncTupleResult", "sqlalchemy.engine.TupleResult"}

# Plain functions which give a coroutine: they are called in a test of their own.
GIVE_COROUTINES = {"redis.asyncio.Redis"}

# Their methods are wrapped in plain functions, which hand on the coroutine.
WRAPPED = {"asyncpg.prepared_stmt.PreparedStatement", "asyncpg.transaction.Transaction"}

# Types whose instances take methods from elsewhere: a way to make an instance.
MAKE_INSTANCE = {"asyncio.Condition": asyncio.Condition}

# Types of which no public member may be missing, and the members left out.
COMPLETE: dict[str, set[str]] = {
    "sqlalchemy.ext.asyncio.AsyncSession": set(),
    "sqlalchemy.ext.asyncio.async_scoped_session": set(),
    "sqlalchemy.ext.asyncio.AsyncConnection": set(),
    "sqlalchemy.ext.asyncio.AsyncEngine": set(),
    "sqlalchemy.ext.asyncio.AsyncTransaction": set(),
    "sqlalchemy.ext.asyncio.AsyncSessionTransaction": set(),
    "sqlalchemy.ext.asyncio.AsyncResult": {"memoized_attribute", "memoized_instancemethod"},
    "sqlalchemy.ext.asyncio.AsyncScalarResult": {"memoized_attribute", "memoized_instancemethod"},
    "sqlalchemy.ext.asyncio.AsyncMappingResult": {"memoized_attribute", "memoized_instancemethod"},
    "sqlalchemy.ext.asyncio.async_sessionmaker": set(),
    "sqlmodel.ext.asyncio.session.AsyncSession": set(),
    "sqlmodel.Session": {"connection_callable", "dispatch"},
    "sqlalchemy.orm.Session": {"connection_callable", "dispatch"},
    "sqlalchemy.orm.scoped_session": set(),
    "sqlalchemy.orm.sessionmaker": set(),
    "sqlalchemy.engine.Engine": {"dispatch", "logging_name"},
    "sqlalchemy.engine.Connection": {"dispatch", "should_close_with_result"},
    "sqlalchemy.engine.Result": {"memoized_attribute", "memoized_instancemethod"},
    "sqlalchemy.engine.ScalarResult": {"memoized_attribute", "memoized_instancemethod"},
    "sqlalchemy.engine.MappingResult": {"memoized_attribute", "memoized_instancemethod"},
    "starlette.requests.Request": set(),
    "starlette.datastructures.UploadFile": set(),
    "starlette.datastructures.FormData": set(),
    "starlette.websockets.WebSocket": set(),
    "starlette.applications.Starlette": set(),
    "fastapi.FastAPI": set(),
    "fastapi.APIRouter": set(),
    "httpx.AsyncClient": set(),
    "httpx.Client": set(),
    "httpx.Response": set(),
    **{name: set() for name in TYPES if name.startswith("asyncio.")},
    "concurrent.futures.Future": set(),
    "anyio.Path": set(),
    "anyio.Lock": set(),
    "anyio.Event": set(),
    "anyio.Semaphore": set(),
    "anyio.Condition": set(),
    "anyio.CapacityLimiter": set(),
    "anyio.CancelScope": set(),
    "anyio.AsyncFile": set(),
    "anyio.abc.TaskGroup": set(),
    "anyio.abc.Process": set(),
}

# Aliases that are not the very same object: subclasses, generated twins, or not installed.
ALIAS_DIFFERS = {
    "asyncio.AbstractServer", "asyncio.events.AbstractServer",  # the server's interface
    "sqlmodel.sql.expression.Select",  # the same methods, for several entities
}
NOT_INSTALLED = {"aioredis"}


def unwrapped(value: Any) -> Any:
    value = getattr(value, "__func__", value)
    return getattr(value, "__wrapped__", value) if hasattr(value, "__deprecated__") else value


def real_kind(value: Any) -> str:
    value = unwrapped(value)
    if inspect.isasyncgenfunction(value):
        return "async-generator"
    if inspect.iscoroutinefunction(value):
        return "async"
    return "def" if callable(value) and not isinstance(value, type) else "property"


def is_instance_attribute(cls: type, name: str) -> bool:
    """Whether some method of the class assigns it, or an annotation declares it."""
    for base in cls.__mro__[:-1]:
        if name in base.__dict__.get("__annotations__", ()):
            return True
        for function in filter(inspect.isfunction, base.__dict__.values()):
            if re.search(rf"\bself\.{name}\s*[:=]", inspect.getsource(function)):
                return True
    return False


def all_members(name: str) -> dict[str, Any]:
    known = TYPES[name]
    found: dict[str, Any] = {}
    for base in known.bases:
        found |= all_members(base)
    return {**found, **known.members}


def returned_types() -> Iterator[tuple[str, str]]:
    for name, known in TYPES.items():
        for attribute, member in known.members.items():
            yield f"{name}.{attribute}", member.returns
        for which, returns in known.results.items():
            yield f"{name} {which}", returns
    for name, function in FUNCTIONS.items():
        yield name, function.returns


def test_every_type_named_is_known() -> None:
    unknown = [
        (where, returns) for where, returns in returned_types()
        for inner in [returns[3:-1] if returns.startswith("cb[") and returns.endswith("]") else returns]
        if inner not in WORDS and inner not in knowledge.TYPES
    ]
    assert not unknown
    assert not [(name, base) for name, known in TYPES.items() for base in known.bases if base not in TYPES]


def test_no_two_tables_have_the_same_name() -> None:
    tables = knowledge._TABLES
    names = [name for table in tables for name in table.TYPES]
    assert len(names) == len(set(names))
    assert sum(len(table.FUNCTIONS) for table in tables) == len(knowledge.FUNCTIONS)
    assert sum(len(table.ALIASES) for table in tables) == len(knowledge.ALIASES)
    assert not knowledge.ALIASES.keys() & (knowledge.TYPES.keys() | knowledge.FUNCTIONS.keys())


@pytest.mark.parametrize("name", sorted(TYPES))
def test_no_member_is_listed_twice(name: str) -> None:
    lines = [line.split(" -> ")[0].split() for line in knowledge.TYPES[name].splitlines() if " -> " in line]
    listed = Counter(attribute for _, *attributes in lines for attribute in attributes)
    assert [attribute for attribute, count in listed.items() if count > 1] == []


def test_made_up_types_are_those_that_cannot_be_imported() -> None:
    missing = set()
    for name in TYPES:
        try:
            load(name)
        except (ImportError, AttributeError):
            missing.add(name)
    assert missing == MADE_UP


@pytest.mark.parametrize("name", sorted(TYPES.keys() - MADE_UP - ANNOTATIONS_ONLY))
def test_members_are_what_is_said(name: str) -> None:
    cls: Any = MAKE_INSTANCE.get(name, lambda: load(name))()
    wrong = []
    for attribute, member in all_members(name).items():
        if attribute in OTHER_VERSIONS.get(name, ()):
            assert not hasattr(cls, attribute), f"{attribute} exists: take it from OTHER_VERSIONS"
            continue
        if not hasattr(cls, attribute):
            assigned = isinstance(cls, type) and is_instance_attribute(cls, attribute)
            if member.kind != "property" or not assigned:
                wrong.append(f"{attribute} does not exist")
            continue
        value = inspect.getattr_static(cls, attribute)
        kind = real_kind(inspect.unwrap(value) if name in WRAPPED and callable(value) else value)
        if name in GIVE_COROUTINES and member.kind == "async" and kind == "def":
            continue
        if kind != member.kind:
            wrong.append(f"{attribute} is {kind}, not {member.kind}")
    assert not wrong


@pytest.mark.parametrize("name", sorted(COMPLETE))
def test_no_public_member_is_missing(name: str) -> None:
    public = {attribute for attribute in dir(load(name)) if not attribute.startswith("_")}
    assert public - all_members(name).keys() == COMPLETE[name]


DUNDERS = {
    "with": "__enter__", "async-with": "__aenter__", "iter": "__iter__", "async-iter": "__aiter__",
    "await": "__await__", "call": "__call__",
}


@pytest.mark.parametrize("name", sorted(
    name for name in TYPES.keys() - MADE_UP if knowledge.protocols(name) is not None))
def test_protocols_are_those_of_the_class(name: str) -> None:
    namespaces = [base.__dict__ for base in load(name).__mro__[:-1]]
    real = {
        protocol for protocol, dunder in DUNDERS.items()
        if any(namespace.get(dunder) is not None for namespace in namespaces)
    }
    said = knowledge.protocols(name)
    assert said is not None
    assert real ^ said == OTHER_PROTOCOLS.get(name, set())


RESULT_OF = {"enter": "with", "aenter": "async-with", "item": "iter", "aitem": "async-iter", "await": "await",
             "call": "call"}


@pytest.mark.parametrize("name", sorted(
    name for name, known in TYPES.items() if known.results and "any" not in known.results))
def test_results_belong_to_protocols(name: str) -> None:
    said = knowledge.protocols(name)
    assert said is not None
    assert {RESULT_OF[which] for which in TYPES[name].results} <= said


@pytest.mark.parametrize("name", sorted(name for name, known in TYPES.items() if known.absent))
def test_absent_names_are_absent(name: str) -> None:
    cls = load(name)
    assert not [attribute for attribute in TYPES[name].absent if hasattr(cls, attribute)]
    assert not TYPES[name].absent & all_members(name).keys()


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_functions_are_what_is_said(name: str) -> None:
    real = load(name)
    assert not isinstance(real, type)
    assert real_kind(real) == FUNCTIONS[name].kind


@pytest.mark.parametrize("alias", sorted(
    alias for alias in ALIASES if alias.partition(".")[0] not in NOT_INSTALLED))
def test_aliases_are_the_same_thing(alias: str) -> None:
    target = knowledge.canonical(alias)
    assert target in TYPES or target in FUNCTIONS
    here, there = load(alias), load(target)
    if alias in ALIAS_DIFFERS:
        assert here is not there
    elif here is not there:
        # A subclass that adds only documentation and validation, or a function that was written twice.
        same_class = isinstance(here, type) and issubclass(here, there)
        same_function = inspect.isfunction(here) and here.__name__ == there.__name__
        assert same_class or same_function


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
def test_redis_commands_give_coroutines() -> None:
    real = load("redis.asyncio.Redis")
    arguments: dict[str, tuple[Any, ...]] = {
        "hset": ("a", "b", "c"), "mset": ({"a": 1},), "msetnx": ({"a": 1},), "hmset": ("a", {"a": 1}),
        "xadd": ("a", {"a": 1}), "xread": ({"a": 1},), "xreadgroup": ("a", "b", {"a": 1}),
        "xtrim": ("a", 1), "zadd": ("a", {"a": 1}), "zmscore": ("a", ["b"]), "zunionstore": ("a", ["b"]),
        "zinterstore": ("a", ["b"]),
    }
    members = TYPES["redis.asyncio.Redis"].members
    awaited = [name for name, member in members.items() if member.kind == "async"]

    async def call_each() -> list[str]:
        client = real(host="127.0.0.1", port=1)
        wrong = []
        for name in awaited:
            function = getattr(client, name)
            given = arguments.get(name)
            if given is None:
                given = tuple(
                    1 for parameter in inspect.signature(function).parameters.values()
                    if parameter.default is parameter.empty
                    and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
                )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                value = function(*given)
            if inspect.iscoroutine(value):
                value.close()
            else:
                wrong.append(name)
        return wrong

    assert not asyncio.run(call_each())


async def _nothing() -> None:
    """A coroutine function, for the tests."""


STANDARD_CONSUMERS = sorted(
    name for name in consumers.PLAIN_CONSUMERS
    if name.partition(".")[0] in {"builtins", "os", "pathlib", "shutil", "uuid"}
)


@pytest.mark.parametrize("name", STANDARD_CONSUMERS)
def test_plain_consumers_do_not_keep_a_coroutine(name: str) -> None:
    coroutine = _nothing()
    before = sys.getrefcount(coroutine)
    try:
        value = load(name)(coroutine)
    except (AttributeError, TypeError):
        value = None
    assert not inspect.isawaitable(value)
    del value
    assert sys.getrefcount(coroutine) == before
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED
    coroutine.close()


@pytest.mark.parametrize("name", sorted(consumers.ITERATING_CONSUMERS))
def test_iterating_consumers_refuse_a_coroutine(name: str) -> None:
    coroutine = _nothing()
    with pytest.raises(TypeError):
        load(name)(coroutine)
    coroutine.close()


def test_consumers_and_guards_exist() -> None:
    groups = (consumers.PLAIN_CONSUMERS, consumers.ITERATING_CONSUMERS, consumers.GUARDS)
    for name in frozenset().union(*groups):
        assert callable(load(name)), name
    assert sum(map(len, groups)) == len(frozenset().union(*groups))


INSTALLED_KEEPERS = sorted(
    name for name in decorators.KEEPERS
    if name.partition(".")[0] in {"functools", "pydantic", "typing_extensions", "abc"}
    and not name.endswith("overload")  # the overload itself is never called
)


@pytest.mark.parametrize("name", INSTALLED_KEEPERS)
def test_keepers_leave_coroutine_and_plain_functions_as_they_are(name: str) -> None:
    decorator = load(name)
    if name == "functools.wraps":
        decorator = decorator(load)
    elif name.endswith("deprecated"):
        decorator = decorator("a test", category=None)
    elif name.endswith("lru_cache"):
        decorator = decorator(maxsize=2)

    def plain() -> int:
        return 1

    async def asynchronous() -> int:
        return 1

    decorated = decorator(asynchronous)
    coroutine = decorated()
    assert inspect.iscoroutine(coroutine)
    coroutine.close()
    assert decorator(plain)() == 1


def test_route_verbs_are_members_of_applications_and_routers() -> None:
    members = all_members("fastapi.FastAPI").keys() & decorators.ROUTE_VERBS
    assert members == decorators.ROUTE_VERBS
    application = load("fastapi.FastAPI")()
    for verb in "get post put patch delete head options trace api_route websocket".split():
        options = {"methods": ["GET"]} if verb == "api_route" else {}
        assert getattr(application, verb)("/", **options)(_nothing) is _nothing


def test_look_ups_go_through_aliases_and_bases() -> None:
    sqlmodel_session = "sqlmodel.ext.asyncio.session.AsyncSession"
    commit = knowledge.member(sqlmodel_session, "commit")
    assert commit is not None
    assert (commit.kind, commit.returns) == ("async", "None")
    assert knowledge.member(sqlmodel_session, "query") is None
    assert knowledge.is_absent(sqlmodel_session, "query")
    assert not knowledge.is_absent(sqlmodel_session, "exec")
    assert not knowledge.is_absent("unheard.of.Type", "query")
    assert knowledge.is_subtype(sqlmodel_session, "sqlalchemy.ext.asyncio.session.AsyncSession")
    assert not knowledge.is_subtype("sqlalchemy.orm.Session", sqlmodel_session)
    assert knowledge.protocols(sqlmodel_session) == frozenset({"async-with", "iter"})
    assert knowledge.result(sqlmodel_session, "aenter") == "self"
    assert knowledge.result("asyncio.tasks._GatheringFuture", "await") == "list"
    assert knowledge.protocols("sqlalchemy.ext.asyncio.AsyncAttrs") is None
    assert knowledge.library_type("fastapi.Request") is knowledge.library_type("fastapi.Request")
    request = knowledge.library_type("fastapi.Request")
    assert request is not None
    assert request.name == "starlette.requests.Request"
    select = knowledge.function("sqlalchemy.future.select")
    assert select is not None
    assert select.returns == "sqlalchemy.Select"
    assert knowledge.is_known_root("sqlalchemy")
    assert not knowledge.is_known_root("project")


def test_importing_the_tables_imports_no_library() -> None:
    code = (
        "import sys; import flake8_async_fastapi.knowledge as k; "
        "from flake8_async_fastapi.knowledge import consumers, decorators; "
        "assert not k.library_type.cache_info().currsize; "
        "print([m for m in ('sqlalchemy', 'sqlmodel', 'fastapi', 'starlette', 'httpx', 'anyio', 'redis', "
        "'asyncio') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_asyncpg_refuses_what_is_listed() -> None:
    import asyncpg

    assert not drivers.REFUSED_BY_ASYNCPG.keys() & inspect.signature(asyncpg.connect).parameters.keys()
