"""Hovers: the knowledge of the code under the pointer."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flake8_async_fastapi.engine.events import CallTraced, Event, VariableTraced
from flake8_async_fastapi.engine.places import Position
from flake8_async_fastapi.engine.trace import describe_value


@dataclass(frozen=True, slots=True)
class Hover:
    """A text in Markdown about the code between two places, whose columns count bytes."""

    text: str
    begin: Position
    end: Position


def find_hover(tree: ast.AST, events: Sequence[Event], place: Position) -> Hover | None:
    """A description of the smallest piece of code at a place that the events of a trace describe.

    Lines count from 1, columns bytes from 0.
    """
    path = list(_path_to(tree, place))
    for position in range(len(path) - 1, -1, -1):
        node = path[position]
        if isinstance(node, ast.expr):
            said = list(dict.fromkeys(_said_of(node, path[:position], events)))
            if said:
                begin, end = Position(node.lineno, node.col_offset), _end_of(node)
                return Hover("\n".join(said), begin, end)
    return None


def _path_to(tree: ast.AST, place: Position) -> Iterator[ast.AST]:
    """The nodes around a place, from the outermost to the innermost."""
    node: ast.AST | None = tree
    while node is not None:
        yield node
        node = next((child for child in _children(node) if _covers(child, place)), None)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below one that have a place; what has none is looked through."""
    for child in ast.iter_child_nodes(node):
        if hasattr(child, "lineno"):
            yield child
        else:
            yield from _children(child)


def _covers(node: ast.AST, place: Position) -> bool:
    first = min((deco.lineno for deco in getattr(node, "decorator_list", ())), default=node.lineno)  # type: ignore[attr-defined]
    return (first, node.col_offset if first == node.lineno else 0) <= place <= _end_of(node)  # type: ignore[attr-defined]


def _end_of(node: ast.AST) -> Position:
    return Position(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]


def _said_of(node: ast.expr, around: Sequence[ast.AST], events: Sequence[Event]) -> Iterator[str]:
    if isinstance(node, ast.Call):
        here = [
            event
            for event in events
            if isinstance(event, CallTraced) and (event.line, event.col) == (node.lineno, node.col_offset)
        ]
        if here:  # the calls of a chain begin at the same place, and the last one is the whole
            yield f"{describe_value(here[-1].value)}: {here[-1].words}"
    elif isinstance(node, (ast.Name, ast.Attribute)):
        name = ast.unparse(node)
        for event in _values_at(name, node, around, events):
            yield _in_markdown(name, event)


def _values_at(
    name: str, node: ast.expr, around: Sequence[ast.AST], events: Sequence[Event]
) -> list[VariableTraced]:
    """The values of a variable on all paths: after its statement if that assigns it, else before it."""
    scope = next((outer for outer in reversed(around) if isinstance(outer, _SCOPES)), None)
    first, last = (0, 1 << 30) if scope is None else (scope.lineno, scope.end_lineno or scope.lineno)
    of_it = [
        event
        for event in events
        if isinstance(event, VariableTraced) and event.name == name and first <= event.line <= last
    ]
    line = next((outer.lineno for outer in reversed(around) if isinstance(outer, ast.stmt)), node.lineno)
    is_target = isinstance(getattr(node, "ctx", None), ast.Store)
    before = [event.line for event in of_it if event.line < line + is_target]
    chosen = max(before, default=None) or min((event.line for event in of_it), default=0)
    return [event for event in of_it if event.line == chosen]


_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef)


def _in_markdown(name: str, event: VariableTraced) -> str:
    known = "".join(f"\n  - {part}" for part in event.loaded.split("; ") if part)
    return f"- `{name}`: {describe_value(event.value)}{known}"
