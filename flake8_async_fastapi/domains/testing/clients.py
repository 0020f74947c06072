"""Test clients that send requests to an application whose lifespan does not run.

``ASGITransport`` runs no lifespan, and ``TestClient`` only if it is entered. The values that the lifespan
sets are missing then. That matters if a test requests a route that reads them, so the paths of requests are
compared with those of routes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from flake8_async_fastapi.domains.fastapi.reach import functions_reached
from flake8_async_fastapi.domains.testing import requests
from flake8_async_fastapi.domains.testing.events import LifespanNotRun
from flake8_async_fastapi.domains.testing.fixtures import fixture_decorator, fixture_named, functions_given
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import definitions, functions
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import Arguments, Function, Object, Value, called_name
from flake8_async_fastapi.engine.watches import Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, names_in, nodes_in, raises_at_end, shared_names
from flake8_async_fastapi.project.modules import is_test

_CLIENTS: Final = frozenset({"starlette.testclient.TestClient", "httpx.ASGITransport", "httpx.AsyncClient"})
_TEST_CLIENT: Final = "starlette.testclient.TestClient"
_CALLS_FOLLOWED: Final = 3
# Code that runs a lifespan in a test.
_RUNNERS: Final = ("LifespanManager", "lifespan_context", "lifespan", "startup", "TestServer")
# Handlers of these catch the error of a missing value.
_CATCH_ALL: Final = frozenset({"Exception", "BaseException", "AttributeError"})
_ENTERS: Final = ("enter_context", "__enter__", "__aenter__")


class _Shared(Struct, frozen=True):
    """A value that a lifespan sets, as written, and the module whose variable it is; a state has none."""

    text: str
    module: str = ""


def report_client(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Report a test client created for an application whose lifespan it needs and does not run."""
    name = called_name(callee)
    place = 1_000 if name == "httpx.AsyncClient" else 0
    app = arguments.get(place, "app")
    if not isinstance(app, Object) or not is_test(frame.path):
        return
    folder = frame.ctx.project.pytest_settings_of(frame.path).folder or frame.path.rpartition("/")[0]
    starters = _starters(frame.ctx, app)
    if not starters or _is_run(frame, name == _TEST_CLIENT, node, folder):
        return
    for starter in starters:
        missing = _missing(frame, node, starter, folder)
        if missing is not None:
            frame.emit_event(LifespanNotRun(*frame.at(node), for_message(node.func), starter.name, *missing))
            return


def _starters(ctx: Context, app: Object) -> list[Function]:
    """The lifespan of an application, or its start-up handlers."""
    lifespan = app.argument("lifespan")
    if lifespan is not None:
        return [lifespan] if isinstance(lifespan, Function) else []
    return [
        functions.as_function(path, node)
        for path in ctx.project.mentioning("on_event")
        for node in nodes_in(ctx.project.body(path))
        if isinstance(node, tree.FunctionDef) and any(map(_handles_start, node.decorators))
    ]


def _handles_start(decorator: Expr) -> bool:
    match decorator:
        case tree.Call(func=tree.Attr(name="on_event"), args=[tree.Const(value="startup")]):
            return True
    return False


def _is_run(frame: Frame, is_test_client: bool, node: tree.Call, folder: str) -> bool:
    """Whether the tests may run the application's lifespan, or enter the client that a call creates."""
    project = frame.ctx.project
    words = (*_RUNNERS, *_ENTERS) if is_test_client else _RUNNERS
    if any(project.tests_mention(word, folder) for word in words):
        return True
    return is_test_client and _is_entered(frame.ctx, frame.path, node, folder)


def _is_entered(ctx: Context, path: str, made: tree.Call, folder: str) -> bool:
    """Whether a call is in a ``with``, or its result is entered by the name of a variable or fixture."""
    given = {name.rpartition(".")[2] for name in _names_of(ctx.project.body(path), made)}
    for node in nodes_in(ctx.project.body(path)):
        if isinstance(node, tree.FunctionDef) and _holds(node.body, made):
            given.add(node.name)
    for other in {path, *ctx.project.tests_mentioning("client", folder)}:
        for node in nodes_in(ctx.project.body(other)):
            if isinstance(node, tree.WithItem) and (
                _holds(node.context, made) or dotted(node.context).rpartition(".")[2] in given
            ):
                return True
    return False


