"""Objects that a module makes once, and keeps as long as the program runs."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.places import Place, Position
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, parts_of


def is_of_module(ctx: Context, place: Place) -> bool:
    """Whether a call is in the body of a module, or in a function that caches its result."""

    def find() -> frozenset[Position]:
        code = _run_once(ctx.project.body(place.path))
        return frozenset(Position(node.line, node.col) for node in code if isinstance(node, tree.Call))

    return place.position in ctx.derive(("calls of module", place.path), find)


def _run_once(code: object) -> Iterator[object]:
    """All nodes of a module that run once."""
    pending = [code]
    while pending:
        part = pending.pop()
        if not isinstance(part, tree.Lambda) and (
            not isinstance(part, tree.FunctionDef) or _caches_result(part)
        ):
            yield part
            pending.extend(parts_of(part))


def _caches_result(function: tree.FunctionDef) -> bool:
    called = [part.func if isinstance(part, tree.Call) else part for part in function.decorators]
    return any(dotted(part).rpartition(".")[2] in ("cache", "lru_cache") for part in called)
