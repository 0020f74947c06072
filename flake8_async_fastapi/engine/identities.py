"""Objects compared with ``is``, such as sentinels."""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.engine.values import Const, Object, Value

SENTINEL: Final = "builtins.object"


def are_identical(left: Value, right: Value) -> bool | None:
    """Whether two values are the same object; None if that is not known."""
    if _is_sentinel(left) and _is_sentinel(right):
        return left == right
    if (_is_sentinel(left) and isinstance(right, Const)) or (isinstance(left, Const) and _is_sentinel(right)):
        return False
    return None


def _is_sentinel(value: Value) -> bool:
    return isinstance(value, Object) and value.type == SENTINEL and value.origin is not None