def _holds(code: object, made: tree.Call) -> bool:
    return any(node == made for node in nodes_in(code))


def _missing(frame: Frame, made: tree.Call, lifespan: Function, folder: str) -> tuple[str, str] | None:
    """A path that tests request from a client, and a value its route reads that only the lifespan sets."""
    ctx = frame.ctx
    things = frozenset(_set_by(ctx, lifespan))
    requested = list(dict.fromkeys(_requested(frame, made, folder))) if things else []
    overridden = _words_with_overrides(ctx, folder) if requested else frozenset()
    for pattern, route in requests.routes(ctx) if requested else ():
        asked = next((one for one in requested if requests.matches(pattern, one)), None)
        if asked is not None:
            for thing in _read_by(ctx, route, things, overridden):
                if not ctx.project.tests_mention(thing.partition("[")[0], folder):
                    return asked, thing
    return None


def _words_with_overrides(ctx: Context, folder: str) -> frozenset[str]:
    """The names in tests that override dependencies: one of these may be a dependency that does not run."""
    files = ctx.project.tests_mentioning("dependency_overrides", folder)
    return frozenset(word for file in files for word in _words_in(ctx.project.body(file)))


def _requested(frame: Frame, made: tree.Call, folder: str) -> Iterator[str]:
    """The paths that tests request from the client of a call, as far as they are written as constants."""
    code: object = frame.ctx.project.body(frame.path) if frame.node is None else frame.node.body
    for owner, path, _ in requests.requests_in(code):
        if owner in _names_of(code, made):
            yield path
    if isinstance(frame.node, tree.FunctionDef) and fixture_decorator(frame.node) is not None:
        name = frame.node.name
        for file in {frame.path, *frame.ctx.project.tests_mentioning(name, folder)}:
            meant = fixture_named(frame.ctx, file, name)
            if meant is not None and meant.node != frame.node:
                continue  # a fixture of this name that is nearer to the tests
            for node in functions_given(frame.ctx, file, name, frame.node):
                found = requests.requests_in(node.body)
                yield from (path for owner, path, _ in found if owner == name)


def _names_of(code: object, made: tree.Call) -> set[str]:
    """The variables that hold the result of a call, or a client of it, in the code around it."""
    found: set[str] = set()
    for _ in range(2):  # a transport, and the client that gets it
        for node in nodes_in(code):
            if isinstance(node, tree.Assign) and node.value is not None and _is_over(node.value, made, found):
                found.update(map(dotted, node.targets))
            elif isinstance(node, tree.WithItem) and _is_over(node.context, made, found):
                found.add("" if node.target is None else dotted(node.target))
    return found - {""}


def _is_over(code: Expr, made: tree.Call, transports: set[str]) -> bool:
    return any(
        node == made
        or (isinstance(node, tree.Keyword) and node.name == "transport" and dotted(node.value) in transports)
        for node in nodes_in(code)
    )


def _set_by(ctx: Context, lifespan: Function) -> Iterator[_Shared]:
    """The values that a lifespan sets: ``state.name``, a variable of a module, or an entry of it."""
    for function in functions_reached(ctx, lifespan, 2):
        code = function.node.body
        shared = {name for node in nodes_in(code) if isinstance(node, tree.Scope) for name in node.names}
        for node in nodes_in(code):
            match node:
                case tree.Assign(targets=targets):
                    for target in targets:
                        yield from _assigned(ctx, function.path, target, shared)
                case tree.With(items=items):
                    for item in items:
                        if item.target is not None:
                            yield from _assigned(ctx, function.path, item.target, shared)
                case tree.Yield(value=tree.DictDisplay(keys=keys)):
                    for key in keys:
                        if isinstance(key, tree.Const):
                            yield _Shared(f"state.{key.value}")


def _assigned(ctx: Context, path: str, target: Expr, shared: set[str]) -> Iterator[_Shared]:
    match target:
        case tree.Attr(value=tree.Attr(name="state") | tree.Name(id="state"), name=name):
            yield _Shared(f"state.{name}")
        case tree.Name(id=name) if name in shared:
            yield from (_Shared(name, module) for module in _empty_before(ctx, path, name))
        case tree.Subscript(value=tree.Name(id=name), index=tree.Const(value=str(key))):
            yield from (_Shared(f"{name}[{key!r}]", module) for module in _empty_before(ctx, path, name))


