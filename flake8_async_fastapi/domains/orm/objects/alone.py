"""New rows that nothing refers to, and whose keys the database chooses.

A row that was just made is the target of no other row until the code links the two, or uses its key. And a
constant key is that of a row which the author of the code knew, unless it is among the first of a table.
Source: docs/behaviour.md#identity-map.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.domains.orm.mapping.attributes import Attribute, Column, Model, Relationship
from flake8_async_fastapi.domains.orm.objects.heap import instances_of, locations_in
from flake8_async_fastapi.domains.orm.objects.instances import GENERATED, InstanceState
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import (
    Arguments,
    ClassValue,
    Library,
    Location,
    Member,
    Unknown,
    Value,
)
from flake8_async_fastapi.project.modules import is_test

_LISTENS: Final = "listens_for"
_GIVING: Final = frozenset({"builtins.getattr", "builtins.vars", "builtins.dict"})
"""Builtin functions that give what an object holds; others only show it, or ask for its type."""


def made_alone(frame: Frame, obj: InstanceState, model: Model, given: Iterable[str]) -> InstanceState:
    """A new object that got values for some attributes: its key is not known, and nobody refers to it.

    A listener may link it. In a loop, it stands for several.
    """
    keys = {name for name, found in model.attributes.items() if isinstance(found, Column) and found.is_key}
    if obj.has_unknown_arguments or len(keys) != 1 or keys & set(given) or frame.enclosing_loops:
        return obj
    is_alone = not is_test(frame.path) and not frame.ctx.project.mentioning(_LISTENS)
    return replace(obj, identity=GENERATED, is_alone=is_alone)


def end_by_read(
    objects: dict[Location, InstanceState], at: Location, attribute: Attribute | None, use: str
) -> None:
    """Note a read of an object: of its key, of what may lead to its key, or of a collection to add to."""
    if attribute is None or (isinstance(attribute, Column) and attribute.is_key):
        _end(objects, [at])
    elif use == "mutated" and isinstance(attribute, Relationship):
        _end(objects, [at])
        end_of_class(objects, attribute.target)


def end_by_link(
    objects: dict[Location, InstanceState], at: Location, relationship: Relationship, value: Value
) -> None:
    """Note that a relationship of an object is assigned: the key of one of the two stands in another row."""
    linked = locations_in(value)
    _end(objects, linked if relationship.to_one else [at, *linked])


def end_of_class(objects: dict[Location, InstanceState], cls: ClassValue | None) -> None:
    """Note that some object of a class is linked, but not which."""
    _end(objects, [at for at, obj in objects.items() if obj.is_alone and cls in (None, obj.cls)])


def end_by_escape(
    frame: Frame, callee: Unknown | Library | Member, arguments: Arguments, place: Place
) -> None:
    """Note that code which is not followed gets objects: it may use their keys."""
    if isinstance(callee, Library) and callee.dotted.startswith("builtins.") and callee.dotted not in _GIVING:
        return
    if isinstance(callee, Member) and knowledge.is_database(callee.receiver.type):
        return
    objects = instances_of(frame.state)
    for value in arguments.values() if objects else ():
        _end(objects, locations_in(value))


def _end(objects: dict[Location, InstanceState], locations: Iterable[Location]) -> None:
    for at in locations:
        obj = objects.get(at)
        if obj is not None and obj.is_alone:
            objects[at] = replace(obj, is_alone=False)


def are_alone(frame: Frame, cls: ClassValue) -> bool:
    """Whether nothing refers to the new objects of a class, if there are any."""
    made = [obj for obj in instances_of(frame.state).values() if obj.source == "new" and obj.cls == cls]
    return bool(made) and all(obj.is_alone for obj in made)


def has_other_key(objects: Mapping[Location, InstanceState], one: InstanceState, asked: object) -> bool:
    """Whether a key is not that of an object, as one of the two is that of a row made here: it is a constant,
    for which there have to be more rows than were made.
    """
    made, other = (one.identity, asked) if one.identity == GENERATED else (asked, one.identity)
    if made != GENERATED or not isinstance(other, tuple) or other[0] != "constant":
        return False
    count = sum(1 for obj in objects.values() if obj.source == "new" and obj.cls == one.cls)
    return type(other[1]) is int and other[1] > count and not is_test(one.path)
