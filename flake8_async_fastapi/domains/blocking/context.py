"""What a run of a function keeps in mind about blocking calls."""

from __future__ import annotations

from dataclasses import field

from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Stmt
from flake8_async_fastapi.records import dataclass


@dataclass(slots=True)
class BlockingContext:
    """``suppressed`` counts the code around that is left out, of the ``branches`` that run among it.

    ``known_done`` are the variables of which the code asked whether their work is done, ``body`` is
    the block of the ``with`` that is being entered, ``target`` what that binds.
    """

    suppressed: int = 0
    branches: list[bool] = field(default_factory=list)
    known_done: set[str] = field(default_factory=set)
    body: list[Stmt] = field(default_factory=list)
    target: tree.Expr | None = None
