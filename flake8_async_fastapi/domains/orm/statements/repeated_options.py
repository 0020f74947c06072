"""Options that a loop adds to a query, or to a list for one, and that are not known.

The path on which the loop did not run counts as one with these options, too: where the code below
needs them, the list that the loop goes through is not empty.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.orm.statements.queries import Query
from flake8_async_fastapi.engine.containers import is_empty
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Collection, Object, Unknown, Value
from flake8_async_fastapi.records import replace


def end_loop(item: Value, states: list[State], head: list[State]) -> None:
    """After a loop, let queries and lists on the path past it have the unknown options of the other paths."""
    unknown = {
        name
        for state in head
        for name, value in state.env.items()
        if not any(before.env.get(name) is value for before in states) and _has_unknown_options(value)
    }
    for state in (*states, *head) if unknown else ():
        for name in unknown.intersection(state.env):
            state.narrow(name, _perhaps_with_more(state.env[name]))


def empty_list(state: State, value: Value) -> None:
    """A list of unknown options turned out to be empty: queries lack nothing that code below needs."""
    if isinstance(value, Collection) and _has_unknown_options(value):
        for name, query in list(state.env.items()):
            if isinstance(query, Object) and isinstance(query.detail, Query):
                state.narrow(name, _perhaps_with_more(query))


def _has_unknown_options(value: Value) -> bool:
    """Whether a value is a query, or a list of options, in which something is not known."""
    if isinstance(value, Collection):
        items = value.items if value.items is not None else (value.item,)
        return value.kind in ("list", "set", "tuple") and any(isinstance(one, Unknown) for one in items)
    if isinstance(value, Object) and isinstance(value.detail, Query):
        return not value.detail.certain
    return isinstance(value, Unknown)


def _perhaps_with_more(value: Value) -> Value:
    """A query or an empty list to which something unknown may have been added."""
    if isinstance(value, Object) and isinstance(value.detail, Query):
        return replace(value, detail=replace(value.detail, certain=False))
    if isinstance(value, Collection) and is_empty(value):
        return Collection(value.kind)
    return value
