"""Test clients, by the event loops on which the application answers their requests.

``ASGITransport`` runs the application on the loop of its caller. ``TestClient`` runs one loop while it is
entered; otherwise, one for each request.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from flake8_async_fastapi.domains.fastapi.reach import functions_reached
from flake8_async_fastapi.domains.testing import fixtures, given_sessions, requests
from flake8_async_fastapi.domains.threads.engine_loops import EngineUse, uses_of
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import names
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import Arguments, Function
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, nodes_in
from flake8_async_fastapi.knowledge.loop_use import LOOP_DRIVERS

EACH_REQUEST: Final = "each request"
EACH_CLIENT: Final = "each client"
CALLER: Final = "the caller"
_CALLS_FOLLOWED: Final = 3
# With one of these, an application may answer without its own sessions.
_STAND_INS: Final = (
    "dependency_overrides",
    "monkeypatch",
    "patch",
    "mock",
    "mocker",
    "setattr",
    "enter_context",
)


def engines_requested(frame: Frame, function: tree.FunctionDef) -> Iterator[tuple[EngineUse, Place, str]]:
    """The engines used by routes that a test requests: each with the request, and the request's loop."""
    ctx, path = frame.ctx, frame.path
    if not ctx.project.requirements_of(path).brings(LOOP_DRIVERS):
        return
    folder = ctx.project.pytest_settings_of(path).folder
    if any(ctx.project.tests_mention(word, folder) for word in _STAND_INS):
        return
    for owner, requested, call in requests.requests_in(function.body):
        loop = _loop_of_client(frame, function, owner)
        for use in _engines_behind(ctx, requested) if loop else ():
            yield use, frame.place_of(call), loop


def _engines_behind(ctx: Context, requested: str) -> tuple[EngineUse, ...]:
    """The engines that the routes of a path use."""

    def find() -> tuple[EngineUse, ...]:
        found: dict[EngineUse, None] = {}
        for pattern, route in requests.routes(ctx):
            if requests.matches(pattern, requested):
                for function in functions_reached(ctx, route, _CALLS_FOLLOWED, with_dependencies=True):
                    frame = Frame(ctx, function.path, "")
                    uses = uses_of(frame, function, Arguments(opaque=True))
                    found.update(dict.fromkeys(use for use in uses if not use.is_client))
        return tuple(found)

    return ctx.query(("engines behind", requested), find, ())


def _loop_of_client(frame: Frame, function: tree.FunctionDef, name: str) -> str:
    """The loop on which the client of a name is answered in a test; empty for an unknown client."""
    ctx, path = frame.ctx, frame.path
    if any(param.name == name for param in function.params):
        found = fixtures.fixture_named(ctx, path, name, frame.owner)
        return "" if found is None else _loop_of_fixture(ctx, found)
    for node in nodes_in(function.body):
        if isinstance(node, tree.WithItem) and node.target is not None and dotted(node.target) == name:
            return _loop_of(ctx, path, node.context, is_entered=True)
        if isinstance(node, tree.Assign) and name in map(dotted, node.targets):
            return "" if node.value is None else _loop_of(ctx, path, node.value, is_entered=False)
    bound = [statement for _, statement in ctx.project.bindings(path, name)]
    if len(bound) == 1 and isinstance(bound[0], tree.Assign) and bound[0].value is not None:
        entered = [node for node in nodes_in(ctx.project.body(path)) if isinstance(node, tree.WithItem)]
        if not any(dotted(item.context) == name for item in entered):
            return _loop_of(ctx, path, bound[0].value, is_entered=False)
    return ""


def _loop_of_fixture(ctx: Context, fixture: Function) -> str:
    """As ``_loop_of_client``, for the value of a fixture that creates one client."""
    node = fixture.node
    if not isinstance(node, tree.FunctionDef) or fixtures.scope_of_fixture(node) != "function":
        return ""
    return _loop_of_maker(ctx, fixture, is_entered=False)


def _loop_of_maker(ctx: Context, function: Function, *, is_entered: bool) -> str:
    """As ``_loop_of_client``, for what a function makes, if it makes one client; its value may be entered."""
    node = function.node
    entered = {
        id(inner)
        for item in nodes_in(node.body)
        if isinstance(item, tree.WithItem)
        for inner in nodes_in(item.context)
    }
    made = [(call, id(call) in entered) for call in nodes_in(node.body) if isinstance(call, tree.Call)]
    loops = {
        _loop_of(ctx, function.path, call, is_entered=is_entered or is_inside, follows=False)
        for call, is_inside in made
    } - {""}
    return loops.pop() if len(loops) == 1 else ""


def _loop_of(ctx: Context, path: str, made: object, *, is_entered: bool, follows: bool = True) -> str:
    """The loop on which a client is answered that a call creates, or a function that it calls."""
    name = dotted(made.func).rpartition(".")[2] if isinstance(made, tree.Call) else ""
    if name == "AsyncClient":
        return CALLER
    if not given_sessions.makes_client(ctx, path, made):
        maker = names.dotted_value(ctx, path, dotted(made.func)) if isinstance(made, tree.Call) else None
        if follows and isinstance(maker, Function) and isinstance(maker.node, tree.FunctionDef):
            return _loop_of_maker(ctx, maker, is_entered=is_entered)
        return ""
    return EACH_CLIENT if is_entered else EACH_REQUEST
