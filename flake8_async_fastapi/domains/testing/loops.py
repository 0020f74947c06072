"""Engines used by tests on several loops: a pool returns a connection that belongs to a closed loop.

pytest-asyncio runs each test on its own loop unless a scope is set, and so does AnyIO. A fixture with a
wider scope has a loop of that scope.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct, field

from flake8_async_fastapi.domains.testing import client_loops, fixtures, given_sessions
from flake8_async_fastapi.domains.testing.collected import OTHER_PLUGINS
from flake8_async_fastapi.domains.testing.events import EngineUsedInTest
from flake8_async_fastapi.domains.threads.engine_loops import (
    EngineNotes,
    EngineUse,
    engine_used,
    has_known_driver,
    loop_bound_engine,
    uses_of,
)
from flake8_async_fastapi.domains.threads.sure_uses import SureUses
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import names
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import (
    Arguments,
    Function,
    Object,
    Value,
)
from flake8_async_fastapi.engine.watches import Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import (
    bound_names,
    dotted,
    flat,
    nodes_in,
    shared_names,
    written_argument,
)
from flake8_async_fastapi.knowledge.transactions import BEGINS, CONNECTS, FLUSHES
from flake8_async_fastapi.project.modules import is_test, module_folder

_FUNCTION: Final = "function"
_CLASS: Final = "class"
_OPENS: Final = frozenset({"begin", "connect"})
_MAKERS: Final = frozenset({"async_sessionmaker", "sessionmaker", "AsyncSession"})
_MARKS: Final = ("mark.asyncio", "mark.anyio")
_REPLACE: Final = frozenset({"setattr", "patch", "object"})
# Code that may give tests another loop than their marks say.
_OTHER_WAYS: Final = ("pytest_collection_modifyitems", "pytest_itemcollected")
_EVENT_LOOP: Final = "event_loop"
_KNOWS_NO_FIXTURE: Final = (1, 0)
"""The first pytest-asyncio that does not ask for ``event_loop``."""


class OwnEngines(Struct):
    """The engines that a fixture creates, each with the place where it opens a connection."""

    opened: dict[EngineUse, Place] = field(default_factory=dict)


def note_call(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Note a call in a fixture that opens a connection of an engine created there."""
    if not isinstance(frame.node, tree.FunctionDef) or not frame.node.decorators:
        return
    engine = engine_used(callee, arguments)
    if engine is not None and fixtures.fixture_decorator(frame.node) is not None:
        place = loop_bound_engine(frame.ctx, engine)
        if place is not None and place.path == frame.path and place.line > frame.node.line:
            use = EngineUse(place, has_known_driver(engine))
            frame.notes_of(OwnEngines).opened.setdefault(use, frame.place_of(node))


def report_engine_use(frame: Frame) -> None:
    """Report a test or an async fixture that uses an engine which keeps connections of a loop."""
    function = frame.node
    if not isinstance(function, tree.FunctionDef) or not is_test(frame.path):
        return
    decorator = fixtures.fixture_decorator(function)
    if decorator is not None and function.is_async:
        _report_fixture(frame, function, decorator)
    elif decorator is None and function.name.startswith("test"):
        _report_test(frame, function)


def _report_fixture(frame: Frame, function: tree.FunctionDef, decorator: Expr) -> None:
    scope = _loop_scope(frame, function, decorator)
    uses = dict(_engines_used(frame, function, scope)) if scope else {}
    if uses and _are_plain(frame.ctx, frame.path):
        is_repeated = _is_repeated(frame, function, decorator, scope)
        for use, place in uses.items():
            _emit(frame, function, use, place, is_fixture=True, is_repeated=is_repeated)


