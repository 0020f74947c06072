"""A Python file as text and syntax tree, and edits of its text."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Scope: TypeAlias = ast.Module | ast.ClassDef | Function | ast.Lambda

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = (*FUNCTIONS, ast.Lambda)


@dataclass(frozen=True, order=True)
class Edit:
    """Replace the text between two offsets; at one place, lower ``rank`` comes first."""

    start: int
    end: int
    rank: int
    text: str


class EditError(Exception):
    """Two edits of one text that overlap."""


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text after the edits.

    Raises EditError for edits that overlap.
    """
    parts, at = [], 0
    for edit in sorted(set(edits)):
        if edit.start < at:
            raise EditError(f"two edits at {edit.start}")
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])


@dataclass(frozen=True)
class Source:
    """A file that parses."""

    path: str
    text: str
    tree: ast.Module = field(repr=False, compare=False)

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """Each node's parent."""
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def _lines(self) -> list[tuple[int, str]]:
        lines, at = [], 0
        for line in self.text.split("\n"):
            lines.append((at, line))
            at += len(line) + 1
        return lines

    def offset(self, line: int, column: int) -> int:
        """The place in the text of a line (from 1) and a column in bytes."""
        at, text = self._lines[line - 1]
        return at + (column if text.isascii() else len(text.encode()[:column].decode(errors="ignore")))

    def line_text(self, line: int) -> str:
        """A line, without its end."""
        return self._lines[line - 1][1]

    def line_start(self, line: int) -> int:
        """The start of a line; the end of the text for the line after the last."""
        return self._lines[line - 1][0] if line <= len(self._lines) else len(self.text)

    def start(self, node: ast.expr | ast.stmt) -> int:
        """The start of a node; for a decorated definition, its ``def`` or ``class``."""
        return self.offset(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt) -> int:
        """The end of a node."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self.offset(node.end_lineno, node.end_col_offset)

    def code(self, node: ast.expr | ast.stmt) -> str:
        """The text of a node."""
        return self.text[self.start(node) : self.end(node)]

    def before(self, node: ast.expr | ast.stmt, text: str) -> Edit:
        """Insert a text before a node; of two nodes with the same start, the outer comes first."""
        return Edit(self.start(node), self.start(node), -self.end(node), text)

    def after(self, node: ast.expr | ast.stmt, text: str) -> Edit:
        """Insert a text after a node; of two nodes with the same end, the inner comes first."""
        return Edit(self.end(node), self.end(node), len(self.text) - self.start(node), text)

    def instead(self, node: ast.expr | ast.stmt, text: str) -> Edit:
        """Replace a node by a text."""
        return Edit(self.start(node), self.end(node), 0, text)

    def indent(self, node: ast.expr | ast.stmt) -> str:
        """The text before the first line of a node's statement."""
        line = self.line_text(self.statement(node).lineno)
        return line[: len(line) - len(line.lstrip())]

    def statement(self, node: ast.AST) -> ast.stmt:
        """The statement that holds a node, or the node itself."""
        while not isinstance(node, ast.stmt):
            node = self.parents[node]
        return node

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """The ancestors of a node, from the nearest."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def function_of(self, node: ast.AST) -> Function | None:
        """The function whose body contains a node; None at module level, in a class, and in a lambda.

        Decorators, default values and annotations belong to the scope around their function.
        """
        child = node
        for parent in self.above(node):
            if isinstance(parent, FUNCTIONS) and child in parent.body:
                return parent
            if isinstance(parent, (ast.Lambda, ast.ClassDef)):
                return None
            child = parent
        return None

    def qualname(self, node: Function | ast.ClassDef) -> str:
        """The name of a definition, with those of the definitions around it."""
        names = [node.name]
        names += [
            parent.name for parent in self.above(node) if isinstance(parent, (*FUNCTIONS, ast.ClassDef))
        ]
        return ".".join(reversed(names))


def parse(path: str, text: str) -> Source | None:
    """The file, or None if it does not parse."""
    try:
        return Source(path, text, ast.parse(text))
    except (SyntaxError, ValueError, RecursionError):
        return None


def nodes_of(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope, in order: of a function or class in it, only the definition itself."""
    pending = list(reversed(list(_own_children(scope))))
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, (*SCOPES, ast.ClassDef)):
            pending += reversed(list(_outside(node)))
        else:
            pending += reversed(list(ast.iter_child_nodes(node)))


def _own_children(scope: ast.AST) -> Iterator[ast.AST]:
    if isinstance(scope, (*FUNCTIONS, ast.ClassDef)):
        yield from scope.body
    elif isinstance(scope, ast.Lambda):
        yield scope.body
    else:
        yield from ast.iter_child_nodes(scope)


def _outside(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a definition that run where it is defined."""
    inside = set(map(id, _own_children(node)))
    return (child for child in ast.iter_child_nodes(node) if id(child) not in inside)


def yields_of(function: Function) -> list[ast.Yield | ast.YieldFrom]:
    """The places where a function yields."""
    return [node for node in nodes_of(function) if isinstance(node, (ast.Yield, ast.YieldFrom))]


def decorator_names(function: Function) -> list[str]:
    """The last names of a function's decorators."""
    found = []
    for decorator in function.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        found.append(target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", ""))
    return found


def has_decorator(function: Function, *names: str) -> bool:
    """Whether a function has a decorator of one of some names."""
    return any(name in names for name in decorator_names(function))


def is_property(function: Function) -> bool:
    """Whether a method is a property."""
    return has_decorator(function, "property", "cached_property", "hybrid_property")


def first_line(node: ast.stmt) -> int:
    """The first line of a statement, including its decorators."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])
