"""A file as libcst sees it: the nodes at a place, their ancestors, and their ends."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import TypeAlias, TypeVar

import libcst as cst
from libcst import metadata

from flake8_async_fastapi.fixes.edits import LINE_END, Edit, insert, split_lines

N = TypeVar("N", bound=cst.CSTNode)
Function: TypeAlias = cst.FunctionDef | cst.Lambda


class Code:
    """The text of one file, parsed.

    Raises libcst.ParserSyntaxError for a text that is not Python.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        wrapper = metadata.MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
        self.module = wrapper.module
        self._ranges: Mapping[cst.CSTNode, metadata.CodeRange] = wrapper.resolve(metadata.PositionProvider)
        self._parents: Mapping[cst.CSTNode, cst.CSTNode] = _parents(self.module)

    @cached_property
    def _lines(self) -> list[str]:
        return split_lines(self.text)

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        for line in self._lines:
            starts.append(starts[-1] + len(line))
        return starts

    @cached_property
    def _nodes_by_start(self) -> dict[int, list[cst.CSTNode]]:
        found: dict[int, list[cst.CSTNode]] = {}
        for node in self._ranges:
            found.setdefault(self.start(node), []).append(node)
        return found

    def start(self, node: cst.CSTNode) -> int:
        """The start of a node, without the parentheses around an expression."""
        at = self._ranges[node].start
        return self._line_starts[at.line - 1] + at.column

    def end(self, node: cst.CSTNode) -> int:
        """The end of a node."""
        at = self._ranges[node].end
        return self._line_starts[at.line - 1] + at.column

    def source(self, node: cst.CSTNode) -> str:
        """A node as written."""
        return self.text[self.start(node) : self.end(node)]

    def line_of(self, node: cst.CSTNode) -> int:
        """The line on which a node starts."""
        return self._ranges[node].start.line

    def offset(self, line: int, col: int) -> int:
        """The place of a line and a column as Python counts them: in bytes of UTF-8."""
        if not 0 < line <= len(self._lines):
            return len(self.text)
        before = self._lines[line - 1].encode("utf-8", "surrogatepass")[:col]
        return self._line_starts[line - 1] + len(before.decode("utf-8", "ignore"))

    def starting_at(self, line: int, col: int, kind: type[N]) -> list[N]:
        """The nodes of a type that start at a place, the shortest first."""
        found = self._nodes_by_start.get(self.offset(line, col), [])
        return sorted((node for node in found if isinstance(node, kind)), key=self.end)

    def expressions_at(self, line: int, col: int) -> list[cst.BaseExpression]:
        """The expressions that start at a place, the shortest first."""
        found = self._nodes_by_start.get(self.offset(line, col), [])
        return sorted((node for node in found if isinstance(node, cst.BaseExpression)), key=self.end)

    def on_line(self, line: int, kind: type[N]) -> list[N]:
        """The nodes of a type that start on a line, in order."""
        found = (node for node in self._ranges if isinstance(node, kind) and self.line_of(node) == line)
        return sorted(found, key=lambda node: (self.start(node), self.end(node)))

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """The parent of a node."""
        return self._parents.get(node)

    def around(self, node: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
        """The ancestors of a node, from the inside, each with its child that contains the node."""
        inner, outer = node, self._parents.get(node)
        while outer is not None:
            yield inner, outer
            inner, outer = outer, self._parents.get(outer)

    def first_around(self, node: cst.CSTNode, kind: type[N]) -> N | None:
        """The innermost ancestor of a type."""
        return next((outer for _, outer in self.around(node) if isinstance(outer, kind)), None)

    def function_around(self, node: cst.CSTNode) -> Function | None:
        """The function whose body contains a node."""
        for inner, outer in self.around(node):
            if isinstance(outer, (cst.FunctionDef, cst.Lambda)) and inner is outer.body:
                return outer
        return None

    def indent_of(self, node: cst.CSTNode) -> str:
        """The white space before the line of a node."""
        line = self._lines[self.line_of(node) - 1]
        return line[: len(line) - len(line.lstrip(" \t\f"))]

    @cached_property
    def newline(self) -> str:
        """The line end of the file: that of its first line."""
        first = self._lines[0] if self._lines else ""
        return first[len(first.rstrip("\r\n")) :] or "\n"

    def has_name(self, name: str) -> bool:
        """Whether the file uses a name anywhere except as an attribute, a keyword or in an import."""
        return name in self._names

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(node.value for node in self.nodes(cst.Name) if not self.is_label(node))

    def is_label(self, node: cst.Name) -> bool:
        """Whether a name is that of an attribute, a keyword or something imported."""
        parent = self._parents.get(node)
        if isinstance(parent, cst.Attribute):
            return parent.attr is node
        return isinstance(parent, (cst.ImportAlias, cst.ImportFrom)) or (
            isinstance(parent, cst.Arg) and parent.keyword is node
        )

    def end_of_line(self, node: cst.CSTNode) -> int:
        """The end of the line on which a node ends: before the line end, after a comment."""
        found = LINE_END.search(self.text, self.end(node))
        return found.start() if found else len(self.text)

    def without_lines(self, node: cst.CSTNode) -> Edit:
        """The edit that removes the lines of a node."""
        start = self._line_starts[self.line_of(node) - 1]
        found = LINE_END.search(self.text, self.end(node))
        return Edit(self.path, start, found.end() if found else len(self.text), "")

    def indented(self, statements: Sequence[cst.BaseStatement]) -> list[Edit]:
        """Edits that indent statements by one step; none if a text spans several lines."""
        return [insert(self.path, start, self.step) for start, _ in self._lines_of(statements)]

    def dedented(self, statements: Sequence[cst.BaseStatement]) -> list[Edit]:
        """Edits that dedent statements by one step; none if a text spans several lines."""
        lines = self._lines_of(statements)
        if not all(line.startswith(self.step) for _, line in lines):
            return []
        return [Edit(self.path, start, start + len(self.step), "") for start, _ in lines]

    def _lines_of(self, statements: Sequence[cst.BaseStatement]) -> list[tuple[int, str]]:
        """The lines of statements, each with its start; none if a text spans several lines."""
        if not statements or any(self._is_long_text(node, statements) for node in self._ranges):
            return []
        first, last = self.line_of(statements[0]), self._ranges[statements[-1]].end.line
        found = zip(self._line_starts[first - 1 : last], self._lines[first - 1 : last], strict=False)
        return [(start, line) for start, line in found if line.strip()]

    def _is_long_text(self, node: cst.CSTNode, statements: Sequence[cst.BaseStatement]) -> bool:
        is_text = isinstance(node, (cst.SimpleString, cst.FormattedString))
        if not is_text or self._ranges[node].start.line == self._ranges[node].end.line:
            return False
        return self.start(statements[0]) <= self.start(node) < self.end(statements[-1])

    @property
    def step(self) -> str:
        """The indentation of the file's blocks."""
        return self.module.default_indent

    def nodes(self, kind: type[N]) -> Iterator[N]:
        """All nodes of a type."""
        return (node for node in self._ranges if isinstance(node, kind))

    def start_of_code(self) -> int:
        """The start of the first statement, below the comments at the top."""
        return self.start(self.module.body[0]) if self.module.body else len(self.text)


def _parents(module: cst.Module) -> dict[cst.CSTNode, cst.CSTNode]:
    """The parent of each node.

    libcst's own provider visits the tree to list the children of each node, which takes longer than
    parsing.
    """
    found: dict[cst.CSTNode, cst.CSTNode] = {}
    pending: list[cst.CSTNode] = [module]
    while pending:
        node = pending.pop()
        for name in _field_names(type(node)):
            value = getattr(node, name)
            for part in value if isinstance(value, (list, tuple)) else (value,):
                if isinstance(part, cst.CSTNode):
                    found[part] = node
                    pending.append(part)
    return found


@cache
def _field_names(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))