def _report_test(frame: Frame, function: tree.FunctionDef) -> None:
    own: dict[EngineUse, Place] = {}
    scope = _loop_scope(frame, function, None) if function.is_async else ""
    of_class = frame.owner.name if scope == _CLASS and frame.owner is not None else ""
    has_own_loop = scope == _FUNCTION or bool(of_class)
    if has_own_loop:
        own = dict(_engines_used(frame, function, _FUNCTION))
    requested = list(client_loops.engines_requested(frame, function))
    if not (own or requested):
        return
    is_plain, is_repeated = _are_plain(frame.ctx, frame.path), fixtures.runs_several_times(function)
    elsewhere: set[EngineUse] = set()
    for use, place, loop in requested:
        if loop == client_loops.CALLER:
            own.setdefault(use, place)
        elif loop == client_loops.EACH_REQUEST or not frame.ctx.project.mentioning("dispose"):
            again = use in elsewhere and loop == client_loops.EACH_REQUEST
            shares = function.is_async and (use in own or use in _given_by_fixtures(frame, function))
            repeated = is_repeated or again or shares
            _emit(frame, function, use, place, is_fixture=False, is_repeated=repeated)
            elsewhere.add(use)
    if has_own_loop and is_plain:
        for use, place in own.items():
            repeated = is_repeated and not of_class
            _emit(frame, function, use, place, is_fixture=False, is_repeated=repeated, loop=of_class)


def _given_by_fixtures(frame: Frame, function: tree.FunctionDef) -> set[EngineUse]:
    """The engines that the fixtures of a test use directly."""
    found = [
        fixtures.fixture_named(frame.ctx, frame.path, param.name, frame.owner) for param in function.params
    ]
    return {
        use
        for fixture in found
        if fixture is not None and fixture.is_async
        for use in uses_of(frame, fixture, Arguments(opaque=True))
    }


def _emit(
    frame: Frame,
    function: tree.FunctionDef,
    use: EngineUse,
    place: Place,
    *,
    is_fixture: bool,
    is_repeated: bool,
    loop: str = "",
) -> None:
    ctx = frame.ctx
    is_certain = use.has_known_driver or not ctx.project.requirements_of(frame.path).brings({"aiosqlite"})
    if is_certain and not _is_chosen(ctx, use) and not _is_replaced(frame, use):
        where = (place.path, place.line, place.col, loop or frame.qualname)
        frame.emit_event(EngineUsedInTest(*where, function.name, use.engine.spot, is_fixture, is_repeated))


def _is_chosen(ctx: Context, use: EngineUse) -> bool:
    """Whether the module of an engine is imported conditionally: tests may have chosen another."""
    home = use.engine.path

    def find() -> bool:
        return any(
            getattr(ctx.project.target(path, binding), "path", None) == home
            for path in ctx.project.mentioning(module_folder(home).rpartition("/")[2])
            for block in ctx.project.body(path)
            if isinstance(block, tree.If)
            for statement in flat([block])
            if isinstance(statement, tree.Import)
            for binding in statement.bindings
        )

    return ctx.query(("chosen by a condition", home), find, False)


def _is_replaced(frame: Frame, use: EngineUse) -> bool:
    """Whether the file of a test replaces the code that uses an engine, or tests call what disposes of it."""
    ctx = frame.ctx
    folder = ctx.project.pytest_settings_of(frame.path).folder
    functions = (one for one in ctx.project.body(use.engine.path) if isinstance(one, tree.FunctionDef))
    ends = (one.name for one in functions if _disposes(one))
    if any(ctx.project.tests_mentioning(name, folder) for name in ends):
        return True
    for name in _replaced_names(ctx.project.body(frame.path)):
        for path in ctx.project.mentioning(name):
            if _uses(frame, names.module_value(ctx, path, name), use):
                return True
    return False


def _replaced_names(code: list[Stmt]) -> Iterator[str]:
    """The last names of what code patches, or assigns to an attribute of something else than ``self``."""
    for node in nodes_in(code):
        match node:
            case tree.Call(func=func, args=args) if dotted(func).rpartition(".")[2] in _REPLACE:
                for argument in args[:2]:
                    text = argument.value if isinstance(argument, tree.Const) else None
                    name = text.rpartition(".")[2] if isinstance(text, str) else ""
                    if name.isidentifier():
                        yield name
            case tree.Assign(targets=targets):
                for target in targets:
                    if isinstance(target, tree.Attr) and dotted(target.value) not in ("", "self"):
                        yield target.name


