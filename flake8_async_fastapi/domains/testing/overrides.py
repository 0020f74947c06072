"""Dependency overrides that a test leaves on the application, so that later tests get them too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.testing import fixtures, requests
from flake8_async_fastapi.domains.testing.events import OverrideLeft
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, flat, nodes_in
from flake8_async_fastapi.project.modules import is_test

_OVERRIDES: Final = "dependency_overrides"
_UNDOES: Final = frozenset({"clear", "pop", "popitem"})
_TEARDOWNS: Final = ("teardown", "tearDown", "asyncTearDown")


def report_left_override(frame: Frame) -> None:
    """Report a test or fixture that overrides a dependency for good while other tests send requests."""
    function = frame.node
    if not isinstance(function, tree.FunctionDef) or not is_test(frame.path):
        return
    decorator = fixtures.fixture_decorator(function)
    if decorator is None and not function.name.startswith("test"):
        return
    for node, text in _overrides_in(function):
        if not _is_undone(frame, function) and _has_other_requests(frame, function):
            where = (frame.path, node.line, node.col, frame.qualname)
            frame.emit_event(OverrideLeft(*where, text, function.name))
            return


def _overrides_in(function: tree.FunctionDef) -> Iterator[tuple[tree.Assign, str]]:
    """The assignments ``app.dependency_overrides[...] = ...`` to a module's application."""
    for node in flat(function.body):
        match node:
            case tree.Assign(targets=[tree.Subscript(value=tree.Attr(name=name) as owner)]) if (
                name == _OVERRIDES
            ):
                if (text := dotted(owner)) and text.partition(".")[0] not in requests.bound_in(function):
                    yield node, text


def _is_undone(frame: Frame, function: tree.FunctionDef) -> bool:
    """Whether a test or fixture, or a fixture or teardown of the tests, removes its override."""
    folder = frame.ctx.project.pytest_settings_of(frame.path).folder
    files = frame.ctx.project.tests_mentioning(_OVERRIDES, folder)
    return _undoes(function) or any(
        _undoes(other)
        for other in fixtures.functions_in(frame.ctx, files)
        if fixtures.fixture_decorator(other) is not None or other.name.startswith(_TEARDOWNS)
    )


def _undoes(function: tree.FunctionDef) -> bool:
    for node in nodes_in(function.body):
        match node:
            case tree.Attr(value=tree.Attr(name=name), name=method) if name == _OVERRIDES:
                if method in _UNDOES:
                    return True
            case tree.Assign(targets=targets):
                if any(isinstance(target, tree.Attr) and target.name == _OVERRIDES for target in targets):
                    return True
            case tree.Delete():
                return True
    return False


def _has_other_requests(frame: Frame, function: tree.FunctionDef) -> bool:
    """Whether another test, which should not have the override, sends requests: of the file, or for a
    fixture of a ``conftest.py`` of those that it is for.
    """
    files: tuple[str, ...] = (frame.path,)
    if frame.path.endswith("conftest.py"):
        files += frame.ctx.project.tests_mentioning("client", frame.path.rpartition("/")[0])
    affected = {function.name}
    tests = list(fixtures.functions_in(frame.ctx, dict.fromkeys(files)))
    for _ in range(2):  # fixtures that request the fixture, and the tests that request those
        affected |= {other.name for other in tests if affected & {param.name for param in other.params}}
    return any(
        fixtures.is_test_function(other)
        and other.name not in affected
        and not any(_overrides_in(other))
        and requests.requests_in(other.body)
        for other in tests
    )
