"""AFA312: a dynamic or write-only relationship is used as a collection."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.interpreter.events import Called, Event, Iterated
from flake8_async_fastapi.interpreter.loads import Dynamic
from flake8_async_fastapi.interpreter.values import Library, Member, Object, Value
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA312",
    "dynamic-relationship-iteration",
    "bug",
    "a relationship with a dynamic or write-only strategy is iterated, counted or fetched",
)

_FETCHING = frozenset({"all", "first", "one", "one_or_none", "count", "scalar", "get", "delete", "update"})
_CONSUMING = frozenset({"list", "tuple", "set", "sorted", "len", "sum", "any", "all", "enumerate", "next"})


def check(events: Events) -> Iterator[Finding]:
    for iterated in events.of(Iterated):
        yield from _iterated(iterated, iterated.value)
    for called in events.of(Called):
        callee = called.callee
        if isinstance(callee, Member) and callee.name in _FETCHING:
            dynamic = callee.receiver.detail
            if isinstance(dynamic, Dynamic) and dynamic.strategy == "dynamic":
                yield RULE.at(called, _message(dynamic, f"{callee.name}() is called on it"))
        elif isinstance(callee, Library) and callee.dotted.removeprefix("builtins.") in _CONSUMING:
            for value in called.arguments.args[:1]:
                yield from _iterated(called, value)


def _iterated(event: Event, value: Value) -> Iterator[Finding]:
    if isinstance(value, Object) and isinstance(value.detail, Dynamic):
        yield RULE.at(event, _message(value.detail, "it is iterated"))


def _message(dynamic: Dynamic, what: str) -> str:
    return (
        f"{dynamic.attribute} is a {dynamic.strategy} relationship, and {what}: "
        "await session.scalars() of its select()"
        if dynamic.strategy == "write_only"
        else f"{dynamic.attribute} is a dynamic relationship, and {what}: "
        'use lazy="write_only" and await session.scalars() of its select()'
    )
