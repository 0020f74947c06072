"""Views: what a function says about the code of one file.

Whoever asks for all of the code depends on all of it. A view has an answer of its own: an edit that leaves
the answer as it was leaves all results that rest on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar

from flake8_async_fastapi.facts.tree import Call, Stmt
from flake8_async_fastapi.facts.walk import dotted, nodes_in

T = TypeVar("T")

View: TypeAlias = Callable[[list[Stmt]], T]
"""From the code of a file to values that have a JSON form. It has no effects, and looks at nothing else."""

_VIEWS: Final[dict[str, View[Any]]] = {}


def view(function: View[T]) -> View[T]:
    """Register a function as a view. The decorated function is the function."""
    _VIEWS[name_of(function)] = function
    return function


def name_of(function: View[Any]) -> str:
    """The name of a view in questions."""
    return f"{function.__module__}.{function.__qualname__}"


def view_named(name: str) -> View[Any]:
    """The view of a name. Raises KeyError if there is none, as for a name from a hostile cache."""
    return _VIEWS[name]


@view
def calls_by_name(body: list[Stmt]) -> dict[str, list[Call]]:
    """The calls anywhere in a file, by the last name of what is called."""
    found: dict[str, list[Call]] = {}
    for node in nodes_in(body):
        if isinstance(node, Call) and (called := dotted(node.func)):
            found.setdefault(called.rpartition(".")[2], []).append(node)
    return found
