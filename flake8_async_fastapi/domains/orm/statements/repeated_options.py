"""Unknown options that a loop adds to a query, or to a list of options.

The path on which the loop did not run counts as one with these options too: if the code below needs them,
the list that the loop iterates over is not empty.
"""

from __future__ import annotations

from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.statements.queries import Query
from flake8_async_fastapi.engine.containers import is_empty
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Collection, Object, Unknown, Value


def end_loop(item: Value, states: list[State], head: list[State]) -> None:
    """End a loop: queries and lists on the path past it get the unknown options of the other paths."""
    known = states[0].env if states else {}
    unknown = {
        name
        for state in head
        for name, value in state.env.items()
        if known.get(name) is not value  # nearly all are as before
        and _has_unknown_options(value)
        and not any(before.env.get(name) is value for before in states)
    }
    for state in (*states, *head) if unknown else ():
        for name in unknown.intersection(state.env):
            state.narrow(name, _perhaps_with_more(state.env[name]))


def empty_list(state: State, value: Value) -> None:
    """Note that a list of unknown options is empty: queries lack nothing that the code below needs."""
    if isinstance(value, Collection) and _has_unknown_options(value):
        for name, query in list(state.env.items()):
            if isinstance(query, Object) and isinstance(query.detail, Query):
                state.narrow(name, _perhaps_with_more(query))


def _has_unknown_options(value: Value) -> bool:
    """Whether a value is a query or a list of options that is partly unknown."""
    if isinstance(value, Collection):
        items = value.items if value.items is not None else (value.item,)
        return value.kind in ("list", "set", "tuple") and any(isinstance(one, Unknown) for one in items)
    if isinstance(value, Object) and isinstance(value.detail, Query):
        return not value.detail.certain
    return isinstance(value, Unknown)


def _perhaps_with_more(value: Value) -> Value:
    """A query or an empty list to which unknown options may have been added."""
    if isinstance(value, Object) and isinstance(value.detail, Query):
        return replace(value, detail=replace(value.detail, certain=False))
    if isinstance(value, Collection) and is_empty(value):
        return Collection(value.kind)
    return value
