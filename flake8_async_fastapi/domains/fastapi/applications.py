"""FastAPI applications and routers: start-up and shutdown handlers, and the applications they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct, field

from flake8_async_fastapi.domains.fastapi.events import HandlerAdded
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import names, statements
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import Arguments, Function, Member, Object, Unknown, Value, is_none
from flake8_async_fastapi.engine.watches import ALL, Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import dotted, flat, nodes_in
from flake8_async_fastapi.knowledge import is_subtype
from flake8_async_fastapi.project.views import calls_by_name

APPLICATION = "starlette.applications.Starlette"
ROUTER = "starlette.routing.Router"
_REGISTRARS = frozenset({"on_event", "add_event_handler"})
_MARKERS = frozenset({"Depends", "Security"})
_HANDLERS = ("on_startup", "on_shutdown")
_LIST_METHODS = frozenset({"append", "extend", "insert"})


class Inclusion(Struct, frozen=True):
    """An application or router that includes a router, and the ``dependencies`` that it adds."""

    including: Object
    router: Object
    dependencies: Value | None


_MERGES_LIFESPANS: Final = (0, 112, 2)
"""The first FastAPI in which an application starts the routers that it includes, whatever its lifespan."""


class Inclusions(Struct):
    """The routers that a run includes; only special runs have this note."""

    found: list[Inclusion] = field(default_factory=list)


def observe_call(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Note routers that are included, and report start-up and shutdown handlers that are registered."""
    if isinstance(callee, Member):
        if callee.name == "include_router":
            _note_include(frame, callee.receiver, arguments)
        elif frame.emit and callee.name in _REGISTRARS and is_application_part(callee.receiver):
            ignored_by = _application_ignoring_handlers(frame, callee.receiver)
            frame.emit_event(HandlerAdded(*frame.at(node), for_message(node), ignored_by, deprecated=True))


