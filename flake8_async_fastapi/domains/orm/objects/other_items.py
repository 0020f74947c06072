"""Loops over ORM objects: what happens to one item, such as a refresh, does not happen to those that follow.

All items of a list are one object here. So a second one stands for those that a loop has not reached yet.
A commit expires both, and only the first is refreshed. Source: docs/behaviour.md#sessions-and-expiry.
"""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.domains.orm.objects import aliasing
from flake8_async_fastapi.domains.orm.objects.heap import instances_of, locations_in
from flake8_async_fastapi.domains.orm.objects.instances import InstanceState, NotLoaded
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.renaming import ARGUMENT
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Location, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import names_in, target_names

_OTHERS: Final = "other items"


def begin_item(frame: Frame, item: Value, node: tree.For, again: bool) -> None:
    """Begin a pass of a loop: ``again``, with an item that the passes before have not reached."""
    objects = instances_of(frame.state)
    for location in locations_in(item) if objects else ():
        obj = objects.get(location)
        if obj is None or not _is_of_query(location):
            continue
        others = (*location[:3], _OTHERS)
        if not again:
            objects.pop(others, None)
            if _is_single_item(obj) and not node.is_async and not _has_other_name(frame, location, node):
                objects[others] = obj
        elif (other := objects.get(others)) is not None and _is_expired(other) and _is_single_item(obj):
            aliasing.forget_below(frame.state, location)
            objects[location] = other


def end_items(item: Value, before: list[State], after: list[State]) -> None:
    """End a loop: nothing more is known of the items apart from the last."""
    for state in after:
        objects = instances_of(state)
        for location in locations_in(item) if objects else ():
            if _is_of_query(location):
                objects.pop((*location[:3], _OTHERS), None)


def keep_others(frame: Frame, location: Location) -> None:
    """Keep what a list holds besides the item that is taken out of the session: it stays as it is."""
    objects = instances_of(frame.state)
    obj = objects[location]
    if _is_of_query(location) and obj.is_item and obj.phase == "persistent" and not frame.enclosing_loops:
        objects.setdefault((*location[:3], _OTHERS), obj)


def _is_of_query(location: Location) -> bool:
    return isinstance(location[0], str) and location[0] != ARGUMENT and len(location) > 3


def _is_single_item(obj: InstanceState) -> bool:
    """Whether an object is one of many, with nothing that unknown code may have done to all of them."""
    known = obj.default == "plan" and not obj.may_be_loaded
    return obj.is_item and obj.phase == "persistent" and known


def _is_expired(obj: InstanceState) -> bool:
    return isinstance(obj.default, NotLoaded) and not obj.may_be_loaded


def _has_other_name(frame: Frame, location: Location, node: tree.For) -> bool:
    """Whether the body mentions another variable that leads to the items: it may refresh all of them."""
    own, state = set(target_names(node.target)), frame.state
    mentioned = {name for name in names_in(node.body) if name not in own}
    values = [
        value
        for path, value in (*state.env.items(), *state.attributes.items())
        if path.partition(".")[0] in mentioned
    ]
    return any(location == other for value in values for other in locations_in(value))
