"""The rows that ``insert(Model)`` makes: which foreign keys the statement leaves null.

Source: docs/behaviour.md#reading-relationships.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Column
from flake8_async_fastapi.domains.orm.statements.queries import EqualityCondition, MappedAttribute, Query
from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.values import Arguments, ClassValue, Collection, Object, Value, is_none

INSERT: Final = "sqlalchemy.Insert"
_OTHER_ROWS: Final = frozenset({"from_select", "on_conflict_do_update", "on_duplicate_key_update"})


def extend_insert(
    ctx: Context, receiver: Object, query: Query, name: str, arguments: Arguments
) -> Object | None:
    """``insert(Model)``, extended by one more call; None for a call that says nothing of its rows.

    A foreign key that the first ``values()`` leaves out is null in the row, if nothing else gives it a value.
    """
    cls = receiver.argument("0")
    if name in _OTHER_ROWS:
        return replace(receiver, detail=replace(query, equals=(), is_filtered=True))
    if name != "values" or not isinstance(cls, ClassValue):
        return None
    given = _values_given(arguments)
    equals: tuple[EqualityCondition, ...] = ()
    if given is not None and not query.is_filtered:
        equals = tuple(
            EqualityCondition(MappedAttribute(cls, key), ("constant", None))
            for key in _null_keys(ctx, cls, given)
        )
    return replace(receiver, detail=replace(query, equals=equals, is_filtered=True))


def without_null_keys(query: Query) -> Query:
    """The query of an insert that gets its values when it is executed."""
    return replace(query, equals=())


def _values_given(arguments: Arguments) -> dict[str, Value] | None:
    """The values of one row by the names of the columns; None if they are not all known."""
    given = dict(arguments.keywords)
    for value in arguments.args:
        if not isinstance(value, Collection) or value.keys is None or value.items is None:
            return None
        for key, item in zip(value.keys, value.items, strict=True):
            if key is None:
                return None
            given[key] = item
    return None if arguments.opaque else given


def _null_keys(ctx: Context, cls: ClassValue, given: dict[str, Value]) -> list[str]:
    """The foreign keys of a model that a row with some values leaves null."""
    model = models.mapped_model(ctx, cls)
    if model is None or not given.keys() <= model.attributes.keys():
        return []
    return [
        name
        for name, column in model.attributes.items()
        if isinstance(column, Column)
        and column.references
        and not (column.is_key or column.has_default or column.on_insert or column.expression)
        and (name not in given or is_none(given[name]))
    ]
