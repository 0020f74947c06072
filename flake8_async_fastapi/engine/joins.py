"""The common ground of several values: joins of names, results and paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.engine.values import (
    NONE,
    UNKNOWN,
    Collection,
    Const,
    Coroutine,
    Function,
    Generator,
    Instance,
    Manager,
    Object,
    OneOf,
    Partial,
    Plain,
    Unknown,
    Value,
    alternatives,
)

MOST_ALTERNATIVES: Final = 4
"""More values than this at once are unknown: ``maybe`` is silent."""
MOST_CALLABLES: Final = 16
"""As many functions as a table of handlers has, and what calls of them return.

Not objects: to run a method of each, and what those call, takes too long.
"""


def union(values: list[Value]) -> Value:
    """One value that stands for any of several; unknown if one of them is."""
    if len(values) == 1:
        return values[0]
    flat: dict[Value, None] = {}
    for value in values:
        for alternative in alternatives(value):
            if isinstance(alternative, Unknown):
                return UNKNOWN
            flat[alternative] = None
    if not flat:
        return UNKNOWN
    if len(flat) > MOST_ALTERNATIVES and not _is_table(flat):
        return _merged(list(flat))
    return next(iter(flat)) if len(flat) == 1 else OneOf(tuple(flat))


def _merged(values: list[Value]) -> Value:
    """One value for too many: a library object such as a statement to which many branches added something."""
    merged = merge_objects([value for value in values if value != NONE])
    return OneOf((merged, NONE)) if NONE in values and not isinstance(merged, Unknown) else merged


def merge_objects(values: list[Value]) -> Value:
    """One library object for several of one type, of which the rest is left open; unknown for others."""
    found = [value for value in values if isinstance(value, Object) and value.detail is not None]
    if not found or len(found) < len(values) or any(other.type != found[0].type for other in found):
        return UNKNOWN
    joined = _join_objects(found)
    if isinstance(joined, OneOf):
        joined = _merge_details(found, Object(found[0].type))
    return joined if isinstance(joined, Object) and joined.detail is not None else UNKNOWN


def _merge_details(found: list[Object], usual: Object) -> Object:
    details = [one.detail for one in found]
    merged = details[0].merge(details[1:]) if details[0] is not None else None
    return replace(usual, detail=merged) if merged is not None else usual


def _is_table(values: Iterable[Value]) -> bool:
    """Whether the values come from a table of handlers, with None for a missing key."""
    found = [value for value in values if value != NONE]
    return len(found) <= MOST_CALLABLES and all(map(_is_handler, found))


def _is_handler(value: Value) -> bool:
    return isinstance(value, (Function, Partial, Coroutine, Generator, Manager))


def join_bindings(values: Iterable[Value]) -> Value:
    """The value of a name with several bindings, of which one holds at a time.

    None is ignored: such a name is set later. The code that uses the name knows which binding holds, but
    the engine does not. So all must be of one type, or all objects of classes of the project, and functions
    must be all ``def`` or all ``async def``.
    """
    found = [value for value in dict.fromkeys(all_alternatives(values)) if value != NONE]
    if len(found) == 1:
        return found[0]
    match found:
        case [Object(type=name), *others] if all(isinstance(o, Object) and o.type == name for o in others):
            return _join_objects([o for o in found if isinstance(o, Object)])
        case [Instance(cls=cls, location=None), *others] if all(
            isinstance(o, Instance) and o.cls == cls and o.location is None for o in others
        ):
            return _join_made([o for o in found if isinstance(o, Instance)])
        case [Instance(cls=cls), *others] if len(found) <= MOST_ALTERNATIVES and all(
            isinstance(o, Instance) and o.cls == cls for o in others
        ):
            return OneOf(tuple(found))
        case [Collection(kind=kind), *others] if len(found) <= MOST_ALTERNATIVES and all(
            isinstance(o, Collection) and o.kind == kind for o in others
        ):
            return OneOf(tuple(found))
        case [Instance(), *others] if len(found) <= MOST_ALTERNATIVES and all(
            isinstance(o, Instance) for o in others
        ):
            return OneOf(tuple(found))  # of several classes: what only some of them do is not certain
        case [Function() as first, *others] if all(
            isinstance(o, Function) and o.is_async == first.is_async for o in others
        ):
            return union(found)
        case [Coroutine(), *others] if all(isinstance(o, Coroutine) for o in others):
            return union(found)
        case [Generator(is_async=is_async), *others] if all(
            isinstance(o, Generator) and o.is_async == is_async for o in others
        ):
            return union(found)
        case [Manager(is_async=is_async), *others] if all(
            isinstance(o, Manager) and o.is_async == is_async for o in others
        ):
            return union(found)
        case [Plain() | Const(), *others] if all(isinstance(o, (Plain, Const)) for o in others):
            return Plain("object")
    return UNKNOWN


def _join_made(found: list[Instance]) -> Instance:
    """One object of a class for several; of new ones, the attributes that all agree on are kept.

    So is a list that one path filled: where it was not filled, it has no items that code can be wrong about.
    """
    usual, made = Instance(found[0].cls), [dict(one.attributes or ()) for one in found]
    if not all(one.exact for one in found) or not any(made):
        return usual
    kept: list[tuple[str, Value]] = []
    for name in sorted({name for attributes in made for name in attributes}):
        values = [attributes[name] for attributes in made if name in attributes]
        filled = [value for value in values if isinstance(value, Collection) and value.kind == "list"]
        if len(filled) == len(values):
            item = union([item for value in filled for item in _items_of(value)])
            kept.append((name, Collection("list", item)))
        elif len(values) == len(made):
            agreed = values[0] if len(set(values)) == 1 else join_alike(values)
            if not isinstance(agreed, Unknown):
                kept.append((name, agreed))
    return replace(usual, attributes=tuple(kept), exact=True) if kept else usual


def _join_objects(found: list[Object]) -> Value:
    """One value for several objects of one type; statements that select the same become one."""
    same = found[0].arguments
    if any(other.arguments != same for other in found):  # and some that are not known
        agreed_on = (pair for pair in same if all(pair in other.arguments for other in found))
        same = (*sorted(agreed_on, key=lambda pair: pair[0]), ("**", UNKNOWN))
    declared, doubtful = any(one.declared for one in found), any(one.has_doubtful_type for one in found)
    usual = Object(found[0].type, same, declared=declared, has_doubtful_type=doubtful)
    details = [one.detail for one in found]
    if not any(details):
        return usual
    agreed = details[0].join(details[1:]) if details[0] is not None else None
    if agreed is not None:
        return replace(usual, detail=agreed)
    return OneOf(tuple(found)) if len(found) <= MOST_ALTERNATIVES else _merge_details(found, usual)


def join_alike(values: list[Value]) -> Value:
    """One library object for several similar ones, such as a statement with more or fewer conditions."""
    found = [value for value in values if isinstance(value, Object) and value.detail is not None]
    if len(found) < len(values) or any(other.type != found[0].type for other in found):
        return UNKNOWN
    joined = _join_objects(found)
    return joined if isinstance(joined, Object) and joined.detail is not None else UNKNOWN


def kind_of_data(value: Value) -> str | None:
    """The kind of data in a value; None for a value with objects, functions, names or known constants.

    Two values of one kind differ in nothing that code can be wrong about.
    """
    if isinstance(value, Collection):
        return value.kind if _holds_data(value) else None
    options = value.values if isinstance(value, OneOf) else (value,)
    for option in options:
        if not isinstance(option, (Unknown, Plain)) and option != NONE:
            return None
    return "scalar"


def join_data(one: Value, other: Value) -> Value:
    """One value for two of the same kind of data."""
    if isinstance(one, Collection) and isinstance(other, Collection):
        return one if one == other else Collection(one.kind, union([*_items_of(one), *_items_of(other)]))
    return union([one, other])


def _holds_data(value: Value) -> bool:
    if isinstance(value, Collection):
        return not value.keys and all(map(_holds_data, _items_of(value)))
    if isinstance(value, OneOf):  # what a join made of it
        return all(map(_holds_data, value.values))
    return isinstance(value, (Unknown, Plain, Const))


def _items_of(value: Collection) -> tuple[Value, ...]:
    return (value.item,) if value.items is None else value.items


def join_returns(values: Iterable[Value]) -> Value:
    """The result of a call that may return any of several values.

    Callers often know from a condition of their own which one it is. So, apart from None, the values must
    fit together as in ``join_bindings``.
    """
    found = list(all_alternatives(values))
    result = join_bindings(found)
    if NONE in found:
        return NONE if all(value == NONE for value in found) else union([result, NONE])
    return result


def all_alternatives(values: Iterable[Value]) -> Iterator[Value]:
    """All alternatives of some values."""
    for value in values:
        yield from alternatives(value)
