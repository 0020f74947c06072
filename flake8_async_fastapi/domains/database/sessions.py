"""Values that are sessions."""

from __future__ import annotations

from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.machine import classes
from flake8_async_fastapi.engine.values import Instance, Object, Value, alternatives
from flake8_async_fastapi.knowledge import is_subtype
from flake8_async_fastapi.knowledge.transactions import SESSION


def is_session(ctx: Context, value: Value) -> bool:
    """Whether a value is surely an AsyncSession, or of a class of the project that derives from it."""
    return all(_is_session_object(ctx, alternative) for alternative in alternatives(value))


def _is_session_object(ctx: Context, value: Value) -> bool:
    if isinstance(value, Instance):
        base = classes.library_base(ctx, value.cls)
        return base is not None and is_subtype(base.type, SESSION)
    return isinstance(value, Object) and is_subtype(value.type, SESSION)
