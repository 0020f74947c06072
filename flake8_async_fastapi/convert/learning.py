"""The arguments that calls, and pytest, pass to parameters."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

from flake8_async_fastapi.convert.annotations import annotated
from flake8_async_fastapi.convert.fixtures import Fixtures
from flake8_async_fastapi.convert.infer import Inference
from flake8_async_fastapi.convert.texts import FUNCTIONS, Function, Source, nodes_of, yields_of
from flake8_async_fastapi.convert.values import CLIENT, Callee, Class, Instance, Known, Query, Value
from flake8_async_fastapi.project.modules import is_test

Passed: TypeAlias = tuple[Source, Function, ast.arg, "Value | None"]


def learn_parameters(inference: Inference, sources: list[Source]) -> None:
    """Learn the arguments of parameters without annotations."""
    for _ in range(3):
        before = len(inference.given)
        for home, function, argument, value in _all_passed(inference, sources):
            if isinstance(value, Query):
                value = replace(value, session="")  # the name of its session has no meaning there
            if value == CLIENT:
                continue  # which one it is may still be learnt
            if isinstance(value, (Known, Instance, Class, Query, Callee)):
                inference.given.setdefault((home.path, home.qualname(function), argument.arg), value)
        if len(inference.given) == before:
            return
        inference.forget()


def doubles(inference: Inference, sources: list[Source]) -> Iterator[tuple[Instance, Instance]]:
    """The test doubles passed for a parameter, each with the class that the parameter declares."""
    for home, _, argument, value in _all_passed(inference, sources, is_only_tests=True):
        if isinstance(value, Instance) and argument.annotation is not None:
            declared = annotated(inference, home, argument.annotation, argument.annotation)
            if isinstance(declared, Instance) and declared != value:
                yield value, declared


def _all_passed(
    inference: Inference, sources: list[Source], *, is_only_tests: bool = False
) -> Iterator[Passed]:
    for source in sources:
        if is_only_tests and not is_test(source.path):
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call):
                for home, function, argument, value in passed_arguments(inference, source, node):
                    given = inference.value(source, value)
                    if not isinstance(given, Callee):  # another call may pass another function
                        yield home, function, argument, given
    for source, function, argument, home, fixture in Fixtures(inference.program, sources).given():
        yield source, function, argument, _made(inference, home, fixture)


def passed_arguments(
    inference: Inference, source: Source, node: ast.Call
) -> Iterator[tuple[Source, Function, ast.arg, ast.expr]]:
    """The parameters of the project's function that a call fills, each with its argument."""
    function = inference.value(source, node.func)
    if isinstance(function, Class):
        function = inference.member(function, "__init__")
    if not isinstance(function, Callee):
        return
    found = inference.program.definition(function.path, function.name)
    if not isinstance(found, FUNCTIONS):
        return
    home = inference.program.sources[function.path]
    parameters = [*found.args.posonlyargs, *found.args.args]
    if parameters and parameters[0].arg in ("self", "cls"):
        parameters = parameters[1:]
    for argument, value in zip(parameters, node.args, strict=False):
        if isinstance(value, ast.Starred):
            break
        yield home, found, argument, value
    by_name = {argument.arg: argument for argument in (*parameters, *found.args.kwonlyargs)}
    for word in node.keywords:
        if word.arg in by_name:
            yield home, found, by_name[word.arg], word.value


def _made(inference: Inference, home: Source, fixture: Function) -> Value | None:
    """The value that a fixture yields or returns."""
    yielded = [node.value for node in yields_of(fixture)]
    given = yielded or [node.value for node in nodes_of(fixture) if isinstance(node, ast.Return)]
    return inference.value(home, given[0]) if given and given[0] is not None else None
