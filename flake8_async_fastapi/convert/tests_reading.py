"""Refreshes in tests, where they read what a fixture, a factory or the application made.

A lazy load happened at the first read, after the requests before it: so the refresh stands right there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Final

from flake8_async_fastapi.convert.demands import Demand
from flake8_async_fastapi.convert.fixtures import Fixtures
from flake8_async_fastapi.convert.infer import Inference
from flake8_async_fastapi.convert.owners import owner_read
from flake8_async_fastapi.convert.refreshes import Place, session_in, session_of, statement_at
from flake8_async_fastapi.convert.texts import FUNCTIONS, Edit, Function, Source, has_decorator
from flake8_async_fastapi.project.modules import is_test

_OUT_OF_REACH: Final = frozenset({"detached", "raise", "noload", "dynamic", "write_only"})
"""Causes against which no refresh helps."""


class TestRefreshes:
    """Finds the places of such refreshes, and the sessions that tests have to ask for."""

    __test__ = False

    def __init__(self, inference: Inference, sources: Mapping[str, Source]) -> None:
        self.inference = inference
        self.sources = sources
        self._asked: dict[tuple[str, Function, str], None] = {}

    @cached_property
    def _fixtures(self) -> Fixtures:
        return Fixtures(self.inference.program, self.sources.values())

    def place(self, demand: Demand) -> Place | None:
        """The place before the statement of a test that reads the attribute."""
        path, line, _ = demand.read
        source = self.sources.get(path)
        if source is None or not is_test(path) or demand.cause in _OUT_OF_REACH:
            return None
        statement = _whole_statement(source, line)
        function = None if statement is None else source.function_of(statement)
        if statement is None or not isinstance(function, ast.AsyncFunctionDef):
            return None
        first, last = demand.origin[1], function.end_lineno or 0
        if demand.origin[0] == path and function.lineno <= first <= last:
            return None  # the test makes the object itself
        loop, owner = owner_read(self.inference.program, source, demand, statement)
        session = self._session(source, function, demand) if owner else ""
        if not session:
            return None
        call = f"{loop}await {session}.refresh({owner}"
        return Place(path, statement.lineno, source.indent(statement), call)

    def parameters(self) -> Iterator[tuple[str, Edit]]:
        """The parameters that tests get for sessions they did not ask for, with their files."""
        for path, function, name in self._asked:
            source, last = self.sources[path], function.args.args[-1]
            end = source.offset(last.end_lineno or last.lineno, last.end_col_offset or 0)
            yield path, Edit(end, end, 0, f", {name}")

    def _session(self, source: Source, function: Function, demand: Demand) -> str:
        """The name of an object's session in a test; empty if there is none."""
        if demand.session:
            return demand.session
        arguments, near = function.args, self._fixtures.near(source)
        name = self._session_of_fixture(demand)
        if name not in near:
            name = self._only_session(near, function)
        is_filled = function.name.startswith("test") or has_decorator(function, "fixture")
        if not is_filled or name not in near:
            return ""
        if not any(argument.arg == name for argument in arguments.args):
            bound = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
            if not arguments.args or arguments.defaults or arguments.vararg or name in bound:
                return ""
            self._asked[source.path, function, name] = None
        return name

    def _only_session(self, near: Mapping[str, Function], test: Function) -> str:
        """The session among the fixtures that a test needs, directly or through others, if it is one."""
        found: set[str] = set()
        pending, seen = [test], {test}
        while pending:
            function = pending.pop()
            home = self._fixtures.homes.get(function)
            used = None if home is None else session_of(home, function)
            for argument in function.args.args:
                fixture = near.get(argument.arg)
                written = "" if argument.annotation is None else ast.unparse(argument.annotation)
                if fixture is not None and (argument.arg == used or written.endswith("Session")):
                    found.add(argument.arg)
                if fixture is not None and fixture not in seen:
                    seen.add(fixture)
                    pending.append(fixture)
        return found.pop() if len(found) == 1 else ""

    def _session_of_fixture(self, demand: Demand) -> str:
        """The parameter with the session of the fixture, or the factory in one, that made an object."""
        source = self.sources.get(demand.origin[0])
        statement = None if source is None else statement_at(source, demand.origin[1])
        function = None if source is None or statement is None else source.function_of(statement)
        if source is None or statement is None or function is None:
            return ""
        session = session_in(source, statement) or session_of(source, function)
        around = [function, *(node for node in source.above(function) if isinstance(node, FUNCTIONS))]
        named = {argument.arg for one in around for argument in one.args.args}
        return session if session in named and has_decorator(around[-1], "fixture") else ""


def _whole_statement(source: Source, line: int) -> ast.stmt | None:
    """The statement that holds a line, if another one may stand before it."""
    statement = statement_at(source, line)
    while isinstance(statement, ast.If) and source.text[source.start(statement) :].startswith("elif"):
        above = source.parents[statement]
        statement = above if isinstance(above, ast.stmt) else None
    if statement is None or isinstance(statement, (*FUNCTIONS, ast.ClassDef, ast.While)):
        return None
    begin = source.text[source.line_start(statement.lineno) : source.start(statement)]
    return None if begin.strip() else statement
