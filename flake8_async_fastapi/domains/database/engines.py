"""Calls that create engines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from flake8_async_fastapi.domains.database.configured import (
    asks_for_url,
    url_of_configuration,
    url_that_is_set,
)
from flake8_async_fastapi.domains.database.events import EngineMade, ParametersRefused, PooledStatements
from flake8_async_fastapi.domains.database.memory import report_memory
from flake8_async_fastapi.domains.database.urls import (
    FALLBACK,
    database_and_driver,
    engine_kind,
    is_of_pooler,
    is_url,
    parameters_of,
)
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.models import CallModel, CallSite, MemberModel
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import Arguments, Collection, Const, Library, Object, Payload, Value
from flake8_async_fastapi.engine.watches import Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, written_argument
from flake8_async_fastapi.knowledge.drivers import FOR_POOLERS, REFUSED_BY_ASYNCPG, REFUSED_IN_URL
from flake8_async_fastapi.knowledge.transactions import CONNECTION

_MOST_PLACES: Final = 1_000
_ENGINES: Final = {
    "sqlalchemy.ext.asyncio.create_async_engine": True,
    "sqlalchemy.create_engine": False,
    "sqlalchemy.ext.asyncio.async_engine_from_config": True,
    "sqlalchemy.engine_from_config": False,
}


def report_creation(
    frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value
) -> None:
    """Report an engine that is created, with everything known about its URL."""
    if not isinstance(callee, Library):
        return
    url = _url_given(frame, callee, arguments, node)
    beginning = str(url.value).partition("?")[0] if isinstance(url, Const) and is_url(url) else ""
    driver = database_and_driver(beginning)[1] if beginning else ""
    requirements = frame.ctx.project.requirements_of(frame.path)
    is_21 = requirements.at_least("sqlalchemy", (2, 1))
    falls_back = url is not None and FALLBACK in parameters_of(url) and is_21 is not True
    frame.emit_event(
        EngineMade(
            *frame.at(node),
            for_message(node.func),
            _ENGINES[callee.dotted],
            beginning,
            engine_kind(beginning, is_21=is_21) if beginning and not falls_back else "",
            driver,
            is_21,
            requirements,
            bool(frame.role) and not frame.globals and not frame.branches and not _is_cached(frame),
        )
    )
    report_memory(frame, arguments, node, is_async=_ENGINES[callee.dotted])
    refused = tuple(_refused(url, arguments)) if driver == "asyncpg" and url is not None else ()
    if refused and _ENGINES[callee.dotted]:
        frame.emit_event(ParametersRefused(*frame.at(node), for_message(node.func), driver, refused))
    if driver == "asyncpg" and url is not None and is_of_pooler(url) and _keeps_statements(arguments, node):
        frame.emit_event(PooledStatements(*frame.at(node), for_message(node.func)))


def _keeps_statements(arguments: Arguments, node: tree.Call) -> bool:
    """Whether no argument of an engine may turn off prepared statements."""
    given = arguments.get(_MOST_PLACES, "connect_args")
    names = given.keys if isinstance(given, Collection) else ()
    if arguments.opaque or names is None or (given is not None and not isinstance(given, Collection)):
        return False
    is_plain = all(keyword.name not in (None, "poolclass", "pool", "creator") for keyword in node.keywords)
    return is_plain and None not in names and not FOR_POOLERS.intersection(filter(None, names))


def _url_given(frame: Frame, maker: Library, arguments: Arguments, node: tree.Call) -> Value | None:
    """The URL that an engine is created with."""
    if maker.dotted.endswith("engine_from_config"):
        return url_of_configuration(frame, node)
    if asks_for_url(written_argument(node, 0, "url")):
        return url_that_is_set(frame.ctx, frame.path)
    return arguments.get(0, "url")


def _refused(url: Value, arguments: Arguments) -> Iterator[str]:
    """The parameters of a URL and the connection arguments that asyncpg does not accept."""
    yield from (name for name in parameters_of(url) if name in REFUSED_IN_URL)
    given = arguments.get(_MOST_PLACES, "connect_args")
    for name in (given.keys or ()) if isinstance(given, Collection) else ():
        if name is not None and name in REFUSED_BY_ASYNCPG:
            yield name


def _is_cached(frame: Frame) -> bool:
    """Whether a decorator caches the function's result, so that the function runs once."""
    decorators = frame.node.decorators if isinstance(frame.node, tree.FunctionDef) else []
    return any("cache" in dotted(d.func if isinstance(d, tree.Call) else d) for d in decorators)


def sync_engine(ctx: Context, owner: Object, name: str) -> Value:
    """The sync engine behind an async one. It is used for events only, so its origin matters."""
    return Object("sqlalchemy.engine.Engine", (("async", owner),))


def _make_connection(site: CallSite) -> Value:
    """The value of ``engine.connect()``. Connections are distinguished by where they were made."""
    return Object(CONNECTION, origin=site.place)


class Beginning(Payload, frozen=True):
    """The value of ``engine.begin()``, by the place of the call: it opens a connection."""

    place: Place


def _begin(site: CallSite) -> Value:
    """The value of ``engine.begin()``."""
    return Object("sqlalchemy.ext.asyncio._EngineBegin", detail=Beginning(site.place))


def _enter(value: Object) -> Value | None:
    """The connection that ``async with engine.begin()`` gives."""
    return Object(CONNECTION, origin=value.detail.place) if isinstance(value.detail, Beginning) else None


METHODS: Final[Mapping[str, CallModel]] = {
    "sqlalchemy.ext.asyncio.AsyncEngine.begin": _begin,
    "sqlalchemy.ext.asyncio.AsyncEngine.connect": _make_connection,
}
ENTRIES: Final = {Beginning: _enter}
PROPERTIES: Final[Mapping[str, MemberModel]] = {
    "sqlalchemy.ext.asyncio.AsyncEngine.sync_engine": sync_engine,
    "sqlalchemy.ext.asyncio.AsyncConnection.sync_engine": sync_engine,
}


CALLS: Final = Watch(report_creation, functions=frozenset(_ENGINES), checked=True)
