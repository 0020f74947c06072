"""Functions of the standard library that give, wrap or ask about functions and types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.engine.models import CallModel, CallSite
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    ClassValue,
    Const,
    Function,
    Instance,
    Library,
    Object,
    Partial,
    Plain,
    Value,
)


def partial(site: CallSite) -> Value:
    """``functools.partial(function, ...)``."""
    arguments = site.arguments
    if not arguments.args or arguments.opaque:
        return UNKNOWN
    return Partial(arguments.args[0], arguments.args[1:], arguments.keywords)


def wraps(site: CallSite) -> Value:
    """``functools.wraps(f)`` gives a decorator that changes nothing."""
    return Library("functools.wraps.decorator")


def first_argument(site: CallSite) -> Value:
    """What a function gives that gives back what it is given."""
    return site.arguments.args[0] if site.arguments.args else UNKNOWN


def is_coroutine_function(site: CallSite) -> Value:
    """``inspect.iscoroutinefunction(f)``."""
    first = first_argument(site)
    if isinstance(first, Function):
        return Const(first.is_async and not first.is_generator)
    return Plain("bool")


def cast(site: CallSite) -> Value:
    """``typing.cast(type, value)`` gives a value of the type."""
    named = site.arguments.get(0, "typ")
    if isinstance(named, ClassValue):
        return Instance(named)
    if isinstance(named, Library) and knowledge.library_type(named.dotted) is not None:
        return Object(named.dotted, declared=True)
    return UNKNOWN


def new_type(site: CallSite) -> Value:
    """``typing.NewType(name, type)`` is used like the type."""
    return site.arguments.get(1, "tp") or UNKNOWN


CALLS: Final[Mapping[str, CallModel]] = {
    "functools.partial": partial,
    "functools.wraps": wraps,
    "functools.wraps.decorator": first_argument,
    "asyncio.iscoroutinefunction": is_coroutine_function,
    "inspect.iscoroutinefunction": is_coroutine_function,
    "typing.cast": cast,
    "typing.NewType": new_type,
}
