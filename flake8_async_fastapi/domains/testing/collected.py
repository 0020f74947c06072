"""Async fixtures and tests, as pytest collects them.

pytest runs no coroutines.  Plugins do: pytest-asyncio in strict mode only its own fixtures, and tests
with its mark; in auto mode all.  AnyIO runs all fixtures of tests that have its mark.
"""

from __future__ import annotations

import re
from typing import Final

from flake8_async_fastapi.domains.testing import fixtures
from flake8_async_fastapi.domains.testing.events import FixtureNotRun, TestNotRun
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import classes
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import ClassValue, Function, Library, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, names_in, nodes_in

_FIXTURES: Final = frozenset({"pytest.fixture", "pytest.yield_fixture"})
_TEST_MODULE: Final = re.compile(r"(^|/)(test_[^/]*|[^/]*_test)\.py$")
# Marks that skip a test or pass it arguments: they run nothing.
_INERT: Final = frozenset({"parametrize", "xfail", "usefixtures", "filterwarnings"})
# Other plugins that run async tests and fixtures, and plugins that use AnyIO's.
OTHER_PLUGINS: Final = frozenset(
    {"pytest-trio", "pytest-twisted", "pytest-tornado", "pytest-tornasync", "pytest-aiohttp", "pytest-sanic",
     "pytest-asyncio-cooperative", "alt-pytest-asyncio", "pytest-async", "pytest-aio"}
)  # fmt: skip
_ANYIO: Final = ("mark.anyio", "anyio_backend", "mark.trio")
# Functions that run a coroutine, or get the next item of an async generator.
_DRIVERS: Final = frozenset({"anext", "create_task", "ensure_future", "run", "run_until_complete"})
_CASE: Final = Library("unittest.TestCase")
# Hooks in which a project marks its tests, or runs them, itself.
_HOOKS: Final = ("pytest_collection_modifyitems", "pytest_pyfunc_call", "pytest_itemcollected")


def report_fixture(frame: Frame, decorator: Value, function: Function, node: Expr) -> None:
    """Report an async fixture that no plugin runs."""
    if not frame.emit or not function.is_async or not isinstance(decorator, Library):
        return
    if decorator.dotted not in _FIXTURES or not _is_strict(frame.ctx, frame.path):
        return
    if not _is_run_by_hand(frame.ctx, function.name, frame.ctx.project.pytest_settings_of(frame.path).folder):
        written = node.func if isinstance(node, tree.Call) else node
        gives = "an async generator" if function.is_generator else "a coroutine"
        frame.emit_event(FixtureNotRun(*frame.at(node), f"@{for_message(written)}", function.name, gives))


def _is_run_by_hand(ctx: Context, name: str, folder: str) -> bool:
    """Whether a test or another fixture below a folder runs the value of an async fixture by itself."""
    return any(
        _runs(node, name)
        for function in fixtures.functions_in(ctx, ctx.project.tests_mentioning(name, folder))
        if name in {param.name for param in function.params}
        for node in nodes_in(function.body)
    )


def _runs(node: object, name: str) -> bool:
    """Whether code runs a coroutine or an async generator of a variable."""
    match node:
        case tree.Attr(value=tree.Name(id=owner), name="__anext__" | "asend" | "send"):
            return owner == name
        case tree.Await(value=tree.Name(id=given)) | tree.Call(args=[tree.Name(id=given)]):
            called = dotted(node.func).rpartition(".")[2] if isinstance(node, tree.Call) else "run"
            return given == name and called in _DRIVERS
        case tree.For(iter=tree.Name(id=given), is_async=True):
            return given == name
    return False


def _is_strict(ctx: Context, path: str) -> bool:
    """Whether async fixtures and tests certainly run only if they are marked."""
    project = ctx.project
    settings, requirements = project.pytest_settings_of(path), project.requirements_of(path)
    if settings.is_auto or requirements.brings(OTHER_PLUGINS):
        return False
    if requirements.at_least("pytest-asyncio", (0, 19)) is False:
        return False
    if any(project.tests_mention(name, settings.folder) for name in (*_ANYIO, "asyncio_mode")):
        return False
    return settings.is_configured or (
        settings.may_be_configured and project.tests_mention("mark.asyncio", settings.folder)
    )


def report_test(frame: Frame, function: Function, outer: Frame) -> None:
    """Report an async test without a mark that makes a plugin run it."""
    node = function.node
    if not isinstance(node, tree.FunctionDef) or not node.is_async or not node.name.startswith("test"):
        return
    if node.is_generator or not _TEST_MODULE.search(frame.path):
        return
    if not frame.ctx.project.pytest_settings_of(frame.path).may_collect(frame.path):
        return
    if function.owner is not None and not node.decorators and _is_plain_case(frame.ctx, function.owner):
        event = TestNotRun(frame.path, node.line, node.col, frame.qualname, node.name, of_case=True)
        frame.ctx.events.append(event)
        return
    if not _is_collected(function, outer):
        return
    if _may_be_marked(frame.ctx, frame.path, function, node) or not _is_strict(frame.ctx, frame.path):
        return
    project = frame.ctx.project
    if node.name in names_in(project.body(frame.path)):
        return  # its module runs it, as a script
    folder = project.pytest_settings_of(frame.path).folder
    if not any(project.tests_mention(hook, folder) for hook in _HOOKS):
        frame.ctx.events.append(TestNotRun(frame.path, node.line, node.col, frame.qualname, node.name))


def _is_plain_case(ctx: Context, cls: ClassValue) -> bool:
    """Whether a class is a ``unittest.TestCase``, whose methods run as plain functions."""
    bases = [base for base in classes.mro(ctx, cls) if base != cls]
    known = all(isinstance(base, ClassValue) or base == _CASE for base in bases) and _CASE in bases
    return known and not any(_wraps(base) for base in (cls, *bases) if isinstance(base, ClassValue))


def _wraps(cls: ClassValue) -> bool:
    """Whether a class may run its tests in another way."""
    named = {one.name for one in cls.node.body if isinstance(one, tree.FunctionDef)}
    return bool(
        cls.node.decorators or cls.node.keywords or named & {"run", "_callTestMethod", "__getattribute__"}
    )


def _is_collected(function: Function, outer: Frame) -> bool:
    """Whether pytest collects a function: one of a module, or of a class that it collects."""
    if function.owner is None:
        return not outer.qualname
    cls = function.owner.node
    return cls.name.startswith("Test") and not cls.bases and cls.qualname == cls.name


def _may_be_marked(ctx: Context, path: str, function: Function, node: tree.FunctionDef) -> bool:
    """Whether a test, its class or its module has a mark that may make a plugin run or skip it."""
    classes = [function.owner.node] if function.owner is not None else []
    decorators = [*node.decorators, *(decorator for cls in classes for decorator in cls.decorators)]
    if not all(map(_is_inert, decorators)):
        return True
    if any(_assigns_marks(ctx, path, cls) for cls in classes):
        return True
    return bool(ctx.project.bindings(path, "pytestmark"))


def _is_inert(decorator: Expr) -> bool:
    """Whether a decorator is a mark that neither runs nor skips anything."""
    written = decorator.func if isinstance(decorator, tree.Call) else decorator
    owner, _, name = dotted(written).rpartition(".")
    return owner in ("pytest.mark", "mark") and name in _INERT


def _assigns_marks(ctx: Context, path: str, cls: tree.ClassDef) -> bool:
    return ctx.derive(("assigns marks", path, cls.line, cls.col), lambda: "pytestmark" in names_in(cls.body))