def _empty_before(ctx: Context, path: str, name: str) -> Iterator[str]:
    """The module of a variable that is None, or an empty dictionary, when it is imported."""
    found = definitions.only_definition(ctx, path, name)
    if found is not None and isinstance(found[1], tree.Assign):
        match found[1].value:
            case None | tree.Const(value=None) | tree.DictDisplay(keys=[]):
                yield found[0]
            case tree.Call(func=tree.Name(id="dict"), args=[], keywords=[]):
                yield found[0]


def _read_by(
    ctx: Context, route: Function, shared: frozenset[_Shared], overridden: frozenset[str]
) -> list[str]:
    """The values, among those that a lifespan sets, that a route reads and relies on."""
    names_set = {one.text for one in shared}
    found: dict[str, None] = {}
    coped: set[str] = set()
    getters: dict[str, str] = {}
    reached = functions_reached(ctx, route, _CALLS_FOLLOWED, with_dependencies=True, overridden=overridden)
    for function in reached:
        for node in nodes_in(function.node.body):
            thing = _thing(node)
            if thing in names_set and _Shared(thing, _module_of(ctx, function, thing)) in shared:
                found[thing] = None
            coped.update(_coped_with(node))
            if isinstance(node, tree.Return) and (given := _thing(node.value)) in names_set:
                getters[function.name] = given
    for function in reached if getters else ():
        coped.update(_tested_results(function, getters))
    return [thing for thing in found if thing not in coped]


def _tested_results(function: Function, getters: dict[str, str]) -> Iterator[str]:
    """The values that a function gets from one of some getters, and checks before it uses them."""
    code, params = function.node.body, function.node.params
    held = {param.name: [param.annotation, param.default] for param in params}
    for node in nodes_in(code):
        if isinstance(node, tree.Assign):
            held |= {name: [node.value] for name in map(dotted, node.targets) if name}
    for node in nodes_in(code):
        if isinstance(node, (tree.If, tree.IfExp)):
            words = set(_words_in(node.test))
            for word in words.union(*(_words_in(held[name]) for name in words & held.keys())):
                if word in getters:
                    yield getters[word]


def _words_in(code: object) -> Iterator[str]:
    for node in nodes_in(code):
        if isinstance(node, tree.Name):
            yield node.id
        elif isinstance(node, tree.Attr):
            yield node.name


def _module_of(ctx: Context, function: Function, thing: str) -> str:
    """The module of a variable that a function reads; empty for an attribute of a state, and if unknown."""
    name, node = thing.partition("[")[0], function.node
    if "." in name or not isinstance(node, tree.FunctionDef):
        return ""
    if name in requests.bound_in(node) - set(shared_names(node.body)):
        return ""
    found = definitions.only_definition(ctx, function.path, name)
    return "" if found is None else found[0]


def _thing(node: object) -> str:
    match node:
        case tree.Attr(value=tree.Attr(name="state") | tree.Name(id="state"), name=name):
            return f"state.{name}"
        case tree.Subscript(value=tree.Name(id=name), index=tree.Const(value=str(key))):
            return f"{name}[{key!r}]"
        case tree.Name(id=name):
            return name
    return ""


def _coped_with(node: object) -> Iterator[str]:
    """The values that code sets itself, or checks before it uses them."""
    match node:
        case tree.Assign(targets=targets):
            yield from map(_thing, targets)
        case tree.If(test=test) | tree.IfExp(test=test):
            yield from map(_thing, nodes_in(test))
        case tree.BoolOp(values=[*asked, _]):
            yield from map(_thing, asked)
        case tree.Try(body=body, handlers=handlers) if any(map(_goes_on, handlers)):
            yield from map(_thing, nodes_in(body))
        case tree.Call(func=tree.Name(id="hasattr" | "getattr"), args=[_, tree.Const(value=str(name)), *_]):
            yield f"state.{name}"


def _goes_on(handler: tree.Handler) -> bool:
    """Whether a handler catches the error of a missing value, and raises none itself."""
    caught = handler.type is None or not _CATCH_ALL.isdisjoint(names_in(handler.type))
    return caught and not raises_at_end(handler.body)


CALLS: Final = Watch(report_client, functions=_CLIENTS, checked=True)
