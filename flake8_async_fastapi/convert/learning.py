"""The arguments that calls, and pytest, pass to parameters; and what is passed for a session."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from flake8_async_fastapi.convert.annotations import annotated
from flake8_async_fastapi.convert.fixtures import Fixtures
from flake8_async_fastapi.convert.infer import Inference, assignments_to_self
from flake8_async_fastapi.convert.libraries import CALLERS
from flake8_async_fastapi.convert.texts import FUNCTIONS, Function, Source, nodes_of, yields_of
from flake8_async_fastapi.convert.values import (
    CLIENT,
    FACTORY,
    OTHER,
    SESSION,
    Callee,
    Class,
    Instance,
    Known,
    Query,
    Value,
)
from flake8_async_fastapi.project.modules import is_test

Passed: TypeAlias = tuple[Source, Function, ast.arg, "Value | None"]


_EVERYDAY: Final = frozenset(
    {*dir(str), *dir(list), *dir(dict), *dir(set), *dir(bytes)}
    | set(
        "first all one filter save delete close execute commit read write send run start stop create"
        " flush open load dump dumps loads query add select where order_by group exists refresh call process"
        " search match".split()
    )
)
"""Methods that objects of libraries have, too."""
_DIRECT: Final = frozenset({"value", "enter"})
"""Kinds of bindings whose name has the value of their expression, or what a session gives when entered."""
_MOST_STEPS: Final = 4


def learn_parameters(inference: Inference, sources: list[Source]) -> None:
    """Learn the arguments of parameters without annotations, and where sessions come from."""
    named = methods_by_name(sources)
    for _ in range(3):
        before = len(inference.given) + len(inference.taken)
        is_better = False
        for home, function, argument, value in _all_passed(inference, sources):
            if isinstance(value, Query):
                value = replace(value, session="")  # the name of its session has no meaning there
            if value == CLIENT:
                continue  # which one it is may still be learnt
            if isinstance(value, (Known, Instance, Class, Query, Callee)):
                key = home.path, home.qualname(function), argument.arg
                if inference.given.get(key) == OTHER != value:  # as a mock is, which a test passes
                    inference.given[key], is_better = value, True
                inference.given.setdefault(key, value)
        _learn_sessions(inference, sources, named)
        if len(inference.given) + len(inference.taken) == before and not is_better:
            return
        inference.forget()


def methods_by_name(sources: Iterable[Source]) -> dict[str, list[tuple[Source, Function]]]:
    """The methods that a call of an unknown object's method means by its name, if it is no everyday one."""
    found: dict[str, list[tuple[Source, Function]]] = {}
    for source in sources:
        functions = (node for node in ast.walk(source.tree) if isinstance(node, FUNCTIONS))
        for node in functions:
            if isinstance(source.parents[node], ast.ClassDef) and node.name not in _EVERYDAY:
                found.setdefault(node.name, []).append((source, node))
    return found


def _learn_sessions(
    inference: Inference, sources: list[Source], named: Mapping[str, list[tuple[Source, Function]]]
) -> None:
    """Learn that what a call passes for a session is one, if nothing else says what it is."""
    takes: dict[ast.arg, bool] = {}

    def sessions(way: Iterable[tuple[Source, Function, ast.arg, ast.expr]]) -> set[ast.expr]:
        found: set[ast.expr] = set()
        for home, function, parameter, passed in way:
            if isinstance(passed, (ast.Name, ast.Attribute)):
                if parameter not in takes:
                    takes[parameter] = inference.name(home, parameter.arg, function.body[0]) == SESSION
                if takes[parameter]:
                    found.add(passed)
        return found

    for source in sources:
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Call) or not (node.args or node.keywords):
                continue
            methods = named.get(node.func.attr, []) if isinstance(node.func, ast.Attribute) else []
            if methods and inference.value(source, node.func) is None:
                given = [sessions(_filled(*method, node)) for method in methods]
            else:
                given = [sessions(passed_arguments(inference, source, node))]
            for passed in set.intersection(*given):
                _take(inference, source, passed, SESSION)


