"""What a run of a function keeps in mind about blocking calls."""

from __future__ import annotations

from dataclasses import dataclass, field

from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Stmt


@dataclass(slots=True)
class Watch:
    """``muted`` counts the blocks around that are left out, ``lazily`` the calls around that go
    through lazy arguments in another thread, ``given`` the calls under way of a function that the
    caller passed.  ``parameters`` are the names of what the caller passed.

    ``awaited`` are the places of calls that are used as async ones, ``checked`` the variables
    of which the code asked whether their work is done, ``body`` the block of the ``with`` that is
    being entered.
    """

    muted: int = 0
    lazily: int = 0
    given: int = 0
    parameters: frozenset[str] = frozenset()
    awaited: set[tuple[int, int]] = field(default_factory=set)
    checked: set[str] = field(default_factory=set)
    body: list[Stmt] = field(default_factory=list)
    target: tree.Expr | None = None

    def awaiting(self, node: tree.Expr) -> None:
        """A call is awaited, or used with ``async with`` or ``async for``: the author knows it as async."""
        if isinstance(node, tree.Call):
            self.awaited.add((node.line, node.col))

    def entering(self, node: tree.With, item: tree.WithItem) -> None:
        """The next context manager to be entered."""
        self.body, self.target = node.body, item.target
        if node.is_async:
            self.awaiting(item.context)
