"""AFA102: ``await`` on a value that cannot be awaited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.engine.events import Awaited, Called
from flake8_async_fastapi.engine.values import (
    ClassValue,
    Collection,
    Const,
    Function,
    Generator,
    Instance,
    Manager,
    Member,
    Object,
    Plain,
    Value,
    called_name,
    is_only_declared,
)
from flake8_async_fastapi.knowledge.loop_use import AWAITERS
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA102",
    "awaited-non-awaitable",
    "bug",
    "await on a value that cannot be awaited, such as the None of session.add()",
    fixable="safe",
)

_OF_ALL: Final = "asyncio.gather"
"""It takes any number of awaitables; other functions take one."""
_TAKERS: Final = AWAITERS | {"asyncio.run", "asyncio.run_coroutine_threadsafe"}


def check(events: Events) -> Iterator[Finding]:
    yield from _given_to_loop(events)
    same: dict[tuple[str, int, int, str], dict[str, Awaited]] = {}
    for event in events.of(Awaited):
        what = _not_awaitable(event.value, event.supports)
        if what:  # a value may be one of several, such as the row or None of `first()`
            same.setdefault((event.path, event.line, event.col, event.text), {})[what] = event
    for (*_, text), found in same.items():
        whats = sorted(found, key=lambda what: what == "None")
        event = found[whats[0]]
        remedy = _remedy(event.value, text)
        fix = RULE.fix(event, _KINDS[remedy]) if remedy in _KINDS else None
        verb = "returns" if text.endswith(")") else "is"
        found_there = " or ".join(whats)
        yield RULE.at(event, f"{text} {verb} {found_there}, which cannot be awaited: {remedy}", fix=fix)


def _given_to_loop(events: Events) -> Iterator[Finding]:
    """What a function such as ``create_task()`` gets instead of a coroutine."""
    for called in events.of(Called):
        name, arguments = called_name(called.callee), called.arguments
        given = arguments.args[: arguments.placed if arguments.opaque else None] if name in _TAKERS else ()
        for value in given if name == _OF_ALL else given[:1]:
            what = "" if isinstance(value, (Collection, Plain)) else _not_awaitable(value, None)
            if what:
                coroutine = _coroutine_of(value)
                remedy = f"write {coroutine}" if coroutine else "pass a coroutine"
                yield RULE.at(called, f"{called.text} fails, because it gets {what}: {remedy}")


def _coroutine_of(value: Value) -> str:
    """The call that makes a coroutine of a value that is a coroutine function; empty for others."""
    if isinstance(value, Function) and value.is_async and not value.is_generator:
        return f"{value.name}()"
    return ""


def _not_awaitable(value: Value, supports: frozenset[str] | None) -> str:
    """A description of a value that certainly cannot be awaited; empty otherwise."""
    match value:
        case Const(value=None):
            return "None"
        case Const():
            return _with_article(type(value.value).__name__)
        case Plain(kind="object"):
            return "a plain value"
        case Plain(kind=kind):
            return _with_article(kind)
        case Collection(kind=kind) if kind != "generator":
            return f"a {kind}"
        case Function():
            return "a function"
        case Member(receiver=receiver) if not is_only_declared(receiver):
            return "a method"
        case ClassValue():
            return "a class"
    if supports is None or "await" in supports:
        return ""
    match value:
        case Generator(is_async=is_async):
            return "an async generator" if is_async else ""
        case Manager():
            return "a context manager"
        case Object(type=name):
            return _with_article(name.rpartition(".")[2].lstrip("_"))
        case Instance(cls=cls):
            return _with_article(cls.name)
    return ""


def _with_article(name: str) -> str:
    return f"an {name}" if name[0] in "AEIOUaeio" else f"a {name}"


def _remedy(value: Value, text: str) -> str:
    match value:
        case Function() | Member():
            return f"write await {text}()"
        case Generator():
            return "iterate it with async for"
        case Manager() | Object(type="sqlalchemy.ext.asyncio.AsyncSession"):
            return "use async with"
    return _DROP


_DROP = "drop the await"
_KINDS = {_DROP: "drop_await"}
