"""AFA104: ``with`` or ``for`` where the object has only the async protocol, or the reverse."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.interpreter.events import Entered, Iterated
from flake8_async_fastapi.interpreter.library import only_declared
from flake8_async_fastapi.interpreter.values import Generator, Manager, Object, Value
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA104",
    "sync-protocol-on-async-object",
    "bug",
    "with or for where async with or async for is needed, or the reverse",
)


def check(events: Events) -> Iterator[Finding]:
    for entered in events.of(Entered):
        has = _managers(entered.value)
        if has is not None and ("async-with" if entered.is_async else "with") not in has:
            used, other = ("async with", "with") if entered.is_async else ("with", "async with")
            right = "with" if entered.is_async else "async-with"
            remedy = f"use {other}" if right in has else f"it cannot be entered with {other} either"
            yield RULE.at(entered, f"{entered.text} does not support {used}: {remedy}")
    for iterated in events.of(Iterated):
        has = _iterables(iterated.value)
        if has is not None and ("async-iter" if iterated.is_async else "iter") not in has:
            used, other = ("async for", "for") if iterated.is_async else ("for", "async for")
            right = "iter" if iterated.is_async else "async-iter"
            remedy = f"use {other}" if right in has else f"it cannot be iterated with {other} either"
            yield RULE.at(iterated, f"{iterated.text} does not support {used}: {remedy}")


def _managers(value: Value) -> frozenset[str] | None:
    """Which of ``with`` and ``async-with`` a value supports; None where that is not known."""
    if isinstance(value, Manager):
        return frozenset({"async-with"} if value.is_async else {"with"})
    if isinstance(value, Object) and not only_declared(value):
        return knowledge.protocols(value.type)
    return None


def _iterables(value: Value) -> frozenset[str] | None:
    if isinstance(value, Generator):
        return frozenset({"async-iter"} if value.is_async else {"iter"})
    if isinstance(value, Object) and not only_declared(value):
        return knowledge.protocols(value.type)
    return None
