"""Fixtures and tests as pytest sees them: which fixtures they request, and the scope of these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeGuard

from flake8_async_fastapi.engine.frame import Context
from flake8_async_fastapi.engine.machine import classes, definitions, functions
from flake8_async_fastapi.engine.values import ClassValue, Function, Unknown, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import all_nodes, dotted, nodes_in


def fixture_decorator(function: tree.FunctionDef) -> Expr | None:
    """The decorator that makes a function a fixture, of any plugin; None for other functions."""
    for decorator in function.decorators:
        written = decorator.func if isinstance(decorator, tree.Call) else decorator
        if dotted(written).rpartition(".")[2] == "fixture":
            return decorator
    return None


def option_of(decorator: Expr | None, name: str, default: str) -> str:
    """The text that a decorator passes for an option; empty if it is not a text."""
    for keyword in decorator.keywords if isinstance(decorator, tree.Call) else ():
        if keyword.name == name:
            value = keyword.value
            return value.value if isinstance(value, tree.Const) and isinstance(value.value, str) else ""
    return default


def is_automatic(decorator: Expr) -> bool:
    """Whether all tests near a fixture use it: ``autouse=True``."""
    keywords = decorator.keywords if isinstance(decorator, tree.Call) else ()
    return any(
        one.name == "autouse" and isinstance(one.value, tree.Const) and one.value.value is True
        for one in keywords
    )


def is_test_function(function: tree.FunctionDef) -> bool:
    return function.name.startswith("test") and fixture_decorator(function) is None


def functions_in(ctx: Context, files: Iterable[str]) -> Iterator[tree.FunctionDef]:
    """All functions of some files."""
    for path in files:
        yield from _functions_of(ctx, path)


def _functions_of(ctx: Context, path: str) -> tuple[tree.FunctionDef, ...]:
    body = ctx.project.body(path)
    return ctx.derive(
        ("functions of", path),
        lambda: tuple(node for node in all_nodes(body) if isinstance(node, tree.FunctionDef)),
    )


def tests_asking_for(ctx: Context, name: str, folder: str) -> int:
    """How many tests below a folder request a fixture, directly or through others; two means two or more."""
    found: set[tuple[str, int]] = set()
    pending, seen = [name], {name}
    while pending and len(found) < 2:
        asked = pending.pop()
        for function in functions_in(ctx, ctx.project.tests_mentioning(asked, folder)):
            if asked not in {param.name for param in function.params}:
                continue
            if is_test_function(function):
                found.add((function.qualname, function.line))
                if any(_is_parametrize(decorator) for decorator in function.decorators):
                    return 2
            elif fixture_decorator(function) is not None and function.name not in seen:
                seen.add(function.name)
                pending.append(function.name)
    return len(found)


def runs_several_times(function: tree.FunctionDef) -> bool:
    """Whether pytest runs a test for several values."""
    return any(map(_is_parametrize, function.decorators))


def _is_parametrize(decorator: Expr) -> bool:
    return isinstance(decorator, tree.Call) and dotted(decorator.func).endswith("mark.parametrize")


def fixture_named(
    ctx: Context, path: str, name: str, owner: ClassValue | None = None, receiver: Value | None = None
) -> Function | None:
    """The fixture that a name means in a file, or in a class of it; None if it is not known.

    It is one of the class or its bases, of the file, or of the nearest ``conftest.py``.
    """
    for cls in classes.mro(ctx, owner) if owner is not None else ():
        if isinstance(cls, Unknown):
            return None
        for node in reversed(classes.body_bindings(ctx, cls, name)) if isinstance(cls, ClassValue) else ():
            if isinstance(cls, ClassValue) and _is_fixture(node):
                return functions.as_function(cls.path, node, cls, receiver, cls.closure)
    return ctx.query(("fixture", path, name), lambda: _fixture_of_files(ctx, path, name), None)


def _fixture_of_files(ctx: Context, path: str, name: str) -> Function | None:
    folders = [path.rpartition("/")[0]]
    while folders[-1]:
        folders.append(folders[-1].rpartition("/")[0])
    for file in (path, *(f"{folder}/conftest.py".lstrip("/") for folder in folders)):
        bound = [node for _, node in ctx.project.bindings(file, name)]
        for node in bound:
            if _is_fixture(node):
                return functions.as_function(file, node)
        if not bound or any(isinstance(node, tree.Import) for node in bound):
            found = definitions.only_definition(ctx, file, name)
            if found is not None and _is_fixture(found[1]):
                return functions.as_function(found[0], found[1])
            if bound and found is None:
                return None  # it may be a fixture of a library
    return None


def functions_given(
    ctx: Context, path: str, name: str, fixture: tree.FunctionDef
) -> Iterator[tree.FunctionDef]:
    """The functions of a file that ask for a fixture, in classes that have no other one of its name."""
    hidden: set[int] = set()
    for cls in all_nodes(ctx.project.body(path)):
        if isinstance(cls, tree.ClassDef) and any(
            _is_fixture(one) and one.name == name and one != fixture for one in cls.body
        ):
            hidden.update(id(node) for node in all_nodes(cls.body))
    for function in _functions_of(ctx, path):
        if id(function) not in hidden and name in {param.name for param in function.params}:
            yield function


def _is_fixture(node: object) -> TypeGuard[tree.FunctionDef]:
    return isinstance(node, tree.FunctionDef) and fixture_decorator(node) is not None


def fixture_of(ctx: Context, function: Function, name: str) -> Function | None:
    """The fixture that pytest passes to a test or fixture for a parameter, unless something else may be."""
    node = function.node
    if not isinstance(node, tree.FunctionDef):
        return None
    if not _is_fixture(node) and (not is_test_function(node) or name in _parametrized(node)):
        return None
    found = fixture_named(ctx, function.path, name, function.owner, function.receiver)
    if found is None or found.key == function.key or not isinstance(found.node, tree.FunctionDef):
        return None
    if found.owner is not None and function.receiver is None:
        return None
    return found if option_of(fixture_decorator(found.node), "name", name) == name else None


def _parametrized(function: tree.FunctionDef) -> Iterator[str]:
    """The parameters that ``parametrize`` gives values."""
    for decorator in function.decorators:
        if isinstance(decorator, tree.Call) and _is_parametrize(decorator):
            for node in nodes_in(decorator.args[:1]):
                if isinstance(node, tree.Const) and isinstance(node.value, str):
                    yield from node.value.replace(",", " ").split()


def scope_of_fixture(node: tree.FunctionDef | tree.Lambda) -> str:
    """The scope of a fixture, which says how long its value is kept."""
    decorator = fixture_decorator(node) if isinstance(node, tree.FunctionDef) else None
    return option_of(decorator, "scope", "function")
