"""The contents of values, and values with changed contents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.engine.joins import union
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    ClassValue,
    Collection,
    Const,
    Coroutine,
    DeclaredCallable,
    Function,
    Generator,
    Instance,
    Library,
    Manager,
    Member,
    Object,
    OneOf,
    Partial,
    Plain,
    Text,
    TextPrefix,
    Unknown,
    Value,
)


def may_hold_coroutine(value: Value) -> bool:
    """Whether the type of a value can be or contain a coroutine."""
    return type(value) in MAY_HOLD_COROUTINE


def may_hold_coroutines(values: Iterable[Value]) -> bool:
    """As ``may_hold_coroutine``, of any of several values."""
    return not MAY_HOLD_COROUTINE.isdisjoint(map(type, values))


MAY_HOLD_COROUTINE: Final = frozenset({Coroutine, OneOf, Collection, Partial})
"""The types of values that can be or contain a coroutine."""


def holds_coroutine(value: Value) -> bool:
    """Whether a value is or contains a coroutine."""
    if type(value) not in MAY_HOLD_COROUTINE:
        return False
    if isinstance(value, Collection):
        items = value.items
        return holds_coroutine(value.item) if items is None else any(map(holds_coroutine, items))
    return any(held_coroutines(value))


def held_coroutines(value: Value) -> Iterator[Coroutine]:
    """The coroutines that a value is or contains."""
    if isinstance(value, Coroutine):
        yield value
    elif isinstance(value, OneOf):
        for option in value.values:
            yield from held_coroutines(option)
    elif isinstance(value, Collection):
        for item in value.items if value.items is not None else (value.item,):
            yield from held_coroutines(item)
    elif isinstance(value, Partial):
        for argument in (*value.args, *(kept for _, kept in value.keywords)):
            yield from held_coroutines(argument)


MOST_PARTS: Final = 500
"""Values in one value; code that puts a value into itself, again and again, makes more without end."""


def limit_parts(value: Value) -> Value:
    """A value or, if it has too many parts to follow, only its type.

    A value that contains a coroutine is returned as it is, so that no coroutine is lost.
    """
    if not isinstance(value, (OneOf, Collection, Instance, Partial)) or _are_few(value):
        return value
    if holds_coroutine(value):
        return value
    match value:
        case Collection(kind=kind):
            return Collection(kind)
        case Instance():
            return replace(value, attributes=None)
    return UNKNOWN


def _are_few(value: Value) -> bool:
    """Whether a value has at most ``MOST_PARTS`` parts, itself included. Written without a call for each
    part.
    """
    pending, left = [value], MOST_PARTS
    while pending and left:
        left -= 1
        match pending.pop():
            case OneOf(values=parts) | Collection(items=tuple(parts)):
                pending.extend(parts)
            case Collection(item=item):
                pending.append(item)
            case Instance(attributes=tuple(pairs)):
                pending.extend([part for _, part in pairs])
            case Partial(function=callee, args=args, keywords=keywords):
                pending.extend((callee, *args, *[part for _, part in keywords]))
            case Function(receiver=owner) if owner is not None:
                pending.append(owner)
    return not pending


HOLDING_NO_OBJECTS: Final = frozenset({Unknown, Plain, Const, Text, TextPrefix, Library, ClassValue})
"""The types of values that neither are nor contain objects, functions or coroutines."""
HOLDING_NOTHING: Final = HOLDING_NO_OBJECTS | {Object}
"""The types of values that contain no others."""


def inner_values(value: Value) -> Sequence[Value]:
    """A value and all values that it contains, except variables of closures, each before its parts."""
    if type(value) in HOLDING_NOTHING:
        return (value,)
    found, pending = [], [value]
    while pending:  # no recursion: there are very many calls
        inner = pending.pop()
        found.append(inner)
        if type(inner) not in HOLDING_NOTHING:
            pending.extend(reversed(_parts_of(inner)))
    return found


def _parts_of(value: Value) -> tuple[Value, ...]:
    match value:
        case Instance(attributes=pairs):
            return tuple([kept for _, kept in pairs]) if pairs else ()
        case OneOf(values=parts) | Collection(items=tuple(parts)):
            return parts
        case Collection(item=item) | Generator(item=item) | DeclaredCallable(result=item):
            return (item,)
        case Manager(value=entered):
            return (entered,)
        case Coroutine(result=result, function=function, call=call):
            return (result, *(call.values() if call is not None else ()), *((function,) if function else ()))
        case Function(receiver=receiver):
            return (receiver,) if receiver is not None else ()
        case Partial(function=callee, args=args, keywords=keywords):
            return (callee, *args, *(kept for _, kept in keywords))
        case Member(receiver=owner):
            return (owner,)
    return ()


def map_values(value: Value, change: Callable[[Value], Value]) -> Value:
    """A value with ``change`` applied to every instance and library object in it."""
    if type(value) is Object:
        return change(value)
    if type(value) in HOLDING_NOTHING:
        return value
    match value:
        case OneOf(values=parts):
            return union([map_values(part, change) for part in parts])
        case Collection(items=None):
            item = map_values(value.item, change)
            return value if item is value.item else replace(value, item=item)
        case Collection(items=tuple(parts)):
            items = tuple(map_values(part, change) for part in parts)
            same = all(new is old for new, old in zip(items, parts, strict=True))
            return value if same else replace(value, items=items)
        case DeclaredCallable(result=result):
            return replace(value, result=map_values(result, change))
        case Generator():
            return replace(value, item=map_values(value.item, change))
        case Manager():
            return replace(value, value=map_values(value.value, change))
        case Instance(attributes=tuple(pairs)):
            kept = tuple((name, map_values(inner, change)) for name, inner in pairs)
            same = all(new[1] is old[1] for new, old in zip(kept, pairs, strict=True))
            return change(value if same else replace(value, attributes=kept))
        case Function(receiver=receiver) if receiver is not None:
            owner = map_values(receiver, change)
            return value if owner is receiver else replace(value, receiver=owner)
        case Coroutine(function=function, call=call):
            changed = map_values(function, change) if function is not None else None
            return replace(
                value,
                result=map_values(value.result, change),
                function=changed if isinstance(changed, Function) else None,
                call=map_arguments(call, change) if call is not None else None,
            )
        case Partial():
            args = tuple(map_values(part, change) for part in value.args)
            keywords = tuple((name, map_values(part, change)) for name, part in value.keywords)
            return Partial(map_values(value.function, change), args, keywords)
        case Member(receiver=receiver):
            made = change(receiver)
            return replace(value, receiver=made) if isinstance(made, Object) else UNKNOWN
        case Instance() | Object():
            return change(value)
    return value


def map_arguments(arguments: Arguments, change: Callable[[Value], Value]) -> Arguments:
    """Arguments with ``change`` applied to every instance and library object in them."""
    args = tuple(map_values(part, change) for part in arguments.args)
    keywords = tuple((name, map_values(part, change)) for name, part in arguments.keywords)
    return Arguments(args, keywords, arguments.opaque, arguments.placed)


def element_of_container(value: Value) -> Value:
    """One element of a container."""
    if isinstance(value, Collection) and value.kind != "dict":
        return union(list(value.items)) if value.items is not None else value.item
    return UNKNOWN
