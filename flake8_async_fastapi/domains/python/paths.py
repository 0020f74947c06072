"""Paths of the file system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from flake8_async_fastapi.engine.models import Operation
from flake8_async_fastapi.engine.values import Object, Value


def join_path(operation: Operation) -> Value | None:
    """``folder / name`` is a path like the folder; None for another operator."""
    for side in (operation.left, operation.right) if operation.operator == "/" else ():
        if isinstance(side, Object) and side.type in OPERATORS:
            return Object(side.type, declared=side.declared)
    return None


# Anyio's path is joined like the standard library's; its methods are coroutine functions.
OPERATORS: Final[Mapping[str, Callable[[Operation], Value | None]]] = {
    "pathlib.Path": join_path,
    "anyio.Path": join_path,
}
