"""Loops that try again: a pass that succeeds is their last one."""

from __future__ import annotations

from collections.abc import Sequence

from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Stmt
from flake8_async_fastapi.facts.walk import blocks, nodes_in


def repeats(loops: Sequence[tree.For | tree.While | tree.Comp], place: Place) -> bool:
    """Whether a call in some loops is done again after it succeeded, in one of them."""
    return any(isinstance(loop, tree.Comp) or not _leaves(loop.body, place, True) for loop in loops)


def _leaves(block: Sequence[Stmt], place: Place, breaks: bool) -> bool:
    """Whether code that goes on after a call leaves the loop; ``breaks``: so does ``break`` in this block."""
    for number, statement in enumerate(block):
        if _holds(statement, place):
            if any(_is_exit(one, breaks) for one in block[number:]):
                return True
            inner = breaks and not isinstance(statement, (tree.For, tree.While))
            if isinstance(statement, tree.Try) and any(_is_exit(one, inner) for one in statement.orelse):
                return True
            return any(_leaves(one, place, inner) for one in blocks(statement))
    return False


def _is_exit(statement: Stmt, breaks: bool) -> bool:
    return isinstance(statement, tree.Return) or (
        breaks and isinstance(statement, tree.Jump) and statement.word == "break"
    )


def _holds(statement: Stmt, place: Place) -> bool:
    return any(
        isinstance(node, tree.Call) and (node.line, node.col) == (place.line, place.col)
        for node in nodes_in(statement)
    )
