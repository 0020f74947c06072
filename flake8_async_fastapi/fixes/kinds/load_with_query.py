"""Add a loader option to the query that returns an object, merged into its existing options.

``words``: the steps, each a loader and the attribute that it loads, as ``Post.author``. ``files`` define
their classes. The place is that of the call that runs the query. A ``get()`` ignores its options if the
session holds the object already, so none is added where code before it may have made or loaded the object.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import libcst as cst

from flake8_async_fastapi.fixes.arguments import add_argument, add_value
from flake8_async_fastapi.fixes.changes import Files
from flake8_async_fastapi.fixes.classes import class_name
from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit, insert
from flake8_async_fastapi.fixes.imports import imported
from flake8_async_fastapi.fixes.queries import (
    BEGIN,
    Query,
    assigned_values,
    called_chain,
    called_name,
    queries_on,
    written_statement,
)
from flake8_async_fastapi.rules.model import Fix

_NOT_LOADING: Final = frozenset({"noload", "lazyload", "raiseload", "load_only", "defer", "undefer"})
"""Loaders that another cannot follow in a chain."""

_HOLDING: Final = frozenset({"add", "add_all", "merge"})
"""Methods after which a session holds an object."""


def edits(fix: Fix, code: Code, files: Files) -> list[Edit]:
    loaders, steps = fix.words[::2], fix.words[1::2]
    root = steps[0].partition(".")[0]
    for query in queries_on(code, fix.line):
        name = _name_in_query(code, query, root, fix.files[0])
        if name:
            return _with_option(code, query, _Option(code, name, loaders, steps, fix.files))
    return []


class _Option:
    """The option to add: its steps as the file writes them, and the imports that it needs."""

    def __init__(
        self, code: Code, root: str, loaders: Sequence[str], steps: Sequence[str], files: Sequence[str]
    ) -> None:
        self.code, self.loaders = code, loaders
        self.steps = []
        self._class_imports: list[list[Edit]] = []
        for number, step in enumerate(steps):
            name, _, attribute = step.partition(".")
            local, needed = (root, []) if number == 0 else class_name(code, files[number], name)
            self.steps.append(f"{local}.{attribute}")
            self._class_imports.append(needed)

    def text(self, known: int) -> tuple[str, list[Edit]]:
        """The option without the first steps that are loaded already, and the edits that import its names."""
        written, needed = [], []
        for number in range(known, len(self.steps)):
            loader = self.loaders[number]
            added: list[Edit] = []
            if number == 0:
                loader, added = imported(self.code, "sqlalchemy.orm", loader)
            written.append(f"{loader}({self.steps[number]})")
            needed += [*added, *self._class_imports[number]]
        return ".".join(written), needed

    def known_in(self, node: cst.BaseExpression) -> int:
        """How many of the first steps an existing option loads; 0 if it leads elsewhere."""
        calls = called_chain(node)[::-1]
        if len(calls) >= len(self.steps) or any(called_name(call) in _NOT_LOADING for call in calls):
            return 0
        paths = [self.code.source(call.args[0].value) if call.args else "" for call in calls]
        return len(paths) if paths == self.steps[: len(paths)] else 0


def _name_in_query(code: Code, query: Query, root: str, file: str) -> str:
    """The name of the class in a query; empty if there is none, as in a repository of any class."""
    selected = _selected(query)
    if selected is None:
        return class_name(code, file, root)[0] if class_name(code, file, root)[1] == [] else ""
    local = class_name(code, file, root)[0]
    for argument in selected:
        if code.source(argument.value).split(".")[0] != "self" and _holds(code, argument.value, local):
            return local
        if isinstance(argument.value, cst.Name):
            alias = called_chain(written_statement(code, argument.value))
            if alias and called_name(alias[0]) == "aliased":
                return argument.value.value
    return ""


def _selected(query: Query) -> Sequence[cst.Arg] | None:
    """The entities of a query: the arguments of ``select()`` or the class of ``get()``; None if unknown."""
    if query.statement is None:
        return query.call.args[:1]
    chain = called_chain(query.statement)
    return chain[-1].args if chain and called_name(chain[-1]) in BEGIN else None


def _holds(code: Code, node: cst.BaseExpression, text: str) -> bool:
    """Whether an expression is a name, or an attribute of it."""
    source = code.source(node)
    return source == text or source.startswith(f"{text}.")


def _with_option(code: Code, query: Query, option: _Option) -> list[Edit]:
    if query.statement is None:
        return _in_get(code, query.call, option)
    for call in called_chain(query.statement):
        if called_name(call) == "options" and call.args:
            return _among(code, [argument.value for argument in call.args], option)
    text, needed = option.text(0)
    end = code.end(query.statement)
    return [insert(code.path, end, f"{_line_before_call(code, query.statement)}.options({text})"), *needed]


def _among(code: Code, options: Sequence[cst.BaseExpression], option: _Option) -> list[Edit]:
    """Edits that extend one of some options, or add one after them."""
    longest = max(options, key=option.known_in)
    known = option.known_in(longest)
    text, needed = option.text(known)
    if known:
        return [insert(code.path, code.end(longest), f".{text}"), *needed]
    return [add_value(code, options, text), *needed]


def _in_get(code: Code, call: cst.Call, option: _Option) -> list[Edit]:
    """Edits that pass an option to ``session.get()``."""
    if _may_find_it_held(code, call):
        return []
    for argument in call.args:
        if argument.keyword is not None and argument.keyword.value == "options":
            given = argument.value
            values = list(assigned_values(code, given)) if isinstance(given, cst.Name) else [given]
            if len(values) != 1 or not isinstance(values[0], (cst.List, cst.Tuple)) or not values[0].elements:
                return []
            return _among(code, [element.value for element in values[0].elements], option)
    text, needed = option.text(0)
    return [add_argument(code, call, f"options=[{text}]"), *needed]


def _may_find_it_held(code: Code, get: cst.Call) -> bool:
    """Whether a function added something to the session of a ``get()`` before, or passed it to others."""
    session = code.source(get.func.value) if isinstance(get.func, cst.Attribute) else ""
    function = code.function_around(get)
    for call in code.nodes(cst.Call):
        if code.end(call) < code.end(get) and code.function_around(call) is function:  # or an argument
            is_of_session = isinstance(call.func, cst.Attribute) and code.source(call.func.value) == session
            if is_of_session and called_name(call) in _HOLDING:
                return True
            if any(code.source(argument.value) == session for argument in call.args):
                return True
    return False


def _line_before_call(code: Code, node: cst.BaseExpression) -> str:
    """The line end and the indentation before the last call of a chain that has one call a line."""
    if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute):
        return ""
    between = code.text[code.end(node.func.value) : code.start(node.func.attr)]
    space = between.rstrip(" .\t") if between.strip() == "." else ""
    start = between.index(".") if "." in between else 0
    return between[:start] if space else ""
