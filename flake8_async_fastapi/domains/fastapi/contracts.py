"""Functions with parameters that FastAPI fills, called by code that passes nothing for them.

The caller is code of the project, which calls a dependency or a route by hand, or Starlette, which calls
endpoints, handlers and middleware with its own arguments.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.domains.fastapi import applications, dependencies, kept_markers
from flake8_async_fastapi.domains.fastapi.events import CalledByHand, CalledByStarlette
from flake8_async_fastapi.engine import hints
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import classes, expressions
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.text import for_message
from flake8_async_fastapi.engine.values import (
    Arguments,
    ClassValue,
    Collection,
    Function,
    Instance,
    Library,
    Member,
    Object,
    Value,
    called_name,
)
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr
from flake8_async_fastapi.facts.walk import dotted, parts_of, target_names, written_argument
from flake8_async_fastapi.knowledge.decorators import ROUTE_VERBS
from flake8_async_fastapi.knowledge.starlette import CALLED_BY_STARLETTE, PARAMETER_MARKERS
from flake8_async_fastapi.project.modules import is_test

_HARMLESS: Final = ROUTE_VERBS | {
    "staticmethod", "classmethod", "abstractmethod", "override", "contextmanager", "asynccontextmanager",
}  # fmt: skip
_CALLS_FOLLOWED: Final = 2
_SCHEDULER: Final = "apscheduler.schedulers.base.BaseScheduler"
_EXAMINED: Final = frozenset({"isinstance", "issubclass", "hasattr", "getattr", "type", "callable"})


class FromFastAPI(Struct, frozen=True):
    """A parameter that FastAPI fills: ``marker`` as written.

    ``is_default`` says that the marker is the default, which a direct call gets if it passes nothing.
    Otherwise the marker is in the annotation, and there is no default. ``is_dependency``: it is a
    ``Depends``.
    """

    name: str
    marker: str
    is_default: bool
    is_dependency: bool


# --- called by hand ------------------------------------------------------------------------------


def report_handed_over(
    frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value
) -> None:
    """As ``report_called_by_hand``, for a function that is passed to a library with its arguments."""
    place = knowledge.function_argument(called_name(callee))
    if place is not None and not arguments.opaque and place < len(arguments.args):
        rest = replace(arguments, args=arguments.args[place + 1 :], placed=0)
        report_called_by_hand(frame, arguments.args[place], rest, node, result)


def report_scheduled(
    frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value
) -> None:
    """As ``report_called_by_hand``, for a job of APScheduler, which passes ``args`` and ``kwargs``."""
    if not isinstance(callee, Member) or not knowledge.is_subtype(callee.receiver.type, _SCHEDULER):
        return
    job, args, keywords = (arguments.get(*at) for at in ((0, "func"), (2, "args"), (3, "kwargs")))
    listed = args.items if isinstance(args, Collection) else () if args is None else None
    if job is not None and listed is not None and keywords is None and not arguments.opaque:
        report_called_by_hand(frame, job, Arguments(listed), node, result)


def report_called_by_hand(
    frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value
) -> None:
    """Report a call that passes nothing for a parameter that only FastAPI fills.

    A test may stop before the parameter is used, or replace the code that uses it.
    """
    if is_test(frame.path):
        return
    function: Value | None = callee
    if isinstance(callee, ClassValue):
        function = classes.class_attribute(frame.ctx, callee, "__init__")
        if isinstance(function, Function):
            function = replace(function, receiver=Instance(callee))
    if not isinstance(function, Function) or arguments.opaque:
        return
    if len(arguments.args) + len(arguments.keywords) >= len(function.node.params):
        return  # there is one of these for each
    expected = _from_fastapi(frame.ctx, function)
    if not expected:
        return
    passed = {param.name for param, _ in hints.passed_parameters(function, arguments)}
    for param in expected:
        if param.name not in passed and _relies_on(frame, function, param):
            if (
                isinstance(callee, ClassValue)
                and param.is_default
                and not kept_markers.is_missed(frame, callee, function, param.name, node)
            ):
                continue
            name = callee.name if isinstance(callee, ClassValue) else function.name
            text, marker = for_message(node), param.marker
            frame.emit_event(CalledByHand(*frame.at(node), text, name, param.name, marker, param.is_default))
            return


def _from_fastapi(ctx: Context, function: Function) -> tuple[FromFastAPI, ...]:
    """The parameters of a function that FastAPI fills; none if a decorator may pass them."""
    node = function.node
    if not isinstance(node, tree.FunctionDef) or not all(map(is_harmless, node.decorators)):
        return ()
    return ctx.query(
        ("from fastapi", function.key, function.closure, function.owner),
        lambda: tuple(_find_from_fastapi(ctx, function, node)),
        (),
    )


def is_harmless(decorator: Expr) -> bool:
    """Whether a decorator leaves the parameters of a function to FastAPI."""
    written = decorator.func if isinstance(decorator, tree.Call) else decorator
    return dotted(written).rpartition(".")[2] in _HARMLESS


def _find_from_fastapi(ctx: Context, function: Function, node: tree.FunctionDef) -> Iterator[FromFastAPI]:
    frame = Frame(ctx, function.path, "", owner=function.owner, closure=function.closure)
    for param in node.params:
        if param.kind in ("*", "**"):
            continue
        if param.default is not None:
            is_dependency = _is_dependency(frame, param.default)
            if is_dependency is not None:
                yield FromFastAPI(param.name, for_message(param.default), True, is_dependency)
        else:
            for outer, written in dependencies.annotated_extras(frame, param):
                if dependencies.dependency_target(expressions.evaluate(outer, State(), written)) is not None:
                    yield FromFastAPI(param.name, for_message(written), False, True)
                    break


def _is_dependency(frame: Frame, written: Expr) -> bool | None:
    """Whether a default is a ``Depends``, or stands for a part of the request; None for others."""
    if isinstance(written, tree.Call):
        callee = expressions.evaluate(frame, State(), written.func)
        if isinstance(callee, Library) and callee.dotted in PARAMETER_MARKERS:
            return False
    elif not isinstance(written, (tree.Name, tree.Attr)):
        return None
    found = dependencies.dependency_target(expressions.evaluate(frame, State(), written))
    return None if found is None else True


def _relies_on(frame: Frame, function: Function, param: FromFastAPI) -> bool:
    """Whether a call fails, or misbehaves, without a value for a parameter.

    Code that checks or replaces the value may cope. A marker for a part of the request (``Query(...)`` and
    similar) often matters to some calls only.
    """
    if not param.is_default:
        return True
    body = function.node.body
    mentioned = any(isinstance(node, tree.Name) for node in _nodes_about(body, param.name))
    if not mentioned or any(_copes(node, param.name) for node in _nodes_about(body, param.name)):
        return False
    if param.is_dependency:
        return True
    always = any(isinstance(node, tree.Name) for node in _nodes_about(_always_run(body), param.name))
    return always and not _is_as_good(frame.ctx, function, param.name)


def _is_as_good(ctx: Context, function: Function, name: str) -> bool:
    """Whether a ``Query("a")`` has the same effect as the ``"a"`` that FastAPI would pass."""
    written = next(param.default for param in function.node.params if param.name == name)
    value = written_argument(written, 0, "default") if isinstance(written, tree.Call) else None
    return isinstance(value, tree.Const) and _is_compared(ctx, function, name, value, _CALLS_FOLLOWED)


def _is_compared(ctx: Context, function: Function, name: str, value: tree.Const, depth: int) -> bool:
    """Whether a parameter is only compared with other literals, also in functions that it is passed to."""
    frame = Frame(ctx, function.path, "", owner=function.owner, closure=function.closure)
    uses = compared = 0
    for node in _nodes_about(function.node.body, name):
        match node:
            case tree.Name():
                uses += 1
            case tree.Compare(left=tree.Name(id=left), ops=["==" | "!="], rights=[tree.Const() as other]):
                compared += left == name and other.value != value.value
            case tree.Call(func=func, args=args) if depth:
                for place, given in enumerate(args):
                    if isinstance(given, tree.Name) and given.id == name:
                        callee = expressions.evaluate(frame, State(), func)
                        params = callee.node.params if isinstance(callee, Function) else []
                        if isinstance(callee, Function) and callee.receiver is None and place < len(params):
                            compared += _is_compared(ctx, callee, params[place].name, value, depth - 1)
    return uses == compared


def _nodes_about(code: object, name: str) -> Iterator[object]:
    """The mentions of a variable in its own scope, and the nodes that may show how it is used."""
    for part in parts_of(code):
        if isinstance(part, (tree.FunctionDef, tree.Lambda)) and name in {p.name for p in part.params}:
            continue
        if not isinstance(part, tree.Name) or part.id == name:
            yield part
        yield from _nodes_about(part, name)


def _copes(node: object, name: str) -> bool:
    """Whether code checks the argument for a parameter, or replaces it."""
    match node:
        case tree.Call(func=tree.Name(id=asked), args=[tree.Name(id=given), *_]) if asked in _EXAMINED:
            return given == name
        case tree.Assign(targets=targets):
            return any(name in target_names(target) for target in targets)
        case tree.Attr(value=tree.Name(id=owner), name="dependency"):
            return owner == name
    return False


def _always_run(body: object) -> list[object]:
    """The statements of a function outside of conditions, loops and nested functions."""
    found: list[object] = []
    for statement in parts_of(body):
        if isinstance(statement, (tree.With, tree.Try)):
            found += _always_run(statement.body)
        elif not isinstance(statement, (tree.If, tree.For, tree.While, tree.Match, tree.FunctionDef)):
            found.append(statement)
    return found


# --- called by Starlette -------------------------------------------------------------------------


def report_registered(
    frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value
) -> None:
    """Report a function registered with Starlette that has parameters which only FastAPI fills."""
    if isinstance(callee, Member) and applications.is_application_part(callee.receiver):
        known = CALLED_BY_STARLETTE.get(callee.name)
    else:
        known = CALLED_BY_STARLETTE.get(callee.dotted) if isinstance(callee, Library) else None
    if known is not None and known[1]:
        _report_endpoint(frame, arguments.get(1, known[1]), known[0], for_message(node.func), node)


def report_application(
    frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value
) -> None:
    """As ``report_registered``, for the lifespan and the handlers passed to an application's constructor."""
    if isinstance(result, Object):
        _report_endpoint(frame, result.argument("lifespan"), "the application", "the lifespan", node)
        for name in ("on_startup", "on_shutdown"):
            handlers = result.argument(name)
            for handler in (handlers.items or ()) if isinstance(handlers, Collection) else ():
                _report_endpoint(frame, handler, "", name, node)


def report_decorated(frame: Frame, decorator: Value, function: Function, node: Expr) -> None:
    """As ``report_registered``, for ``@app.middleware("http")`` and similar decorators."""
    if frame.emit and isinstance(decorator, Member) and applications.is_application_part(decorator.receiver):
        known = CALLED_BY_STARLETTE.get(decorator.name)
        if known is not None and not known[1]:
            written = node.func if isinstance(node, tree.Call) else node
            _report_endpoint(frame, function, known[0], f"@{for_message(written)}", node)


def _report_endpoint(frame: Frame, endpoint: Value | None, passed: str, text: str, node: Expr) -> None:
    if not isinstance(endpoint, Function):
        return
    for param in _from_fastapi(frame.ctx, endpoint)[:1]:
        frame.emit_event(
            CalledByStarlette(*frame.at(node), text, endpoint.name, param.name, param.marker, passed)
        )