def _uses(frame: Frame, value: Value, use: EngineUse) -> bool:
    """Whether a value is an engine, a function makes or uses it, or a factory creates sessions of it."""
    if isinstance(value, Object) and value.origin == use.engine:
        return True
    if isinstance(value, Function):
        spots = [(one.line, one.col) for one in nodes_in(value.node) if isinstance(one, tree.Call)]
        makes = value.path == use.engine.path and use.engine.position in spots
        return makes or use in uses_of(frame, value, Arguments(opaque=True))
    engine = engine_used(value, Arguments())
    return engine is not None and loop_bound_engine(frame.ctx, engine) == use.engine


# --- engines ---------------------------------------------------------------------------------------


def _engines_used(frame: Frame, function: tree.FunctionDef, scope: str) -> Iterator[tuple[EngineUse, Place]]:
    """The engines whose connections a test or fixture leaves in a pool, each with the opening place."""
    notes = frame.notes.get(EngineNotes)
    uses = notes.uses.items() if notes is not None else ()
    sure = frame.notes_of(SureUses).engines
    engines = [(use, place) for use, place in uses if not use.is_client and use.engine in sure]
    if scope == _FUNCTION:
        if notes is not None and not notes.disposes:
            yield from engines
        yield from _engines_asked_for(frame, function)
    elif not _disposes_before_yield(function):
        yield from engines
        own = frame.notes.get(OwnEngines)
        if own is not None and _leaves_a_value(function):
            yield from own.opened.items()


def _leaves_a_value(function: tree.FunctionDef) -> bool:
    """Whether a fixture gives its tests a value, or keeps one elsewhere: they may use its engine."""
    for node in nodes_in(function.body):
        match node:
            case tree.Yield(value=value) | tree.Return(value=value) if value is not None:
                return True
            case tree.Scope() | tree.Assign(targets=[tree.Attr(), *_] | [tree.Subscript(), *_]):
                return True
    return False


def _disposes_before_yield(function: tree.FunctionDef) -> bool:
    lines = [node.line for node in nodes_in(function.body) if isinstance(node, tree.Yield)]
    return any(
        isinstance(node, tree.Attr) and node.name == "dispose" and node.line < min(lines, default=0)
        for node in nodes_in(function.body)
    )


def _engines_asked_for(frame: Frame, function: tree.FunctionDef) -> Iterator[tuple[EngineUse, Place]]:
    """The engines of fixtures with a wider scope, with the place where the function opens a connection."""
    for param in function.params:
        found = fixtures.fixture_named(frame.ctx, frame.path, param.name, frame.owner)
        if found is None or fixtures.scope_of_fixture(found.node) == _FUNCTION:
            continue
        opening = _opening_by(function, param.name)
        if opening is None:
            continue
        engine = given_sessions.engine_given(frame, found)
        place = loop_bound_engine(frame.ctx, engine) if engine is not None else None
        if place is not None and engine is not None:
            yield EngineUse(place, has_known_driver(engine)), frame.place_of(opening)


def _opening_by(function: tree.FunctionDef, name: str) -> tree.Call | None:
    """The first call that opens a connection of a parameter, or creates an object that does."""
    nodes = list(nodes_in(function.body))
    adds = any(
        isinstance(node, tree.Attr) and node.name in BEGINS and dotted(node.value) == name for node in nodes
    )
    opens = _OPENS | CONNECTS | (FLUSHES if adds else frozenset())
    for node in nodes:
        match node:
            case tree.Call(func=tree.Attr(value=tree.Name(id=owner), name=method)):
                if owner == name and method in opens:
                    return node
            case tree.Call(func=tree.Name(id=called)) if called == name and not node.args:
                return node
            case tree.Call(func=func) if dotted(func).rpartition(".")[2] in _MAKERS:
                bind = written_argument(node, 0, "bind")
                if bind is not None and dotted(bind) == name:
                    return node
    return None


# --- loops -----------------------------------------------------------------------------------------


