"""Functions that are not run for each combination of arguments: long ones, and wide circles of calls."""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.queries import WideCircle
from flake8_async_fastapi.engine.values import Function
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import flat

_MOST_IN_CIRCLE: Final = 5


def note_circle(ctx: Context, function: Function) -> None:
    """A function under way is called again: it and those between call each other in a circle.

    The ways through many such functions are too many to carry the arguments of each caller
    along all of them.  Raises WideCircle where this was not known of one of them.
    """
    depth = ctx.active[function.key]
    between = [key for key, at in ctx.active.items() if at >= depth]
    new = (
        [key for key in between if not ctx.is_kept(("wide circle", key))]
        if len(between) > _MOST_IN_CIRCLE
        else []
    )
    for key in new:
        ctx.keep_fact(("wide circle", key))
    if new:
        raise WideCircle


def is_in_wide_circle(ctx: Context, function: Function) -> bool:
    return ctx.is_kept(("wide circle", function.key))


_MOST_STATEMENTS: Final = 60


def is_long(ctx: Context, function: Function) -> bool:
    """Whether a function has too many statements to be run for each combination of arguments."""
    node = function.node
    if not isinstance(node, tree.FunctionDef) or node.name == "__init__":
        return False
    return ctx.derive(("long", function.key), lambda: sum(1 for _ in flat(node.body)) > _MOST_STATEMENTS)
