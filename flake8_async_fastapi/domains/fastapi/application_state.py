"""Values on ``app.state``: a lifespan or the code of a module sets them, and routes read them.

If only one statement of the project sets a name, its readers rely on that. Only values that all requests may
share are provided: factories, engines, clients and services, but no sessions and no ORM objects.
Source: docs/behaviour.md#fastapi-lifespans.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

import msgspec.structs
from msgspec.structs import replace

from flake8_async_fastapi.domains.fastapi.request_state import (
    functions_setting_state,
    is_of_request,
    names_on_state,
)
from flake8_async_fastapi.domains.fastapi.rewriting import changed
from flake8_async_fastapi.engine.frame import Context, Frame
from flake8_async_fastapi.engine.machine import expressions, summaries
from flake8_async_fastapi.engine.models import Access, MemberModel
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.state import State
from flake8_async_fastapi.engine.values import (
    UNKNOWN,
    Arguments,
    Function,
    Instance,
    Object,
    Payload,
    Value,
    is_none,
)
from flake8_async_fastapi.engine.walks import holds_coroutine, inner_values
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Expr, Stmt
from flake8_async_fastapi.facts.walk import flat, nodes_in
from flake8_async_fastapi.project.views import view

_APPLICATION: Final = "starlette.applications.Starlette"
_STATE: Final = "starlette.datastructures.State"
_Setter: TypeAlias = tuple[str, Function | None, tree.Assign]
"""A statement that sets a value, with its file, and its function if it is in one."""


class ApplicationState(Payload, frozen=True):
    """Distinguishes the ``state`` of an application from that of a request."""


def _state_of_application(ctx: Context, owner: Object, name: str) -> Value:
    return Object(_STATE, detail=ApplicationState())


def _application_of_request(ctx: Context, owner: Object, name: str) -> Value:
    return Object(_APPLICATION, declared=True)


PROPERTIES: Final[Mapping[str, MemberModel]] = {
    **{f"{owner}.state": _state_of_application for owner in (_APPLICATION, "fastapi.FastAPI")},
    **{
        f"{owner}.app": _application_of_request
        for owner in (
            "starlette.requests.HTTPConnection",
            "starlette.requests.Request",
            "starlette.websockets.WebSocket",
        )
    },
}


def read_state(access: Access) -> Value | None:
    """The value of ``app.state.name``; unknown unless one statement sets it."""
    ctx, name = access.frame.ctx, access.name
    return ctx.query(("application state", name), lambda: _find_value(ctx, name), UNKNOWN)


def _find_value(ctx: Context, name: str) -> Value:
    setters = list(_setters(ctx, name))
    if len(setters) != 1:
        return UNKNOWN
    ((path, function, statement),) = setters
    if function is None:
        assert statement.value is not None
        value = expressions.evaluate(Frame(ctx, path, ""), State(), statement.value)
    else:
        value = value_in(ctx, function, statement)
    return value if not is_none(value) and may_be_shared(ctx, value) else UNKNOWN


def may_be_shared(ctx: Context, value: Value) -> bool:
    """Whether a value holds no coroutine, no session and no tracked object."""
    return not holds_coroutine(value) and not any(
        (isinstance(inner, Instance) and inner.location is not None)
        or (isinstance(inner, Object) and ctx.hooks.models.resource(inner.type) is not None)
        for inner in inner_values(value)
    )


def value_in(ctx: Context, function: Function, statement: tree.Assign) -> Value:
    """The value that a function has for a statement, in a run that ends there."""
    node = function.node
    if not isinstance(node, tree.FunctionDef) or not any(one is statement for one in flat(node.body)):
        return UNKNOWN  # of a nested function
    given = tree.Return(statement.line, statement.col, statement.value)
    body = changed(node.body, lambda one: given if one is statement else one)
    until = msgspec.structs.replace(node, body=body, returns=None, is_generator=False, decorators=[])
    key = Place(f"{function.path}:{statement.line}", node.line, node.col)
    giving = replace(function, node=until, key=key, wrapped="")
    return summaries.apply_summary(Frame(ctx, function.path, ""), giving, Arguments(), function.key).returns


def _setters(ctx: Context, name: str) -> Iterator[_Setter]:
    """The statements outside of tests that set ``state.name``, of whatever but a request."""
    for path in ctx.project.mentioning(name):
        for statement in ctx.project.view_of(path, _set_at_top, name) or ():
            if any(_owners(statement, name)):
                yield path, None, statement
        for function in functions_setting_state(ctx, path, name):
            for node in nodes_in(function.node.body):
                if isinstance(node, tree.Assign):
                    owners = [*_owners(node, name)]
                    if owners and not any(is_of_request(ctx, function, owner) for owner in owners):
                        yield path, function, node


@view
def _set_at_top(body: list[Stmt]) -> dict[str, list[tree.Assign]]:
    """The statements outside of functions that set ``state.name``, by the name."""
    found: dict[str, list[tree.Assign]] = {}
    for statement in flat(body):
        if isinstance(statement, tree.Assign):
            for name in dict.fromkeys(names_on_state(statement.targets)):
                found.setdefault(name, []).append(statement)
    return found


def _owners(statement: tree.Assign, name: str) -> Iterator[Expr]:
    """The ``app`` of each ``app.state.name`` that a statement sets to a value other than None."""
    if statement.value is None or statement.value == tree.Const(
        statement.value.line, statement.value.col, None
    ):
        return
    for target in statement.targets:
        match target:
            case tree.Attr(value=tree.Attr(value=owner, name="state"), name=found) if found == name:
                yield owner
