"""Columns of an object that were assigned."""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.domains.orm.mapping import models
from flake8_async_fastapi.domains.orm.mapping.attributes import Column
from flake8_async_fastapi.domains.orm.objects.instances import AttributeState, InstanceState, Loaded
from flake8_async_fastapi.domains.orm.statements import load_plans
from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.values import UNKNOWN, Plain

SET_TO_SQL: Final = Plain("an SQL expression")
"""The value of a column that was assigned an SQL expression."""
SET_TO_VALUE: Final = Plain("set")
"""The value of a column that was assigned since the last flush: no ``onupdate`` replaces it."""
CHANGED_IN_PLACE: Final = Plain("changed in place")
"""The value of a column of which something inside was changed, which no flush notices."""
ANY_COLUMN: Final = "*"
"""Stands for a column that was assigned, and whose name is not known."""


def names_of_assigned(obj: InstanceState) -> set[str]:
    """The columns of an object that were assigned since the last flush."""
    return {
        name
        for name, found in obj.fields
        if isinstance(found, Loaded) and found.value in (SET_TO_VALUE, SET_TO_SQL)
    }


def says_no_more_than_plan(ctx: Context, obj: InstanceState, name: str, found: AttributeState) -> bool:
    """Whether an attribute is a column that was loaded or assigned, and would be loaded anyway.

    A flush then treats it like a column that was not assigned.
    """
    if obj.default != "plan" or obj.may_be_expired or not isinstance(found, Loaded):
        return False
    if found.value not in (UNKNOWN, SET_TO_VALUE):
        return False
    model = models.model_of_objects(ctx, obj.cls)
    column = model.attributes.get(name) if model is not None else None
    if not isinstance(column, Column) or column.on_update or column.expression:
        return False
    return load_plans.is_loaded(obj.plan, name, column)
