"""Lists, tuples, sets and dicts: their methods as values, and their items."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.engine.joins import join_alike, union
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    ClassValue,
    Collection,
    Const,
    DeclaredCallable,
    Function,
    Instance,
    Member,
    Object,
    OneOf,
    Partial,
    PassedDict,
    Payload,
    Unknown,
    Value,
    alternatives,
    is_plain,
)
from flake8_async_fastapi.engine.walks import holds_coroutine
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr

_CLASS: Final = "class "
CONTAINER: Final = "builtins.container"

_MOST_TEXTS: Final = 8
MOST_KEYS: Final = 40
"""Longer lists and dicts of plain values are data, not names of attributes."""


class BoundContainer(Payload, frozen=True):
    """The container whose method is called."""

    value: Collection


def display(kind: str, items: tuple[Value, ...], keys: tuple[str | None, ...] | None = None) -> Collection:
    """A list, tuple, set or dict with known items; plain items are merged."""
    if len(items) > (_MOST_TEXTS if keys is None else MOST_KEYS) and all(map(is_plain, items)):
        return Collection(kind)
    return Collection(kind, items=items, keys=keys)


def attribute_of_row(row: Collection, name: str) -> Value | None:
    """An attribute of a row of a result, or of a named tuple; None for other containers and attributes."""
    if row.kind != "row" or row.keys is None:
        return None
    if name in row.keys and row.items is not None:
        return row.items[row.keys.index(name)]
    if name == "_mapping":
        return replace(row, kind="dict")
    return row if name in ("t", "_t") else None


def container_method(collection: Collection, name: str) -> Value:
    """A method of a container."""
    if holds_coroutine(collection):
        return UNKNOWN
    return Member(Object(CONTAINER, detail=BoundContainer(collection)), name)


def container_of_method(method: Value) -> Collection | None:
    """The container whose method is called; None for other values."""
    bound = method.receiver.detail if isinstance(method, Member) else None
    return bound.value if isinstance(bound, BoundContainer) else None


def any_item(collection: Collection) -> Value:
    """Any item of a container: for a dict, one of its values."""
    return union(list(collection.items)) if collection.items is not None else collection.item


def key_of(written: Expr, value: Value) -> str | None:
    """What stands for a key of a dict: the text that is written, or the name of a class; None for others."""
    if isinstance(value, ClassValue):
        return f"{_CLASS}{value.path}:{value.key}"
    return written.value if isinstance(written, tree.Const) and isinstance(written.value, str) else None


def key_of_member(cls: ClassValue, name: str) -> str:
    """What stands for a member of an enumeration as a key of a dict."""
    return f"{_CLASS}{cls.path}:{cls.key}.{name}"


def written_key(written: Expr, value: Value) -> Expr:
    """An index with the text that it is known to be in its place."""
    if isinstance(value, Const) and isinstance(value.value, str):
        return tree.Const(written.line, written.col, value.value)
    return written


def has_classes_as_keys(collection: Collection) -> bool:
    """Whether a dict is a table of what belongs to each of several classes, or members of an enumeration."""
    return any(key is not None and key.startswith(_CLASS) for key in collection.keys or ())


def item_at(collection: Collection, key: str | None) -> Value | None:
    """The item at a key, or any item if the key is not known; None if there is none."""
    keys = collection.keys
    if keys is not None and collection.items is not None and key in keys:
        return collection.items[keys.index(key)]
    is_missing = keys is not None and key is not None and None not in keys
    return None if is_missing or collection.items == () else any_item(collection)


def keys_passed(value: Value) -> Collection | None:
    """A dict as the function to which it is passed sees it: its keys, and what decides of their items.

    None for anything else, and if not all keys are known.
    """
    if not isinstance(value, Collection) or value.kind != "dict" or not value.keys or value.items is None:
        return None
    if None in value.keys or has_classes_as_keys(value):
        return None
    kept = (
        item if isinstance(item, Const) and not isinstance(item.value, str) else UNKNOWN
        for item in value.items
    )
    return PassedDict("dict", items=tuple(kept), keys=value.keys)


def surely_lacks(value: Value | None, key: object) -> bool:
    """Whether a dict that a caller passed has no such key."""
    return isinstance(value, PassedDict) and isinstance(key, str) and key not in (value.keys or ())


def is_empty(value: Value) -> bool:
    """Whether a value is a container that is known to have no items."""
    return isinstance(value, Collection) and value.items == ()


def is_bare(value: Value) -> bool:
    """Whether a value is a container whose items are known only from an annotation."""
    return (
        isinstance(value, Collection)
        and value.items is None
        and isinstance(value.item, Object)
        and value.item.declared
    )


def without_emptiness(value: Value) -> Value:
    """A value that other code can reach: an empty container may be filled later, unseen."""
    if isinstance(value, Collection) and value.items == () and value.kind != "tuple":
        return Collection(value.kind, value.item)
    return value


def says_nothing(value: Value) -> bool:
    """Whether a value is a container of which nothing is known, but perhaps that it holds callables."""
    if not isinstance(value, Collection) or value.items not in (None, ()):
        return False
    if value.kind == "tuple" and value.items is not None:
        return False  # nothing can be added to it
    return isinstance(value.item, (Unknown, DeclaredCallable)) or says_nothing(value.item)


def has_several_functions(collection: Collection) -> bool:
    """Whether it matters which item of a container is taken: it has several functions, at unknown keys."""
    item = collection.item
    return isinstance(item, OneOf) and all(isinstance(one, (ClassValue, Function)) for one in item.values)


def any_function(collection: Collection) -> Value:
    """What ``HANDLERS[key]`` may be if the key is unknown: functions, classes, or what alike objects share.

    If an annotation declares the type of the values, others than those seen may be added.
    """
    items = collection.items
    if not items or not isinstance(collection.item, Unknown):
        return collection.item
    kinds = (ClassValue, Function, Instance, Partial)
    known = all(isinstance(item, kinds) or _holds_functions(item) for item in items)
    return union(list(items)) if known else join_alike(list(items))


def _holds_functions(value: Value) -> bool:
    """Whether a value is a list of functions, as the handlers of an event are."""
    return isinstance(value, Collection) and all(
        isinstance(one, Function) for one in alternatives(any_item(value))
    )


def named_items(value: Value) -> list[tuple[str, Value]] | None:
    """The keyword arguments in ``**value``; None if they are not known."""
    if not isinstance(value, Collection) or value.keys is None or value.items is None:
        return None
    if any(key is None for key in value.keys):
        return None
    return [(str(key), item) for key, item in zip(value.keys, value.items, strict=True)]


_OF_ROWS: Final = frozenset({"count", "index", "t", "tuple", "keys"})


def names_of_row(value: Collection, lacking: str) -> tuple[str, ...]:
    """The attributes of a row that surely lacks one of this name; empty for anything else."""
    keys = value.keys or () if value.kind == "row" and not lacking.startswith("_") else ()
    names = tuple(key for key in keys if isinstance(key, str))
    return () if len(names) != len(keys) or lacking in names or lacking in _OF_ROWS else names
