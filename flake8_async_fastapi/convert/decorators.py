"""The functions that the project's decorators put around others, and what they call there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeAlias

from flake8_async_fastapi.convert.infer import Inference
from flake8_async_fastapi.convert.texts import FUNCTIONS, Function, Source, nodes_of
from flake8_async_fastapi.convert.values import Callee

Wrapped: TypeAlias = dict[Function, tuple[list[ast.Call], set[Function]]]
"""By wrapper, the calls of what it wraps, and the functions that are wrapped."""


def wrapped_functions(inference: Inference, sources: list[Source]) -> Wrapped:
    """The wrappers that decorators of a project put around its functions.

    One that asks whether it wraps a coroutine function serves both kinds, and is left out.
    """
    found: Wrapped = {}
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, FUNCTIONS):
                for decorator in node.decorator_list:
                    for wrapper, calls in _wrappers(inference, source, decorator):
                        found.setdefault(wrapper, (calls, set()))[1].add(node)
    return found


def hands_on(source: Source, call: ast.Call) -> bool:
    """Whether a wrapper only returns what it calls, and so need not know what that is."""
    parents = list(source.above(call))
    function = source.function_of(call)
    around = parents[: parents.index(function)] if function is not None else parents
    return isinstance(parents[0], ast.Return) and not any(
        isinstance(node, (ast.Try, ast.With, ast.AsyncWith)) for node in around
    )


def _wrappers(
    inference: Inference, source: Source, decorator: ast.expr
) -> Iterator[tuple[Function, list[ast.Call]]]:
    is_made = isinstance(decorator, ast.Call)
    value = inference.value(source, decorator.func if isinstance(decorator, ast.Call) else decorator)
    maker = inference.program.definition(value.path, value.name) if isinstance(value, Callee) else None
    if not isinstance(value, Callee) or not isinstance(maker, FUNCTIONS) or _asks_for_coroutines(maker):
        return
    inner = {node.name: node for node in nodes_of(maker) if isinstance(node, FUNCTIONS)}
    for decorate in _returned(maker, inner) if is_made else [maker, *_returned_calls(maker, inner)]:
        parameters = [*decorate.args.posonlyargs, *decorate.args.args]
        for wrapper in nodes_of(decorate):
            if isinstance(wrapper, FUNCTIONS) and parameters:
                calls = _calls_of(wrapper, parameters[0].arg)
                if calls:
                    yield wrapper, calls


def _asks_for_coroutines(maker: Function) -> bool:
    asked = {getattr(node, "attr", getattr(node, "id", "")) for node in ast.walk(maker)}
    return not asked.isdisjoint({"iscoroutinefunction", "isawaitable", "iscoroutine"})


def _returned(maker: Function, inner: dict[str, Function]) -> Iterator[Function]:
    """The functions in a decorator's maker that it returns."""
    for node in nodes_of(maker):
        for value in _alternatives(node.value) if isinstance(node, ast.Return) else ():
            if isinstance(value, ast.Name) and value.id in inner:
                yield inner[value.id]


def _returned_calls(maker: Function, inner: dict[str, Function]) -> Iterator[Function]:
    """The functions in a decorator that it calls for its result, if it works without parentheses, too."""
    for node in nodes_of(maker):
        for value in _alternatives(node.value) if isinstance(node, ast.Return) else ():
            if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in inner:
                yield inner[value.func.id]


def _alternatives(value: ast.expr | None) -> Iterator[ast.expr]:
    if isinstance(value, ast.IfExp):
        yield from _alternatives(value.body)
        yield from _alternatives(value.orelse)
    elif value is not None:
        yield value


def _calls_of(wrapper: Function, name: str) -> list[ast.Call]:
    return [
        node
        for node in nodes_of(wrapper)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]
