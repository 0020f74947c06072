"""Functions with some of their statements replaced, to be run for what they leave behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec.structs

from flake8_async_fastapi.facts.tree import Stmt
from flake8_async_fastapi.facts.walk import blocks

_BLOCKS: Final = ("body", "orelse", "final")
_LISTS: Final = ("handlers", "cases")


def changed(body: list[Stmt], change: Callable[[Stmt], Stmt]) -> list[Stmt]:
    """Statements of the same scope, with some of them replaced."""
    return [_with_blocks(change(statement), change) for statement in body]


def _with_blocks(statement: Stmt, change: Callable[[Stmt], Stmt]) -> Stmt:
    if not blocks(statement):
        return statement
    new: dict[str, object] = {}
    for name in _BLOCKS:
        if hasattr(statement, name):
            new[name] = changed(getattr(statement, name), change)
    for name in _LISTS:
        if hasattr(statement, name):
            parts = getattr(statement, name)
            new[name] = [msgspec.structs.replace(part, body=changed(part.body, change)) for part in parts]
    made: Stmt = msgspec.structs.replace(statement, **new)
    return made
