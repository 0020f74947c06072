"""What conditions and loops say of ORM objects."""

from __future__ import annotations

from dataclasses import replace

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Column
from flake8_async_fastapi.domains.orm.objects import instances
from flake8_async_fastapi.domains.orm.objects.instances import PERHAPS, refs_in, rows_of
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import Collection, Instance, Options, Value, options


def test_attribute(
    frame: Frame, state: State, owner: Value, name: str, *, is_empty: bool, is_kind: bool
) -> None:
    """A condition was about a column of an object: an empty foreign key leads nowhere without I/O.

    A comparison with a constant asks what kind of object it is (``is_kind``).
    """
    rows = rows_of(state)
    for option in options(owner):
        row = rows.get(option.ref) if isinstance(option, Instance) and option.ref is not None else None
        model = models.mapped(frame.ctx, row.cls) if row is not None else None
        if row is None or model is None or not isinstance(option, Instance) or option.ref is None:
            continue
        if not isinstance(model.attributes.get(name), Column):
            continue
        if is_empty:
            empty = {other for other, found in model.relationships() if name in (found.keys or ())}
            row = replace(row, nulls=row.nulls | empty)
            for other in empty:
                if row.field(other) is None:
                    row = row.put(other, PERHAPS)
        rows[option.ref] = replace(row, guarded=row.guarded or is_kind)


def seek_name(state: State, name: str) -> None:
    """A condition asks whether an attribute is there: the code knows what it does."""
    rows = rows_of(state)
    for ref, row in list(rows.items()):
        rows[ref] = row.put(name, PERHAPS)


def empty(state: State, value: Value) -> None:
    """A container turned out to be empty: there are no objects in it."""
    rows = rows_of(state)
    for option in options(value):
        if isinstance(option, Collection) and option.items is None:
            for ref in refs_in(option.item):
                if ref in rows:
                    rows[ref] = replace(rows[ref], absent=True)


def end_loop(item: Value, before: list[State], after: list[State]) -> None:
    """A loop over objects is over: which of several it met last is no matter, and it may have met none."""
    if isinstance(item, Options):  # each of several was met, not one of them in each lap
        paths = [rows_of(state) for state in after]
        for ref in refs_in(item):
            met = [rows[ref] for rows in paths if ref in rows]
            for rows in paths:
                if ref in rows:
                    rows[ref] = instances.join(met)
    if len(after) > len(before):  # nothing was in it, so nothing is known to be missing of its items
        for state in before:
            rows = rows_of(state)
            for ref in refs_in(item):
                if ref in rows:
                    rows[ref] = replace(rows[ref], absent=True)
