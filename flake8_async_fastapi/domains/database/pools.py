"""Pools of connections: whether two sessions use the same pool, which can run out of connections."""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.domains.database.urls import database_and_driver, is_url
from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.machine import names
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import Const, Library, Object, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Stmt
from flake8_async_fastapi.facts.walk import all_nodes, dotted, nodes_in, written_argument
from flake8_async_fastapi.knowledge.transactions import is_session_type
from flake8_async_fastapi.project.views import calls_by_name

_MAKER: Final = "create_async_engine"
_ENGINE: Final = "sqlalchemy.ext.asyncio.AsyncEngine"
_FACTORIES: Final = frozenset({"sqlalchemy.ext.asyncio.async_sessionmaker", "sqlalchemy.orm.sessionmaker"})
_AUTOCOMMIT: Final = "AUTOCOMMIT"
_ISOLATION: Final = "isolation_level"
_WITHOUT_LIMIT: Final = frozenset({"NullPool", "StaticPool"})


def share_pool(ctx: Context, one: Place, other: Place) -> bool:
    """Whether two sessions, by their places, certainly take connections from one limited pool."""
    pools = [pool_of(ctx, one), pool_of(ctx, other)]
    if None in pools:
        return _is_only_pool(ctx) and not any(is_connection_of_engine(ctx, place) for place in (one, other))
    return pools[0] == pools[1] and isinstance(pools[0], Object) and _has_limit(ctx, pools[0])


def is_connection_of_engine(ctx: Context, place: Place) -> bool:
    """Whether ``connect()`` or ``begin()`` of a known engine is called at a place."""

    def find() -> bool:
        call = _call_at(ctx, place)
        if call is None or not isinstance(call.func, tree.Attr) or call.func.name not in ("begin", "connect"):
            return False
        return is_engine(names.dotted_value(ctx, place.path, dotted(call.func.value)))

    return ctx.query(("connection of engine", place), find, False)


def is_engine(value: Value) -> bool:
    """Whether a value is an async engine that is made at a known place."""
    return isinstance(value, Object) and value.type == _ENGINE and value.origin is not None


def pool_of(ctx: Context, session: Place) -> Object | None:
    """The engine of the factory that created a session, if it is known."""
    return ctx.query(("pool", session), lambda: _find_pool(ctx, session), None)


def _find_pool(ctx: Context, session: Place) -> Object | None:
    call = _call_at(ctx, session)
    if call is None:
        return None
    text = dotted(call.func).removesuffix(".begin").removesuffix(".connect")
    factory = names.dotted_value(ctx, session.path, text)
    if isinstance(factory, Object) and factory.type == _ENGINE:
        return factory if is_engine(factory) else None
    engine = factory.argument("0") or factory.argument("bind") if isinstance(factory, Object) else None
    return engine if isinstance(engine, Object) and engine.origin is not None else None


def driver_of(engine: Object) -> str:
    """The driver that the URL of an engine names; empty where that is not known."""
    url = url_of(engine)
    return database_and_driver(str(url.value))[1] if isinstance(url, Const) and is_url(url) else ""


def url_of(engine: Object) -> Value | None:
    """The URL that an engine was given; None if it was given none."""
    return engine.argument("0") or engine.argument("url")


def is_made_by_factory(ctx: Context, session: Place) -> bool:
    """Whether a project's factory creates a new session at a place, and not one for each scope."""
    return ctx.query(("makes session", session), lambda: _is_made_by_factory(ctx, session), False)


def _is_made_by_factory(ctx: Context, session: Place) -> bool:
    call = _call_at(ctx, session)
    text = dotted(call.func).removesuffix(".begin") if call is not None else ""
    maker = names.dotted_value(ctx, session.path, text) if text else None
    if isinstance(maker, Object):
        return maker.type in _FACTORIES
    return isinstance(maker, Library) and is_session_type(maker.dotted)


def _call_at(ctx: Context, place: Place) -> tree.Call | None:
    if place.path.startswith("<"):
        return None  # a session from other code
    body = ctx.project.body(place.path)
    return ctx.derive(("calls by position", place.path), lambda: _by_position(body)).get(place.position)


def _by_position(body: list[Stmt]) -> dict[tuple[int, int], tree.Call]:
    calls = [node for node in all_nodes(body) if isinstance(node, tree.Call)]
    return {(call.line, call.col): call for call in reversed(calls)}  # of a chain, the outermost


def _has_limit(ctx: Context, engine: Object) -> bool:
    call = _call_at(ctx, engine.origin) if engine.origin is not None else None
    return call is not None and not _lacks_limit(call)


def needs_commits(ctx: Context, session: Place) -> bool:
    """Whether writes in a session need a commit: not in a database in memory, nor with autocommit."""
    engine = pool_of(ctx, session)
    call = _call_at(ctx, engine.origin) if engine is not None and engine.origin is not None else None
    if call is None:
        return not ctx.project.mentioning(_AUTOCOMMIT)
    words = {str(getattr(node, "value", "")) for node in nodes_in(call)}
    return not _names_memory(call) and _AUTOCOMMIT not in words


def is_plain_connection(ctx: Context, place: Place) -> bool:
    """Whether ``connect()`` of an engine is called at a place, and the project makes async engines itself.

    None of them has options that may be autocommit.
    """
    call = _call_at(ctx, place)
    if call is None or not isinstance(call.func, tree.Attr) or call.func.name != "connect":
        return False

    def find() -> bool:
        if ctx.project.mentioning(_AUTOCOMMIT) or ctx.project.mentioning(_ISOLATION):
            return False
        calls = _calls_of_maker(ctx)
        return bool(calls) and all(one.name is not None for call in calls for one in call.keywords)

    return ctx.query(("plain engines",), find, False)


def _names_memory(call: tree.Call) -> bool:
    url = written_argument(call, 0, "url")
    text = url.value if isinstance(url, tree.Const) and isinstance(url.value, str) else ""
    return "memory" in text or text.endswith("://")


def _lacks_limit(call: tree.Call) -> bool:
    """Whether an engine has another kind of pool, or one connection for a database in memory."""
    words = {str(getattr(node, "name", getattr(node, "id", ""))) for node in nodes_in(call)}
    if any(word.endswith("QueuePool") for word in words):
        return False
    return bool(words & _WITHOUT_LIMIT) or _names_memory(call)


def _is_only_pool(ctx: Context) -> bool:
    """Whether the project creates one async engine, at one place, with a limited pool."""
    return ctx.query(("one pool",), lambda: _find_only_pool(ctx), False)


def _find_only_pool(ctx: Context) -> bool:
    calls = _calls_of_maker(ctx)
    return len(calls) == 1 and not _lacks_limit(calls[0])


def _calls_of_maker(ctx: Context) -> list[tree.Call]:
    files, view_of = ctx.project.mentioning(_MAKER), ctx.project.view_of
    return [call for path in files for call in view_of(path, calls_by_name, _MAKER) or ()]
