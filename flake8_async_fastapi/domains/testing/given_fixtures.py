"""Tests and fixtures that are annotated with one type and get another: pytest reads no annotations."""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.domains.testing.fixtures import fixture_decorator, fixture_named, is_test_function
from flake8_async_fastapi.domains.testing.given_generators import is_generator
from flake8_async_fastapi.domains.testing.given_sessions import value_given
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import type_hints
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Function,
    Object,
    Value,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Param
from flake8_async_fastapi.knowledge import with_bases
from flake8_async_fastapi.knowledge.transactions import CONNECTION, is_session_type

_TOLD: Final = ("httpx.AsyncClient", "sqlalchemy.ext.asyncio.AsyncEngine", CONNECTION)


def gets_other_type(ctx: Context, function: Function, place: int) -> bool:
    """Whether a fixture gives a test, or another fixture, a library's object of an unrelated type."""
    node = function.node
    if not isinstance(node, tree.FunctionDef) or not (
        is_test_function(node) or fixture_decorator(node) is not None
    ):
        return False
    params = node.params[function.receiver is not None :]
    if place >= len(params) or params[place].annotation is None:
        return False
    param = params[place]
    found = fixture_named(ctx, function.path, param.name, function.owner, function.receiver)
    if found is None or found.key == function.key:
        return False

    def find() -> bool:
        asking = Frame(ctx, function.path, "")
        declared = type_hints.declared_value(asking, State(), param.annotation) if param.annotation else None
        if not isinstance(declared, Object):
            return False
        given = value_given(asking, found)
        return (
            isinstance(given, Object)
            and declared.type not in with_bases(given.type)
            and given.type not in with_bases(declared.type)
        )

    return ctx.query(("given fixture", function.key, param.name), find, False)


def object_of_fixture(ctx: Context, function: Function, param: Param) -> Value:
    """The client, session or engine that a fixture gives a test or fixture which has no annotation for it."""
    node = function.node
    if param.annotation is not None or param.default is not None or not isinstance(node, tree.FunctionDef):
        return UNKNOWN
    if not (is_test_function(node) or fixture_decorator(node) is not None):
        return UNKNOWN
    found = fixture_named(ctx, function.path, param.name, function.owner, function.receiver)
    if found is None or found.key == function.key:
        return UNKNOWN

    def find() -> Value:
        if is_generator(ctx, function.path, param.name):
            return UNKNOWN
        given = value_given(Frame(ctx, function.path, ""), found)
        return Object(given.type) if isinstance(given, Object) and _is_told(given.type) else UNKNOWN

    return ctx.query(("object of fixture", function.key, param.name), find, UNKNOWN)


def _is_told(name: str) -> bool:
    return name in _TOLD or is_session_type(name)
