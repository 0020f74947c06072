"""Sessions of async fixtures that tests give to an application which ``TestClient`` runs on another loop.

Source: https://fastapi.tiangolo.com/advanced/async-tests/.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.database import pools
from flake8_async_fastapi.domains.testing import fixtures
from flake8_async_fastapi.domains.testing.events import SessionGivenToOtherLoop
from flake8_async_fastapi.domains.threads.engine_loops import FACTORIES, has_known_driver
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import functions, names
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import (
    Arguments,
    Coroutine,
    Function,
    Generator,
    Library,
    Object,
    Value,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, flat, nodes_in
from flake8_async_fastapi.knowledge.loop_use import LOOP_DRIVERS
from flake8_async_fastapi.knowledge.transactions import is_session_type
from flake8_async_fastapi.project.modules import is_test

_CLIENT: Final = "TestClient"
_OWNERS: Final = ("fastapi.", "starlette.")
_OVERRIDES: Final = "dependency_overrides"


def value_given(frame: Frame, fixture: Function) -> Value:
    """What a fixture returns or yields."""
    given = functions.quiet_result(frame, fixture, Arguments(opaque=True), fixture.key)
    if isinstance(given, Coroutine) and given.function is not None and given.call is not None:
        given = functions.result_of_call(frame, given.function, given.call, fixture.key)
    return given.item if isinstance(given, Generator) else given


def engine_given(frame: Frame, fixture: Function) -> Object | None:
    """What a fixture gives, or the engine of the session or the factory of sessions that it gives."""
    given = value_given(frame, fixture)
    engine = given if isinstance(given, Object) else None
    if engine is not None and engine.origin is not None and is_session_type(engine.type):
        engine = pools.pool_of(frame.ctx, engine.origin) or engine
    if engine is not None and (engine.type in FACTORIES or is_session_type(engine.type)):
        bind = engine.argument("0") or engine.argument("bind")
        engine = bind if isinstance(bind, Object) else None
    return engine


def report_given_session(frame: Frame) -> None:
    """Report a ``TestClient`` whose application gets the session of an async fixture by an override."""
    function = frame.node
    if not isinstance(function, tree.FunctionDef) or not function.params:
        return
    folder = frame.path.rpartition("/")[0]
    if not is_test(frame.path) or frame.path not in frame.ctx.project.tests_mentioning(_OVERRIDES, folder):
        return
    if fixtures.fixture_decorator(function) is None and not fixtures.is_test_function(function):
        return
    clients = (node for node in nodes_in(function.body) if isinstance(node, tree.Call))
    client = next((node for node in clients if makes_client(frame.ctx, frame.path, node)), None)
    given = set(_names_given(function)) if client is not None else set()
    for param in function.params:
        if client is not None and param.name in given and _is_bound_session(frame, param.name):
            where = frame.at(client)
            frame.emit_event(SessionGivenToOtherLoop(*where, for_message(client.func), param.name))
            return


def makes_client(ctx: Context, path: str, node: object) -> bool:
    """Whether code makes a ``TestClient`` of Starlette; other libraries have one, too."""
    name = dotted(node.func) if isinstance(node, tree.Call) else ""
    if name.rpartition(".")[2] != _CLIENT:
        return False
    made = names.dotted_value(ctx, path, name)
    return not isinstance(made, Library) or made.dotted.startswith(_OWNERS)


def _names_given(function: tree.FunctionDef) -> Iterator[str]:
    """The variables that a function gives for a dependency: by a lambda, or by a function in it."""
    nested = {one.name: one for one in flat(function.body) if isinstance(one, tree.FunctionDef)}
    for node in nodes_in(function.body):
        match node:
            case tree.Assign(targets=[tree.Subscript(value=tree.Attr(name=name))], value=value) if (
                name == _OVERRIDES and value is not None
            ):
                yield from _names_returned(value, nested)


def _names_returned(written: Expr, nested: dict[str, tree.FunctionDef]) -> Iterator[str]:
    if isinstance(written, tree.Lambda):
        found: list[object] = [written.body]
    else:
        function = nested.get(dotted(written))
        nodes = nodes_in(function.body) if function is not None else ()
        found = [node.value for node in nodes if isinstance(node, (tree.Return, tree.Yield))]
    yield from (one.id for one in found if isinstance(one, tree.Name))


def _is_bound_session(frame: Frame, name: str) -> bool:
    """Whether a parameter is the session of an async fixture, with a driver whose connections have a loop."""
    ctx = frame.ctx
    fixture = fixtures.fixture_named(ctx, frame.path, name, frame.owner)
    if fixture is None or not fixture.is_async:
        return False
    given = value_given(frame, fixture)
    if not isinstance(given, Object) or not is_session_type(given.type):
        return False
    engine = engine_given(frame, fixture)
    if engine is not None and has_known_driver(engine):
        return pools.driver_of(engine) in LOOP_DRIVERS
    requirements = ctx.project.requirements_of(frame.path)
    return engine is not None and requirements.brings(LOOP_DRIVERS) and not requirements.brings({"aiosqlite"})
