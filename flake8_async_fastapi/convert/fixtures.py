"""The fixtures that pytest passes to a test, by names and places."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from flake8_async_fastapi.convert.texts import FUNCTIONS, Function, Source, has_decorator
from flake8_async_fastapi.project.modules import is_test


def given_fixtures(sources: Iterable[Source]) -> Iterator[tuple[Source, Function, ast.arg, Source, Function]]:
    """The parameters that pytest fills: file, test or fixture, parameter, and the fixture with its file."""
    tests = [source for source in sources if is_test(source.path)]
    defined = {source.path: dict(_fixtures_in(source)) for source in tests}
    homes = {node: source for source in tests for node in defined[source.path].values()}
    for source in tests:
        near = _near(source.path, defined)
        for node in (node for node in ast.walk(source.tree) if isinstance(node, FUNCTIONS)):
            if node.name.startswith("test") or node in homes:
                for argument in _arguments(node):
                    fixture = near.get(argument.arg)
                    if fixture is not None and fixture is not node:
                        yield source, node, argument, homes[fixture], fixture


def fixtures_of_tests(sources: Iterable[Source]) -> Iterator[tuple[Function, Function]]:
    """Each test with each fixture that it needs, directly or through others."""
    tests = [source for source in sources if is_test(source.path)]
    defined = {source.path: dict(_fixtures_in(source)) for source in tests}
    for source in tests:
        near = _near(source.path, defined)
        for node in ast.walk(source.tree):
            if isinstance(node, FUNCTIONS) and node.name.startswith("test") and not _is_nested(source, node):
                for fixture in _needed(source, node, near):
                    yield node, fixture


def _near(path: str, defined: Mapping[str, Mapping[str, Function]]) -> dict[str, Function]:
    """The fixtures that a file sees by name: its own before those of the ``conftest.py`` files around it."""
    folder = path.rpartition("/")[0]
    around = [
        other
        for other in defined
        if other.rpartition("/")[2] == "conftest.py" and f"{folder}/".startswith(_folder(other))
    ]
    found: dict[str, Function] = {}
    for other in [*sorted(around, key=lambda place: place.count("/")), path]:
        found |= defined[other]
    return found


def _folder(path: str) -> str:
    return path[: path.rfind("/") + 1]


def _fixtures_in(source: Source) -> Iterator[tuple[str, Function]]:
    for node in ast.walk(source.tree):
        if isinstance(node, FUNCTIONS) and has_decorator(node, "fixture"):
            name = _option(node, "name")
            yield name if isinstance(name, str) else node.name, node


def _needed(source: Source, test: Function, near: Mapping[str, Function]) -> Iterator[Function]:
    pending = [*_parameters(test), *_used(source, test)]
    pending += [name for name, node in near.items() if _option(node, "autouse") is True]
    seen: set[str] = set()
    while pending:
        name = pending.pop()
        fixture = near.get(name)
        if name not in seen and fixture is not None:
            seen.add(name)
            yield fixture
            pending += _parameters(fixture)


def _arguments(function: Function) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def _parameters(function: Function) -> list[str]:
    return [argument.arg for argument in _arguments(function)]


def _used(source: Source, test: Function) -> Iterator[str]:
    """The names in ``usefixtures`` for a test, or for its class."""
    for node in (test, *source.above(test)):
        for decorator in getattr(node, "decorator_list", ()):
            if isinstance(decorator, ast.Call) and getattr(decorator.func, "attr", "") == "usefixtures":
                yield from (str(word.value) for word in decorator.args if isinstance(word, ast.Constant))


def _option(fixture: Function, name: str) -> object:
    for decorator in fixture.decorator_list:
        for word in decorator.keywords if isinstance(decorator, ast.Call) else ():
            if word.arg == name and isinstance(word.value, ast.Constant):
                return word.value.value
    return None


def _is_nested(source: Source, node: Function) -> bool:
    return not isinstance(source.parents[node], (ast.Module, ast.ClassDef))
