"""AFA411: an event is listened for on an async object, or by an async function."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.database.events import Decorated
from flake8_async_fastapi.engine.events import Called
from flake8_async_fastapi.engine.values import Function, Library, Object, Value
from flake8_async_fastapi.knowledge import is_subtype
from flake8_async_fastapi.rules.model import Events, Finding, Fix, Rule

RULE = Rule(
    "AFA411",
    "listener-on-async-object",
    "bug",
    "an event listener on an AsyncEngine or AsyncSession, or one that is an async def",
    fixable="safe",
)

_LISTEN = frozenset({"sqlalchemy.event.listen", "sqlalchemy.event.api.listen"})
_LISTENS_FOR = frozenset({"sqlalchemy.event.listens_for", "sqlalchemy.event.api.listens_for"})
_ASYNC = {
    "sqlalchemy.ext.asyncio.AsyncEngine": "engine.sync_engine",
    "sqlalchemy.ext.asyncio.AsyncSession": "sqlalchemy.orm.Session or session.sync_session",
    "sqlalchemy.ext.asyncio.async_sessionmaker": "sqlalchemy.orm.Session, or its sync_session_class",
    "sqlalchemy.ext.asyncio.AsyncConnection": "connection.sync_connection",
}
_ATTRIBUTES = {
    "sqlalchemy.ext.asyncio.AsyncEngine": "sync_engine",
    "sqlalchemy.ext.asyncio.AsyncSession": "sync_session",
    "sqlalchemy.ext.asyncio.AsyncConnection": "sync_connection",
}
_CLASSES = {
    "sqlalchemy.ext.asyncio.AsyncEngine": ("sqlalchemy.engine", "Engine"),
    "sqlalchemy.ext.asyncio.AsyncSession": ("sqlalchemy.orm", "Session"),
    "sqlalchemy.ext.asyncio.AsyncConnection": ("sqlalchemy.engine", "Connection"),
}
"""What has the events instead: of an object an attribute, of a class another one, with its module."""


def check(events: Events) -> Iterator[Finding]:
    for called in events.of(Called):
        if not isinstance(called.callee, Library) or called.callee.dotted not in _LISTEN | _LISTENS_FOR:
            continue
        target, listener = called.arguments.get(0, "target"), called.arguments.get(2, "fn")
        kind = _async_kind(target)
        if kind:
            yield RULE.at(
                called,
                f"{called.text} listens on an async object, which has no events, so it fails: "
                f"use {_ASYNC[kind]}",
                fix=_fix(called, target, kind),
            )
        elif called.callee.dotted in _LISTEN and isinstance(listener, Function) and _is_coroutine(listener):
            yield RULE.at(
                called,
                f"{listener.name} is an async def, which {called.text} never awaits: use def",
                fix=RULE.fix(called, "make_sync", listener.name),
            )
    for decorated in events.of(Decorated):
        callee = decorated.callee
        if (
            isinstance(callee, Library)
            and callee.dotted in _LISTENS_FOR
            and _is_coroutine(decorated.decorated)
        ):
            yield RULE.at(
                decorated,
                f"{decorated.decorated.name} is an async def, which SQLAlchemy never awaits: use def",
                fix=RULE.fix(decorated, "make_sync", decorated.decorated.name),
            )


def _is_coroutine(function: Function) -> bool:
    return function.is_async and not function.is_generator and not function.wrapped


def _async_kind(target: Value | None) -> str:
    """The async class of a target, or that it is; empty if the target has events or is not known."""
    name = ""
    if isinstance(target, Object):
        name = target.type
    elif isinstance(target, Library):
        name = target.dotted
    return next((known for known in _ASYNC if name and is_subtype(name, known)), "")


def _fix(called: Called, target: Value | None, kind: str) -> Fix | None:
    words = _CLASSES.get(kind) if isinstance(target, Library) else (_ATTRIBUTES.get(kind, ""),)
    return RULE.fix(called, "listen_on_sync_object", *words) if words and words[0] else None