def report_made(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Report an application that is created with both handlers and a lifespan, or gets a handler later."""
    if isinstance(node.func, tree.Attr) and node.func.name in _LIST_METHODS:
        _report_listed(frame, node.func.value, node)
    elif isinstance(result, Object) and is_application_part(result):
        _report_handlers_with_lifespan(frame, result, node)


def _report_handlers_with_lifespan(frame: Frame, made: Object, node: tree.Call) -> None:
    given = [name for name in _HANDLERS if (value := made.argument(name)) and not is_none(value)]
    if given and has_lifespan(made):
        text = f"{for_message(node.func)}({given[0]}=...)"
        frame.emit_event(HandlerAdded(*frame.at(node), text, "the application", deprecated=False))


def _report_listed(frame: Frame, listed: tree.Expr, node: tree.Call) -> None:
    """Report a handler that is put into the list of an application with a lifespan, or of its router."""
    if not isinstance(listed, tree.Attr) or listed.name not in _HANDLERS:
        return
    whole = dotted(listed.value)
    text = whole.removesuffix(".router")
    owner = frame.state.env.get(text) or (names.dotted_value(frame.ctx, frame.path, text) if text else None)
    if not isinstance(owner, Object) or not is_application_part(owner) or not has_lifespan(owner):
        return
    if text != whole or is_subtype(owner.type, ROUTER):
        ignored_by = _application_ignoring_handlers(frame, owner)
        frame.emit_event(HandlerAdded(*frame.at(node), for_message(node.func), ignored_by, deprecated=False))


def _note_include(frame: Frame, including: Object, arguments: Arguments) -> None:
    noted, router = frame.notes.get(Inclusions), arguments.get(0, "router")
    if noted is not None and isinstance(router, Object):
        noted.found.append(Inclusion(including, router, dict(arguments.keywords).get("dependencies")))


def is_application_part(value: Object) -> bool:
    """Whether a value is an application or a router."""
    return is_subtype(value.type, APPLICATION) or is_subtype(value.type, ROUTER)


def has_lifespan(application: Object) -> bool:
    """Whether an application was certainly constructed with a lifespan."""
    lifespan = application.argument("lifespan")
    return lifespan is not None and not isinstance(lifespan, Unknown) and is_none(lifespan) is False


def _application_ignoring_handlers(frame: Frame, owner: Object) -> str:
    """The application with a lifespan that a router or application belongs to, or an empty text."""
    if has_lifespan(owner):
        return "this router" if is_subtype(owner.type, ROUTER) else "the application"
    requirements = frame.ctx.project.requirements_of(frame.path)
    if is_subtype(owner.type, ROUTER) and requirements.at_least("fastapi", _MERGES_LIFESPANS) is False:
        above = list(_applications_including(frame.ctx, owner, frozenset()))
        if above and all(has_lifespan(application) for application in above):
            return "the application that includes this router"
    return ""


def _applications_including(ctx: Context, router: Object, seen: frozenset[Object]) -> Iterator[Object]:
    """The applications that include a router, directly or through other routers."""
    for one in inclusions(ctx):
        if one.router == router and one.including not in seen:
            if is_subtype(one.including.type, APPLICATION):
                yield one.including
            else:
                yield from _applications_including(ctx, one.including, seen | {router})


def dependencies_around(
    ctx: Context, owner: Object, seen: frozenset[Object] = frozenset()
) -> Iterator[tuple[Value, ...]]:
    """The values of all ``dependencies`` that apply to an application or router, each way it is included."""
    own = owner.argument("dependencies")
    given = () if own is None else (own,)
    around = [one for one in inclusions(ctx) if one.router == owner and one.including not in seen]
    if not around:
        yield given
    for one in around:
        added = () if one.dependencies is None else (one.dependencies,)
        for above in dependencies_around(ctx, one.including, seen | {owner}):
            yield (*given, *added, *above)


def inclusions(ctx: Context) -> tuple[Inclusion, ...]:
    """All inclusions of routers, in any file."""
    return ctx.query(("inclusions",), lambda: tuple(dict.fromkeys(_find_inclusions(ctx))), ())


def _find_inclusions(ctx: Context) -> Iterator[Inclusion]:
    for path in ctx.project.files_including_routers():
        yield from _inclusions_in(ctx, path)


def _inclusions_in(ctx: Context, path: str) -> Iterator[Inclusion]:
    """The inclusions in one file, found by running its module body and its functions."""
    body = ctx.project.body(path)
    functions = [
        node
        for node in nodes_in(body)
        if isinstance(node, tree.FunctionDef) and _mentions_inclusion(node.body)
    ]
    frames = [Frame(ctx, path, "")]
    runs = [(frames[0], body)]
    for function in functions:
        frame = Frame(ctx, path, function.qualname, is_async=function.is_async)
        runs.append((frame, function.body))
    for frame, code in runs:
        included = frame.notes_of(Inclusions).found
        statements.run_statements(frame, code, [State()])
        yield from included


def _mentions_inclusion(code: object) -> bool:
    return any(isinstance(node, tree.Attr) and node.name == "include_router" for node in nodes_in(code))


def is_registered(ctx: Context, function: Function) -> bool:
    """Whether a function is registered to be called by a framework, in any file."""
    return ctx.query(("registered", function.key), lambda: _find_registration(ctx, function), False)


def _find_registration(ctx: Context, function: Function) -> bool:
    return any(_meant_by(ctx, function, ctx.project.registrations_of(function.name)))


def is_made_dependency(function: Function, outer: Frame) -> bool:
    """Whether a function is what another one returns for ``Depends(allowed("editor"))``, in any file."""
    factory = outer.node
    if not isinstance(factory, tree.FunctionDef) or outer.owner is not None or factory.is_async:
        return False
    returned = (part.value for part in flat(factory.body) if isinstance(part, tree.Return))
    if not any(isinstance(value, tree.Name) and value.id == function.name for value in returned):
        return False
    ctx, key = outer.ctx, Place(outer.path, factory.line, factory.col)
    return ctx.query(("makes dependencies", key), lambda: _makes_dependencies(ctx, factory.name, key), False)


def _makes_dependencies(ctx: Context, name: str, key: Place) -> bool:
    for path in ctx.project.mentioning(name):
        for marker in sorted(_MARKERS):
            for call in ctx.project.view_of(path, calls_by_name, marker) or ():
                match call.args:
                    case [tree.Call(func=made)] if dotted(made).endswith(name):
                        found = names.dotted_value(ctx, path, dotted(made))
                        if isinstance(found, Function) and found.key == key:
                            return True
    return False


def may_end_after_response(ctx: Context, function: Function) -> bool:
    """Whether a function is a dependency that some ``Depends`` ends only after the response was sent."""
    return ctx.query(("ends late", function.key), lambda: _find_late_end(ctx, function), False)


def _find_late_end(ctx: Context, function: Function) -> bool:
    uses = ctx.project.request_scoped_uses_of(function.name)
    # FastAPI does not enter what a function under @asynccontextmanager returns
    return any(not meant.wrapped for meant in _meant_by(ctx, function, uses))


def late_uses_of(ctx: Context, function: Function) -> Iterator[tuple[str, str]]:
    """The files where a function is a dependency that may end after the response, with its name there."""
    for path, text in ctx.project.request_scoped_uses_of(function.name):
        if any(_meant_by(ctx, function, [(path, text)])):
            yield path, text


def _meant_by(ctx: Context, function: Function, named: Iterable[tuple[str, str]]) -> Iterator[Function]:
    """The values of those texts in files that mean a function."""
    for path, text in named:
        value = names.dotted_value(ctx, path, text)
        if isinstance(value, Function) and value.key == function.key:
            yield value
        elif path == function.path and _names_own_method(text, function):
            yield function


def means(ctx: Context, path: str, text: str, function: Function) -> bool:
    """Whether a text in a file means a function."""
    return any(_meant_by(ctx, function, [(path, text)]))


def _names_own_method(text: str, function: Function) -> bool:
    """Whether a text is a method as the class of the method itself names it: ``self.method``."""
    if function.owner is None or not function.node.params or function.node.params[0].kind in ("*", "**"):
        return False
    is_own = text == f"{function.node.params[0].name}.{function.name}"
    code = nodes_in(function.owner.node.body) if is_own else ()
    return any(isinstance(node, tree.Attr) and dotted(node) == text for node in code)


CALLS: Final = (
    Watch(observe_call, methods=_REGISTRARS | {"include_router"}),
    Watch(report_made, ALL, ALL, ALL, checked=True),
)
