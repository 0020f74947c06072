"""Branches and loops around two places: whether both can be reached, and which names each pass binds."""

from __future__ import annotations

from collections.abc import Iterable

from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import bound_names, flat, target_names


def are_exclusive(left: Iterable[tuple[int, int, str]], right: Iterable[tuple[int, int, str]]) -> bool:
    """Whether two places lie on different sides of one condition."""
    sides = {(line, col): side for line, col, side in left}
    return any(sides.get((line, col), side) != side for line, col, side in right)


def names_bound_in(loop: object) -> frozenset[str]:
    """The names that each pass of a loop or comprehension binds anew."""
    if isinstance(loop, tree.Comp):
        return frozenset(name for part in loop.loops for name in target_names(part.target))
    if isinstance(loop, (tree.For, tree.While)):
        own = target_names(loop.target) if isinstance(loop, tree.For) else ()
        return frozenset((*own, *(name for inner in flat(loop.body) for name in bound_names(inner))))
    return frozenset()
