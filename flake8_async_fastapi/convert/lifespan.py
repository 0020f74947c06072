"""Converts ``on_event`` handlers, and tables created on import, to a lifespan."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Final

from flake8_async_fastapi.convert.colour import Colours
from flake8_async_fastapi.convert.imports import Imports
from flake8_async_fastapi.convert.tables import (
    FUNCTION,
    applications_in,
    created_lines,
    started_on_import,
    whole_statement,
)
from flake8_async_fastapi.convert.texts import FUNCTIONS, Edit, Function, Source
from flake8_async_fastapi.project.modules import is_test

_NAME: Final = "lifespan"


class LifespanEdits:
    """Makes the edits of the application in one file."""

    def __init__(
        self, colours: Colours, source: Source, imports: Imports, elsewhere: Sequence[Source] = ()
    ) -> None:
        self.colours = colours
        self.source = source
        self.imports = imports
        # a client of tests may not run the lifespan: see ``tables_of_tests``
        self.tables = [] if is_test(source.path) else started_on_import(colours, source)
        self.elsewhere = elsewhere
        self.moved: set[ast.stmt] = set()
        """The statements that the edits take away."""

    def edits(self) -> Iterator[Edit]:
        """All edits of that kind; none if there is no application, or more than one."""
        application = self.application()
        if application is None:
            return
        if any(word.arg == _NAME for word in application.keywords):
            yield from self._into_lifespan(application)
            return
        handlers = list(self._handlers())
        if not (handlers or self.tables or self.elsewhere) or self._is_taken():
            return
        for _, _, decorator in handlers:
            line = decorator.lineno
            end = (decorator.end_lineno or line) + 1
            yield Edit(self.source.line_start(line), self.source.line_start(end), 0, "")
        for table in self.tables:
            yield from self._removed(table)
        opened = [self._called(function) for when, function, _ in handlers if when == "startup"]
        closed = [self._called(function) for when, function, _ in handlers if when == "shutdown"]
        statement = self._top_statement(application)
        at = self.source.line_start(statement.lineno)
        yield Edit(at, at, 1, self._gap(at) + self._lifespan(opened, closed))
        yield from self._argument(application)

    def application(self) -> ast.Call | None:
        """The only call in the file that creates an application."""
        found = applications_in(self.colours, self.source)
        return found[0] if len(found) == 1 else None

    def _is_taken(self) -> bool:
        return bool(self.colours.inference.program.globals(self.source, _NAME))

    def _handlers(self) -> Iterator[tuple[str, Function, ast.expr]]:
        for node in self.source.tree.body:
            if isinstance(node, FUNCTIONS) and len(node.decorator_list) == 1:
                decorator = node.decorator_list[0]
                called = decorator.func if isinstance(decorator, ast.Call) else None
                if isinstance(called, ast.Attribute) and called.attr == "on_event":
                    assert isinstance(decorator, ast.Call)
                    event = decorator.args[0] if decorator.args else None
                    if isinstance(event, ast.Constant) and event.value in ("startup", "shutdown"):
                        yield event.value, node, decorator

    def _called(self, function: Function) -> str:
        is_async = isinstance(function, ast.AsyncFunctionDef) or function in self.colours.asynchronous
        return f"{'await ' if is_async else ''}{function.name}()"

    def _lifespan(self, opened: list[str], closed: list[str]) -> str:
        made = self.imports.need("contextlib", "asynccontextmanager")
        given = self.imports.need("collections.abc", "AsyncIterator")
        lines = [f"@{made}", f"async def {_NAME}(app: FastAPI) -> {given}[None]:"]
        lines += [f"    {line}" for line in (*self._table_lines(), *opened, "yield", *closed)]
        return "\n".join([*lines, "", "", ""])

    def _gap(self, at: int) -> str:
        """The empty lines that are missing before a definition."""
        before = self.source.text[:at]
        missing = 2 - (len(before) - len(before.rstrip("\n")) - 1)
        return "\n" * max(missing, 0)

    def _table_lines(self) -> list[str]:
        lines = [
            line for table in self.tables for found in created_lines(self.source, table) for line in found
        ]
        for home in self.elsewhere:
            module = self.colours.inference.program.module_name(self.source, home)
            lines.append(f"await {self.imports.need(module, FUNCTION)}()")
        return lines

    def _removed(self, table: ast.AST) -> Iterator[Edit]:
        statement = whole_statement(self.source, table)
        self.moved |= {statement, self.source.statement(table)}
        start = self.source.line_start(statement.lineno)
        end = self.source.line_start((statement.end_lineno or statement.lineno) + 1)
        while self.source.text[:start].endswith("\n\n") and self.source.text[end:].startswith("\n"):
            end += 1
        yield Edit(start, end, 0, "")

    def _top_statement(self, node: ast.AST) -> ast.stmt:
        statement = self.source.statement(node)
        for parent in self.source.above(statement):
            if isinstance(parent, ast.stmt):
                statement = parent
        return statement

    def _argument(self, application: ast.Call) -> Iterator[Edit]:
        given = [*application.args, *(word.value for word in application.keywords)]
        if not given:
            at = self.source.end(application) - 1
            yield Edit(at, at, 0, f"{_NAME}={_NAME}")
            return
        last, first = max(given, key=self.source.end), min(given, key=self.source.start)
        line = self.source.line_text(first.lineno)
        gap = ", "
        if first.lineno != application.lineno:
            gap = f",\n{line[: len(line) - len(line.lstrip())]}"
        yield self.source.after(last, f"{gap}{_NAME}={_NAME}")

    def _into_lifespan(self, application: ast.Call) -> Iterator[Edit]:
        """Create the tables in the existing lifespan."""
        given = next(word.value for word in application.keywords if word.arg == _NAME)
        name = given.id if isinstance(given, ast.Name) else ""
        found = self.colours.inference.program.definition(self.source.path, name)
        if not (self.tables or self.elsewhere) or not isinstance(found, FUNCTIONS):
            return
        first = found.body[0]
        is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        body = found.body[1] if is_text and len(found.body) > 1 else first
        at = self.source.line_start(body.lineno)
        yield Edit(at, at, 0, "".join(f"    {line}\n" for line in self._table_lines()))
        for table in self.tables:
            yield from self._removed(table)