def _take(inference: Inference, source: Source, node: ast.expr, value: Value, depth: int = 0) -> None:
    """Note what an expression has to be, and the parameter, call or attribute from which it comes."""
    if depth > _MOST_STEPS or inference.value(source, node) is not None:
        return
    if isinstance(node, ast.Name):
        for bound in inference.program.lookup(source, node.id, node):
            if bound.kind == "parameter" and isinstance(bound.node, ast.arg) and bound.function is not None:
                key = bound.source.path, bound.source.qualname(bound.function), bound.node.arg
                inference.given.setdefault(key, value)
            elif bound.kind in _DIRECT and isinstance(bound.node, ast.expr):
                _take(inference, bound.source, bound.node, value, depth + 1)
        return
    if isinstance(node, ast.Call):
        inference.taken.setdefault(node, value)
        if value == SESSION and not node.args and not node.keywords:
            _take(inference, source, node.func, FACTORY, depth + 1)
    elif isinstance(node, ast.Attribute):
        inference.taken.setdefault(node, value)
        owner = inference.value(source, node.value)
        found = inference.program.definition(owner.path, owner.name) if isinstance(owner, Instance) else None
        if isinstance(owner, Instance) and isinstance(found, ast.ClassDef):
            home = inference.program.sources[owner.path]
            for part in assignments_to_self(found, node.attr):
                if part.value is not None:
                    _take(inference, home, part.value, value, depth + 1)


def doubles(inference: Inference, sources: list[Source]) -> Iterator[tuple[Instance, Instance]]:
    """The test doubles passed for a parameter, each with the class that the parameter declares."""
    for home, _, argument, value in _all_passed(inference, sources, is_only_tests=True):
        if isinstance(value, Instance) and argument.annotation is not None:
            declared = annotated(inference, home, argument.annotation, argument.annotation)
            if isinstance(declared, Instance) and declared != value:
                yield value, declared
    for source in filter(lambda one: is_test(one.path), sources):
        for node in ast.walk(source.tree):
            for home, annotation, passed in _fields_passed(inference, source, node):
                declared = annotated(inference, home, annotation, annotation)
                value = inference.value(source, passed)
                if isinstance(value, Instance) and isinstance(declared, Instance) and declared != value:
                    yield value, declared


def _fields_passed(
    inference: Inference, source: Source, node: ast.AST
) -> Iterator[tuple[Source, ast.expr, ast.expr]]:
    """The annotations of the fields that a call of a dataclass fills, with their file, and the arguments."""
    made = inference.value(source, node.func) if isinstance(node, ast.Call) else None
    if not isinstance(made, Class) or not isinstance(node, ast.Call):
        return
    found = inference.program.definition(made.path, made.name)
    if isinstance(found, ast.ClassDef) and any("dataclass" in ast.unparse(d) for d in found.decorator_list):
        fields = [part for part in found.body if isinstance(part, ast.AnnAssign)]
        named = {part.target.id: part.annotation for part in fields if isinstance(part.target, ast.Name)}
        given = [*zip(named.values(), node.args, strict=False)]
        given += [(named[word.arg], word.value) for word in node.keywords if word.arg in named]
        yield from ((inference.program.sources[made.path], *pair) for pair in given)


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
    if _last_name(node.func) in CALLERS and node.args:  # it calls the first with the rest
        function = inference.value(source, node.args[0])
        node = ast.Call(node.args[0], node.args[1:], node.keywords)
    if isinstance(function, Class):
        function = inference.member(function, "__init__")
    if not isinstance(function, Callee):
        return
    found = inference.program.definition(function.path, function.name)
    if not isinstance(found, FUNCTIONS):
        return
    yield from _filled(inference.program.sources[function.path], found, node)


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _filled(
    home: Source, found: Function, node: ast.Call
) -> Iterator[tuple[Source, Function, ast.arg, ast.expr]]:
    """The parameters of a function that a call fills, each with its argument."""
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
