"""Values on ``request.state``: a dependency or middleware sets them, and routes read them.

The code does not say which of them runs before a route. If only one function of the project sets a name,
its readers rely on that. The value is found in a separate run of that function: the reader gets the object
in its final state, and no other effects of the function. Source: docs/behaviour.md#fastapi-functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec.structs
from msgspec.structs import replace

from flake8_async_fastapi.domains.fastapi import applications, dependencies
from flake8_async_fastapi.domains.fastapi.rewriting import changed
from flake8_async_fastapi.engine import relevance
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import functions, names, summaries, type_hints
from flake8_async_fastapi.engine.models import Access, CallSite, MemberModel
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.summary import Footprint
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    ClassValue,
    Function,
    Instance,
    Library,
    Member,
    Object,
    Payload,
    Unknown,
    Value,
    is_none,
)
from flake8_async_fastapi.engine.walks import holds_coroutine
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import blocks, dotted, flat, nodes_in
from flake8_async_fastapi.knowledge import is_subtype
from flake8_async_fastapi.project.views import view

_CONNECTION: Final = "starlette.requests.HTTPConnection"
CALL_NEXT: Final = "call_next"
_STATE: Final = "starlette.datastructures.State"
_RENDERING: Final = frozenset({"TemplateResponse", "render", "render_async"})
"""Methods that may render a template."""
IN_TEMPLATES: Final = "request"
"""The variable of templates that holds the request; Starlette gives it this name."""


class RequestState(Payload, frozen=True):
    """Distinguishes the ``state`` of a request from that of an application."""


def _state_of_request(ctx: Context, owner: Object, name: str) -> Value:
    return Object(_STATE, detail=RequestState())


PROPERTIES: Final[Mapping[str, MemberModel]] = {
    f"{owner}.state": _state_of_request
    for owner in (_CONNECTION, "starlette.requests.Request", "starlette.websockets.WebSocket")
}


def begin_with_state(frame: Frame, function: Function, outer: Frame) -> None:
    """Put the values that a function, or a template that it may render, reads of its request on its path.

    FastAPI has to call the function.
    """
    if not frame.role:
        return
    mentioned = relevance.mentions_of(frame.ctx, function).attributes
    if not mentioned.isdisjoint(_RENDERING):
        _put_values_for_templates(frame, function)
    if "state" not in mentioned:
        return
    for node in nodes_in(function.node.body):
        match node:
            case tree.Attr(value=tree.Attr(value=tree.Name(id=owner), name="state"), name=name):
                value = frame.state.env.get(owner)
                if isinstance(value, Object) and is_connection(value):
                    _put_value(frame, f"{owner}.state.{name}", name)


def _put_values_for_templates(frame: Frame, function: Function) -> None:
    """Put the values that templates read, under each variable that holds the request."""
    env = frame.state.env.items()
    for owner in [name for name, value in env if isinstance(value, Object) and is_connection(value)]:
        for name in frame.ctx.project.attributes_in_templates(f"{IN_TEMPLATES}.state"):
            if _is_surely_set(frame, function, name):
                _put_value(frame, f"{owner}.state.{name}", name)


def _is_surely_set(frame: Frame, function: Function, name: str) -> bool:
    """Whether what sets a name runs before a route: a template may ask whether there is a value."""
    setters = list(_setters(frame.ctx, name))
    setter = setters[0] if len(setters) == 1 else None
    if setter is None or not isinstance(function.node, tree.FunctionDef):
        return False
    around = Frame(frame.ctx, function.path, "", owner=function.owner, closure=function.closure)
    is_middleware = any(param.name == CALL_NEXT for param in setter.node.params)
    return is_middleware or dependencies.surely_runs_before(around, function.node, setter)


def forget_passed(site: CallSite) -> None:
    """Forget what is known of the values of a request that is passed to code which may change them."""
    frame, callee = site.frame, site.callee
    if not frame.role or not frame.state.attributes or isinstance(callee, (Library, Member)):
        return
    given: list[tuple[int | str, Value]] = [*enumerate(site.arguments.args), *site.arguments.keywords]
    passed = [place for place, value in given if isinstance(value, Object) and is_connection(value)]
    if passed and not (isinstance(callee, Function) and _only_reads(callee, passed)):
        paths = [path for path in frame.state.attributes if path.split(".")[1:2] == ["state"]]
        frame.ctx.hooks.observers.cause_havoc(frame, [frame.state.attributes[path] for path in paths])


def _only_reads(function: Function, passed: Sequence[int | str]) -> bool:
    """Whether a function does with some arguments no more than reading other attributes than the state."""
    params = function.node.params
    first = 0 if function.receiver is None else 1
    names = [
        place if isinstance(place, str) else params[place + first].name
        for place in passed
        if isinstance(place, str) or place + first < len(params)
    ]
    nodes = [*nodes_in(function.node.body)]
    read = [node.value for node in nodes if isinstance(node, tree.Attr) and node.name != "state"]
    harmless = {id(owner) for owner in read}
    used = (node for node in nodes if isinstance(node, tree.Name) and node.id in names)
    return len(names) == len(passed) and all(id(node) in harmless for node in used)


def is_connection(value: Object) -> bool:
    """Whether an object is a request or a WebSocket."""
    return is_subtype(value.type, _CONNECTION)


def read_state(access: Access) -> Value | None:
    """The value of ``request.state.name`` in a dependency that is run for its result.

    In other functions the code that passes the request on may have changed the object.
    """
    frame = access.frame
    if frame.emit or not isinstance(frame.node, tree.FunctionDef):
        return UNKNOWN
    if not applications.is_registered(frame.ctx, functions.as_function(frame.path, frame.node)):
        return UNKNOWN
    return _put_value(frame, access.label, access.name)


def _put_value(frame: Frame, path: str, name: str) -> Value:
    """Put a value of the request on a path, with everything known of it."""
    nothing: tuple[Value, Footprint] = (UNKNOWN, ())
    value, known = frame.ctx.query(("request state", name), lambda: _find_value(frame.ctx, name), nothing)
    if _has_another(frame.state, value):
        return UNKNOWN
    if not isinstance(value, Unknown) and path not in frame.state.attributes:
        frame.ctx.hooks.put_footprint(frame.state, known)
        frame.state.narrow(path, value)
    return value


def _has_another(state: State, value: Value) -> bool:
    """Whether a dependency provides an object of the same class: it may be the same one, with more loaded."""
    if not isinstance(value, Instance) or value.location is None:
        return False
    given = (one for one in state.env.values() if isinstance(one, Instance) and one.location is not None)
    return any(one.cls == value.cls for one in given)


def _find_value(ctx: Context, name: str) -> tuple[Value, Footprint]:
    """The value that the one function which sets a name leaves there, and what is known of it then."""
    setters = list(_setters(ctx, name))
    setter = setters[0] if len(setters) == 1 else None
    if setter is None or not isinstance(setter.node, tree.FunctionDef):
        return UNKNOWN, ()
    giving = _giving(ctx, setter, setter.node, name)
    if giving is None:
        return UNKNOWN, ()
    frame = Frame(ctx, setter.path, "")
    summary = summaries.apply_summary(frame, giving, Arguments(), setter.key)
    value = summary.yields if giving.is_generator else summary.returns
    value = UNKNOWN if holds_coroutine(value) or is_none(value) else dependencies.without_none(value)
    return value, ctx.hooks.footprint(ctx, frame.state, None, [value])


def _setters(ctx: Context, name: str) -> Iterator[Function | None]:
    """The functions that assign ``request.state.name``; None for one that may or may not do so."""
    for path in ctx.project.mentioning(name):
        for function in functions_setting_state(ctx, path, name):
            for node in nodes_in(function.node.body):
                match node:
                    case tree.Assign(targets=targets):
                        owners = [owner for target in targets if (owner := _owner(target, name)) is not None]
                        known = [is_of_request(ctx, function, owner) for owner in owners]
                        if any(found is not False for found in known):
                            yield function if all(known) else None
                            break


def functions_setting_state(ctx: Context, path: str, name: str) -> Iterator[Function]:
    """The functions of a module, and the methods of its classes, that assign ``state.name`` of anything."""
    for owner, function in ctx.project.view_of(path, _by_name_on_state, name) or ():
        cls = names.module_value(ctx, path, owner) if owner else None
        if isinstance(cls, ClassValue):
            yield functions.as_method(cls, function, Instance(cls))
        elif not owner:
            yield functions.as_function(path, function)


@view
def _by_name_on_state(body: list[Stmt]) -> dict[str, list[tuple[str, tree.FunctionDef]]]:
    """The functions and methods that set ``state.name``, each with its class, by the name."""
    found: dict[str, list[tuple[str, tree.FunctionDef]]] = {}
    for statement in flat(body):
        if isinstance(statement, tree.FunctionDef):
            _add_setter(found, "", statement)
        elif isinstance(statement, tree.ClassDef):
            for method in flat(statement.body):
                if isinstance(method, tree.FunctionDef):
                    _add_setter(found, statement.name, method)
    return found


def _add_setter(
    found: dict[str, list[tuple[str, tree.FunctionDef]]], owner: str, function: tree.FunctionDef
) -> None:
    assigned = [node for node in nodes_in(function.body) if isinstance(node, tree.Assign)]
    for name in dict.fromkeys(name for node in assigned for name in names_on_state(node.targets)):
        found.setdefault(name, []).append((owner, function))


def names_on_state(targets: list[Expr]) -> Iterator[str]:
    """The ``name`` of each ``state.name`` among the targets of an assignment."""
    for target in targets:
        match target:
            case tree.Attr(value=tree.Attr(name="state"), name=name):
                yield name


def _owner(target: Expr, name: str) -> Expr | None:
    """The ``request`` of ``request.state.name``."""
    match target:
        case tree.Attr(value=tree.Attr(value=owner, name="state"), name=found) if found == name:
            return owner
    return None


def is_of_request(ctx: Context, function: Function, owner: Expr) -> bool | None:
    """Whether the owner of the ``state`` is a request; None if that is not known."""
    for param in function.node.params:
        if isinstance(owner, tree.Name) and param.name == owner.id and param.annotation is not None:
            value = type_hints.declared_value(Frame(ctx, function.path, ""), State(), param.annotation)
            return is_connection(value) if isinstance(value, Object) else None
    params = [param.name for param in function.node.params]
    if isinstance(owner, tree.Name) and CALL_NEXT in params[1:]:  # a middleware, which gets both
        return True if params[params.index(CALL_NEXT) - 1] == owner.id else None
    return None


def _giving(ctx: Context, setter: Function, node: tree.FunctionDef, name: str) -> Function | None:
    """A function that returns the value which another sets on the request; None if its caller is not known.

    A dependency returns it at its end or at its ``yield``, a middleware where it calls the application.
    """
    line, col = node.line, node.col
    targets = (part.targets for part in nodes_in(node.body) if isinstance(part, tree.Assign))
    read = next(target for found in targets for target in found if _owner(target, name) is not None)
    is_middleware = any(param.name == CALL_NEXT for param in node.params)
    if not is_middleware and not applications.is_registered(ctx, setter):
        return None
    if is_middleware or node.is_generator:
        given: Stmt = tree.ExprStmt(line, col, tree.Yield(line, col, read))
        body = changed(node.body, lambda one: given if _goes_on(one, is_middleware=is_middleware) else one)
    else:
        given = tree.Return(line, col, read)
        body = [*changed(node.body, lambda one: given if isinstance(one, tree.Return) else one), given]
    giving = msgspec.structs.replace(
        node, body=body, returns=None, is_generator=is_middleware or node.is_generator
    )
    return replace(setter, node=giving, key=Place(f"{setter.path}:{name}", line, col))


def _goes_on(statement: Stmt, *, is_middleware: bool) -> bool:
    """Whether the code after a middleware or dependency runs within a statement."""
    if blocks(statement):
        return False
    if is_middleware:
        calls = (part for part in nodes_in(statement) if isinstance(part, tree.Call))
        return any(dotted(call.func) == CALL_NEXT for call in calls)
    return any(isinstance(part, tree.Yield) for part in nodes_in(statement))
