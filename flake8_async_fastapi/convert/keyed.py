"""Queries by the primary key, in place of ``get()`` where it may find an object that tests hold.

``get()`` applies no loader option to an object that its session has already. A request has a session of its
own, but for tests that give the application theirs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Final

from flake8_async_fastapi.convert.imports import Imports
from flake8_async_fastapi.convert.infer import Inference
from flake8_async_fastapi.convert.texts import Edit, Source
from flake8_async_fastapi.convert.values import Class
from flake8_async_fastapi.project.modules import is_test

_FETCHES: Final = {"get": "one_or_none", "get_one": "one"}
_PLAIN: Final = (ast.Name, ast.Attribute, ast.Constant)


class KeyedQueries:
    """Makes such queries for a project."""

    def __init__(self, inference: Inference, sources: Mapping[str, Source]) -> None:
        self.inference = inference
        self.sources = sources

    @cached_property
    def _are_sessions_shared(self) -> bool:
        """Whether tests may run the application with their own session."""
        return any(is_test(path) and "dependency_overrides" in one.text for path, one in self.sources.items())

    def key_of_shared(self, source: Source, node: ast.Call) -> str:
        """The primary key of the class in ``await session.get(Model, key)``.

        Empty if ``get()`` will do, or the key is not known.
        """
        if not self._are_sessions_shared or not isinstance(source.parents[node], ast.Await):
            return ""
        if len(node.args) != 2 or node.keywords or not isinstance(node.args[1], _PLAIN):
            return ""
        model = self.inference.value(source, node.args[0])
        keys = list(self._keys(model)) if isinstance(model, Class) else []
        return keys[0] if len(keys) == 1 else ""

    def _keys(self, model: Class, depth: int = 0) -> Iterator[str]:
        """The names of the columns of a class's primary key."""
        node = self.inference.program.definition(model.path, model.name)
        if not isinstance(node, ast.ClassDef) or depth > 8:
            return
        for part in node.body:
            if isinstance(part, ast.Assign):
                target, value = part.targets[0], part.value
            elif isinstance(part, ast.AnnAssign) and part.value is not None:
                target, value = part.target, part.value
            else:
                continue
            words = value.keywords if isinstance(value, ast.Call) else []
            if isinstance(target, ast.Name) and any(word.arg == "primary_key" for word in words):
                yield target.id
        for base in node.bases:
            above = self.inference.value(self.sources[model.path], base)
            if isinstance(above, Class) and above != model:
                yield from self._keys(above, depth + 1)


def select_by_key(source: Source, node: ast.Call, key: str, imports: Imports, options: str) -> Edit:
    """``await session.get(Model, value)`` as a query with options."""
    function, awaited = node.func, source.parents[node]
    assert isinstance(function, ast.Attribute) and isinstance(awaited, ast.Await)
    select = imports.need("sqlalchemy", "select")
    bounds = imports.program.globals(source, select)
    run = "exec" if any(bound.module.startswith("sqlmodel") for bound in bounds) else "scalars"
    session, model, value = map(source.code, (function.value, *node.args))
    query = f"{select}({model}).where({model}.{key} == {value}).options({options})"
    return source.instead(awaited, f"(await {session}.{run}({query})).{_FETCHES[function.attr]}()")
