"""Arguments that are surely not of the type that is declared for them, as a fake in a test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.engine import relevance
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.joins import union
from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    ClassValue,
    Collection,
    Const,
    Function,
    Instance,
    Library,
    Object,
    OneOf,
    Plain,
    Unknown,
    Value,
    alternatives,
)

_Bases = Callable[[ClassValue], Iterable[Value]]

_DOUBLES: Final = ("unittest.mock.Mock", "types.SimpleNamespace")
"""Types of objects that are made to be passed for others."""
_TYPED: Final = (Instance, Object, OneOf)
"""Values of types that something else may stand in for."""
_TEXTS_AND_NUMBERS: Final = frozenset({"str", "bytes", "int", "float", "bool"})


def is_stand_in(value: Value, declared: Value, bases: _Bases) -> bool:
    """Whether no alternative of a value can be an object of the type declared for it.

    What code passes against a declaration is what counts: such code runs, and the declaration is ignored.
    """
    given = [option for option in alternatives(value) if option != NONE]
    named = [option for option in alternatives(declared) if option != NONE]
    return bool(given and named) and all(_is_other(option, name, bases) for option in given for name in named)


def argument(
    ctx: Context,
    passed: Value,
    known: Value,
    function: Function,
    name: str,
    mro: Callable[[Context, ClassValue], Iterable[Value]],
) -> Value:
    """An argument, with what is ``known`` of its parameter if it may be of the type declared there."""
    is_typed = isinstance(known, _TYPED) and not isinstance(passed, Unknown)
    if not is_typed or not is_stand_in(passed, known, lambda cls: mro(ctx, cls)):
        return relevance.specialise(ctx, passed, known, function, name)
    options = alternatives(passed)
    kept = [
        known if isinstance(option, Instance) and isinstance(known, Instance) else UNKNOWN
        for option in options
    ]
    return union(
        [
            relevance.specialise(ctx, option, one, function, name)
            for option, one in zip(options, kept, strict=True)
        ]
    )


def _is_other(option: Value, declared: Value, bases: _Bases) -> bool:
    if not isinstance(declared, (Instance, Object)):
        return False
    match option:
        case Collection():
            return True
        case Plain(kind=kind):
            return kind in _TEXTS_AND_NUMBERS
        case Const(value=str() | bool()):
            return True
        case Object(type=name):
            return any(knowledge.is_subtype(name, double) for double in _DOUBLES)
        case Instance(cls=cls):
            return not _are_related(cls, declared, bases)
    return False


def _are_related(cls: ClassValue, declared: Instance | Object, bases: _Bases) -> bool:
    """Whether one of two types may be derived from the other: a caller may know better than its types say."""
    ancestors = tuple(bases(cls))
    if any(isinstance(base, Unknown) for base in ancestors):
        return True
    if isinstance(declared, Instance):
        return declared.cls in ancestors or cls in tuple(bases(declared.cls))
    libraries = [base.dotted for base in ancestors if isinstance(base, Library)]
    return any(
        knowledge.library_type(name) is None or knowledge.is_subtype(name, declared.type)
        for name in libraries
    )


def is_declared_parameter(frame: Frame, name: str, value: Value) -> bool:
    """Whether a parameter of the function is known only by its annotation, as one object of a class."""
    params = frame.node.params if frame.node is not None else ()
    return isinstance(value, Instance) and not value.exact and any(param.name == name for param in params)
