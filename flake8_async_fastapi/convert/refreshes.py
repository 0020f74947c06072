"""The places for refreshes: where an object lost an attribute that converted code reads."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flake8_async_fastapi.convert.demands import Demand
from flake8_async_fastapi.convert.expired import is_set_before, may_be_none
from flake8_async_fastapi.convert.infer import Inference
from flake8_async_fastapi.convert.texts import FUNCTIONS, Edit, Function, Source, nodes_of
from flake8_async_fastapi.convert.values import Class, Instance
from flake8_async_fastapi.fixes.writes import Written, last_write
from flake8_async_fastapi.knowledge.transactions import GETS, QUERIES

EXPIRING: Final = frozenset({"rollback", "commit", "expire"})
"""Causes for which all columns of an object are gone."""
_WRITING: Final = QUERIES | {"commit", "flush", "refresh", "merge", "rollback", "expire", "expire_all"}
"""Methods of a session that write what is pending, or expire what is loaded."""
_AWAITED: Final = QUERIES | GETS | {"commit"}


@dataclass(frozen=True)
class Place:
    """The line before which a refresh is added, its indentation, and the call without its end."""

    path: str
    line: int
    indent: str
    call: str

    def inserted(self, source: Source, rest: str) -> Edit:
        """The new statement."""
        at = source.line_start(self.line)
        lead = "" if source.text[:at].endswith("\n") or at == 0 else "\n"
        return Edit(at, at, 0, f"{lead}{self.indent}{self.call}{rest}\n")


class Refreshes:
    """Finds such places in a project."""

    def __init__(self, inference: Inference, sources: Mapping[str, Source]) -> None:
        self.inference = inference
        self.sources = sources

    def place(self, demand: Demand) -> Place | None:
        """The place for a refresh: behind the last write of the block that lost the attribute."""
        if len(demand.route) != 1:
            return None
        anchor = demand.lost if demand.lost[0] in self.sources else demand.origin
        if demand.made == "given" and demand.cause in ("unloaded", "raise"):
            return self._before_reading(demand)
        source = self.sources.get(anchor[0])
        if source is None:
            return None
        if demand.cause in EXPIRING:
            return self._behind_expiry(demand, source)
        statement = statement_at(source, anchor[1])
        function = None if statement is None else source.function_of(statement)
        if statement is None or not isinstance(function, ast.AsyncFunctionDef):
            return None
        session = session_in(source, statement)
        name = _refreshed(statement) or self._object(demand, source, function)
        if session is None or name is None:
            return None
        written = Written(session, name, demand.route[0].rpartition(".")[2])
        last = last_write(source.tree, statement, written)
        line = (last.end_lineno or anchor[1]) + 1
        return Place(source.path, line, source.indent(last), f"await {session}.refresh({name}")

    def _behind_expiry(self, demand: Demand, source: Source) -> Place | None:
        """Behind a rollback, for an object that the function holds in a variable."""
        statement, name = statement_at(source, demand.lost[1]), demand.holder
        function = None if statement is None else source.function_of(statement)
        if statement is None or not isinstance(function, ast.AsyncFunctionDef) or not name.isidentifier():
            return None
        path, line, _ = demand.read
        is_read_here = path == source.path and function.lineno <= line <= (function.end_lineno or line)
        session = session_in(source, statement)
        if session is None or not is_read_here or not is_set_before(source, function, name, statement):
            return None
        indent, call = source.indent(statement), f"await {session}.refresh({name}"
        if may_be_none(source, function, name, statement):
            call = f"if {name} is not None:\n{indent}    {call}"
        return Place(source.path, (statement.end_lineno or statement.lineno) + 1, indent, call)

    def _before_reading(self, demand: Demand) -> Place | None:
        path, line, _ = demand.read
        source = self.sources.get(path)
        statement = None if source is None else statement_at(source, line)
        if source is None or statement is None:
            return None
        function = source.function_of(statement)
        if not isinstance(function, ast.AsyncFunctionDef):
            return None
        session = session_of(source, function)
        name = self._read_name(demand, source)
        if session is None or name is None or isinstance(statement, FUNCTIONS):
            return None
        return Place(path, statement.lineno, source.indent(statement), f"await {session}.refresh({name}")

    def _object(self, demand: Demand, source: Source, function: Function) -> str | None:
        """The variable with the object of a demand in the function that wrote it."""
        path, line, _ = demand.read
        if path == source.path and function.lineno <= line <= (function.end_lineno or line):
            name = self._read_name(demand, source)
            if name is not None:
                return name
        model = demand.route[0].partition(".")[0]
        names = [
            argument.id
            for node in nodes_of(function)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
            if node.func.attr in ("add", "refresh", "delete")
            for argument in node.args[:1]
            if isinstance(argument, ast.Name) and self._is_of(source, argument, model)
        ]
        if not names:
            parameters = (*function.args.args, *function.args.kwonlyargs)
            names = [
                a.arg for a in parameters if a.annotation is not None and model in ast.unparse(a.annotation)
            ]
        return names[-1] if names else None

    def _is_of(self, source: Source, node: ast.expr, model: str) -> bool:
        value = self.inference.value(source, node)
        return isinstance(value, (Instance, Class)) and value.name == model

    def _read_name(self, demand: Demand, source: Source) -> str | None:
        """The variable whose attribute is read."""
        _, line, column = demand.read
        attribute = demand.route[0].rpartition(".")[2]
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Attribute) or node.attr != attribute or node.lineno != line:
                continue
            if isinstance(node.value, ast.Name) and node.col_offset <= column + len(source.code(node)):
                return node.value.id
        return None


def session_in(source: Source, statement: ast.stmt) -> str | None:
    """The session that a statement uses."""
    for node in ast.walk(statement):
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr in _WRITING:
            return source.code(called.value)
    return None


def session_of(source: Source, function: Function) -> str | None:
    """The name of a session that a function has."""
    for node in nodes_of(function):
        if isinstance(node, ast.Await) and isinstance(node.value, ast.Call):
            called = node.value.func
            if isinstance(called, ast.Attribute) and called.attr in _AWAITED:
                return source.code(called.value)
    for argument in (*function.args.args, *function.args.kwonlyargs):
        if argument.annotation is not None and "Session" in ast.unparse(argument.annotation):
            return argument.arg
    return None


def _refreshed(statement: ast.stmt) -> str:
    """The variable that a statement refreshes; empty for another statement."""
    match statement:
        case ast.Expr(ast.Await(ast.Call(ast.Attribute(attr="refresh"), [ast.Name(name), *_]))):
            return name
    return ""


def statement_at(source: Source, line: int) -> ast.stmt | None:
    """The innermost statement that holds a line."""
    found = [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or line)
    ]
    return max(found, key=lambda node: (node.lineno, node.col_offset)) if found else None
