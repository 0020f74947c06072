"""Values that are sessions."""

from __future__ import annotations

from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.machine import classes
from flake8_async_fastapi.engine.values import ClassValue, Instance, Object, Value, alternatives
from flake8_async_fastapi.knowledge.transactions import is_session_type


def is_surely_session(ctx: Context, value: Value) -> bool:
    """Whether a value is certainly an AsyncSession, or an instance of a subclass in the project."""
    return all(_is_session_object(ctx, alternative) for alternative in alternatives(value))


def _is_session_object(ctx: Context, value: Value) -> bool:
    if isinstance(value, Instance):
        return derives_from_session(ctx, value.cls)
    return isinstance(value, Object) and is_session_type(value.type)


def derives_from_session(ctx: Context, cls: ClassValue) -> bool:
    """Whether a class of the project derives from AsyncSession."""
    base = classes.library_base(ctx, cls)
    return base is not None and is_session_type(base.type)