def _loop_scope(frame: Frame, function: tree.FunctionDef, decorator: Expr | None) -> str:
    """The scope of the loop of a test or fixture; empty if it is not certain."""
    settings = frame.ctx.project.pytest_settings_of(frame.path)
    if decorator is None:
        return _scope_of_marks(frame, function) or settings.test_loop_scope
    scope = fixtures.option_of(decorator, "scope", _FUNCTION)
    own = fixtures.option_of(decorator, "loop_scope", settings.fixture_loop_scope or scope)
    return own if own == scope or scope == _FUNCTION else ""


def _scope_of_marks(frame: Frame, function: tree.FunctionDef) -> str:
    """The scope in a mark of a test, its class or its module; empty if there is none."""
    classes = [] if frame.owner is None else frame.owner.node.decorators
    body = [] if frame.owner is None else frame.owner.node.body
    module = [statement for _, statement in frame.ctx.project.bindings(frame.path, "pytestmark")]
    own = [one for one in body if isinstance(one, tree.Assign)]
    for node in nodes_in([*function.decorators, *classes, *own, *module]):
        if isinstance(node, tree.Call) and dotted(node.func).endswith("mark.asyncio"):
            for keyword in node.keywords:
                if keyword.name in ("loop_scope", "scope") and isinstance(keyword.value, tree.Const):
                    return str(keyword.value.value)
    return ""


def _are_plain(ctx: Context, path: str) -> bool:
    """Whether tests certainly run on the loops that marks and settings say, and keep their connections."""
    project = ctx.project
    settings, requirements = project.pytest_settings_of(path), project.requirements_of(path)
    if any(project.tests_mention(name, settings.folder) for name in _OTHER_WAYS):
        return False
    is_ignored = requirements.at_least("pytest-asyncio", _KNOWS_NO_FIXTURE) is True
    if not is_ignored and project.tests_mention(_EVENT_LOOP, settings.folder):
        return False
    if requirements.brings(OTHER_PLUGINS):
        return False
    if not settings.is_auto and not any(project.tests_mention(mark, settings.folder) for mark in _MARKS):
        return False
    if any(
        fixtures.scope_of_fixture(one) != _FUNCTION for one in _named(ctx, "anyio_backend", settings.folder)
    ):
        return False
    cleaning = fixtures.functions_in(ctx, project.tests_mentioning("dispose", settings.folder))
    return not any(fixtures.scope_of_fixture(one) == _FUNCTION and _disposes(one) for one in cleaning)


def _disposes(function: tree.FunctionDef) -> bool:
    """Whether a function disposes of an engine that it does not create itself."""
    own = {name for statement in flat(function.body) for name in bound_names(statement)}
    own.difference_update(shared_names(function.body))
    return any(
        isinstance(node, tree.Attr)
        and node.name == "dispose"
        and dotted(node.value).partition(".")[0] not in own
        for node in nodes_in(function.body)
    )


def _named(ctx: Context, name: str, folder: str) -> Iterator[tree.FunctionDef]:
    files = ctx.project.tests_mentioning(name, folder)
    return (one for one in fixtures.functions_in(ctx, files) if one.name == name)


def _is_repeated(frame: Frame, function: tree.FunctionDef, decorator: Expr, scope: str) -> bool:
    """Whether a fixture runs again on another loop, or its value is used on another one."""
    ctx = frame.ctx
    settings = ctx.project.pytest_settings_of(frame.path)
    folder = frame.path.rpartition("/")[0] or settings.folder
    is_automatic = any(
        keyword.name == "autouse"
        for keyword in getattr(decorator, "keywords", ())
        if keyword.name is not None
    )
    asking = 2 if is_automatic else fixtures.tests_asking_for(ctx, function.name, folder)
    if scope == _FUNCTION:
        return asking > 1
    marked = fixtures.functions_in(ctx, ctx.project.tests_mentioning("loop_scope", settings.folder))
    chosen = any(fixtures.is_test_function(one) for one in marked)
    return asking > 0 and settings.test_loop_scope == _FUNCTION and not chosen


CALLS: Final = Watch(note_call, methods=_OPENS, others=(Object,), checked=True)
