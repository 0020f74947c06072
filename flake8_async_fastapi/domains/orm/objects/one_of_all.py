"""Objects that are only some of all rows of a table, for which an item of a query without conditions stands.

One object is not the target for all rows of a table, nor are those of one of its collections all rows. A test
knows all rows. Source: docs/behaviour.md#identity-map.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.orm.objects.heap import instances_of, locations_in
from flake8_async_fastapi.domains.orm.objects.instances import InstanceState
from flake8_async_fastapi.engine.renaming import ARGUMENT, base
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Instance, Location, Value, alternatives, is_none
from flake8_async_fastapi.project.modules import is_test


def is_one_of_all(state: State, at: Location, other: InstanceState, obj: InstanceState) -> bool:
    """Whether an object is not all those for which an item stands: a query asked for it before, by a value,
    or for one object that leads to it, through one collection at most.

    A list may hold one for each.
    """
    if not obj.is_all or is_test(obj.path):
        return False
    top, chosen = at, other
    objects = instances_of(state)
    while not chosen.is_chosen and chosen.parent is not None and chosen.parent[0] in objects:
        top = chosen.parent[0]
        chosen = objects[top]
        if chosen.is_item:
            return False
    if not (chosen.is_chosen and chosen.source == "query") or base(top)[0] == ARGUMENT:
        return False
    lists = (value for value in state.values() if not _is_plain(value))
    return all(place not in locations_in(value) for value in lists for place in (at, top))


def _is_plain(value: Value) -> bool:
    return all(isinstance(one, Instance) or is_none(one) for one in alternatives(value))


def is_other_row(obj: InstanceState, asked: object) -> bool:
    """Whether a key is that of one among all, for which an item stands."""
    return obj.is_all and isinstance(asked, tuple) and asked[0] == "constant" and not is_test(obj.path)
