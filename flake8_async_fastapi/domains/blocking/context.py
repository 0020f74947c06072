"""The notes that a run keeps about blocking calls."""

from __future__ import annotations

from msgspec import Struct, field

from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Stmt


class BlockingContext(Struct):
    """``suppressed`` counts the blocks around that allow blocking; ``branches`` are the branches among
    them.
    """

    suppressed: int = 0
    branches: list[bool] = field(default_factory=list)
    known_done: set[str] = field(default_factory=set)
    body: list[Stmt] = field(default_factory=list)
    target: tree.Expr | None = None
