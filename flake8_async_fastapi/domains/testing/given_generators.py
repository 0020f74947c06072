"""Tests that get the coroutine or async generator of a fixture that no plugin runs.

Source: pytest-asyncio's documentation, "Strict mode": it runs only the fixtures of its own decorator.
"""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.testing.fixtures import fixture_decorator, functions_in
from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.values import Function
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, nodes_in


def gets_generator(ctx: Context, function: Function, place: int) -> bool:
    """Whether a parameter of a test is an async fixture that no plugin runs."""
    node = function.node
    if not isinstance(node, tree.FunctionDef) or not node.name.startswith("test"):
        return False
    params = node.params[function.receiver is not None :]
    if place >= len(params) or params[place].annotation is None:
        return False
    path, name = function.path, params[place].name
    return ctx.query(("gets generator", path, name), lambda: is_generator(ctx, path, name), False)


def is_generator(ctx: Context, path: str, name: str) -> bool:
    """Whether a fixture of this name gives its tests an async generator."""
    return _is_left_alone(ctx, path, name, yields=True)


def awaits_coroutine(ctx: Context, function: Function, name: str) -> bool:
    """Whether a test or fixture awaits what a fixture of this name gives it, which is a coroutine."""
    awaited = ctx.derive(("awaited names", function.key), lambda: frozenset(_awaited_names(function)))
    return name in awaited and _is_left_alone(ctx, function.path, name, yields=False)


def _awaited_names(function: Function) -> Iterator[str]:
    for node in nodes_in(function.node.body):
        if isinstance(node, tree.Await) and isinstance(node.value, tree.Name):
            yield node.value.id


def _is_left_alone(ctx: Context, path: str, name: str, *, yields: bool) -> bool:
    """Whether a fixture of this name is an async function that pytest only calls."""
    settings = ctx.project.pytest_settings_of(path)
    if settings.is_auto or ctx.project.tests_mention("mark.anyio", settings.folder):
        return False
    files = ctx.project.tests_mentioning(name, settings.folder)
    found = (one for one in functions_in(ctx, files) if one.name == name and _is_plain(one))
    return any(one.is_async and _yields(one) == yields for one in found)


def _is_plain(function: tree.FunctionDef) -> bool:
    """Whether a function has the decorator of pytest itself."""
    decorator = fixture_decorator(function)
    written = decorator.func if isinstance(decorator, tree.Call) else decorator
    return written is not None and dotted(written) == "pytest.fixture"


def _yields(function: tree.FunctionDef) -> bool:
    return any(isinstance(node, tree.Yield) for node in nodes_in(function.body))
