"""The fixtures that pytest passes to a test, by names and places."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeGuard

from flake8_async_fastapi.convert.names import Program
from flake8_async_fastapi.convert.texts import FUNCTIONS, Function, Source, has_decorator
from flake8_async_fastapi.project.modules import is_test


class Fixtures:
    """The fixtures of a project, and which of them each test file sees."""

    def __init__(self, program: Program, sources: Iterable[Source]) -> None:
        self.program = program
        self.tests = [source for source in sources if is_test(source.path)]
        self.homes: dict[Function, Source] = {}
        self._defined: dict[str, dict[str, Function]] = {}
        self._plugins = [plugin for source in self.tests for plugin in _plugins(program, source)]
        self._known: dict[str, dict[str, Function]] = {}

    def given(self) -> Iterator[tuple[Source, Function, ast.arg, Source, Function]]:
        """The parameters that pytest fills: file, test or fixture, parameter, the fixture with its file."""
        for source in _once([*self.tests, *self._plugins]):
            near = self.near(source)
            own = self._fixtures_in(source).values()
            for node in (node for node in ast.walk(source.tree) if isinstance(node, FUNCTIONS)):
                if node.name.startswith("test") or node in own:
                    for argument in _arguments(node):
                        fixture = near.get(argument.arg)
                        if fixture is not None and fixture is not node:
                            yield source, node, argument, self.homes[fixture], fixture

    def of_tests(self) -> Iterator[tuple[Function, Function]]:
        """Each test with each fixture that it needs, directly or through others."""
        for source in self.tests:
            near = self.near(source)
            for node in ast.walk(source.tree):
                if isinstance(node, FUNCTIONS) and node.name.startswith("test"):
                    needed = () if _is_nested(source, node) else _needed(source, node, near)
                    yield from ((node, fixture) for fixture in needed)

    def asked(self) -> Iterator[tuple[Function, ast.Call, Function]]:
        """The calls of ``request.getfixturevalue()``: the function around each, and each possible fixture.

        If the name is not written there, all names that the file writes are possible.
        """
        for source in _once([*self.tests, *self._plugins]):
            calls = [node for node in ast.walk(source.tree) if _asks(node)]
            near = self.near(source) if calls else {}
            for call in calls:
                given = [call.args[0]] if isinstance(call.args[0], ast.Constant) else ast.walk(source.tree)
                names = {part.value for part in given if isinstance(part, ast.Constant)}
                function = source.function_of(call)
                if function is not None:
                    yield from ((function, call, near[name]) for name in near if name in names)

    def near(self, source: Source) -> dict[str, Function]:
        """The fixtures that a file sees by name.

        Its own come before those of the ``conftest.py`` files around it, which come before those of plugins.
        """
        if source.path not in self._known:
            folder = source.path.rpartition("/")[0]
            around = [
                other
                for other in self.tests
                if other.path.rpartition("/")[2] == "conftest.py"
                and f"{folder}/".startswith(_folder(other.path))
            ]
            around.sort(key=lambda other: other.path.count("/"))
            found: dict[str, Function] = {}
            for other in [*self._plugins, *around, source]:
                found |= self._seen_in(other)
            self._known[source.path] = found
        return self._known[source.path]

    def _seen_in(self, source: Source, depth: int = 0) -> dict[str, Function]:
        """The fixtures that a file defines or imports."""
        found: dict[str, Function] = {}
        for node in source.tree.body:
            if isinstance(node, ast.ImportFrom) and depth < 5:
                found |= self._imported(source, node, depth)
        return found | self._fixtures_in(source)

    def _imported(self, source: Source, node: ast.ImportFrom, depth: int) -> dict[str, Function]:
        target = self.program.imported_file(source.path, node.module or "", node.level)
        if target is None or target is source:
            return {}
        there = self._seen_in(target, depth + 1)
        if any(alias.name == "*" for alias in node.names):
            return there
        return {alias.asname or alias.name: there[alias.name] for alias in node.names if alias.name in there}

    def _fixtures_in(self, source: Source) -> dict[str, Function]:
        if source.path not in self._defined:
            self._defined[source.path] = dict(_fixtures_in(source))
            self.homes |= dict.fromkeys(self._defined[source.path].values(), source)
        return self._defined[source.path]


def _plugins(program: Program, source: Source) -> Iterator[Source]:
    """The files that a test file, mostly a ``conftest.py``, names in ``pytest_plugins``."""
    for bound in program.bindings(source, source.tree).get("pytest_plugins", []):
        for part in ast.walk(bound.node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                found = program.imported_file(source.path, part.value, 0)
                if found is not None:
                    yield found


def _once(sources: Iterable[Source]) -> Iterable[Source]:
    return {source.path: source for source in sources}.values()


def _asks(node: ast.AST) -> TypeGuard[ast.Call]:
    function = node.func if isinstance(node, ast.Call) else None
    return isinstance(function, ast.Attribute) and function.attr == "getfixturevalue" and bool(node.args)  # type: ignore[attr-defined]


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
