"""AFA102: ``await`` on a value that cannot be awaited."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.interpreter.events import Awaited
from flake8_async_fastapi.interpreter.library import only_declared
from flake8_async_fastapi.interpreter.values import (
    ClassValue,
    Collection,
    Const,
    Function,
    Generator,
    Manager,
    Member,
    Object,
    Plain,
    Value,
)
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA102",
    "awaited-non-awaitable",
    "bug",
    "await on a value that cannot be awaited, such as the None of session.add()",
)


def check(events: Events) -> Iterator[Finding]:
    for event in events.of(Awaited):
        what = _not_awaitable(event.value)
        if what:
            remedy = _remedy(event.value, event.text)
            yield RULE.at(event, f"{event.text} gives {what}, which cannot be awaited: {remedy}")


def _not_awaitable(value: Value) -> str:
    """What a value is in words, if it surely cannot be awaited; empty otherwise."""
    match value:
        case Const(value=None):
            return "None"
        case Const():
            return f"a {type(value.value).__name__}"
        case Plain(kind="object"):
            return "a plain value"
        case Plain(kind=kind):
            return f"a {kind}"
        case Collection(kind=kind) if kind != "generator":
            return f"a {kind}"
        case Generator(is_async=True):
            return "an async generator"
        case Manager():
            return "a context manager"
        case Function():
            return "a function that is not called"
        case Member(receiver=receiver) if not only_declared(receiver):
            return "a method that is not called"
        case ClassValue():
            return "a class"
        case Object():
            return _object(value)
    return ""


def _object(value: Object) -> str:
    protocols = knowledge.protocols(value.type)
    if protocols is None or "await" in protocols:
        return ""
    if only_declared(value):
        return ""
    last = value.type.rpartition(".")[2].lstrip("_")
    return f"an {last}" if last[0] in "AEIOU" else f"a {last}"


def _remedy(value: Value, text: str) -> str:
    match value:
        case Function() | Member():
            return f"call it: await {text}()"
        case Generator():
            return "iterate it with async for"
        case Manager() | Object(type="sqlalchemy.ext.asyncio.AsyncSession"):
            return "use async with"
    return "drop the await"
